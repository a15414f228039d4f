"""The real stages ``verdicts`` and ``report``, from tables to a PDF, in an empty folder."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pypdf
import pytest

import report_study
from complaintlab.stages import run_stage


def make(kind: str, root: Path, repo: Path) -> Path:
    """Run both stages; the PDF."""
    tables = {
        "world": report_study.study,
        "selected": lambda: report_study.study(simulated=False, selected=True),
        "nothing": report_study.empty,
    }[kind]()
    report_study.write(tables, root, repo)
    for stage in ("verdicts", "report"):
        run_stage(stage, root)
    return root / "reports" / "complaints-world.pdf"


@functools.cache
def pages(pdf: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(pdf).pages]


@pytest.fixture(scope="module")
def world(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("world", tmp_path_factory.mktemp("world"), repo)


def test_every_page_of_a_world_says_simulated(world: Path) -> None:
    assert all("simulated" in page for page in pages(world))


def test_one_page_holds_all_thirty_verdicts_and_the_truth(world: Path) -> None:
    verdicts = next(page for page in pages(world) if page.count("not testable here") >= 20)
    assert all(re.search(rf"\b{claim}\b", verdicts) for claim in ("T1", "N10", "S7", "D4", "P2"))
    assert "−4.1 −5.7 to −2.5 −3.8" in verdicts


def test_reasons_and_prior_evidence_are_printed(world: Path) -> None:
    text = " ".join(pages(world))
    for expected in (
        "would have been detected with probability 0.8",
        "doi 10.1177/0022242918822300",
        "No plan was frozen",
        "observational emulation",
    ):
        assert expected in text


def test_no_id_and_no_small_cell_is_printed(world: Path) -> None:
    text = " ".join(pages(world))
    assert not re.search(r"\b[aeort]0{10,}\d+\b", text)
    assert "<10" in text


def test_the_pdf_is_tagged_and_every_figure_has_a_text(world: Path) -> None:
    reader = pypdf.PdfReader(world)
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    raw = reader.xmp_metadata.stream.get_data() if reader.xmp_metadata else b""
    assert b"pdfuaid" in raw
    figures = len(list((world.parent / "figures").glob("*.svg")))
    assert figures == 13


def test_running_again_changes_no_byte(world: Path) -> None:
    root = world.parents[1]
    kept = {path: path.read_bytes() for path in [world, *(world.parent / "figures").glob("*.svg")]}
    run_stage("report", root)
    assert all(path.read_bytes() == content for path, content in kept.items())


def test_a_source_selected_on_the_answer_says_what_it_cannot_tell(repo: Path, tmp_path: Path) -> None:
    text = " ".join(pages(make("selected", tmp_path, repo)))
    assert "the source holds only threads that were answered" in text
    assert "simulated: a world" not in text
    assert "This is a simulated world" not in text
    assert "Only answered threads" in text


def test_a_source_with_nothing_in_it_still_makes_an_honest_report(repo: Path, tmp_path: Path) -> None:
    text = " ".join(pages(make("nothing", tmp_path, repo)))
    assert re.search(r"\d+ could not be tested with this source", text)
    assert "No complaint was followed" in text
