"""Gold in the stage ``measure``: it changes the measures, is judged apart, and dvc knows of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from complaintlab import measure
from complaintlab.gold.codes import CODES_SCHEMA
from complaintlab.gold.draw import SAMPLE_SCHEMA
from complaintlab.gold.files import CODES_FILE, SAMPLE_FILE
from complaintlab.measure.learn.texts import load_texts
from complaintlab.measure.quality import COMMITTED, CORPUS
from complaintlab.pipeline import dvc_stage
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.texts import text_hashes

N = 150
NOBODY = TABLES["latent"].create_empty()
UNREAD = TABLES["readings"].create_empty()
NO_VECTORS = TABLES["vectors"].create_empty()


def answers(repo: Path) -> pl.DataFrame:
    """Thanks of N authors, each alone in a thread."""
    texts = load_texts(repo, "customer").filter(pl.col("kind") == "turn", pl.col("stance") == "thanks")[:N]
    ids = [f"{place:020d}" for place in range(N)]
    posted = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=place) for place in range(N)]
    frame = pl.DataFrame({"post_id": ids, "created_at": posted}).with_columns(
        texts["text"], thread_id="post_id", author_id="post_id", company=pl.lit("acme"),
        role=pl.lit("critic"), text_hash=text_hashes(texts["text"]), position=pl.lit(1), depth=pl.lit(1),
        parent_status=pl.lit("unseen"),
    )  # fmt: skip
    return conform("turns", frame)


def study(root: Path, repo: Path, turns: pl.DataFrame | None = None) -> Path:
    """A study's folder, with gold that calls every one of these turns ``escalates``."""
    (root / "data" / "gold").mkdir(parents=True)
    for name in COMMITTED.values():
        (root / name).write_bytes((repo / name).read_bytes())
    if turns is not None:
        drawn = turns.select(
            "post_id", "thread_id", "company", "author_id", "text_hash", episode_id="post_id",
            item=pl.lit("turn"), stratum=pl.lit("all"), sampling_probability=pl.lit(0.2),
        )  # fmt: skip
        said = drawn.with_columns(coder=pl.lit("anna"), label=pl.lit("stance"))
        value = (
            pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("thanks")).otherwise(pl.lit("escalates"))
        )
        drawn.select(SAMPLE_SCHEMA.keys()).write_csv(root / SAMPLE_FILE)
        said.with_columns(value=value).select(CODES_SCHEMA.keys()).write_csv(root / CODES_FILE)
    return root


@pytest.fixture(scope="module")
def measured(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[measure.Outputs, measure.Outputs]:
    """The stage's tables without gold and with it."""
    turns = answers(repo)
    roots = [tmp_path_factory.mktemp(name) for name in ("plain", "gold")]
    plain = measure.run(turns, UNREAD, NO_VECTORS, NOBODY, study(roots[0], repo))
    gold = measure.run(turns, UNREAD, NO_VECTORS, NOBODY, study(roots[1], repo, turns[: N - 30]))
    return plain, gold


def test_gold_moves_the_measures_of_all_authors(measured: tuple[measure.Outputs, measure.Outputs]) -> None:
    plain, gold = (out.measures.sort("post_id") for out in measured)
    assert plain[-30:]["p_escalates"].mean() < 0.1
    assert gold[-30:]["p_escalates"].mean() > 0.6
    assert gold["model_version"][0] != plain["model_version"][0]
    assert TABLES["measures"].validate(gold).height == N


def test_gold_is_a_corpus_of_its_own_in_the_quality(
    measured: tuple[measure.Outputs, measure.Outputs],
) -> None:
    plain, gold = measured
    assert CORPUS not in plain.quality["corpus"]
    of_gold = gold.quality.filter(
        pl.col("corpus") == CORPUS, pl.col("subgroup") == "all", pl.col("measure") == "stance"
    )
    recall = of_gold.filter(pl.col("statistic").cast(pl.String) == "recall", pl.col("label") == "escalates")
    assert recall["value"][0] > 0.6, "cross-fitted: learned from other authors"
    assert recall["support"][0] == sum(place % 10 != 0 for place in range(N - 30))


def test_dvc_measures_again_when_gold_or_models_change() -> None:
    asked = set(dvc_stage("measure")["deps"])
    shipped = {
        f"src/complaintlab/measure/models/{side}-heads.safetensors" for side in ("customer", "company")
    }
    assert {CODES_FILE, SAMPLE_FILE, "data/coding/critics.csv", *shipped} <= asked
