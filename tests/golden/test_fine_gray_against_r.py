"""Fine and Gray's model against R's survival::finegray and, to the third decimal, cmprsk::crr."""

from __future__ import annotations

import re

import numpy as np
import pytest
from r_calls import Entry, arguments, entries, formula, option, table

from complaintlab.models.cox import CoxFit
from complaintlab.models.fine_gray import fine_gray

MODELS = {name: entry for name, entry in entries().items() if "fgstart" in entry.get("call", "")}
BY_CRR = {name: entry for name, entry in entries().items() if "cmprsk::crr(" in entry.get("call", "")}


def fit(entry: Entry, terms: list[str], cause: int) -> CoxFit:
    frame = table(entry).drop_nulls(["etime", "ev", *terms])
    return fine_gray(frame, stop="etime", event="ev", covariates=terms, cause=cause, cluster="id")


@pytest.mark.parametrize("name", MODELS)
def test_finegray(name: str) -> None:
    entry = MODELS[name]
    terms = formula(arguments(entry["call"])[0]).terms
    fitted = fit(entry, terms, 1 if "'pcm'" in entry["data"] else 2)
    np.testing.assert_allclose(fitted.coefficients, list(entry["coef"].values()), rtol=0, atol=1e-6)
    for key in ("se", "robust_se"):
        np.testing.assert_allclose(fitted.table[key], list(entry[key].values()), rtol=1e-6, err_msg=key)
    np.testing.assert_allclose(fitted.loglik, entry["loglik"], rtol=1e-6)
    assert fitted.score_test == pytest.approx(entry["score_test"], rel=1e-6)
    assert fitted.concordance == pytest.approx(entry["concordance"], rel=1e-6)
    assert (fitted.n, fitted.n_events) == (entry["n"], entry["nevent"])


def test_rows_and_weights_of_the_expanded_table() -> None:
    if not MODELS:
        pytest.skip("the golden numbers are not beside the checkout")
    rows = fit(MODELS["mgus2_fg_pcm"], ["age", "sexF"], 1).frame
    expected = entries()["mgus2_fg_rows"]
    assert rows.height == expected["nrow"]
    assert rows["fg_weight"].sum() == pytest.approx(expected["sumw"], rel=1e-9)


@pytest.mark.parametrize("name", BY_CRR)
def test_crr_to_the_third_decimal(name: str) -> None:
    entry = BY_CRR[name]
    cause = int(option(entry["call"], "failcode") or 1)
    terms = re.findall(r"\w+", arguments(entry["call"])[2].removeprefix("cbind"))
    fitted = fit(entry, terms, cause)
    np.testing.assert_allclose(fitted.coefficients, list(entry["coef"].values()), rtol=0, atol=1e-3)
    np.testing.assert_allclose(fitted.table["robust_se"], entry["se"], rtol=0.02)
