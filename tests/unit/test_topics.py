"""Topics of openers: found in clusters that enough authors share, kept as a file, told by the nearest."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.errors import InputError, UserError
from complaintlab.params import Analysis
from complaintlab.store import conform
from complaintlab.tables.texts import DIMENSIONS
from complaintlab.texts import text_hashes
from complaintlab.topics.clusters import find_topics
from complaintlab.topics.files import NO_TOPICS, TOPICS_FILE, Topic, Topics, load_topics, write_topics
from complaintlab.topics.nearest import NONE, OTHER, nearest, topics_of, with_topics
from complaintlab.topics.openers import complaint_openers, readable_openers
from complaintlab.topics.steps import keep_names

ANALYSIS = Analysis(
    washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30,
    complaint_threshold=0.5, nonsense_threshold=0.5, act_threshold=0.5,
)  # fmt: skip
FOREIGN = "Mi paquete no ha llegado y nadie me contesta desde el lunes"
ABOUT = ("parcel never came", "charged me twice", "router keeps dropping", "seat was broken")


def axis(place: int) -> tuple[float, ...]:
    return tuple(np.eye(DIMENSIONS)[place].tolist())


def file_of(*names: str | None, farthest: float = 0.6) -> Topics:
    """One topic on each axis."""
    topics = tuple(Topic(name=name, share=0.1, centre=axis(place)) for place, name in enumerate(names))
    return Topics(model="m", seed=1, openers=10, farthest=farthest, topics=topics)


def with_vectors(frame: pl.DataFrame, X: np.ndarray) -> pl.DataFrame:
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    vector = pl.Series("vector", unit.astype(np.float32), dtype=pl.Array(pl.Float32, DIMENSIONS))
    return frame.with_columns(vector)


def openers_of(sizes: tuple[int, ...], authors: tuple[int, ...] | None = None) -> pl.DataFrame:
    """Openers about each subject; ``authors`` says how many people wrote those of each."""
    kinds = np.repeat(np.arange(len(sizes)), sizes)
    within = np.concatenate([np.arange(size) for size in sizes])
    pairs = list(zip(kinds, within, strict=True))
    people = sizes if authors is None else authors
    said = pl.Series("text", [f"{ABOUT[kind]} {'abcdefghij'[n % 10]}x{n}" for kind, n in pairs])
    frame = pl.DataFrame(
        {
            "post_id": [f"{place:020d}" for place in range(len(kinds))],
            "author_id": [f"{kind} {n % people[kind]}" for kind, n in pairs],
        }
    ).with_columns(said, text_hashes(said).alias("text_hash"))
    noise = 0.3 * np.random.default_rng(0).normal(size=(len(kinds), DIMENSIONS)) / np.sqrt(DIMENSIONS)
    return with_vectors(frame, np.eye(len(sizes), DIMENSIONS)[kinds] + noise)


def texts_at(*places: int) -> pl.DataFrame:
    hashes = pl.DataFrame({"text_hash": [f"{place:020d}" for place in range(len(places))]})
    return with_vectors(hashes, np.eye(DIMENSIONS)[list(places)])


def test_topics_are_found_the_largest_first() -> None:
    found = find_topics(openers_of((20, 40, 30)), topics=3, seed=1, minimum_cell=5)
    assert [topic.share for topic in found] == [0.4444, 0.3333, 0.2222]
    assert [int(np.argmax(topic.centre)) for topic in found] == [1, 2, 0]
    assert "charged" in found[0].terms
    assert all(topic.name is None for topic in found)


def test_the_order_of_rows_changes_nothing() -> None:
    openers = openers_of((20, 40, 30))
    shuffled = openers.sample(fraction=1.0, shuffle=True, seed=3)
    assert find_topics(shuffled, 4, 1, 5) == find_topics(openers, 4, 1, 5)


def test_a_topic_that_few_people_share_is_no_topic() -> None:
    openers = openers_of((30, 30, 30), authors=(30, 30, 4))
    found = find_topics(openers, topics=3, seed=1, minimum_cell=5)
    assert [topic.share for topic in found] == [0.3333, 0.3333]
    assert "router" not in {word for topic in found for term in topic.terms for word in term.split()}
    assert find_topics(openers, topics=3, seed=1, minimum_cell=31) == ()


def test_a_term_needs_enough_authors_however_often_one_repeats_it() -> None:
    repeated = openers_of((30, 30)).with_columns(
        text=pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("zebra zebra")).otherwise("text"),
        author_id=pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("one")).otherwise("author_id"),
    )
    found = find_topics(repeated, topics=2, seed=1, minimum_cell=5)
    assert "zebra" not in str([topic.terms for topic in found])


def test_the_nearest_centre_names_the_text() -> None:
    named = topics_of(texts_at(1, 0, 2, 7), file_of("parcels", None, "parcels"))
    assert named["topic"].to_list() == ["topic 2", "parcels", "parcels", OTHER]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10), farthest=st.floats(0.1, 1.9))
def test_nearness_depends_on_direction_alone_and_on_each_text_alone(
    seed: int, scale: float, farthest: float
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(9, DIMENSIONS)).astype(np.float32)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    centres = (X[:3] + rng.normal(size=(3, DIMENSIONS)) / 30).astype(np.float32)
    places = nearest(X, centres, farthest)
    np.testing.assert_array_equal(places, nearest(X, centres * np.float32(scale), farthest))
    np.testing.assert_array_equal(places[::-1], nearest(X[::-1], centres, farthest))
    wider = nearest(X, centres, 2.0)
    assert NONE not in wider
    np.testing.assert_array_equal(places[places != NONE], wider[places != NONE])


def measured() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of measures: three openers, one of them without a vector, and a turn that is no opener."""
    vectors = texts_at(0, 1)
    hashes = [*vectors["text_hash"], "unseen", vectors["text_hash"][0]]
    topic = ["billing", "other", "staff", None]
    rows = pl.DataFrame({"text_hash": hashes, "topic": topic, "hostility": [0.1, 0.2, 0.3, 0.4]})
    return rows, vectors


