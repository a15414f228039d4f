"""Label Studio's formats: configurations follow the codebook, exports of every shape are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from complaintlab.errors import InputError
from complaintlab.gold.codebook import ITEMS, LABELS, NO_ACTS
from complaintlab.gold.label_studio import configuration, read_export
from complaintlab.labels import ACTS, STANCES
from gold_study import annotation, exported, result

TASK = {"id": 1, "data": {"post_id": "p1", "text": "…"}, "meta": {"post_id": "p1"}}


def read(tmp_path: Path, content: Any) -> Any:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(content))
    return read_export(path)


def choices(item: str) -> dict[str, tuple[str | None, list[str | None]]]:
    view = ET.fromstring(configuration(item))
    return {
        str(tag.get("name")): (tag.get("choice"), [choice.get("alias") for choice in tag.iter("Choice")])
        for tag in view.iter("Choices")
    }


def test_configurations_ask_the_codebook_and_nothing_else() -> None:
    assert set(choices("opener")) == {
        "stance", "sarcastic", "complaint", "hostility", "severity", "nonsense", "praise_any",
    }  # fmt: skip
    assert set(choices("turn")) == {"stance", "sarcastic", "praise_any"}
    assert set(choices("bystander")) == {"stance", "sarcastic", "praise_any", "target"}
    assert choices("reply") == {"acts": ("multiple", [*ACTS, NO_ACTS])}
    assert choices("turn")["stance"] == ("single-radio", list(STANCES))
    assert choices("opener")["hostility"][1] == ["0", "1", "2", "3"]
    assert {name for item in ITEMS for name in choices(item)} - {"acts"} == set(LABELS) - set(ACTS)


def test_every_answer_points_at_the_message_and_every_variable_is_in_the_tasks() -> None:
    for item in ITEMS:
        view = ET.fromstring(configuration(item))
        assert {tag.get("toName") for tag in view.iter("Choices")} == {"text"}
        shown = {str(tag.get("value")) for tag in view.iter() if str(tag.get("value")).startswith("$")}
        assert shown <= {"$text", "$before"}


def test_an_export_gives_one_code_per_answer_and_counts_the_cancelled(tmp_path: Path) -> None:
    by_name = {"id": 7, "email": "ann@example.org", "first_name": "Ann", "last_name": ""}
    handed = read(
        tmp_path,
        [
            exported(
                TASK,
                annotation(1, result("stance", "thanks"), result("sarcastic", "0")),
                annotation(by_name, result("acts", "fix", "ask")),
                annotation(2, result("stance", "neutral"), cancelled=True),
                annotation(
                    {"email": "bob@example.org"},
                    {"from_name": "hostility", "to_name": "text", "type": "rating", "value": {"rating": 2}},
                ),
                annotation(3),
            ),
            exported(TASK | {"id": 2}),
        ],
    )
    assert handed.codes.rows() == [
        ("p1", "1", "stance", "thanks"), ("p1", "1", "sarcastic", "0"), ("p1", "7", "acts", "fix|ask"),
        ("p1", "bob", "hostility", "2"),
    ]  # fmt: skip
    assert handed.cancelled == 1


@pytest.mark.parametrize("acts", [{"choices": ["fix", "ask"]}, ["fix", "ask"], [{"choices": ["fix", "ask"]}]])
@pytest.mark.parametrize("grade", [2, 2.0, "2", {"rating": 2}, [{"rating": 2}]])
def test_json_min_is_read_in_all_its_shapes(tmp_path: Path, acts: Any, grade: Any) -> None:
    task = {
        "id": 1, "post_id": "p1", "item": "opener", "text": "…", "before": [], "stance": "thanks",
        "acts": acts, "hostility": grade, "annotator": 1, "annotation_id": 4,
        "created_at": "2024-03-08T22:16:08Z", "updated_at": "2024-03-08T22:16:08Z", "lead_time": 4.2,
    }  # fmt: skip
    assert set(read(tmp_path, [task]).codes.rows()) == {
        ("p1", "1", "stance", "thanks"), ("p1", "1", "acts", "fix|ask"), ("p1", "1", "hostility", "2"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is not JSON"), ('{"tasks": []}', "is not a list of tasks")]
)
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        read_export(path)
