from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from complaintlab.companies import load_companies
from complaintlab.errors import UserError
from complaintlab.params import Analysis, Collect, load_params

Write = Callable[[Callable[[dict[str, Any]], object]], Path]


@pytest.fixture
def changed(repo: Path, tmp_path: Path) -> Write:
    def write(change: Callable[[dict[str, Any]], object]) -> Path:
        raw = yaml.safe_load((repo / "params.yaml").read_text())
        change(raw)
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(raw))
        return path

    return write


def test_the_committed_params_are_valid(repo: Path) -> None:
    params = load_params(repo / "params.yaml")
    assert params.section(Collect).source == "world"
    assert params.section(Analysis).horizon_days == 7


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda p: p["analysis"].update(horizon_days=-1), "analysis.horizon_days"),
        (lambda p: p["analysis"].update(horizon_days=2.5), "analysis.horizon_days"),
        (lambda p: p["analysis"].update(act_threshold="half"), "analysis.act_threshold"),
        (lambda p: p["collect"].update(source="fax"), "collect.source"),
        (lambda p: p["collect"]["declares"].update(threads="yes"), "collect.declares.threads"),
        (lambda p: p["collect"].update(as_of=dt.date(2024, 3, 1)), "as_of: write the date in quotes"),
        (lambda p: p["world"].pop("seed"), "world.seed"),
        (lambda p: p.update(colour={"red": 1}), "colour"),
        (lambda p: p.pop("study"), "study.name"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_key(
    changed: Write, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    with pytest.raises(UserError, match=named) as caught:
        load_params(changed(change))
    assert "\n" not in str(caught.value)


def test_params_that_are_no_yaml_say_so(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("study: [")
    with pytest.raises(UserError, match="not valid YAML"):
        load_params(path)


def test_every_param_of_the_file_is_described_in_it(repo: Path) -> None:
    """Absent keys cannot be set with `dvc exp run -S`, so every key of every section stands in the file."""
    raw = yaml.safe_load((repo / "params.yaml").read_text())
    collect = load_params(repo / "params.yaml").section(Collect)
    assert set(raw["collect"]) == set(type(collect).model_fields)
    assert set(raw["collect"]["columns"]) == set(type(collect.columns).model_fields)
    assert set(raw["collect"]["declares"]) == set(type(collect.declares).model_fields)


def test_a_company_in_an_unknown_time_zone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "companies.yaml"
    path.write_text("companies: [{name: A, time_zone: Europe/Atlantis}]")
    with pytest.raises(UserError, match="Atlantis"):
        load_companies(path)


def test_the_committed_companies_are_valid(repo: Path) -> None:
    companies = load_companies(repo / "data" / "companies.yaml")
    names = [company.name for company in companies.companies]
    assert len(names) == len(set(names)) >= 15
