"""`complaintlab topics`: from a study's tables to a file of topics that holds no text of any post."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from complaintlab import embed, measure
from complaintlab.errors import UserError
from complaintlab.params import Embed
from complaintlab.store import Store
from complaintlab.tables import TABLES
from complaintlab.texts import text_hashes
from complaintlab.topics.commands import topics
from complaintlab.topics.files import TOPICS_FILE, Topics, load_topics
from gold_study import filled, ident

SAID = (
    "My parcel number {} was due {} and still has not been delivered",
    "You charged my credit card twice {}, I want the money back {}",
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


@pytest.fixture
def study(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = [said.format(place, DAYS[place % 6]) for said in SAID for place in range(24)]
    posts = [
        {
            "post_id": ident(f"post {place}"), "thread_id": ident(f"thread {place}"), "company": "Acme",
            "author_id": ident(f"author {place}"), "role": "critic", "text": text,
            "created_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "supported": True, "root_seen": True,
            "p_complaint": 0.9, "p_nonsense": 0.0, "opener_id": ident(f"post {place}"),
        }
        for place, text in enumerate(texts)
    ]  # fmt: skip
    (tmp_path / "params.yaml").write_text((repo / "params.yaml").read_text())
    for table in ("turns", "threads", "measures"):
        frame = filled(table, posts)
        if table == "turns":
            frame = frame.with_columns(text_hashes(frame["text"]).alias("text_hash"))
        Store(tmp_path).write(table, frame)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> str:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(topics)
    outcome = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def make(count: int = 2) -> Topics:
    command("--topics", str(count))
    return load_topics(Path())


def test_the_way_to_named_topics(study: Path) -> None:
    said = command("--topics", "2")
    made = load_topics(study)
    assert made.openers == 48
    assert [topic.share for topic in made.topics] == [0.5, 0.5]
    assert sorted("parcel" in str(topic.terms) for topic in made.topics) == [False, True]
    assert "topic 1" in said
    assert "complaintlab run" in said
    file = study / TOPICS_FILE
    first = file.read_bytes()
    make()
    assert file.read_bytes() == first

    file.write_text(file.read_text().replace("name: null", "name: parcels", 1))
    assert make().names == ["parcels", "topic 2"]
    named = file.read_bytes()
    with pytest.raises(UserError, match="parcels"):
        make(1)
    assert file.read_bytes() == named


def test_the_file_holds_no_text_of_a_post(study: Path) -> None:
    make()
    kept = (study / TOPICS_FILE).read_text().lower()
    for text in Store(study).read("turns")["text"].str.to_lowercase():
        words = text.split()
        assert not any(" ".join(words[i : i + 3]) in kept for i in range(len(words) - 2))


def test_nobody_complains(study: Path) -> None:
    measures = Store(study).read("measures")
    Store(study).write("measures", measures.with_columns(p_complaint=pl.lit(0.1)))
    with pytest.raises(UserError, match="complaint"):
        make()
    assert not (study / TOPICS_FILE).exists()


def test_too_few_people_share_a_topic(study: Path) -> None:
    turns = Store(study).read("turns")
    Store(study).write("turns", turns.with_columns(author_id=pl.lit(ident("one author"))))
    with pytest.raises(UserError, match="minimum_cell"):
        make()


def test_without_tables_the_next_step_is_said(study: Path) -> None:
    Store(study).path("measures").unlink()
    with pytest.raises(UserError, match="complaintlab run"):
        make()


def measured(study: Path, repo: Path) -> pl.DataFrame:
    """The table ``measures`` as the stages embed and measure make it."""
    for path in (repo / "data").glob("*.csv"):
        shutil.copy(path, study / "data")
    shutil.copytree(repo / "data" / "coding", study / "data" / "coding", dirs_exist_ok=True)
    turns, threads = Store(study).read("turns"), Store(study).read("threads")
    settings = Embed(model="packaged", roles=("company",), replies="first", readings="none")
    source = pl.DataFrame({"simulated": [True]})
    texts = embed.run(turns, threads, source, settings, study)
    latent = TABLES["latent"].create_empty()
    return measure.run(turns, texts.readings, texts.vectors, latent, study).measures


def test_a_name_given_in_the_file_is_what_the_measures_say(study: Path, repo: Path) -> None:
    of_lexicon = measured(study, repo)
    assert not any("topic" in str(topic) for topic in of_lexicon["topic"])
    make()
    unnamed = measured(study, repo)
    assert sorted(unnamed["topic"].unique()) == ["topic 1", "topic 2"]
    file = study / TOPICS_FILE
    file.write_text(file.read_text().replace("name: null", "name: parcels", 1))
    named = measured(study, repo)
    assert named["topic"].to_list() == unnamed["topic"].replace("topic 1", "parcels").to_list()
    assert named.drop("topic").equals(unnamed.drop("topic"))
    assert named.drop("topic").equals(of_lexicon.drop("topic"))


def test_topics_of_another_model_are_refused(study: Path, repo: Path) -> None:
    make()
    file = study / TOPICS_FILE
    file.write_text(file.read_text().replace("model: ", "model: another"))
    with pytest.raises(UserError, match=r"embed\.model"):
        measured(study, repo)
