"""Survival curves, Aalen–Johansen risks and log-rank tests against R's survfit and survdiff."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from r_calls import Entry, arguments, entries, formula, named, option, table

from complaintlab.models.incidence import cumulative_incidence, incidence_at, survival, survival_quantiles
from complaintlab.models.logrank import LogRank, logrank

CURVES = named("summary")
QUANTILES = named("quantile")
TESTS = named("survdiff")


def survfit_call(entry: Entry) -> str:
    return next(part for part in arguments(entry["call"]) if part.startswith("survfit("))


def curves(entry: Entry, states: list[str] | None = None) -> pl.DataFrame:
    """The curves of an R call; ``states`` names the causes of a text event, first the initial state."""
    call = survfit_call(entry)
    spec = formula(arguments(call)[0])
    frame, estimate = table(entry), survival
    if states:
        causes = {state: cause for cause, state in enumerate(states) if cause}
        codes = pl.col(spec.event).replace_strict(causes, default=0, return_dtype=pl.Int64)
        frame, estimate = frame.with_columns(codes.alias(spec.event)), cumulative_incidence
    names = {"weights": option(call, "weights"), "id": option(call, "id")}
    needed = [spec.start, spec.stop, spec.event, *spec.terms, *names.values()]
    frame = frame.drop_nulls([name for name in needed if name])
    return estimate(frame, start=spec.start, stop=spec.stop, event=spec.event, by=spec.terms, **names)


def landmarks(entry: Entry) -> list[float]:
    return [float(time) for time in re.findall(r"[\d.]+", option(entry["call"], "times") or "")]


@pytest.mark.parametrize("name", [name for name, entry in CURVES.items() if "surv" in entry])
def test_survival(name: str) -> None:
    entry = CURVES[name]
    got = incidence_at(curves(entry), landmarks(entry))
    columns = {"time": "time", "surv": "survival", "std.err": "se", "lower": "lower", "upper": "upper"}
    for key, column in {**columns, "n.risk": "n_risk"}.items():
        np.testing.assert_allclose(got[column], entry[key], rtol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", [name for name, entry in CURVES.items() if "pstate" in entry])
def test_cumulative_incidence(name: str) -> None:
    entry = CURVES[name]
    got = incidence_at(curves(entry, entry["states"]), landmarks(entry))
    np.testing.assert_allclose(got["risk"], np.ravel(entry["pstate"]), rtol=1e-6)
    np.testing.assert_allclose(got["se"], np.ravel(entry["std.err"]), rtol=1e-6)
    at_risk = got.filter(pl.col("cause") == 0)["n_risk"]
    np.testing.assert_allclose(at_risk, np.array(entry["n.risk"])[:, 0])


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles(name: str) -> None:
    entry = QUANTILES[name]
    probability = float(arguments(entry["call"])[1])
    got = survival_quantiles(curves(entry), [probability])
    np.testing.assert_allclose(got["time"], entry["median"])
    np.testing.assert_allclose(got["lower"].cast(pl.Float64), entry["lower"])
    np.testing.assert_allclose(got["upper"].cast(pl.Float64), entry["upper"])


def survdiff(entry: Entry) -> LogRank:
    """The test of an R call; ``...`` stands for the formula of the file's first test."""
    first = next(test for test in TESTS.values() if test["data"] == entry["data"])
    text = arguments(entry["call"])[0]
    spec = formula(arguments(first["call"])[0] if text == "..." else text)
    frame = table(entry).drop_nulls([spec.stop, spec.event, *spec.terms, *spec.strata])
    rho = float(option(entry["call"], "rho") or 0)
    return logrank(frame, stop=spec.stop, event=spec.event, by=spec.terms, strata=spec.strata, rho=rho)


@pytest.mark.parametrize("name", TESTS)
def test_logrank(name: str) -> None:
    entry = TESTS[name]
    got = survdiff(entry)
    values = {"chisq": got.chisq, "obs": got.table["observed"], "exp": got.table["expected"]}
    for key in entry.keys() - {"data", "call"}:
        np.testing.assert_allclose(values[key], entry[key], rtol=1e-6, err_msg=key)


def test_every_curve_and_test_is_exercised() -> None:
    meant = {
        name
        for name, entry in entries().items()
        if re.search(r"survfit|survdiff", entry.get("call", "")) and "interval2" not in entry["call"]
    }
    if not meant:
        pytest.skip("the golden numbers are not beside the checkout")
    assert meant == CURVES.keys() | QUANTILES.keys() | TESTS.keys()
    assert all("surv" in entry or "pstate" in entry for entry in CURVES.values())
