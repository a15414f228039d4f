"""`complaintlab gold`: from the draw through Label Studio to settled codes, in a study's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from complaintlab.errors import UserError
from complaintlab.gold import files
from complaintlab.gold.codes import resolved_codes
from complaintlab.gold.commands import app
from complaintlab.labels import ACTS
from complaintlab.store import Store
from gold_study import SECRET, annotation, answers, exported, mixed_threads, write_study

GOLD = Path("data/gold")


@pytest.fixture
def study(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_study(tmp_path, mixed_threads(), repo / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gold(*arguments: str) -> str:
    outcome = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def draw() -> pl.DataFrame:
    gold("draw", "--episodes", "24", "--minimum", "1")
    return files.read_sample(Path())


def tasks_of(item: str) -> list[dict[str, Any]]:
    [path] = (GOLD / "private").glob(f"*-{item}.json")
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def export(path: str, item: str) -> list[dict[str, Any]]:
    """Two coders differ on the first task, one cancels the second, nobody codes the third."""
    first, second, third, *others = tasks_of(item)
    differing = {"acts": "none"} if item == "reply" else {"stance": "thanks"}
    content = [
        exported(first, annotation(1, *answers(item)), annotation({"id": 2}, *answers(item, differing))),
        exported(second, annotation(1, *answers(item)), annotation(2, *answers(item), cancelled=True)),
        exported(third),
        *(exported(task, annotation(1, *answers(item)), annotation(2, *answers(item))) for task in others),
    ]
    Path(path).write_text(json.dumps(content))
    return tasks_of(item)


def test_the_way_through_label_studio(study: Path) -> None:
    sample = draw()
    turns, replies = export("turns.json", "turn"), export("replies.json", "reply")
    said = gold("read", "turns.json", "replies.json")
    assert "1 cancelled annotations skipped" in said
    codes = files.read_codes(study)
    assert codes.height == 3 * (2 * len(turns) - 3) + len(ACTS) * (2 * len(replies) - 3)
    assert set(codes["coder"]) == {"1", "2"}

    said = gold("agree")
    assert "stance" in said
    assert "2 disagreements" in said
    settled = resolved_codes(codes)
    assert settled["value"].null_count() == 2

    listed = pl.read_csv(GOLD / "disagreements.csv", infer_schema=False)
    decided = {turns[0]["data"]["post_id"]: "neutral", replies[0]["data"]["post_id"]: "1"}
    filled = listed.with_columns(adjudicated=pl.col("post_id").replace_strict(decided))
    filled.write_csv(GOLD / "disagreements.csv")
    gold("read", "data/gold/disagreements.csv")
    assert "0 disagreements" in gold("agree")

    settled = files.load_gold(study)
    assert settled.columns == [
        "post_id", "company", "item", "label", "value", "sampling_probability", "author_id", "thread_id",
    ]  # fmt: skip
    assert settled.filter(post_id=turns[0]["data"]["post_id"], label="stance")["value"].item() == "neutral"
    assert settled.filter(post_id=replies[0]["data"]["post_id"], label="fix")["value"].item() == "1"
    assert turns[2]["data"]["post_id"] not in settled["post_id"]  # nobody coded it
    chances = dict(sample.select("post_id", "sampling_probability").iter_rows())
    assert all(
        row["sampling_probability"] == chances[row["post_id"]] for row in settled.iter_rows(named=True)
    )


def test_reading_again_changes_no_byte(study: Path) -> None:
    draw()
    export("turns.json", "turn")
    Path("bad.csv").write_text("post_id,coder,stance\nx,ann,thanks\n")
    gold("read", "turns.json", "bad.csv")
    before = [(GOLD / name).read_bytes() for name in ("codes.csv", "quarantine.csv", "sample.csv")]
    gold("read", "bad.csv", "turns.json")
    gold("draw", "--episodes", "24", "--minimum", "1")
    assert before == [(GOLD / name).read_bytes() for name in ("codes.csv", "quarantine.csv", "sample.csv")]
    assert files.read_quarantine(study)["reason"].to_list() == ["unknown post"]


def test_a_mended_file_leaves_the_quarantine(study: Path) -> None:
    post = draw().filter(pl.col("item") == "turn")["post_id"][0]
    Path("sheet.csv").write_text(f"post_id,coder,stance\n{post},ann,hapy\n")
    assert "1 set aside: impossible value" in gold("read", "sheet.csv")
    Path("sheet.csv").write_text(f"post_id,coder,stance\n{post},ann,thanks\n")
    gold("read", "sheet.csv")
    assert files.read_quarantine(study).is_empty()
    assert files.read_codes(study)["value"].to_list() == ["thanks"]


def test_texts_lie_only_where_their_owner_alone_can_read(study: Path) -> None:
    draw()
    export("turns.json", "turn")
    gold("read", "turns.json")
    gold("agree")
    private = GOLD / "private"
    assert private.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in private.iterdir())
    assert (GOLD / "quarantine.csv").stat().st_mode & 0o077 == 0
    assert SECRET in (private / "blank.csv").read_text()
    committed = [path.read_text() for path in GOLD.glob("*.csv")]
    assert len(committed) == 5
    assert not any(SECRET in text for text in committed)
    plain = set(Store(study).read("turns")["text_hash"])
    assert not plain & set(files.read_sample(study)["text_hash"])  # keyed: no text can be looked up by it


def test_coders_with_a_label_studio_each_are_told_apart(study: Path) -> None:
    draw()
    for name in ("ann", "bob"):
        Path(f"{name}.json").write_text(
            json.dumps([exported(task, annotation(1, *answers("turn"))) for task in tasks_of("turn")])
        )
        gold("read", f"{name}.json", "--coder", name)
    assert set(files.read_codes(study)["coder"]) == {"ann", "bob"}
    assert "not defined: one value throughout" in gold("agree")


def test_decisions_that_were_not_read_yet_survive_another_look(study: Path) -> None:
    draw()
    export("turns.json", "turn")
    gold("read", "turns.json")
    gold("agree")
    path = GOLD / "disagreements.csv"
    pl.read_csv(path, infer_schema=False).with_columns(adjudicated=pl.lit("persists")).write_csv(path)
    gold("agree")
    assert pl.read_csv(path, infer_schema=False)["adjudicated"].to_list() == ["persists"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("draw", "--episodes", "24", "--minimum", "1", "--seed", "2"), "holds another sample"),
        (("draw", "--episodes", "3", "--minimum", "2"), "too small"),
        (("read", "nowhere.json"), "There is no file"),
        (("read", "params.yaml"), "neither .json"),
        (("agree",), "has two coders"),
    ],
)
def test_mistakes_are_said_in_one_sentence(study: Path, arguments: tuple[str, ...], words: str) -> None:
    draw()
    with pytest.raises(UserError, match=words):
        gold(*arguments)


def test_reading_before_drawing_says_what_to_do(study: Path) -> None:
    with pytest.raises(UserError, match="gold draw"):
        gold("read", "codes.csv")


def test_a_fresh_repository_has_no_gold_and_says_nothing(repo: Path) -> None:
    for name, columns in ((files.CODES_FILE, files.CODES_SCHEMA), (files.SAMPLE_FILE, files.SAMPLE_SCHEMA)):
        assert (repo / name).read_text().splitlines()[0].split(",") == list(columns)


def test_without_gold_there_are_no_values(tmp_path: Path) -> None:
    assert files.load_gold(tmp_path).is_empty()
