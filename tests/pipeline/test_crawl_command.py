"""`complaintlab crawl` as an analyst types it, against a local forum, and the stage that reads it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import yaml

from complaintlab.pipeline import reproduce
from complaintlab.sources import SOURCES
from stubs.forum import Forum, made_topic
from stubs.server import START, Server, serving

COMMAND = [sys.executable, "-c", "from complaintlab.cli import main; main()"]
COMPANIES = "companies: [{name: Acme, accounts: {discourse: [127.0.0.1]}}]\n"


def complaintlab(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def forum() -> Iterator[Server]:
    topics = [made_topic(n, 3, START - dt.timedelta(days=n)) for n in (1, 2, 3)]
    with serving(Forum(topics).answer) as server:
        yield server


@pytest.fixture
def study(repo: Path, tmp_path: Path, forum: Server) -> Path:
    """A study in an empty folder, its source the forum, its crawl's end long past."""
    params = yaml.safe_load((repo / "params.yaml").read_text(encoding="utf-8"))
    params["study"]["contact"] = "ann@example.org"
    params["collect"] |= {"source": "discourse", "path": "data/raw/discourse", "as_of": str(START)}
    params["crawl"] |= {"address": forum.address, "accounts": False}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "companies.yaml").write_text(COMPANIES, encoding="utf-8")
    return tmp_path


def test_a_dry_run_names_the_requests_and_makes_none(study: Path, forum: Server) -> None:
    done = complaintlab(study, "crawl", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"GET {forum.address}/latest.json" in done.stdout
    assert not forum.log
    assert not (study / "data" / "raw").exists()


def test_what_was_crawled_is_collected_without_the_network(study: Path, forum: Server) -> None:
    done = complaintlab(study, "crawl")
    assert done.returncode == 0, done.stderr
    assert "3 threads, 3 looks" in done.stdout
    assert all("ann@example.org" in asked.headers["User-Agent"] for asked in forum.log)
    asked = len(forum.log)
    collected = complaintlab(study, "collect")
    assert collected.returncode == 0, collected.stderr
    tables = {path.stem: pl.read_parquet(path) for path in (study / "data" / "tables").iterdir()}
    assert (tables["posts"].height, tables["sightings"].height) == (9, 9)
    assert set(tables["posts"]["company"].drop_nulls()) == {"Acme"}
    assert tables["source"]["source"].to_list() == ["discourse"]
    assert len(forum.log) == asked


def test_crawling_again_asks_nothing_anew(study: Path, forum: Server) -> None:
    assert complaintlab(study, "crawl").returncode == 0
    topics = [asked.path for asked in forum.log if asked.path.startswith("/t/")]
    again = complaintlab(study, "crawl")
    assert again.returncode == 0, again.stderr
    assert [asked.path for asked in forum.log if asked.path.startswith("/t/")] == topics


@pytest.mark.parametrize(
    ("section", "changes", "says"),
    [
        ("study", {"contact": None}, "set study.contact"),
        ("collect", {"as_of": None}, "set collect.as_of"),
        ("collect", {"source": "twcs"}, "are crawled"),
    ],
)
def test_what_cannot_be_crawled_ends_with_one_sentence(
    study: Path, section: str, changes: dict[str, object], says: str
) -> None:
    params = yaml.safe_load((study / "params.yaml").read_text(encoding="utf-8"))
    params[section] |= changes
    (study / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    done = complaintlab(study, "crawl")
    assert done.returncode != 0
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["collect", "run"])
def test_before_the_crawl_it_says_what_to_do(study: Path, command: str) -> None:
    done = complaintlab(study, command)
    assert done.returncode != 0
    assert "crawl" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_of_raw_answers_can_be_run(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert complaintlab(study, "crawl").returncode == 0
    monkeypatch.chdir(study)
    ran: list[list[str]] = []
    monkeypatch.setattr(
        "complaintlab.pipeline.subprocess.run",
        lambda command, **_: ran.append(command) or SimpleNamespace(returncode=0),
    )
    assert reproduce(("collect",)) == 0
    assert ran[0][-2:] == ["repro", "collect"]


@pytest.mark.parametrize("source", SOURCES)
def test_the_ids_of_every_source_have_a_fingerprint_to_depend_on(repo: Path, source: str) -> None:
    assert (repo / "data" / "keys" / f"{source}.fingerprint").read_text().strip()
