"""A pipeline with a live source: what params ask for and is not there yet is crawled, and then read."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from complaintlab.crawl.stage import reopen
from complaintlab.errors import UserError
from complaintlab.params import load_params
from complaintlab.stages import CRAWLED_FILE, run_stage
from stubs.forum import Forum, made_topic
from stubs.server import START, Reply, Server, serving

BIN = Path(sys.executable).parent
RAW = "data/raw/discourse"


class Study:
    """A study in an empty folder whose source is a forum on loopback."""

    def __init__(self, repo: Path, folder: Path, server: Server) -> None:
        self.folder, self.log = folder, server.log
        (folder / "data").mkdir()
        (folder / "data" / "companies.yaml").write_text("companies: []\n")
        self._params = yaml.safe_load((repo / "params.yaml").read_text(encoding="utf-8"))
        self.set("study", contact="ann@example.org")
        self.set("crawl", address=server.address)
        self.set("collect", source="discourse", path=RAW, as_of=str(START))

    def set(self, section: str, **values: Any) -> None:
        self._params[section] |= values
        (self.folder / "params.yaml").write_text(yaml.safe_dump(self._params), encoding="utf-8")

    def run(self) -> int:
        """The stages crawl and collect; the number of requests that it took."""
        before = len(self.log)
        run_stage("crawl", self.folder)
        run_stage("collect", self.folder)
        return len(self.log) - before

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "data" / "tables" / f"{name}.parquet")

    def crawls(self) -> list[str]:
        return sorted(path.name for path in (self.folder / RAW).iterdir())

    def is_finished(self) -> bool:
        finished: bool = json.loads((self.folder / CRAWLED_FILE).read_text())["finished"]
        return finished


@pytest.fixture
def forum() -> Forum:
    return Forum([made_topic(n, 3, START - dt.timedelta(days=n)) for n in (1, 2, 3)])


@pytest.fixture
def study(repo: Path, tmp_path: Path, forum: Forum) -> Iterator[Study]:
    with serving(forum.answer) as server:
        yield Study(repo, tmp_path, server)


def test_what_is_there_is_read_without_the_network(study: Study) -> None:
    assert study.run() > 0
    assert (study.table("posts").height, len(study.crawls()), study.is_finished()) == (9, 1, True)
    assert study.run() == 0
    assert study.table("posts").height == 9


def test_a_later_end_is_a_new_crawl_and_the_earlier_one_keeps_its_rows(study: Study, forum: Forum) -> None:
    study.run()
    forum.delete(2, 3)
    study.set("collect", as_of=str(START + dt.timedelta(days=30)))
    assert study.run() > 0
    assert len(study.crawls()) == 2
    assert study.table("sightings").filter(status="absent").height == 1, "the first crawl knew the post"
    study.set("collect", as_of=str(START))
    assert study.run() == 0
    assert study.table("sightings")["status"].to_list() == ["present"] * 9


def test_another_query_does_not_read_what_the_first_found(study: Study, forum: Forum) -> None:
    study.run()
    study.set("crawl", since=str(START - dt.timedelta(days=2.5)))
    study.run()
    assert study.table("posts").height == 6
    assert len(study.crawls()) == 2


def test_a_crawl_whose_end_is_ahead_goes_on_with_the_next_run(study: Study, forum: Forum) -> None:
    study.set("collect", as_of=str(dt.datetime.now(dt.UTC) + dt.timedelta(days=1)))
    study.set("crawl", discover_minutes=0.05)
    study.run()
    assert not study.is_finished()
    reopen(study.folder, load_params(study.folder / "params.yaml"))
    assert not (study.folder / CRAWLED_FILE).exists(), "so that dvc runs the stage again"
    time.sleep(3)
    forum.topics["9"] = made_topic(9, 5, dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10))
    study.run()
    assert study.table("posts").height == 9 + 5


@pytest.mark.parametrize("stage", ["crawl", "collect"])
def test_a_stage_of_its_own_does_not_read_what_should_be_gone(study: Study, stage: str) -> None:
    study.run()
    ledger = study.folder / RAW / study.crawls()[0] / "ledger.ndjson"
    now = dt.datetime.now(dt.UTC)
    age = (now - max(dt.datetime.fromisoformat(event["at"]) for event in answers_of(ledger))).days
    study.set("rights", retention_days=max(age, 0) + 2)
    run_stage(stage, study.folder)
    for event in (events := [json.loads(line) for line in ledger.read_text().splitlines()]):
        if event["event"] == "answer":
            event["at"] = (dt.datetime.fromisoformat(event["at"]) - dt.timedelta(days=3)).isoformat()
    ledger.write_text("".join(json.dumps(event) + "\n" for event in events))
    with pytest.raises(UserError, match=r"older than .* run `complaintlab forget --expired`"):
        run_stage(stage, study.folder)


def answers_of(ledger: Path) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in ledger.read_text().splitlines()]
    return [event for event in events if event["event"] == "answer"]


@pytest.mark.parametrize("as_of", [None, str(START)])
def test_raw_answers_elsewhere_are_read_as_they_are(study: Study, as_of: str | None) -> None:
    posts = made_topic(7, 4, START - dt.timedelta(days=1))["post_stream"]["posts"]
    stream = {"posts": posts, "stream": [post["id"] for post in posts]}
    topic = made_topic(7, 4, START - dt.timedelta(days=1)) | {"post_stream": stream}
    (study.folder / "7.json").write_text(json.dumps(topic))
    with tarfile.open(study.folder / "raw.tar", "w") as tar:
        tar.add(study.folder / "7.json", "7.json")
    study.set("collect", path="raw.tar", as_of=as_of)
    assert study.run() == 0
    assert study.table("posts").height == 4


def test_what_stops_a_crawl_is_one_sentence_and_the_next_run_goes_on(repo: Path, tmp_path: Path) -> None:
    forum, down = Forum([made_topic(n, 3, START - dt.timedelta(days=n)) for n in (1, 2, 3)]), [True]
    busy = Reply(429, headers={"Retry-After": "86400"})
    with serving(lambda asked: busy if down[0] and "/t/" in asked.path else forum.answer(asked)) as server:
        study = Study(repo, tmp_path, server)
        study.set("study", contact=None)
        with pytest.raises(UserError, match=r"set study\.contact"):
            study.run()
        study.set("study", contact="ann@example.org")
        with pytest.raises(UserError, match="stopped early: the server asks to be left alone"):
            study.run()
        down[0] = False
        study.run()
    assert study.table("posts").height == 9


@pytest.mark.slow
def test_dvc_crawls_when_the_end_is_raised_and_has_nothing_to_do_else(repo: Path, study: Study) -> None:
    for name in ("dvc.yaml", "pins.txt"):
        shutil.copy(repo / name, study.folder / name)
    shutil.copytree(repo / "src", study.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    own = shutil.ignore_patterns("cache", "tmp", "*.local")
    shutil.copytree(repo / ".dvc", study.folder / ".dvc", ignore=own)
    for part in ("keys", "tombstones"):
        shutil.copytree(repo / "data" / part, study.folder / "data" / part)
    assert "3 threads, 3 looks" in command(study.folder, "complaintlab", "run", "collect")
    asked = len(study.log)
    assert "Running stage" not in command(study.folder, "complaintlab", "run", "collect")
    assert len(study.log) == asked
    study.set("collect", as_of=str(START + dt.timedelta(days=30)))
    said = command(study.folder, "dvc", "repro", "collect")
    ran = [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")]
    assert ran == ["crawl", "collect"]
    assert len(study.crawls()) == 2


def command(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, text=True, capture_output=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
