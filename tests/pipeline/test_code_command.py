"""``complaintlab code``: the real command on somebody's file, in an empty folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from complaintlab.labels import ACTS, STANCES

CSV = """message_id,role,text,before
1,critic,"Still not working, this is the third time this week and nobody answers!",
2,critic,"Windows 11, newest version","Which system are you on?"
3,company,"We are sorry for the delay! Please send us a DM with your order number. ^AB","where is my parcel"
4,owner,Who says that,
5,critic,,
1,critic,the same number again,
6,bystander,"Same here, switched to another bank",
7,critic,Mi paquete no ha llegado y nadie me contesta desde el lunes,
"""
COLUMNS = [
    "message_id", "stance", *(f"p_{stance}" for stance in STANCES), "sarcastic", "complaint", "p_complaint",
    "hostility", "acts", *(f"p_{act}" for act in ACTS), "language",
]  # fmt: skip


def code(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("complaintlab")), "code", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_csv_is_coded_and_what_does_not_fit_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(CSV, encoding="utf-8")
    done = code(tmp_path, "in.csv", "out.csv")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    codes = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    assert codes.columns == COLUMNS
    assert codes["message_id"].to_list() == ["1", "2", "3", "6", "7"]
    assert codes["stance"].to_list()[:3] == ["persists", "neutral", None]
    assert codes["complaint"][0] == "1"
    assert {"apology", "ask", "contact", "personal"} <= set(codes["acts"][2].split("|"))
    assert codes["language"][4] == "es"
    assert codes["stance"][4] is None
    left = pl.read_csv(tmp_path / "out.csv.quarantine.csv")
    assert left["row"].to_list() == [4, 5, 6]
    assert left["column"].to_list() == ["role", "text", "message_id"]


def test_the_last_of_several_earlier_messages_is_the_one_answered(tmp_path: Path) -> None:
    asked, told = "Which router is it, and what does it show?", "Please restart it."
    rows = [
        {"message_id": name, "role": "critic", "text": "It shows an orange light", "before": before}
        for name, before in (("a", ["Hello", told, asked]), ("b", asked), ("c", [asked, told]))
    ]
    (tmp_path / "in.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert code(tmp_path, "in.ndjson", "out.csv").returncode == 0
    codes = pl.read_csv(tmp_path / "out.csv").drop("message_id")
    assert codes[0].equals(codes[1])
    assert not codes[0].equals(codes[2])


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        ("message_id,role\n1,critic\n", (), "no column 'text'"),
        (CSV, ("--readings", "some"), "--readings is 'some'"),
        (None, (), "There is no file"),
    ],
)
def test_mistakes_get_one_sentence(
    tmp_path: Path, content: str | None, arguments: tuple[str, ...], says: str
) -> None:
    if content:
        (tmp_path / "in.csv").write_text(content, encoding="utf-8")
    done = code(tmp_path, "in.csv", "out.csv", *arguments)
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
