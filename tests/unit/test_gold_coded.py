"""Codes laid over the measures: what was coded counts as certain, what was not stays as measured."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from complaintlab.gold.coded import code_measures, fully_coded
from complaintlab.gold.simulated import simulated_gold
from complaintlab.labels import ACTS, STANCES
from complaintlab.store import conform

NOW = dt.datetime(2030, 1, 7, tzinfo=dt.UTC)


def id_(name: str) -> str:
    return f"{name:0>20}"


def measures() -> pl.DataFrame:
    """An opener taken for a persisting complaint, and a reply taken for an apology."""
    common = {"company": "acme", "language": "en", "supported": True, "model_version": "m"}
    opener = {
        "post_id": id_("opener"), "stance": "persists", "hostility": 1.2, "severity": 0.4,
        "p_complaint": 0.9, "p_nonsense": 0.1, "p_praise": 0.0, "p_sarcastic": 0.1,
        **{f"p_{stance}": float(stance == "persists") for stance in STANCES},
    }  # fmt: skip
    reply = {"post_id": id_("reply"), **{f"p_{act}": 0.9 if act == "apology" else 0.1 for act in ACTS}}
    rows = pl.DataFrame([opener | common, reply | common], infer_schema_length=None)
    return conform("measures", rows)


def gold(**values: str) -> pl.DataFrame:
    """Codes by ``opener_label`` or ``reply_label``."""
    rows = []
    for name, value in values.items():
        item, label = name.split("_", 1)
        rows.append({"post_id": id_(item), "label": label, "value": value, "item": item})
    return pl.DataFrame(rows)


def test_codes_replace_what_was_measured() -> None:
    said = gold(opener_stance="escalates", opener_hostility="3", opener_complaint="0", reply_defend="1")
    opener, reply = code_measures(measures(), said.select("post_id", "label", "value")).to_dicts()
    assert (opener["stance"], opener["hostility"], opener["p_complaint"]) == ("escalates", 3.0, 0.0)
    assert (opener["p_escalates"], opener["p_persists"]) == (1.0, 0.0)
    assert (opener["severity"], opener["p_nonsense"]) == (0.4, 0.1)
    assert set(reply["acts"]) == {"apology", "defend"}
    assert reply["p_bad"] == 1.0


def test_posts_without_a_code_are_not_among_the_coded() -> None:
    coded = code_measures(measures(), gold(opener_stance="neutral").select("post_id", "label", "value"))
    assert coded["post_id"].to_list() == [id_("opener")]


def sample(*episodes: tuple[str, str]) -> pl.DataFrame:
    """An opener and a turn of each episode, in its stratum, drawn with probability 0.5."""
    rows = [
        {"episode_id": name, "thread_id": name, "stratum": stratum, "sampling_probability": 0.5,
         "post_id": f"{name}.{item}", "item": item}
        for name, stratum in episodes
        for item in ("opener", "turn")
    ]  # fmt: skip
    return pl.DataFrame(rows)


def codes(*posts: str) -> pl.DataFrame:
    labels = {"opener": ("complaint", "hostility"), "turn": ("stance",)}
    return pl.DataFrame([{"post_id": p, "label": label} for p in posts for label in labels[p.split(".")[1]]])


def test_an_episode_counts_as_coded_when_all_its_messages_are() -> None:
    drawn = sample(("a", "early"), ("b", "early"), ("c", "late"))
    found = fully_coded(drawn, codes("a.opener", "a.turn", "b.opener", "c.opener", "c.turn")).sort(
        "episode_id"
    )
    assert found["episode_id"].to_list() == ["a", "c"]
    assert found["pi"].to_list() == pytest.approx([0.25, 0.5])  # half of the early ones were coded


def test_the_weights_of_the_coded_still_add_up_to_their_stratum() -> None:
    names = [(f"e{k}", "early") for k in range(8)]
    posts = [f"e{k}.{item}" for k in range(5) for item in ("opener", "turn")]
    found = fully_coded(sample(*names), codes(*posts))
    assert (1 / found["pi"]).sum() == pytest.approx(8 / 0.5)


def test_simulated_coders_say_what_was_meant_and_only_what_is_asked() -> None:
    items = {"opener": "critic", "reply": "company", "bystander": "bystander"}
    drawn = pl.DataFrame(
        [
            {"episode_id": "e", "post_id": item, "item": item, "company": "acme", "thread_id": "t",
             "sampling_probability": 0.5, "author_id": "critic"}
            for item in items
        ]
    )  # fmt: skip
    latent = pl.DataFrame(
        [
            {"post_id": "opener", "stance": "escalates", "complaint": True, "nonsense": False,
             "sarcastic": False, "hostility": 2.0, "severity": 1.0, "acts": None},
            {"post_id": "reply", "stance": None, "complaint": None, "nonsense": None, "sarcastic": None,
             "hostility": None, "severity": None, "acts": ["defend"]},
            {"post_id": "bystander", "stance": "persists", "complaint": None, "nonsense": None,
             "sarcastic": False, "hostility": 1.0, "severity": None, "acts": None},
        ],
        schema_overrides={"acts": pl.List(pl.String)},
    )  # fmt: skip
    said = simulated_gold(drawn, latent)
    values = {(row["post_id"], row["label"]): row["value"] for row in said.iter_rows(named=True)}
    assert values["opener", "stance"] == "escalates"
    assert values["opener", "hostility"] == "2"
    assert values["reply", "defend"] == "1"
    assert values["reply", "apology"] == "0"
    assert values["bystander", "target"] == "against"
    assert ("bystander", "hostility") not in values
    assert ("reply", "stance") not in values
