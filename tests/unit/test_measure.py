"""The measures: laws that hold for any text, and sentences of our own for every label."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab import measure
from complaintlab.errors import UserError
from complaintlab.labels import ACTS, STANCES, reply_quality
from complaintlab.measure import measure_texts
from complaintlab.measure.companies import with_quality
from complaintlab.measure.lexicon import load_lexicon
from complaintlab.measure.quality import COMMITTED
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.texts import text_hashes

NO_READINGS = TABLES["readings"].create_empty()
NO_VECTORS = TABLES["vectors"].create_empty()

SENTENCES = st.lists(
    st.sampled_from(
        ["thanks", "still not working", "sorry for the delay", "please send us a DM", "never again", "why?",
         "it works now", "you are the best", "that's our policy", "we fixed it", "WORST COMPANY EVER", "🙄"]
    ),
    min_size=1, max_size=4,
).map(". ".join)  # fmt: skip


def messages(texts: list[str], role: str = "critic", before: str | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"message_id": [str(place) for place in range(len(texts))], "text": texts},
        schema={"message_id": pl.String, "text": pl.String},
    ).with_columns(role=pl.lit(role), before=pl.lit(before, dtype=pl.String))


def one(text: str, role: str = "critic", before: str | None = None) -> dict[str, Any]:
    return measure_texts(messages([text], role, before)).row(0, named=True)


@pytest.mark.parametrize("side", ["customer", "company"])
def test_every_weight_names_a_feature(side: str) -> None:
    lexicon = load_lexicon(side)
    places = lexicon.features.values()
    names = {name for place in places for name in place}
    assert sum(len(place) for place in places) == len(names), "a feature is named twice"
    tables = [t for w in lexicon.weights.values() for t in w.values()]
    used = {name for terms in tables for name in terms}
    assert used - {"intercept"} <= names


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.one_of(st.text(max_size=60), SENTENCES), min_size=1, max_size=6))
def test_probabilities_are_probabilities(texts: list[str]) -> None:
    measured = measure_texts(messages(texts)).filter("supported")
    stances = measured.select(f"p_{stance}" for stance in STANCES).to_numpy()
    np.testing.assert_allclose(stances.sum(axis=1), 1.0, atol=1e-12)
    likeliest = [STANCES[place] for place in stances.argmax(axis=1)]
    assert measured["stance"].cast(pl.String).to_list() == likeliest
    for name in ("p_sarcastic", "p_complaint", "p_praise", "p_nonsense"):
        assert measured[name].is_between(0, 1).all()
    for name in ("hostility", "severity"):
        assert measured[name].is_between(0, 3).all()


@settings(max_examples=8, deadline=None)
@given(texts=st.lists(SENTENCES, min_size=2, max_size=4), role=st.sampled_from(["critic", "company"]))
def test_a_message_is_measured_the_same_in_any_company(texts: list[str], role: str) -> None:
    together = measure_texts(messages(texts, role))
    alone = pl.concat(
        [measure_texts(messages(texts, role)[place : place + 1]) for place in range(len(texts))]
    )
    backwards = measure_texts(messages(texts, role).reverse()).reverse()
    assert together.equals(alone)
    assert together.equals(backwards)


@settings(max_examples=60, deadline=None)
@given(done=st.sets(st.sampled_from(ACTS)))
def test_certain_acts_give_the_codebooks_quality(done: set[str]) -> None:
    certain = pl.DataFrame({f"p_{act}": [float(act in done)] for act in ACTS})
    row = with_quality(certain).row(0, named=True)
    expected = {"proper": (1.0, 0.0), "bad": (0.0, 1.0), "other": (0.0, 0.0)}[reply_quality(done)]
    assert (row["p_proper"], row["p_bad"]) == expected
    assert row["acts"] == [act for act in ACTS if act in done]


@settings(max_examples=20, deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=len(ACTS), max_size=len(ACTS)))
def test_quality_is_the_acts_probability_by_enumeration(p: list[float]) -> None:
    chance = {"proper": 0.0, "bad": 0.0, "other": 0.0}
    bits = (np.arange(2 ** len(ACTS))[:, None] >> np.arange(len(ACTS))) & 1
    weights = np.prod(np.where(bits == 1, p, 1 - np.array(p)), axis=1)
    for place in np.flatnonzero(weights > 1e-5):
        done = {act for act, bit in zip(ACTS, bits[place], strict=True) if bit}
        chance[reply_quality(done)] += weights[place]
    row = with_quality(pl.DataFrame({f"p_{act}": [v] for act, v in zip(ACTS, p, strict=True)})).row(
        0, named=True
    )
    left_out = weights[weights <= 1e-5].sum() + 1e-9
    assert row["p_proper"] == pytest.approx(chance["proper"], abs=left_out)
    assert row["p_bad"] == pytest.approx(chance["bad"], abs=left_out)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("My parcel has not arrived and I am waiting for it", "en"),
        ("Mi paquete no ha llegado y nadie me contesta desde el lunes", "es"),
        ("Bonjour, je n'ai pas reçu mon colis et vous ne répondez pas", "fr"),
        ("Ich habe mein Paket nicht erhalten und warte seit einer Woche", "de"),
        ("荷物が届きません", "ja"),
        ("Где моя посылка?", "ru"),
        ("iPhone", "und"),
    ],
)
def test_languages(text: str, language: str) -> None:
    row = one(text)
    assert row["language"] == language
    assert row["supported"] == (language in {"en", "und"})
    assert (row["stance"] is None) == (not row["supported"])


def test_no_messages_no_rows() -> None:
    assert measure_texts(messages([])).is_empty()


def turns_of(texts: list[str], *, role: str = "company", start: int = 0) -> pl.DataFrame:
    n = len(texts)
    ids = [f"{start + place:020d}" for place in range(n)]
    said = pl.Series("text", texts, dtype=pl.String)
    posted = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=start + i) for i in range(n)]
    frame = pl.DataFrame(
        {"post_id": ids, "thread_id": ids, "created_at": posted},
        schema={"post_id": pl.String, "thread_id": pl.String, "created_at": pl.Datetime("us", "UTC")},
    ).with_columns(
        said, text_hashes(said).alias("text_hash"), company=pl.lit("acme"), role=pl.lit(role),
        position=pl.lit(0), depth=pl.lit(0), parent_status=pl.lit("root"),
    )  # fmt: skip
    return conform("turns", frame)


def study(tmp_path: Path, repo: Path) -> Path:
    (tmp_path / "data").mkdir(exist_ok=True)
    for name in COMMITTED.values():
        (tmp_path / name).write_bytes((repo / name).read_bytes())
    return tmp_path


def test_the_stage_measures_each_turn_once_per_company(tmp_path: Path, repo: Path) -> None:
    critics = turns_of(["Where is my parcel? Still nothing!"], role="critic", start=100)
    turns = pl.concat([turns_of(["Sorry for the delay.", "We replaced it."]), critics])
    both = pl.concat([turns, turns.with_columns(company=pl.lit("other"))])
    out = measure.run(both, NO_READINGS, NO_VECTORS, TABLES["latent"].create_empty(), study(tmp_path, repo))
    measures = TABLES["measures"].validate(out.measures)
    assert measures.height == both.height
    assert TABLES["quality"].validate(out.quality).height > 0
    same = [
        measures.filter(pl.col("company") == name).drop("company").sort("post_id")
        for name in ("acme", "other")
    ]
    assert same[0].equals(same[1])


def test_the_stage_takes_empty_tables(tmp_path: Path, repo: Path) -> None:
    out = measure.run(
        turns_of([]), NO_READINGS, NO_VECTORS, TABLES["latent"].create_empty(), study(tmp_path, repo)
    )
    assert TABLES["measures"].validate(out.measures).is_empty()


def test_a_missing_quality_file_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="measure_quality"):
        measure.run(turns_of([]), NO_READINGS, NO_VECTORS, TABLES["latent"].create_empty(), tmp_path)
