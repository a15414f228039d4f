"""What critics have shown after a week, silence included, by how soon they were answered."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from complaintlab.errors import ModelError
from complaintlab.labels import STANCES
from complaintlab.models.design import FloatArray, confounders, independent_columns
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.multinomial import average_changes, fit_multinomial
from complaintlab.models.regression.answered import EXPOSURE
from complaintlab.models.regression.logits import EVENTS_PER_COLUMN, cluster_codes
from complaintlab.models.sandwich import clustered_covariance
from complaintlab.models.strategies import DAY, HOUR

SILENT = "silent"
FLAT = 1e-6
"""Curvature, as a share of the largest, below which a direction of the ordered logit is undetermined."""
SOON, LATER, NEVER = "answered within 1 h", "answered later", "not answered within 7 d"
ARMS = (SOON, LATER, NEVER)
DAYS = 7.0
MIDDLE = STANCES.index("neutral")
CONTRAST = f"{EXPOSURE}_vs_not"
TEMPLATE = Estimate(
    contrast=CONTRAST, outcome="stance_7d", model="multinomial-logit", scale="ame", variant="descriptive",
    time_days=DAYS,
)  # fmt: skip


def stance_after(complaints: pl.DataFrame) -> Iterator[Estimate]:
    """Rows on the last stance within 7 days, outcome ``stance_7d_<stance>``, of complaints seen within 1 h.

    Shares of each stance by :data:`ARMS` (scale ``share``); changes of each stance's probability with an
    answer within the hour, by multinomial logit (scale ``ame``), which sum to zero; and, among those who
    spoke, the log odds of a friendlier stance by ordered logit (subgroup ``speakers``): who speaks is itself
    an outcome, so this compares groups that the answer has made. Companies are held fixed by their share of
    complaints answered within the hour (Mundlak 1978): an indicator each would separate the rarer stances.
    """
    known = complaints.filter(pl.col("stance_7d").is_not_null(), pl.col("entry_s") <= HOUR).with_columns(
        pl.col("stance_7d").cast(pl.String),
        soon=(pl.col("first_reply_s") <= HOUR).fill_null(False),
    )
    yield from _shares(known)
    X, names = _columns(known)
    yield from _multinomial(known, X, names)
    spoke = (known["stance_7d"] != SILENT).to_numpy()
    yield _ordered(known.filter(spoke), *_columns(known.filter(spoke)))


def merged(stance: pl.Series, least: int) -> pl.Series:
    """Stances with fewer than ``least`` rows joined with the next one, from both ends towards neutral.

    A neutral group that is still too small joins what is against, or else what is for. Silence is never
    joined with anything. Names are joined by "or".
    """
    counts = {name: int((stance == name).sum()) for name in STANCES}
    against = _gathered(STANCES[:MIDDLE], counts, least)
    favour = _gathered(STANCES[:MIDDLE:-1], counts, least)
    middle = [*against.pop(), STANCES[MIDDLE], *favour.pop()]
    if sum(counts[name] for name in middle) < least and (against or favour):
        middle += against.pop() if against else favour.pop()
    groups = [*against, middle, *favour]
    names = {
        name: " or ".join(sorted((one for one in group if counts[one]), key=STANCES.index))
        for group in groups
        for name in group
        if counts[name]
    }
    return stance.replace({name: label for name, label in names.items() if name != label})


def _gathered(side: tuple[str, ...], counts: dict[str, int], least: int) -> list[list[str]]:
    """Groups of at least ``least`` from the end inwards; the last one is what was left over, perhaps none."""
    groups: list[list[str]] = [[]]
    for name in side:
        groups[-1].append(name)
        if sum(counts[one] for one in groups[-1]) >= least:
            groups.append([])
    return groups


def _shares(known: pl.DataFrame) -> Iterator[Estimate]:
    """How each arm has ended, a row per stance, with Wilson's (1927) interval."""
    reply = pl.col("first_reply_s")
    arm = (
        pl.when("soon")
        .then(pl.lit(SOON))
        .when(reply <= DAYS * DAY)
        .then(pl.lit(LATER))
        .otherwise(pl.lit(NEVER))
    )
    told = known.with_columns(arm=arm)
    for name in ARMS:
        inside = told.filter(pl.col("arm") == name)
        n, authors = inside.height, inside["author_id"].n_unique()
        for stance in (*STANCES, SILENT):
            events = int((inside["stance_7d"] == stance).sum())
            row = replace(
                TEMPLATE, contrast=name, outcome=f"stance_7d_{stance}", model="share", scale="share", n=n,
                n_exposed=n, events=events, events_exposed=events, clusters=authors,
            )  # fmt: skip
            if n == 0:
                yield row.unknown("too few: no complaint is in this group")
                continue
            limits = stats.binomtest(events, n).proportion_ci(0.95, method="wilson")
            yield replace(
                row, estimate=events / n, lower=float(limits.low), upper=float(limits.high), converged=True
            )


