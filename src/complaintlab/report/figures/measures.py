"""Figures of the measures: confusion, calibration, and what more training texts would bring."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from complaintlab.labels import STANCES
from complaintlab.report.style import (
    BLUE,
    GREY,
    INK,
    LINES,
    VERMILLION,
    WIDTH,
    Picture,
    house_style,
    panels,
)

SHOWN_CURVES = 12
SHADES = LinearSegmentedColormap.from_list("shares", ["#FFFFFF", BLUE])
HIDDEN = "#ECECEC"
LOOKS = (("o", BLUE, "-"), ("D", VERMILLION, "--"), ("s", GREY, ":"))


def confusion(table: pl.DataFrame, minimum: int) -> Picture | None:
    """How messages of each coded stance were measured, a panel a corpus.

    Cells of fewer messages than ``minimum`` are grey and without a number; where one alone would follow
    from the others of its row, the next smallest is hidden too.
    """
    stances = table.filter(pl.col("measure") == "stance")
    corpora = sorted(stances["corpus"].unique().to_list())
    if not corpora:
        return None
    with house_style():
        figure, axes_list = panels(1, len(corpora), 0.7 + 0.95 * WIDTH / max(2, len(corpora)))
        for axes, corpus in zip(axes_list, corpora, strict=True):
            _heat_map(axes, *_matrix(stances.filter(pl.col("corpus") == corpus)), minimum)
            axes.set_title(corpus)
        for axes in axes_list[1:]:
            axes.set_yticklabels([])
            axes.set_ylabel("")
    said = [_most_confused(stances.filter(pl.col("corpus") == corpus), corpus, minimum) for corpus in corpora]
    takeaway = " ".join([*said, f"Grey: fewer than {minimum} messages."] if minimum else said)
    alt = f"Heat map of coded by measured stance; each row adds up to 100 percent. {takeaway}"
    return Picture(figure, takeaway, alt)


def _matrix(of: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    n, share = np.zeros((6, 6), dtype=np.int64), np.zeros((6, 6))
    for row in of.iter_rows(named=True):
        place = STANCES.index(row["coded"]), STANCES.index(row["measured"])
        n[place], share[place] = row["n"], row["share"]
    return n, share


def hidden_cells(n: NDArray[np.int64], minimum: int) -> NDArray[np.bool_]:
    """Which cells of a table whose row totals are known must not be shown."""
    hidden = np.asarray(n < minimum)
    for row, mask in zip(n, hidden, strict=True):
        if mask.sum() == 1 and row[mask][0] > 0:
            mask[np.argmin(np.where(mask, np.iinfo(np.int64).max, row))] = True
    return hidden


def _heat_map(axes: Axes, n: NDArray[np.int64], share: NDArray[np.float64], minimum: int) -> None:
    hidden = hidden_cells(n, minimum)
    shown = np.ma.masked_array(share, hidden)
    shades = SHADES.with_extremes(bad=HIDDEN)
    axes.pcolormesh(shown, cmap=shades, vmin=0, vmax=1, edgecolor="white", linewidth=1)
    for i, j in zip(*np.nonzero(~hidden), strict=True):
        axes.text(
            j + 0.5, i + 0.5, f"{100 * share[i, j]:.0f}", ha="center", va="center", fontsize=8,
            color="white" if share[i, j] > 0.55 else INK,
        )  # fmt: skip
    places = np.arange(6) + 0.5
    axes.set_xticks(places, STANCES, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, STANCES)
    axes.set_ylim(6, 0)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xlabel("measured")
    axes.set_ylabel("coded (rows: %)")


def _most_confused(of: pl.DataFrame, corpus: str, minimum: int) -> str:
    """The most frequent mistake that may be told."""
    n, share = _matrix(of)
    wrong = np.where(hidden_cells(n, minimum) | np.eye(6, dtype=bool), -1.0, share)
    i, j = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    if wrong[i, j] <= 0:
        return f"{_named(corpus)}: no mistake is frequent enough to be told."
    return f"{_named(corpus)}: {share[i, j]:.0%} of “{STANCES[i]}” are measured as “{STANCES[j]}”."


def _named(corpus: str) -> str:
    return corpus[:1].upper() + corpus[1:]


def calibration(table: pl.DataFrame, minimum: int) -> Picture | None:
    """How often what was given a probability is so: stances, complaint and the acts coded most often."""
    known = table.filter(pl.col("n") >= max(minimum, 1))
    labels = _curves_shown(known)
    if not labels:
        return None
    corpora = sorted(known["corpus"].unique().to_list())
    with house_style():
        rows = -(-len(labels) // 4)
        figure, axes_list = panels(rows, 4, 0.6 + 1.45 * rows)
        for axes, (measure, label) in zip(axes_list, labels, strict=False):
            axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.7, zorder=0)
            for corpus, look in zip(corpora, LOOKS, strict=False):
                of = (
                    (pl.col("corpus") == corpus) & (pl.col("measure") == measure) & (pl.col("label") == label)
                )
                _curve(axes, known.filter(of).sort("bin"), look, corpus)
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            axes.set_title(label)
        for axes in axes_list[len(labels) :]:
            axes.set_axis_off()
        figure.supxlabel("probability given", fontsize=8.5)
        figure.supylabel("share coded so", fontsize=8.5)
        common_legend(figure, axes_list)
    takeaway = _furthest_off(known, corpora)
    return Picture(figure, takeaway, f"Calibration curves, one panel a label. {takeaway}")


def common_legend(figure: Figure, axes_list: list[Axes]) -> None:
    """One legend above all panels, each label once."""
    found: dict[str, Artist] = {}
    for axes in axes_list:
        handles, labels = axes.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    figure.legend(list(found.values()), list(found), loc="outside upper right", ncols=len(found))


def _curves_shown(known: pl.DataFrame) -> list[tuple[str, str]]:
    """Stances and complaint in the codebook's order, then acts by the number of those coded so."""
    cases = known.group_by("measure", "label").agg(
        bins=pl.len(), cases=(pl.col("n") * pl.col("frequency")).round().cast(pl.Int64).sum()
    )
    drawn = cases.filter(pl.col("bins") > 1)
    rows = drawn.sort("cases", "label", descending=[True, False]).rows()
    stances = [("stance", s) for s in STANCES if any(row[:2] == ("stance", s) for row in rows)]
    others = [(m, label) for measure in ("complaint", "act") for m, label, *_ in rows if m == measure]
    return [*stances, *others][:SHOWN_CURVES]


