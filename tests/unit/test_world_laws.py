"""data/world.yaml: what is wrong in it is said in one sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from complaintlab.companies import load_companies
from complaintlab.errors import UserError
from complaintlab.params import World
from complaintlab.worlds import simulate
from complaintlab.worlds.laws import Pace, load_laws


@pytest.fixture
def changed(repo: Path, tmp_path: Path):
    """A copy of the laws with one text replaced by another."""

    def change(old: str, new: str) -> Path:
        text = (repo / "data" / "world.yaml").read_text(encoding="utf-8")
        assert old in text
        (tmp_path / "world.yaml").write_text(text.replace(old, new), encoding="utf-8")
        shutil.copy(repo / "data" / "companies.yaml", tmp_path)
        return tmp_path / "world.yaml"

    return change


def test_the_laws_in_the_repository_hold(repo: Path) -> None:
    laws = load_laws(repo / "data" / "world.yaml")
    companies = load_companies(repo / "data" / "companies.yaml")
    assert set(laws.companies) <= {company.name for company in companies.companies}
    weights = [company.weight for company in laws.companies.values()]
    assert sum(weights) ** 2 / sum(w * w for w in weights) >= 15


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fast_share: 0.25", "fast_share: 1.25", "waiting.fast_share"),
        ("days: 165", "days: soon", "days"),
        ("  defend:      {logit", "  defence:     {logit", "defend"),
        ("topics: {staff: -0.25", "topics: {stuff: -0.25", "stuff"),
        ("per_hour:   [0.42, ", "per_hour:   [", "from_hours"),
        ("two_companies: 0.008", "two_company: 0.008", "two_compan"),
        ("start: 2025-01-06", "start: [2025", "YAML"),
    ],
)
def test_a_wrong_law_is_named(changed, old: str, new: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_laws(changed(old, new))


def test_missing_laws_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"world\.yaml"):
        load_laws(tmp_path / "world.yaml")


def test_a_company_without_hours_is_named(changed) -> None:
    path = changed("  Greavelly Motors:", "  Nobody & Sons:  ")
    with pytest.raises(UserError, match="Nobody & Sons"):
        simulate(World(complaints=10, seed=1), path)


def test_a_pace_is_a_distribution() -> None:
    pace = Pace(fast=2, slow=30, fast_share=0.4)
    assert float(pace.mass(0, 1e9)) == pytest.approx(1)
    assert float(pace.mass(0, 60) + pace.mass(60, 7200)) == pytest.approx(float(pace.mass(0, 7200)))
