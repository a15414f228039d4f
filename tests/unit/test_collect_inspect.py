"""`complaintlab inspect`: what it guesses, what it reports, and that its advice works as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from collect_exports import NOBODY, POSTS, collect, export, save
from complaintlab.claims import load_claims
from complaintlab.collect.inspect import Inspection, inspect_file, render
from complaintlab.params import Columns

FOREIGN = {
    "post_id": "nr",
    "author": "who",
    "created_at": "posted",
    "text": "msg",
    "parent": "re",
    "company": "firm",
}
BAD = {"post_id": "5", "author": "eve", "created_at": "soon", "text": "when?", "parent": "zz"}


@pytest.fixture
def inspection(tmp_path: Path) -> Inspection:
    rows = [*POSTS, BAD, POSTS[0] | {"post_id": "6"}, POSTS[0] | {"post_id": "7", "parent": "zz"}]
    return inspect_file(save(export(rows).rename(FOREIGN), tmp_path / "forum.csv"), NOBODY, rows=2)


def test_columns_are_found_under_foreign_names(inspection: Inspection) -> None:
    assert {ours: theirs for ours, (theirs, _) in inspection.columns.items()} == FOREIGN | {
        "addressed": "addressed"
    }
    assert inspection.missing == ()


def test_its_settings_run_as_they_are_pasted(inspection: Inspection) -> None:
    prefix = "-S collect.columns."
    chosen = dict(
        line.removeprefix(prefix).split("=") for line in inspection.settings if line.startswith(prefix)
    )
    outputs = collect(inspection.path, columns=Columns(**chosen))
    assert inspection.tally is not None
    assert outputs.posts.height == inspection.tally.posts


def test_posts_are_counted_by_role(inspection: Inspection) -> None:
    counted = inspection.tally
    assert counted is not None
    assert (counted.rows, counted.posts, counted.company_posts, counted.people) == (7, 6, 1, 2)
    assert (counted.roots, counted.answers, counted.orphans) == (3, 3, 1)


def test_what_does_not_fit_is_counted_by_reason(inspection: Inspection) -> None:
    assert inspection.quarantine.select("column", "rows", "first_row").rows() == [("created_at", 1, 5)]


def test_what_seems_testable(inspection: Inspection) -> None:
    findings = {finding.requirement: finding for finding in inspection.findings}
    assert not findings["companies"].met
    assert "1 of 3 openers" in findings["answered_and_not"].reason
    assert "1 of 3 answers" in findings["roots_seen"].reason
    assert findings["signatures"].met is False


def test_it_reads_as_text_without_people(inspection: Inspection) -> None:
    text = render(inspection)
    assert "collect.columns.created_at=posted" in text
    assert "@bo " not in text
    assert "@user" in text


def test_a_file_that_holds_no_posts_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("x,y\n1,2\n1,2\n")
    inspection = inspect_file(path, NOBODY)
    assert "text" in inspection.missing
    assert "collect.columns.text" in render(inspection)
    assert "x, y" in render(inspection)


def test_nothing_is_written(tmp_path: Path) -> None:
    inspect_file(save(export(POSTS), tmp_path / "p.csv"), NOBODY)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_claims_are_told_apart_by_what_the_file_has(inspection: Inspection, repo: Path) -> None:
    shown = render(inspection, load_claims(repo / "claims.yaml"))
    testable, lacking = shown.split("Claims that lack something:")
    assert " N1," in testable.split("Claims that have what they require")[1]
    assert "(deletions_attributed)" in lacking
