"""The Cox model against R's survival::coxph, residuals(), basehaz and cox.zph."""

from __future__ import annotations

import math
import re

import numpy as np
import polars as pl
import pytest
from r_calls import Entry, arguments, entries, formula, named, option, table, with_event

from complaintlab.models.cox import CoxFit, cox

MODELS = named("coxph")
DERIVED = named("basehaz", "cox.zph", "residuals")


def fit(entry: Entry, terms: list[str]) -> CoxFit:
    """The model of an R call; ``terms`` are R's coefficient names, so that interactions are spelled out."""
    call = entry["call"]
    spec = formula(arguments(call)[0])
    frame = with_event(table(entry), spec.event).with_row_index("row_")
    for term in terms:
        if ":" in term:
            frame = frame.with_columns(math.prod(map(pl.col, term.split(":"))).alias(term))
    cluster = "row_" if option(call, "robust") == "TRUE" else option(call, "cluster")
    weights = option(call, "weights")
    needed = [spec.start, spec.stop, "event_", *terms, *spec.strata, cluster, weights]
    return cox(
        frame.drop_nulls([name for name in needed if name]),
        start=spec.start,
        stop=spec.stop,
        event="event_",
        covariates=terms,
        strata=spec.strata,
        weights=weights,
        cluster=cluster,
        ties=option(call, "ties") or "efron",
    )


def model_behind(entry: Entry) -> CoxFit:
    """The model that a derived quantity is of: spelled out in its call, or ``f``, the file's first model."""
    spelled = [part for part in arguments(entry["call"]) if part.startswith("coxph(")]
    of_file = [model for model in entries().values() if model.get("data") == entry["data"]]
    base = next(model for model in of_file if model.get("call", "").startswith("coxph("))
    call = spelled[0] if spelled else base["call"]
    return fit({**entry, "call": call}, formula(arguments(call)[0]).terms)


@pytest.mark.parametrize("name", MODELS)
def test_coxph(name: str) -> None:
    entry = MODELS[name]
    terms = list(entry["coef"])
    fitted = fit(entry, terms)
    got = {
        "coef": fitted.table["coef"],
        "se": fitted.table["se"],
        "robust_se": fitted.table["robust_se"],
        "loglik": fitted.loglik,
        "score_test": fitted.score_test,
        "concordance": fitted.concordance,
        "n": fitted.n,
        "nevent": fitted.n_events,
    }
    for key in entry.keys() - {"data", "call"}:
        expected = list(entry[key].values()) if isinstance(entry[key], dict) else entry[key]
        tolerance = {"rtol": 0, "atol": 1e-6} if key == "coef" else {"rtol": 1e-6, "atol": 0}
        np.testing.assert_allclose(np.asarray(got[key], float), expected, **tolerance, err_msg=key)
    assert fitted.table["robust_se"].null_count() == (0 if "robust_se" in entry else len(terms))


@pytest.mark.parametrize("name", named("basehaz"))
def test_baseline_hazard(name: str) -> None:
    entry = DERIVED[name]
    curve = model_behind(entry).baseline_hazard()
    for time, hazard in zip(entry["time"], entry["hazard"], strict=True):
        got = curve.filter(pl.col("time") <= time)["hazard"][-1]
        assert got == pytest.approx(hazard, rel=1e-6)


@pytest.mark.parametrize("name", named("cox.zph"))
def test_proportionality(name: str) -> None:
    entry = DERIVED[name]
    test = model_behind(entry).proportionality()
    assert test["term"].to_list() == entry["rows"]
    np.testing.assert_allclose(test["chisq"], entry["chisq"], rtol=1e-6)
    np.testing.assert_allclose(test["p"], entry["p"], rtol=1e-6)


@pytest.mark.parametrize("name", named("residuals"))
def test_residuals(name: str) -> None:
    entry = DERIVED[name]
    kind = arguments(entry["call"])[1].strip("'")
    by = option(entry["call"].split("[")[0], "collapse")
    collapse = by.split("$")[1] if by else None
    residuals = model_behind(entry).residuals(kind, collapse=collapse)
    values = residuals.drop(collapse) if collapse else residuals
    expected = np.array(entry["value"]).reshape(-1, values.width)
    np.testing.assert_allclose(values.head(len(expected)).to_numpy(), expected, rtol=1e-6, atol=1e-9)


def test_every_cox_entry_is_exercised() -> None:
    meant = {
        name
        for name, entry in entries().items()
        if re.search(r"coxph|basehaz|cox\.zph|residuals\(", entry.get("call", ""))
        and not re.search("fgstart|interval2", entry["call"])
    }
    if not meant:
        pytest.skip("the golden numbers are not beside the checkout")
    assert meant == MODELS.keys() | DERIVED.keys()
    assert all(entry.keys() & {"hazard", "chisq", "value"} for entry in DERIVED.values())
