"""claims.yaml: the thirty questions, complete and well formed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from complaintlab.claims import Claims, load_claims
from complaintlab.errors import UserError
from complaintlab.labels import ACTS, STANCES
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.strategies import TIMING_CONTRASTS


@pytest.fixture(scope="module")
def claims(repo: Path) -> Claims:
    return load_claims(repo / "claims.yaml")


def test_families_have_their_size(claims: Claims) -> None:
    sizes = Counter(claim.family for claim in claims.claims)
    assert sizes == {"timing": 7, "tone": 10, "substance": 7, "deletion": 4, "people": 2}


def test_only_built_estimators_have_a_stage(claims: Claims) -> None:
    stages: dict[str, set[str]] = {}
    for claim in claims.claims:
        stages.setdefault(claim.stage or "none", set()).add(claim.id)
    assert stages["trials"] == set(TIMING_CONTRASTS)
    assert stages["reply_effects"] == {*EXPOSURES, "P2", "S7"}


def test_claims_on_the_reply_clock_name_the_contrast_of_their_arms(claims: Claims) -> None:
    for name, exposure in EXPOSURES.items():
        assert (claims.of(name).contrast, claims.of(name).outcome) == (exposure.contrast, exposure.outcome)


def test_timing_claims_name_the_contrast_of_the_trials(claims: Claims) -> None:
    for name, contrast in TIMING_CONTRASTS.items():
        assert (claims.of(name).contrast, claims.of(name).outcome) == (contrast.name, contrast.outcome)


def test_every_citation_is_listed(claims: Claims) -> None:
    cited = {
        citation
        for claim in claims.claims
        for group in re.findall(r"\(([A-Za-z][^()]*\d{4})\)", claim.prior)
        for citation in group.split("; ")
    }
    assert cited == set(claims.references)


def test_measures_are_labels_of_the_codebook(claims: Claims) -> None:
    labels = {"act": set(ACTS), "stance": set(STANCES)}
    for claim in claims.claims:
        for measure, label in (pair.split(":") for pair in claim.measures):
            assert label in labels.get(measure, {measure}), claim.id


@pytest.mark.parametrize("claim", ["T1", "T5", "N5", "S1", "D3"])
def test_expected_sign_follows_the_advice(claims: Claims, claim: str) -> None:
    expected = {"T1": -1, "T5": -1, "N5": 1, "S1": -1, "D3": -1}
    assert claims.of(claim).expected == expected[claim]


def test_a_claim_from_an_unknown_source_is_refused(repo: Path, tmp_path: Path) -> None:
    text = (repo / "claims.yaml").read_text().replace("source: 'C E D'", "source: 'C X'")
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(UserError, match="claim T1 is from 'X'"):
        load_claims(tmp_path / "claims.yaml")


def test_moderators_are_those_that_the_stages_show_apart(claims: Claims) -> None:
    columns = {"hostile": "hostility", "spread": "spread_before", "apology": "apology"}
    for claim in claims.claims:
        if claim.id in EXPOSURES:
            shown = tuple(columns[name] for name in EXPOSURES[claim.id].moderators)
        else:
            shown = ("business_hours",) if claim.id == "T3" else ()
        assert claim.moderators == shown, claim.id
