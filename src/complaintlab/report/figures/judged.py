"""Figures of where the measures err: between early and late replied threads, and between companies."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes

from complaintlab.measure.quality.context import ARMS
from complaintlab.report.figures.measures import common_legend
from complaintlab.report.style import BLUE, GREY, VERMILLION, Picture, bare_rows, house_style, panels
from complaintlab.verdicts.certainty import WEAK_AGREEMENT, WORLD

Row = dict[str, Any]
OUTCOMES = ("turned", "escalated")
LOOKS = {"sensitivity": ("o", BLUE, -0.09), "specificity": ("D", VERMILLION, 0.09)}
COMPANY_PANELS = (("stance", "macro", "f1"), ("act", "macro", "f1"))
TITLES = {"stance": "stance, macro-F1", "act": "acts, macro-F1"}


def by_arm(quality: pl.DataFrame, minimum: int) -> Picture | None:
    """Sensitivity and specificity of the outcomes by how soon the thread was answered."""
    outcomes = quality.filter((pl.col("measure") == "outcome") & (pl.col("support") >= minimum))
    shares = outcomes.filter(pl.col("statistic").is_in(list(LOOKS)))
    corpus = _speaking(shares)
    if corpus is None:
        return None
    own = pl.col("corpus") == corpus
    with house_style():
        figure, axes_list = panels(1, 2, 2.6)
        for axes, outcome in zip(axes_list, OUTCOMES, strict=True):
            of = shares.filter(own & (pl.col("label") == outcome))
            for row in of.sort("statistic", "subgroup").iter_rows(named=True):
                _dot(axes, row)
            axes.set_title(outcome)
            axes.set_xticks(range(len(ARMS)), [arm.replace("reply ", "") for arm in ARMS])
            axes.set(xlim=(-0.5, len(ARMS) - 0.5), ylim=(min(0.5, axes.get_ylim()[0]), 1.01))
            axes.set_xlabel("first reply")
        axes_list[0].set_ylabel("share read right")
        common_legend(figure, axes_list)
    takeaway = _arms_takeaway(outcomes.filter(own), corpus)
    return Picture(figure, takeaway, f"Dots with intervals by arm, a panel an outcome. {takeaway}")


def _speaking(shares: pl.DataFrame) -> str | None:
    """The study's own codes where there are any, else the world's truth."""
    corpora = sorted(shares["corpus"].unique().to_list(), key=lambda name: (name == WORLD, name))
    return corpora[0] if corpora else None


def _dot(axes: Axes, row: Row) -> None:
    marker, colour, shift = LOOKS[row["statistic"]]
    x = ARMS.index(row["subgroup"].removeprefix("arm: ")) + shift
    axes.vlines(x, row["lower"], row["upper"], color=colour, linewidth=1.2)
    axes.plot(x, row["value"], marker, color=colour, markersize=5, label=row["statistic"])


def _arms_takeaway(outcomes: pl.DataFrame, corpus: str) -> str:
    tests = outcomes.filter(pl.col("subgroup") == "arms").sort("label", "statistic", descending=[True, False])
    said = [
        f"{row['label']}, {row['statistic'].removesuffix('_p')} p = {row['value']:.2f}"
        for row in tests.iter_rows(named=True)
    ]
    counted = outcomes.filter(pl.col("statistic") == "sensitivity").select("label", "subgroup", "support")
    n = {(label, subgroup): support for label, subgroup, support in counted.iter_rows()}
    cases = "; ".join(
        f"{label} {', '.join(str(n.get((label, f'arm: {arm}'), 'too few')) for arm in ARMS)}"
        for label in OUTCOMES
    )
    tested = f"Tests of equal error in all arms: {'; '.join(said)}. " if said else ""
    return f"Against {corpus}. {tested}Coded cases by arm: {cases}."


def by_company(quality: pl.DataFrame, minimum: int) -> Picture | None:
    """How well the measures read each company's threads, where enough messages were coded."""
    of = quality.filter(
        pl.col("subgroup").str.starts_with("company: ")
        & (pl.col("label") == "macro")
        & (pl.col("statistic") == "f1")
        & (pl.col("support") >= minimum)
    )
    corpus = _speaking(of)
    if corpus is None:
        return None
    rows = of.filter(pl.col("corpus") == corpus).with_columns(
        pl.col("subgroup").str.strip_prefix("company: ")
    )
    names = _ordered(rows)
    whole = quality.filter((pl.col("corpus") == corpus) & (pl.col("subgroup") == "all"))
    with house_style():
        figure, axes_list = panels(1, 2, 0.8 + 0.17 * len(names))
        for axes, key in zip(axes_list, COMPANY_PANELS, strict=True):
            _companies(axes, rows, names, whole, key)
        axes_list[1].set_yticklabels([])
    takeaway = _companies_takeaway(rows, corpus)
    return Picture(figure, takeaway, f"Dots with intervals, one row a company. {takeaway}")


def _ordered(rows: pl.DataFrame) -> list[str]:
    """Companies by the quality of their stances, the best first, then those with acts alone."""
    stance = rows.filter(pl.col("measure") == "stance").sort("value", "subgroup", descending=[True, False])
    others = rows["subgroup"].unique().sort().to_list()
    return list(dict.fromkeys([*stance["subgroup"].to_list(), *others]))


def _companies(
    axes: Axes, rows: pl.DataFrame, names: list[str], whole: pl.DataFrame, key: tuple[str, str, str]
) -> None:
    measure, label, statistic = key
    of_all = (pl.col("measure") == measure) & (pl.col("label") == label) & (pl.col("statistic") == statistic)
    for value in whole.filter(of_all)["value"]:
        axes.axvline(value, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    for row in rows.filter(pl.col("measure") == measure).sort("subgroup").iter_rows(named=True):
        place = names.index(row["subgroup"])
        axes.plot([row["lower"], row["upper"]], [place, place], color=BLUE, linewidth=1)
        axes.plot(row["value"], place, "o", color=BLUE, markersize=4)
    bare_rows(axes, names)
    axes.set_xlim(min(0.5, axes.get_xlim()[0]), 1)
    axes.set_xlabel(f"{TITLES[measure]} (dotted: all)")


def _companies_takeaway(rows: pl.DataFrame, corpus: str) -> str:
    stance = rows.filter(pl.col("measure") == "stance").sort("value", "subgroup")
    if stance.is_empty():
        return f"Against {corpus}: too few stances were coded for a company alone."
    low, high = stance.row(0, named=True), stance.row(-1, named=True)
    if stance.height == 1:
        return f"Against {corpus}: only of {low['subgroup']} were enough stances coded ({low['value']:.2f})."
    weak = stance.filter(pl.col("upper") < WEAK_AGREEMENT).height
    tail = f" {weak} lie below {WEAK_AGREEMENT:g} with their whole interval." if weak else ""
    return (
        f"Against {corpus}: stances are read worst at {low['subgroup']} ({low['value']:.2f}) and best at "
        f"{high['subgroup']} ({high['value']:.2f}).{tail}"
    )