def test_a_changed_name_changes_the_topic_and_nothing_else() -> None:
    rows, vectors = measured()
    before = with_topics(rows, vectors, file_of("parcels", None))
    after = with_topics(rows, vectors, file_of("late parcels", None))
    assert before["topic"].to_list() == ["parcels", "topic 2", None, None]
    assert after["topic"].to_list() == ["late parcels", "topic 2", None, None]
    assert before.drop("topic").equals(after.drop("topic"))
    assert before.columns == rows.columns


def test_without_topics_the_lexicons_stand() -> None:
    rows, vectors = measured()
    assert with_topics(rows, vectors, NO_TOPICS).equals(rows)
    assert with_topics(rows, vectors.clear(), file_of("parcels"))["topic"].null_count() == rows.height


def test_the_file_keeps_what_is_written(tmp_path: Path) -> None:
    written = file_of("late: parcels", None)
    write_topics(tmp_path, written)
    assert load_topics(tmp_path) == written
    text = (tmp_path / TOPICS_FILE).read_text()
    assert text.startswith("# What complaints are about")
    edited = text.replace("name: null", "name: charged twice")
    (tmp_path / TOPICS_FILE).write_text(edited)
    assert load_topics(tmp_path).names == ["late: parcels", "charged twice"]


def test_a_fresh_study_has_no_topics(repo: Path, tmp_path: Path) -> None:
    assert load_topics(repo).topics == ()
    assert load_topics(tmp_path) == NO_TOPICS


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("topics: [", "YAML"),
        ("topics:\n- {name: a, share: 0.1, centre: [0.5]}", r"topics\.0\.centre"),
        (f"model: m\nfarthest: 0.7\ntopics:\n- {{name: 5, share: 0.1, centre: {list(axis(0))}}}", "name"),
        (f"topics:\n- {{share: 0.1, centre: {list(axis(0))}}}", "'model'"),
        ("topics: []\nnames: [a]", "names"),
    ],
)
def test_a_damaged_file_is_named_with_its_place(content: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / TOPICS_FILE).write_text(content)
    with pytest.raises(InputError, match=named) as raised:
        load_topics(tmp_path)
    assert TOPICS_FILE in str(raised.value)


def test_names_are_kept_for_the_same_centres_wherever_they_stand() -> None:
    made = file_of(None, None)
    turned = made.model_copy(update={"topics": made.topics[::-1]})
    assert keep_names(file_of("parcels", None), turned).names == ["topic 1", "parcels"]
    assert keep_names(NO_TOPICS, made) == made


def test_a_given_name_is_never_lost_in_silence() -> None:
    with pytest.raises(UserError, match="seats"):
        keep_names(file_of(None, None, "seats"), file_of(None, None))
    other_model = file_of(None).model_copy(update={"model": "another"})
    with pytest.raises(UserError, match="parcels"):
        keep_names(file_of("parcels"), other_model)
    assert keep_names(file_of(None, None, None), file_of(None)) == file_of(None)


def test_centres_of_another_model_are_refused() -> None:
    file_of("parcels").require_model("m")
    NO_TOPICS.require_model("any")
    with pytest.raises(UserError, match=r"embed\.model"):
        file_of("parcels").require_model("another")


def test_only_openers_that_complain_are_asked() -> None:
    texts = ["My parcel 123 is late", "What a great shop", "asdf asdf", "reply", FOREIGN]
    ids = [f"{place:020d}" for place in range(len(texts))]
    said = pl.Series("text", texts)
    turns = conform(
        "turns",
        pl.DataFrame({"post_id": ids, "company": "acme", "thread_id": ids, "author_id": ids}).with_columns(
            said, text_hashes(said).alias("text_hash"), depth=0, parent_status=pl.lit("root"),
            role=pl.lit("critic"), position=pl.Series([0, 0, 0, 1, 0]),
            created_at=pl.lit(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        ),
    )  # fmt: skip
    two = pl.concat([turns, turns.with_columns(company=pl.lit("bolt"))])
    threads = two.select("thread_id", "company", root_seen=pl.lit(True))
    measures = two.select("post_id", "company").with_columns(
        supported=pl.Series([True, True, True, True, False] * 2),
        p_complaint=pl.Series([0.5, 0.1, 0.9, 0.9, None] * 2),
        p_nonsense=pl.Series([0.0, 0.0, 0.9, 0.0, None] * 2),
    )
    openers = complaint_openers(two, threads, measures, ANALYSIS)
    assert openers["text"].to_list() == ["my parcel 0 is late"]
    assert set(readable_openers(two, threads)["text"]) == set(texts[:3])
    unseen = threads.with_columns(root_seen=pl.lit(False))
    assert complaint_openers(two, unseen, measures, ANALYSIS).is_empty()
    assert readable_openers(two, unseen).is_empty()
