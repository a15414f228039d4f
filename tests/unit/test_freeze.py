"""The frozen plan: what is written, and what every kind of change does to the claims."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from complaintlab.claims import Claims, load_claims
from complaintlab.errors import UserError
from complaintlab.freeze import PLANNED, Deviations, Plan, deviations, freeze, gold_digest
from complaintlab.params import Section, load_params
from complaintlab.stages import contract
from complaintlab.store import Store
from complaintlab.tables import TABLES
from report_study import source

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def root(repo: Path, tmp_path: Path) -> Path:
    for name in ("params.yaml", "claims.yaml"):
        (tmp_path / name).write_bytes((repo / name).read_bytes())
    return tmp_path


def now_at(root: Path, measures: str | None = None) -> Deviations:
    params = load_params(root / "params.yaml")
    sections: list[Section] = [params.section(of) for of in PLANNED]
    plan = Plan.of(load_claims(root / "claims.yaml"), sections, measures, gold_digest(root))
    return deviations(root, plan)


def replace(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new, 1))


def test_without_a_plan_everything_is_exploratory(root: Path) -> None:
    found = now_at(root)
    assert not found.confirmatory("T1")
    assert found.of("T1") == ["no frozen plan"]


def test_an_empty_plan_is_none(root: Path) -> None:
    (root / "plan.lock").write_text("\n")
    assert not now_at(root).confirmatory("T1")


def test_an_unchanged_plan_is_confirmatory(root: Path) -> None:
    freeze(root, NOW)
    found = now_at(root)
    assert found.differences == ()
    assert found.frozen_at == "2030-01-01T00:00:00+00:00"
    assert all(found.confirmatory(claim.id) for claim in load_claims(root / "claims.yaml").claims)


def test_freezing_twice_gives_the_same_bytes(root: Path) -> None:
    freeze(root, NOW)
    first = (root / "plan.lock").read_bytes()
    freeze(root, NOW)
    assert (root / "plan.lock").read_bytes() == first


def test_a_changed_sesoi_makes_its_claim_exploratory_and_no_other(root: Path) -> None:
    freeze(root, NOW)
    replace(root, "claims.yaml", "sesoi: 0.02", "sesoi: 0.01")
    found = now_at(root)
    assert found.of("T1") == ["claim T1: sesoi was 0.02, is 0.01"]
    assert not found.confirmatory("T1")
    assert found.confirmatory("T2")


def test_changed_wording_is_printed_and_does_no_harm(root: Path) -> None:
    freeze(root, NOW)
    replace(root, "claims.yaml", "Answer within one hour", "Be quick")
    found = now_at(root)
    assert [item.text for item in found.differences] == [
        "claim T2: claim was 'Answer within one hour', is 'Be quick'"
    ]
    assert found.confirmatory("T2")


@pytest.mark.parametrize(
    ("old", "new", "exploratory", "untouched"),
    [
        ("horizon_days: 7", "horizon_days: 3", {"T1", "N1"}, set()),
        ("truncate_at: 0.99", "truncate_at: 0.95", {"T1", "T2"}, {"N1", "D1"}),
        ("propensity_floor: 0.01", "propensity_floor: 0.05", {"N1", "S2"}, {"T1"}),
        ("alpha: 0.05", "alpha: 0.1", {"T1", "N1", "D1"}, set()),
        ("events: 30", "events: 20", {"T1", "N1", "D1"}, set()),
        ("reaction_minutes: 15", "reaction_minutes: 5", {"T1", "N1", "D1"}, set()),
    ],
)
def test_a_changed_setting_reaches_the_claims_behind_it(
    root: Path, old: str, new: str, exploratory: set[str], untouched: set[str]
) -> None:
    freeze(root, NOW)
    replace(root, "params.yaml", old, new)
    found = now_at(root)
    assert not any(found.confirmatory(claim) for claim in exploratory)
    assert all(found.confirmatory(claim) for claim in untouched)


def test_a_claim_taken_out_leaves_its_family_at_its_frozen_size(root: Path) -> None:
    freeze(root, NOW)
    claims = load_claims(root / "claims.yaml")
    fewer = Claims(claims=tuple(claim for claim in claims.claims if claim.id != "T3"))
    found = deviations(
        root, Plan.of(fewer, [load_params(root / "params.yaml").section(of) for of in PLANNED], None, None)
    )
    assert found.family_sizes["timing"] == 7
    assert [item.text for item in found.differences] == ["claim T3 was taken out"]


def test_new_measures_make_all_exploratory(root: Path) -> None:
    freeze(root, NOW)
    found = now_at(root, "rules-2")
    assert found.of("T1") == ["version of the measures was not known at the freeze, is rules-2"]


def test_codes_that_come_or_change_after_the_freeze_make_all_exploratory(root: Path) -> None:
    freeze(root, NOW)
    folder = root / "data" / "gold"
    folder.mkdir(parents=True)
    (folder / "codes.csv").write_text("message,coder,code\n1,ann,resolved\n")
    (text,) = now_at(root).of("N1")
    assert text.startswith("gold (data/gold) was none, is ")
    freeze(root, NOW)
    assert now_at(root).confirmatory("N1")
    (folder / "codes.csv").write_text("message,coder,code\n1,ann,escalates\n")
    assert not now_at(root).confirmatory("N1")


def test_all_that_verdicts_read_of_the_settings_is_planned() -> None:
    assert set(contract("verdicts").sections) == set(PLANNED)


def test_a_plan_edited_by_hand_is_refused(root: Path) -> None:
    freeze(root, NOW)
    lock = json.loads((root / "plan.lock").read_text())
    lock["params"]["verdicts"]["alpha"] = 0.2
    (root / "plan.lock").write_text(json.dumps(lock))
    with pytest.raises(UserError, match=r"plan\.lock does not have the content that was frozen"):
        now_at(root)


def test_a_plan_frozen_after_the_outcomes_confirms_nothing(root: Path) -> None:
    replace(root, "params.yaml", "source: world", "source: table")
    Store(root).write("source", source(simulated=False))
    Store(root).write("verdicts", TABLES["verdicts"].create_empty())
    freeze(root, NOW)
    found = now_at(root)
    assert not found.confirmatory("T1")
    assert found.of("T1") == ["the plan was frozen after the outcomes were there"]


def test_outcomes_of_another_source_are_not_this_study_s(root: Path) -> None:
    Store(root).write("source", source(simulated=True))
    Store(root).write("verdicts", TABLES["verdicts"].create_empty())
    replace(root, "params.yaml", "source: world", "source: table")
    freeze(root, NOW)
    assert now_at(root).confirmatory("T1")
