"""A crawl that is killed at any moment goes on and ends with the rows of one that was left alone."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pytest

from complaintlab.collect.normalise import Outputs
from complaintlab.crawl import raw
from complaintlab.crawl.raw import ANSWERS, LEDGER, RawStore
from complaintlab.errors import InputError, UserError
from stubs.crawling import collect_raw, crawled, plan
from stubs.forum import Forum, made_topic
from stubs.server import START, serving

KILLS = 12
TOPICS = [made_topic(n, 3 + n * 7 % 40, START - dt.timedelta(days=3, minutes=-n)) for n in range(1, 61)]

CRAWL = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from stubs.crawling import crawled, plan
print("ready", flush=True)
assert crawled(plan("discourse", sys.argv[1]), Path(sys.argv[2])).finished
"""


def rows(outputs: Outputs) -> tuple[list[object], list[object]]:
    """All that does not depend on when a look was made."""
    looks = outputs.sightings.drop("seen_at", "crawl_id").sort(pl.all().exclude("text_hash"))
    return outputs.posts.drop("crawl_id").rows(), looks.rows()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, tuple[list[object], list[object]]]:
    """A crawl that nobody disturbed: the study, its folder, its rows."""
    root = tmp_path_factory.mktemp("alone")
    with serving(Forum(TOPICS).answer) as server:
        of = plan("discourse", server.address)
        assert crawled(of, root).finished
    return root, of.folder(root), rows(collect_raw("discourse", of.folder(root), root))


@pytest.mark.slow
def test_killed_processes_end_with_the_same_rows(
    alone: tuple[Path, Path, tuple[list[object], list[object]]], tmp_path: Path
) -> None:
    rng = random.Random(7)
    shutil.copytree(alone[0] / ".keys", tmp_path / ".keys")
    slow = Forum(TOPICS)

    def answer(asked: object) -> object:
        time.sleep(0.005)
        return slow.answer(asked)  # type: ignore[arg-type]

    with serving(answer) as server:  # type: ignore[arg-type]
        of = plan("discourse", server.address)
        command = [sys.executable, "-c", CRAWL, server.address, str(tmp_path), str(Path(__file__).parents[1])]
        killed = 0
        for _ in range(KILLS):
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, env=os.environ | {"POLARS_MAX_THREADS": "1"}
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.12))
            process.kill()
            process.stdout.close()
            killed += process.wait() == -9
        assert killed >= 10
        assert crawled(of, tmp_path).finished
    assert rows(collect_raw("discourse", of.folder(tmp_path), tmp_path)) == alone[2]


class KilledError(BaseException):
    """The process ends here."""


def test_killed_at_fifty_moments_of_one_crawl_it_ends_with_the_same_rows(
    alone: tuple[Path, Path, tuple[list[object], list[object]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every few writes one is cut somewhere, and the crawl begins again."""
    rng, whole, left = random.Random(13), raw._append, [0]
    shutil.copytree(alone[0] / ".keys", tmp_path / ".keys")

    def append(file: BinaryIO, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            whole(file, content[: rng.randrange(len(content) + 1)])
            raise KilledError
        whole(file, content)

    with serving(Forum(TOPICS).answer) as server:
        of = plan("discourse", server.address)
        monkeypatch.setattr(raw, "_append", append)
        for _ in range(50):
            left[0] = rng.randrange(1, 12)
            with pytest.raises(KilledError):
                crawled(of, tmp_path)
        monkeypatch.setattr(raw, "_append", whole)
        assert crawled(of, tmp_path).finished
    assert rows(collect_raw("discourse", of.folder(tmp_path), tmp_path)) == alone[2]


def test_a_ledger_torn_at_any_byte_ends_with_the_same_rows(
    alone: tuple[Path, Path, tuple[list[object], list[object]]], tmp_path: Path
) -> None:
    """An answer is on disk before its event: a kill leaves all answers that the ledger speaks of."""
    rng = random.Random(11)
    root, folder, expected = alone
    with serving(Forum(TOPICS).answer) as server:
        for moment in range(50):
            study = tmp_path / str(moment)
            of = plan("discourse", server.address)
            copy = shutil.copytree(folder, of.folder(study))
            shutil.copytree(root / ".keys", study / ".keys")
            (copy / "crawl.json").write_text(of.written)
            (copy / LEDGER).chmod(0o600)
            os.truncate(copy / LEDGER, rng.randrange((copy / LEDGER).stat().st_size))
            with (copy / ANSWERS).open("ab") as file:
                file.write(rng.randbytes(rng.randrange(100)))
            assert crawled(of, study).finished
            assert rows(collect_raw("discourse", copy, study)) == expected
            assert (copy / ANSWERS).stat().st_size == (folder / ANSWERS).stat().st_size


def test_a_finished_crawl_asks_nothing_more(
    alone: tuple[Path, Path, tuple[list[object], list[object]]], tmp_path: Path
) -> None:
    with serving(Forum(TOPICS).answer) as server:
        of = plan("discourse", server.address)
        crawled(of, tmp_path)
        asked = len(server.log)
        assert crawled(of, tmp_path).finished
        assert len(server.log) == asked


def test_normalising_again_gives_the_same_tables_without_the_server(
    alone: tuple[Path, Path, tuple[list[object], list[object]]],
) -> None:
    first, second = (collect_raw("discourse", alone[1], alone[0]) for _ in range(2))
    for name in first._fields:
        assert getattr(first, name).equals(getattr(second, name))


def test_answers_that_were_changed_are_refused(
    alone: tuple[Path, Path, tuple[list[object], list[object]]], tmp_path: Path
) -> None:
    folder = shutil.copytree(alone[1], tmp_path / "crawl")
    content = bytearray((folder / ANSWERS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ANSWERS).write_bytes(content)
    with pytest.raises(InputError, match=r"damaged at byte \d+: restore it"):
        collect_raw("discourse", folder, tmp_path)
    os.truncate(folder / ANSWERS, 1000)
    with pytest.raises(InputError, match="shorter than its ledger"):
        RawStore(folder)


def test_two_processes_do_not_crawl_into_one_folder(tmp_path: Path) -> None:
    store = RawStore(tmp_path / "crawl")
    with pytest.raises(UserError, match="Another process"):
        RawStore(tmp_path / "crawl")
    store.close()
    RawStore(tmp_path / "crawl").close()


def test_raw_answers_are_readable_by_their_owner_only(
    alone: tuple[Path, Path, tuple[list[object], list[object]]],
) -> None:
    modes = {path.stat().st_mode & 0o077 for path in (alone[1], *alone[1].iterdir())}
    assert modes == {0}
