"""A small made-up study: every table that ``verdicts`` and ``report`` read, of any size down to none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.store import Store, conform
from complaintlab.tables import TABLES

START = dt.datetime(2030, 1, 7, 8, tzinfo=dt.UTC)
NAMES = (
    "estimates_incidence",
    "estimates_hazard",
    "estimates_regression",
    "estimates_trials",
    "estimates_reply_effects",
    "estimates_deletion",
    "agents",
    "what_if",
    "estimates_label_error",
    "estimates_robustness",
    "specifications",
    "confounder_strengths",
    "tipping_points",
    "truth",
    "source",
    "episodes",
    "measures",
    "quality",
    "confusion",
    "calibration",
    "learning",
    "drift",
    "flow",
    "quarantine",
    "threads",
    "curves_incidence",
    "curves_trials",
    "balance_trials",
    "balance_reply_effects",
    "weights_trials",
    "weights_reply_effects",
    "positivity",
    "reply_types",
    "reply_members",
)

CLAIMED = {
    "T1": ("reply_24h_vs_none", "escalated", -0.041, 0.008, -0.038),
    "T2": ("reply_1h_vs_1h_24h", "turned", 0.004, 0.006, 0.0),
    "N1": ("apology_vs_not", "turned", 0.045, 0.012, 0.05),
    "N5": ("defend_vs_not", "escalated", -0.04, 0.01, 0.03),
    "S2": ("fix_vs_not", "turned", 0.03, 0.02, 0.06),
}
"""Claim → contrast, outcome, estimate, standard error, truth."""


def id_(kind: str, number: int) -> str:
    return f"{kind}{number:0{20 - len(kind)}d}"


def empty() -> dict[str, pl.DataFrame]:
    """A source in which nothing was found."""
    return {name: TABLES[name].create_empty() for name in NAMES} | {"source": source(simulated=False)}


def study(n: int = 400, *, simulated: bool = True, selected: bool = False) -> dict[str, pl.DataFrame]:
    """All tables, with ``n`` complaints to eight companies."""
    episodes = _episodes(n)
    return empty() | {
        "source": source(simulated=simulated, selected=selected),
        "episodes": episodes,
        "measures": _measures(episodes),
        "quality": quality(),
        **measured(),
        "flow": _flow(n),
        "estimates_trials": estimates({name: CLAIMED[name] for name in ("T1", "T2")}, "clone-censor-weight"),
        "estimates_reply_effects": estimates(
            {name: CLAIMED[name] for name in ("N1", "N5", "S2")}, "augmented weighting"
        ),
        "estimates_regression": _ames(),
        "truth": truth() if simulated else TABLES["truth"].create_empty(),
        "curves_incidence": pl.concat(
            [
                made_curves("outcomes", ("turned", "advocate", "escalated"), ("all",)),
                made_curves("reply", ("reply",), ("company 1", "company 2", "all")),
            ]
        ),
        "curves_trials": made_curves(
            "trial_reply_24h_vs_none", ("escalated",), ("reply within 24 h", "no reply")
        ),
        "balance_trials": made_balance("reply_24h_vs_none"),
        "balance_reply_effects": made_balance("apology_vs_not"),
        "weights_trials": _weights("reply_24h_vs_none", ("reply within 24 h", "no reply")),
        "weights_reply_effects": _weights("apology_vs_not", ("apology", "not")),
        "positivity": _positivity(),
        "reply_types": _reply_types(),
        "reply_members": _reply_members(episodes),
    }


def write(tables: Mapping[str, pl.DataFrame], root: Path, repo: Path) -> Path:
    """A study's folder at ``root``: the checkout's params.yaml and claims.yaml, and these tables."""
    for name in ("params.yaml", "claims.yaml"):
        (root / name).write_bytes((repo / name).read_bytes())
    store = Store(root)
    for name, frame in tables.items():
        store.write(name, frame)
    return root


def source(*, simulated: bool, selected: bool = False) -> pl.DataFrame:
    row = {
        "source": "world" if simulated else "table",
        "crawl_id": "one",
        "as_of": START + dt.timedelta(days=90),
        "first_at": START,
        "last_at": START + dt.timedelta(days=89),
        "simulated": simulated,
        "selected_on_reply": selected,
        "threads_complete": True,
        "prospective": True,
        "deletions_attributed": False,
        "engagement_timestamped": False,
        "rows_read": 5000,
        "rows_quarantined": 0,
        "rows_repaired": 3,
        "fingerprint": "0123456789abcdef0123",
    }
    return conform("source", pl.DataFrame([row]))


def estimates(
    claimed: Mapping[str, tuple[str, str, float, float, float]],
    model: str,
    scale: str = "rd",
    days: float = 7.0,
) -> pl.DataFrame:
    """Primary, naive and 1-day rows of claims."""
    rows = [
        {
            "claim": claim,
            "contrast": contrast,
            "outcome": outcome,
            "model": model,
            "subgroup": "all",
            "variant": variant,
            "time_days": at,
            "scale": scale,
            "estimate": value + shift,
            "se": se,
            "lower": value + shift - 1.96 * se,
            "upper": value + shift + 1.96 * se,
            "p": None,
            "df": None,
            "n": 2000,
            "n_exposed": 900,
            "events": 240,
            "events_exposed": 90,
            "clusters": 1800,
            "ess": 700.0,
            "converged": True,
            "reason": None,
            "resamples": 200,
            "seed": 1,
        }
        for claim, (contrast, outcome, value, se, _) in claimed.items()
        for variant, shift, at in (("primary", 0.0, days), ("naive", 0.05, days), ("secondary", -0.01, 1.0))
    ]
    return conform("estimates_trials", pl.DataFrame(rows, infer_schema_length=None))


def truth() -> pl.DataFrame:
    rows = [
        {
            "claim": claim,
            "contrast": contrast,
            "outcome": outcome,
            "time_days": 7.0,
            "scale": "rd",
            "truth": value,
            "arm_value": 0.2 + value,
            "reference_value": 0.2,
            "mc_se": 0.0003,
            "sesoi": 0.03,
            "episodes": 100000,
            "world": "abc",
        }
        for claim, (contrast, outcome, _, _, value) in CLAIMED.items()
    ]
    return conform("truth", pl.DataFrame(rows))


def quality(corpus: str = "tweets, model-coded", value: float = 0.9) -> pl.DataFrame:
    labels = [("stance", "macro"), ("complaint", "complaint"), ("hostility", "hostility")]
    labels += [("act", act) for act in ACTS[:12]]
    rows = [
        {
            "corpus": corpus,
            "measure": measure,
            "label": label,
            "subgroup": "all",
            "statistic": statistic,
            "value": value,
            "lower": value - 0.05,
            "upper": value + 0.05,
            "support": 60,
        }
        for measure, label in labels
        for statistic in ("f1", "precision", "recall")
    ]
    return conform("quality", pl.DataFrame(rows))


def measured(corpus: str = "tweets, model-coded") -> dict[str, pl.DataFrame]:
    """Confusion, calibration, learning curve and drift of the measures."""
    confused = [
        {
            "measure": "stance",
            "coded": coded,
            "measured": found,
            "n": 45 if coded == found else 3,
            "share": 0.75 if coded == found else 0.05,
        }
        for coded in STANCES
        for found in STANCES
    ]
    curve = [
        {
            "measure": "complaint",
            "label": "complaint",
            "bin": k,
            "expected": k / 10 + 0.05,
            "frequency": k / 10,
            "lower": k / 10,
            "upper": k / 10 + 0.1,
            "n": 40,
        }
        for k in range(10)
    ]
    learned = [
        {"measure": "stance", "n_texts": n, "value": value, "lower": value - 0.05, "upper": value + 0.05}
        for n, value in ((500, 0.5), (1000, 0.6), (2000, 0.65))
    ]
    drifted = [
        {
            "side": "customers",
            "statistic": "unseen_words",
            "label": "all",
            "value": 0.2,
            "reference": 0.1,
            "n": 900,
        },
        {
            "side": "customers",
            "statistic": "not_read",
            "label": "all",
            "value": 0.01,
            "reference": None,
            "n": 4,
        },
    ]
    rows = {"confusion": confused, "calibration": curve, "learning": learned, "drift": drifted}
    frames = {name: pl.DataFrame(of, infer_schema_length=None) for name, of in rows.items()}
    return {name: conform(name, frame.with_columns(corpus=pl.lit(corpus))) for name, frame in frames.items()}


def _episodes(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    reply = np.where(rng.random(n) < 0.7, rng.lognormal(8.2, 1.6, n), np.nan)
    when = {
        name: np.where(rng.random(n) < p, rng.integers(600, 600000, n), np.nan)
        for name, p in (("turned", 0.2), ("advocate", 0.05), ("escalated", 0.12), ("private", 0.3))
    }
    rows = [
        {
            "episode_id": id_("e", i),
            "kind": "complaint",
            "author_id": id_("a", i),
            "thread_id": id_("t", i),
            "opener_id": id_("o", i),
            "company": f"company {i % 8}",
            "started_at": START + dt.timedelta(hours=5 * i),
            "entry_s": 0,
            "end_s": 604800,
            "end": "horizon",
            **{f"{name}_s": _second(values[i]) for name, values in when.items()},
            "first_reply_s": _second(reply[i]),
            "first_reply_id": None if np.isnan(reply[i]) else id_("r", i),
            "second_reply_s": None,
            "any_later_turn": bool(i % 2),
            "stance_7d": "silent",
            "spread_before": 0,
            "spread_7d": 0,
            "praise_later": 0,
            "recurrences": 0,
            "later_followed_days": 30.0,
            "bystanders_before": 0,
            "bystanders_after": 0,
            "hostility": float(i % 4),
            "severity": 1.0,
            "p_complaint": 0.9,
            "p_nonsense": 0.0,
            "topic": "billing",
            "earlier_complaints": 0,
            "load": 2,
            "burst": 1.0,
            "hour_of_week": i % 168,
            "answered_share_before": 0.6,
        }
        for i in range(n)
    ]
    return conform("episodes", pl.DataFrame(rows, infer_schema_length=None))


def _second(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _measures(episodes: pl.DataFrame) -> pl.DataFrame:
    replies = episodes.filter(pl.col("first_reply_id").is_not_null())
    acts = [[act for k, act in enumerate(ACTS) if (i * 7 + k * 3) % 5 < 2] for i in range(replies.height)]
    frame = replies.select(
        pl.col("first_reply_id").alias("post_id"),
        "company",
        pl.lit("en").alias("language"),
        pl.lit(True).alias("supported"),
        pl.lit("rules-1").alias("model_version"),
    ).with_columns(pl.Series("acts", acts, dtype=pl.List(pl.String)))
    return conform("measures", frame)


def _flow(n: int) -> pl.DataFrame:
    steps = [
        ("posts", "posts", 5000, 0, None),
        ("threads", "threads", 1500, 0, None),
        ("threads", "root seen", 1400, 100, "the root is missing"),
        ("episodes", "complaints", n + 60, 900, "not a complaint"),
        ("episodes", "after washout", n, 55, "in the first 30 days"),
        ("episodes", "kept", n, 5, "rare"),
    ]
    rows = [
        {"step": k, "unit": u, "name": name, "n": m, "lost": lost, "reason": why}
        for k, (u, name, m, lost, why) in enumerate(steps)
    ]
    return conform("flow", pl.DataFrame(rows))


def _ames() -> pl.DataFrame:
    terms = {"hostility": -0.06, "severity": 0.03, "business_hours": 0.18, "load": -0.04, "burst": -0.02}
    base = estimates({"T1": ("x", "answered", 0.0, 0.01, 0.0)}, "logit").head(1)
    rows = [
        base.with_columns(
            claim=pl.lit("-"),
            contrast=pl.lit(term),
            variant=pl.lit("primary"),
            time_days=pl.lit(0.0),
            scale=pl.lit("ame"),
            estimate=pl.lit(value),
            lower=pl.lit(value - 0.02),
            upper=pl.lit(value + 0.02),
        )
        for term, value in terms.items()
    ]
    return conform("estimates_regression", pl.concat(rows))


def made_curves(figure: str, outcomes: tuple[str, ...], names: tuple[str, ...]) -> pl.DataFrame:
    times = np.array([0, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 604800], dtype=float)
    rows = [
        {
            "figure": figure,
            "curve": curve,
            "outcome": outcome,
            "time_s": t,
            "value": value,
            "lower": max(0.0, value - 0.02),
            "upper": value + 0.02,
            "n_risk": 400.0,
        }
        for k, outcome in enumerate(outcomes)
        for j, curve in enumerate(names)
        for t in times
        for value in [(0.2 - 0.06 * k + 0.05 * j) * float(t / 604800) ** 0.3]
    ]
    return conform("curves_trials", pl.DataFrame(rows))


def made_balance(contrast: str) -> pl.DataFrame:
    names = ("hostility", "severity", "burst", "load", "hour_of_week", "earlier_complaints")
    rows = [
        {"contrast": contrast, "covariate": name, "smd_before": 0.3 - 0.1 * k, "smd_after": 0.03 - 0.01 * k}
        for k, name in enumerate(names)
    ]
    return conform("balance_trials", pl.DataFrame(rows))


def _weights(contrast: str, arms: tuple[str, str]) -> pl.DataFrame:
    rows = [
        {
            "contrast": contrast,
            "arm": arm,
            "n": 900,
            "ess": 700.0,
            "mean": 1.0,
            "p99": 3.2,
            "largest": 7.9,
            "heard": 0.5,
            "private": 0.2,
        }
        for arm in arms
    ]
    return conform("weights_trials", pl.DataFrame(rows))


def _positivity() -> pl.DataFrame:
    rows = [
        {
            "contrast": "reply_24h_vs_none",
            "stratum": f"hostility {h}",
            "interval": interval,
            "at_risk": 200,
            "answered": 60 if h < 3 else 4,
        }
        for h in range(4)
        for interval in ("0-30 min", "30-60 min", "1-6 h", "6-24 h")
    ]
    return conform("positivity", pl.DataFrame(rows))


def _reply_types() -> pl.DataFrame:
    rows = [
        {
            "type_id": k,
            "name": name,
            "n": n,
            "n_companies": 5,
            "share": n / 280,
            "stability": 0.8 - 0.1 * k,
            "exemplars": ["We are sorry, please send us <number>."],
            "terms": ["sorry", "send"],
        }
        for k, (name, n) in enumerate((("sorry, send details", 150), ("try restarting", 100), ("rare", 6)))
    ]
    return conform("reply_types", pl.DataFrame(rows))


def _reply_members(episodes: pl.DataFrame) -> pl.DataFrame:
    replies = episodes["first_reply_id"].drop_nulls()
    rng = np.random.default_rng(2)
    types = rng.integers(0, 2, len(replies))
    frame = pl.DataFrame(
        {
            "post_id": replies,
            "type_id": types,
            "strength": rng.random(len(replies)),
            "x": rng.normal(types * 4, 1),
            "y": rng.normal(types * -2, 1),
        }
    )
    return conform("reply_members", frame)
