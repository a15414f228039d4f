"""`complaintlab forget`: nothing of the person is left, everything of the others is as it was."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from complaintlab.crawl.raw import ANSWERS, LEDGER
from complaintlab.errors import UserError
from complaintlab.ids import study_key
from complaintlab.rights.forget import forget, forget_again, told
from complaintlab.rights.named import FORGOTTEN, people
from complaintlab.rights.tombstones import add_tombstones, read_tombstones, without_forgotten
from rights_study import DAY, WORDS, collected, crawl_into, everything, forum, made_study
from stubs.crawling import collect_raw


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def root(study: Path, tmp_path: Path) -> Path:
    return shutil.copytree(study, tmp_path / "study")


def test_a_person_is_nowhere_and_the_others_are_as_they_were(root: Path) -> None:
    posts, sightings = collected(root)
    assert "person1" in everything(root)
    done = forget(root, "discourse", author="@Person1", today=DAY)
    left = everything(root)
    key = study_key("discourse", root)
    for trace in ("person1", "Quagga", "zebra", "quagga"):
        assert trace not in left, trace
    author = key.pseudonym("author", "person1")
    without_stones = "\n".join(line for line in left.splitlines() if not line.endswith("2024-03-02"))
    assert author not in without_stones
    theirs = posts.filter(pl.col("author_id") == author)["post_id"]
    assert theirs.len() > 5
    kept = posts.filter(~pl.col("post_id").is_in(theirs.implode()))
    looks = sightings.filter(~pl.col("post_id").is_in(theirs.implode()))
    again, seen = collected(root)
    assert again.drop("text").equals(kept.drop("text"))
    assert again["text"].to_list() == kept["text"].to_list()
    assert seen.equals(looks), "an emptied place looks like a deletion to nobody"
    assert done.removed["data/tables/posts.parquet"] == theirs.len()
    assert done.removed[".dvc/cache"] == 1
    assert done.removed[".dvc run cache"] == 1
    assert "shelf" in told(done)
    assert "reports/ holds what was made before" in told(done)
    assert "secret" not in told(done)


def test_what_others_also_said_keeps_its_vector(root: Path) -> None:
    turns = pl.read_parquet(root / "data/tables/turns.parquet")
    author = study_key("discourse", root).pseudonym("author", "person1")
    forget(root, "discourse", author="person1", today=DAY)
    kept = pl.read_parquet(root / ".cache/vectors/k1/part.parquet")["text_hash"]
    others = turns.filter(pl.col("author_id") != author)["text_hash"]
    assert set(kept) == set(others)


def test_a_post_goes_and_its_author_stays(root: Path) -> None:
    key = study_key("discourse", root)
    before = collected(root)[0]
    forget(root, "discourse", post="1/3", today=DAY)
    left = everything(root)
    assert left.count(WORDS) > 0, "the first post says the same and was not asked for"
    posts = collected(root)[0]
    assert set(before["post_id"]) - set(posts["post_id"]) == {key.pseudonym("post", "1/3")}
    assert key.pseudonym("author", "person1") in posts["author_id"].to_list()
    shown = [one for one in people(root, "discourse") if one.post == "1/3"]
    assert {one.author for one in shown} == {FORGOTTEN}
    assert not any(one.text for one in shown)


def test_the_answers_can_still_be_read_by_any_zstd(root: Path) -> None:
    forget(root, "discourse", author="person1", today=DAY)
    crawl = next((root / "data/raw/discourse").iterdir())
    assert (crawl / ANSWERS).stat().st_mode & 0o077 == 0
    assert (crawl / LEDGER).stat().st_mode & 0o077 == 0
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    subprocess.run(["zstd", "-t", "-q", crawl / ANSWERS], check=True)


def test_a_pseudonym_is_enough_once_the_key_is_gone(root: Path) -> None:
    author = study_key("discourse", root).pseudonym("author", "person1")
    (root / ".keys" / "discourse.key").unlink()
    with pytest.raises(UserError, match="give the pseudonym"):
        forget(root, "discourse", author="person1", today=DAY)
    forget(root, "discourse", author=author, today=DAY)
    left = everything(root)
    for trace in ("person1", "Quagga", "zebra"):
        assert trace not in left, trace


def test_who_is_crawled_again_stays_out_and_can_be_cleaned_again(root: Path) -> None:
    forget(root, "discourse", author="person1", today=DAY)
    expected = collected(root)[0]["post_id"].to_list()
    shutil.rmtree(root / "data/raw/discourse")
    crawl_into(root, forum())
    assert "zebra" in everything(root)
    assert collected(root)[0]["post_id"].to_list() == expected
    assert forget_again(root, "discourse", DAY)
    assert "zebra" not in everything(root)
    assert not forget_again(root, "discourse", DAY)


def test_the_log_says_what_and_not_whom(root: Path) -> None:
    forget(root, "discourse", author="person1", today=DAY)
    log = (root / "data/forgotten.log").read_text()
    assert log.startswith("2024-03-02 discourse author: ")
    assert "data/raw" in log
    for id_ in read_tombstones(root, "discourse")["id"]:
        assert id_ not in log
    assert not list((root / ".keys" / "forgetting").iterdir())


def test_somebody_who_is_not_there_yet_is_kept_out(root: Path) -> None:
    done = forget(root, "discourse", author="stranger", today=DAY)
    assert not sum(done.removed.values())
    assert (
        study_key("discourse", root).pseudonym("author", "stranger")
        in read_tombstones(root, "discourse")["id"]
    )


def test_without_forgotten_leaves_out_posts_with_their_sightings(tmp_path: Path) -> None:
    posts = pl.DataFrame({"post_id": ["p1", "p2", "p3", "p4"], "author_id": ["a", "b", "b", None]})
    sightings = pl.DataFrame({"post_id": ["p1", "p2", "p3", "p4", "p5"]})
    unchanged = without_forgotten(posts, sightings, tmp_path, "table")
    assert unchanged[0].equals(posts)
    assert unchanged[1].equals(sightings)
    add_tombstones(tmp_path, "table", ["b"], ["p5"], DAY)
    kept, looks = without_forgotten(posts, sightings, tmp_path, "table")
    assert kept["post_id"].to_list() == ["p1", "p4"]
    assert looks["post_id"].to_list() == ["p1", "p4"]
    assert without_forgotten(posts, sightings, tmp_path, "twcs")[0].equals(posts)


def test_a_damaged_file_of_tombstones_lets_nobody_back(tmp_path: Path) -> None:
    (tmp_path / "data/tombstones").mkdir(parents=True)
    (tmp_path / "data/tombstones/table.csv").write_text("nonsense\n1\n")
    with pytest.raises(UserError, match="restore it"):
        without_forgotten(pl.DataFrame(), pl.DataFrame(), tmp_path, "table")


def test_a_crawl_under_way_is_left_alone(root: Path) -> None:
    from complaintlab.crawl.raw import RawStore

    store = RawStore(next((root / "data/raw/discourse").iterdir()))
    with pytest.raises(UserError, match="under way"):
        forget(root, "discourse", author="person1", today=DAY)
    store.close()
    forget(root, "discourse", post="2/1", today=DAY)
    assert "zebra" not in everything(root), "what was begun is finished first"
    assert collect_raw("discourse", Path("data/raw/discourse"), root).posts.height > 10