def _columns(known: pl.DataFrame) -> tuple[FloatArray, list[str]]:
    """Standardised: the exposure, the company's share of it, the confounders."""
    soon = known["soon"].cast(pl.Float64).alias(EXPOSURE)
    codes = known["company"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    sizes = np.maximum(np.bincount(codes), 1)
    share = (np.bincount(codes, soon.to_numpy()) / sizes)[codes]
    usual = pl.Series("company_answered_1h", share, dtype=pl.Float64)
    return independent_columns(pl.DataFrame([soon, usual, *confounders(known).get_columns()]))


def _multinomial(known: pl.DataFrame, X: FloatArray, names: list[str]) -> Iterator[Estimate]:
    least = EVENTS_PER_COLUMN * (X.shape[1] + 1)
    stance = merged(known["stance_7d"], least)
    categories = [name for name in _order(stance) if (stance == name).any()]
    rows = [_counted(known, stance == name, f"stance_7d_{name.replace(' ', '_')}") for name in categories]
    if reason := _too_few(stance, categories, least, names):
        yield from (row.unknown(reason) for row in rows or [TEMPLATE])
        return
    codes = stance.replace_strict(categories, range(len(categories)), return_dtype=pl.Int64).to_numpy()
    try:
        fit = fit_multinomial(codes, X, cluster_codes(known))
    except ModelError as error:
        yield from (row.unknown(str(error)) for row in rows)
        return
    column = X[:, names.index(EXPOSURE)]
    changes, errors = average_changes(
        fit, names.index(EXPOSURE) + 1, float(column.min()), float(column.max())
    )
    for row, change, se in zip(rows, changes, errors, strict=True):
        yield row.known(float(change), float(se))


def _too_few(stance: pl.Series, categories: list[str], least: int, names: list[str]) -> str | None:
    if len(categories) < 2:
        return f"too few: everybody is '{categories[0]}'" if categories else "too few: no stance is known"
    if EXPOSURE not in names:
        return "too few: all or none were answered within the hour"
    if fewer := [name for name in categories if (stance == name).sum() < least]:
        return f"too few: {int((stance == fewer[0]).sum())} are '{fewer[0]}', for {least} wanted"
    return None


def _ordered(spoke: pl.DataFrame, X: FloatArray, names: list[str]) -> Estimate:
    """Proportional odds (McCullagh 1980) by statsmodels, on the stances as they are."""
    row = replace(
        _counted(spoke, spoke["stance_7d"] == spoke["stance_7d"], "stance_7d"),
        model="ordered-logit", scale="log_or", subgroup="speakers",
    )  # fmt: skip
    ranks = spoke["stance_7d"].replace_strict(STANCES, range(len(STANCES)), return_dtype=pl.Int64)
    codes = ranks.rank("dense").to_numpy().astype(np.int64) - 1
    levels = len(np.unique(codes))
    if levels < 2 or spoke.height < EVENTS_PER_COLUMN * (X.shape[1] + levels) * 2:
        return row.unknown(f"too few: {spoke.height} spoke, for {X.shape[1] + levels - 1} parameters")
    if EXPOSURE not in names:
        return row.unknown("too few: all or none of those who spoke were answered within the hour")
    found = fit_ordered(codes, X, cluster_codes(spoke), names.index(EXPOSURE))
    if isinstance(found, str):
        return row.unknown(found)
    spread = float(spoke["soon"].cast(pl.Float64).to_numpy().std())
    return row.known(found[0] / spread, found[1] / spread)


def fit_ordered(
    codes: npt.NDArray[np.int64], X: FloatArray, clusters: npt.NDArray[np.int64], column: int
) -> tuple[float, float] | str:
    """The coefficient of one column of X (n, p) and its error, clustered; or why there is none."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=FutureWarning)
        try:
            model = OrderedModel(codes, X, distr="logit")
            fit = model.fit(method="bfgs", disp=0, maxiter=500, skip_hessian=True)
            # The covariance of statsmodels' cov_type="cluster", which derives the information four times
            information = -np.asarray(model.hessian(fit.params))
            if not _definite(information):
                return "The ordered logit cannot be fitted: its likelihood has no single maximum."
            covariance = clustered_covariance(model.score_obs(fit.params), information, clusters)
        except (Warning, np.linalg.LinAlgError, ArithmeticError) as problem:
            return f"The ordered logit cannot be fitted ({type(problem).__name__}): {problem}"
    return float(fit.params[column]), float(np.sqrt(covariance[column, column]))


def _definite(information: FloatArray) -> bool:
    """Whether it falls in every direction by more than the errors of a numerical derivative."""
    if not np.isfinite(information).all():
        return False
    curvature = np.linalg.eigvalsh(information)
    return bool(curvature[0] > FLAT * curvature[-1])


def _order(stance: pl.Series) -> list[str]:
    """The labels of ``stance`` from the farthest against to the farthest for, silence first."""
    place = {name: STANCES.index(name.split(" or ")[0]) for name in stance.unique() if name != SILENT}
    return [SILENT, *sorted(place, key=lambda name: place[name])]


def _counted(known: pl.DataFrame, which: pl.Series, outcome: str) -> Estimate:
    soon = known["soon"]
    return replace(
        TEMPLATE, outcome=outcome, n=known.height, n_exposed=int(soon.sum()), events=int(which.sum()),
        events_exposed=int((which & soon).sum()), clusters=known["author_id"].n_unique(),
    )  # fmt: skip
