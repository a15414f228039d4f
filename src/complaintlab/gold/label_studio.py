"""Label Studio: tasks and labelling configurations out, its JSON and JSON_MIN exports in.

Formats: Label Studio's documentation, "Label Studio Task Format" and "Export annotations" (HumanSignal).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import polars as pl

from complaintlab.errors import InputError
from complaintlab.gold.codebook import ACT_MEANINGS, ACTS_LABEL, ANSWERS, LABELS, NO_ACTS, answers_of

RAW_SCHEMA = dict.fromkeys(("post_id", "coder", "label", "value"), pl.String)
"""A code as it was handed in, not yet checked."""

HEADINGS = {
    "opener": "A message that opens a thread about $company",
    "reply": "The first reply of $company",
    "turn": "A later turn of the critic of $company",
    "bystander": "A turn of somebody else about $company",
}


class Handed(NamedTuple):
    """What a file holds: codes (``RAW_SCHEMA``), and how many annotations in it were cancelled."""

    codes: pl.DataFrame
    cancelled: int


def tasks(messages: pl.DataFrame) -> list[dict[str, Any]]:
    """Tasks for import, one per row of ``messages.messages_to_code``; the texts are in ``data``."""
    return [
        {
            "id": row["task"],
            "data": {name: row[name] for name in ("post_id", "item", "company", "role", "text", "before")},
            "meta": {"post_id": row["post_id"], "item": row["item"]},
        }
        for row in messages.iter_rows(named=True)
    ]


def configuration(item: str) -> str:
    """The labelling configuration (XML) for the messages of one kind.

    Each kind is a project of its own, because what a configuration shows cannot depend on a task's data.
    Grades are choices, since a rating of stars cannot say 0. Only an opener has nothing before it.
    """
    view = ET.Element("View")
    ET.SubElement(view, "Header", value=HEADINGS[item])
    if item != "opener":
        ET.SubElement(
            view,
            "Paragraphs",
            name="before",
            value="$before",
            layout="dialogue",
            nameKey="role",
            textKey="text",
        )
        ET.SubElement(view, "Header", value="Code this message:")
    ET.SubElement(view, "Text", name="text", value="$text")
    for answer in answers_of(item):
        _add_question(view, answer)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _add_question(view: ET.Element, answer: str) -> None:
    multiple = answer == ACTS_LABEL
    question = "What does it do? (any number)" if multiple else LABELS[answer].question
    meanings = ACT_MEANINGS | {NO_ACTS: "nothing of this"} if multiple else LABELS[answer].meanings
    ET.SubElement(view, "Header", value=question, size="5")
    choice = "multiple" if multiple else "single-radio"
    choices = ET.SubElement(view, "Choices", name=answer, toName="text", choice=choice, required="true")
    for value, meaning in meanings.items():
        shown = meaning if value.isdigit() else f"{value}: {meaning}"
        ET.SubElement(choices, "Choice", value=shown, alias=value)


def read_export(path: Path) -> Handed:
    """Read an export, JSON or JSON_MIN.

    Cancelled annotations are skipped and counted; predictions are no codes. A coder is the annotator's
    number, or the name part of the address where the export has no number.

    Raises:
        InputError: the file is no JSON, or no list of tasks.
    """
    try:
        exported = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not JSON ({error}): export again as JSON or JSON_MIN.") from None
    if not isinstance(exported, list) or not all(isinstance(task, dict) for task in exported):
        raise InputError(f"{path.name} is not a list of tasks: export again as JSON or JSON_MIN.")
    rows: list[tuple[str, str, str, str]] = []
    cancelled = 0
    for task in exported:
        if "annotations" not in task:
            rows += _flat_codes(task)
            continue
        post_id = str((task.get("data") or {}).get("post_id") or "")
        for annotation in task["annotations"] or []:
            if annotation.get("was_cancelled"):
                cancelled += 1
            else:
                rows += _codes(post_id, annotation)
    return Handed(pl.DataFrame(rows, schema=RAW_SCHEMA, orient="row"), cancelled)


def _codes(post_id: str, annotation: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Codes of one annotation of an export as JSON."""
    coder = _coder(annotation.get("completed_by"))
    return [
        (post_id, coder, str(region.get("from_name") or ""), _value(region.get("value")))
        for region in annotation.get("result") or []
    ]


def _flat_codes(task: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Codes of one task of an export as JSON_MIN, whose other keys are the task's data."""
    post_id, coder = str(task.get("post_id") or ""), _coder(task.get("annotator"))
    return [(post_id, coder, name, _value(task[name])) for name in ANSWERS if task.get(name) is not None]


def _coder(by: Any) -> str:
    if isinstance(by, dict):
        return str(by.get("id") or str(by.get("email") or "").partition("@")[0])
    return "" if by is None else str(by)


def _value(value: Any) -> str:
    """The answer in one string, several joined by ``|``, from any of the shapes that an export gives it."""
    if isinstance(value, dict):
        return _value(
            next(
                (value[kind] for kind in ("choices", "rating", "number") if kind in value), value.get("text")
            )
        )
    if isinstance(value, list):
        return "|".join(_value(part) for part in value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)