def _curve(axes: Axes, curve: pl.DataFrame, look: tuple[str, str, str], corpus: str) -> None:
    marker, colour, line = look
    x, y = curve["expected"].to_numpy(), curve["frequency"].to_numpy()
    axes.vlines(x, curve["lower"].to_numpy(), curve["upper"].to_numpy(), color=colour, linewidth=0.8)
    axes.plot(x, y, marker=marker, color=colour, linestyle=line, linewidth=0.9, markersize=3, label=corpus)


def _furthest_off(known: pl.DataFrame, corpora: list[str]) -> str:
    """How far frequencies lie from the probabilities given, on average over the messages."""
    said = []
    for corpus in corpora:
        of = known.filter(pl.col("corpus") == corpus).sort("measure", "label", "bin")
        n, gap = of["n"].to_numpy(), (of["expected"] - of["frequency"]).abs().to_numpy()
        said.append(f"{(n * gap).sum() / n.sum():.2f} ({corpus})")
    return f"Mean distance between probability and frequency, all labels together: {', '.join(said)}."


def learning(table: pl.DataFrame) -> Picture | None:
    """Quality on texts that were not trained on, by the number of training texts."""
    measures = sorted(table["measure"].unique().to_list())
    if not measures:
        return None
    with house_style():
        figure, (axes,) = panels(1, 1, 2.7)
        for measure, (colour, line) in zip(measures, LINES, strict=False):
            of = table.filter(pl.col("measure") == measure).sort("n_texts")
            n = of["n_texts"].to_numpy()
            axes.plot(n, of["value"].to_numpy(), line, marker="o", markersize=3, color=colour, label=measure)
            axes.fill_between(
                n, of["lower"].to_numpy(), of["upper"].to_numpy(), color=colour, alpha=0.13, linewidth=0
            )
        axes.set(
            xscale="log",
            ylim=(0, 1),
            xlabel="training texts",
            ylabel="macro-F1 (hostility: rank correlation)",
        )
        most = int(table["n_texts"].to_numpy().max())
        ticks = [n for n in (500, 1000, 2000, 5000, 10_000, 20_000) if n <= 1.2 * most]
        axes.set_xticks(ticks, [f"{n:,}" for n in ticks])
        axes.minorticks_off()
        figure.legend(loc="outside upper right", ncols=len(measures))
    takeaway = _last_doubling(table, measures)
    return Picture(figure, takeaway, f"Lines with bands, one a measure. {takeaway}")


def _last_doubling(table: pl.DataFrame, measures: list[str]) -> str:
    said = []
    for measure in measures:
        of = table.filter(pl.col("measure") == measure).sort("n_texts").tail(2)
        if of.height == 2:
            (n0, y0), (n1, y1) = of.select("n_texts", "value").rows()
            said.append(f"{measure} {y1 - y0:+.2f} from {n0} to {n1} texts".replace("-", "−"))
    return f"The last step of the curve brought {'; '.join(said)}." if said else "There is one step only."
