"""From a JSON of results and SVG figures to a tagged PDF, by Typst; a warning is an error."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

from complaintlab.report.style import font_folder
from complaintlab.store import write_atomically

TEMPLATE = Path(__file__).with_name("template.typ")


def typeset(results: Mapping[str, Any], figures: Path, date: dt.datetime, pdf: Path) -> None:
    """Write the PDF.

    Args:
        results: what the template prints, as JSON.
        figures: the folder of SVG figures; the template finds which are there in ``results``.
        date: the document's date, so that nothing changes with the clock.
        pdf: where to write it.

    Raises:
        RuntimeError: the compiler warned, for instance of a glyph that the font does not have.
    """
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        (folder / "template.typ").write_bytes(TEMPLATE.read_bytes())
        (folder / "results.json").write_text(json.dumps(results, ensure_ascii=False, allow_nan=False))
        for figure in figures.glob("*.svg"):
            (folder / figure.name).write_bytes(figure.read_bytes())
        write_atomically(pdf, lambda beside: beside.write_bytes(_compile(folder, date)))


def _compile(folder: Path, date: dt.datetime) -> bytes:
    document, warnings = typst.compile_with_warnings(
        str(folder / "template.typ"),
        root=str(folder),
        font_paths=[str(font_folder())],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=int(date.timestamp()),
    )
    if warnings:
        raise RuntimeError("; ".join(str(warning.message) for warning in warnings))
    return bytes(document)
