"""A look at a file before it is run: which column holds what, what does not fit, what seems testable."""

from __future__ import annotations

import io
import secrets
import shlex
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from complaintlab.claims import Claims
from complaintlab.collect import table, twcs
from complaintlab.collect.contract import REQUIRED, Raw
from complaintlab.collect.files import Rows, read_rows
from complaintlab.collect.guess import Why, guess_columns, is_tweet_set
from complaintlab.collect.normalise import normalise_export
from complaintlab.collect.testable import Finding, Tally, findings, tally
from complaintlab.companies import Companies
from complaintlab.ids import Key
from complaintlab.params import Columns, Declares

SHOWN_CHARACTERS: Final = 70
WIDTH: Final = 118


class Inspection(NamedTuple):
    """What a look at a file found."""

    path: Path
    source: str
    columns: dict[str, tuple[str, Why]]
    """Our column → the file's column and why."""
    missing: tuple[str, ...]
    """Required columns that no column of the file seems to hold; nothing below is filled then."""
    found: tuple[str, ...]
    settings: tuple[str, ...]
    """``key=value`` lines for ``dvc exp run -S``."""
    tally: Tally | None
    shown: pl.DataFrame
    """First rows as they are understood: created_at (UTC), company, addressed, answers, text (cut)."""
    quarantine: pl.DataFrame
    """column, reason, rows, first_row; reasons that quote a value count together."""
    findings: tuple[Finding, ...]


def inspect_file(path: Path, companies: Companies, rows: int = 5) -> Inspection:
    """Guess a file's source and columns, read it whole under that guess, and judge what it can carry.

    Nothing is written; people's handles are replaced and ids are hashed with a key that is thrown away.

    Args:
        path: a CSV, NDJSON or Parquet file, also .gz and .zst.
        companies: the official accounts known.
        rows: how many parsed rows to show.

    Raises:
        InputError: the file cannot be read, or none of its rows fits.
    """
    file = read_rows(path)
    if is_tweet_set(file.frame.columns):
        columns: dict[str, tuple[str, Why]] = {
            ours: (name, "its name") for ours, name in twcs.COLUMNS.items()
        }
        return _look(path, "twcs", columns, file, twcs.understand(path, file, companies), rows)
    columns = guess_columns(file.frame)
    if missing := tuple(ours for ours in REQUIRED if ours not in columns):
        settings = _settings(path, "table", columns)
        empty = pl.DataFrame()
        found = tuple(file.frame.columns)
        return Inspection(path, "table", columns, missing, found, settings, None, empty, empty, ())
    chosen = Columns(**{ours: theirs for ours, (theirs, _) in columns.items()})
    return _look(path, "table", columns, file, table.understand(path, file, chosen, companies), rows)


def _look(
    path: Path, source: str, columns: dict[str, tuple[str, Why]], file: Rows, raw: Raw, rows: int
) -> Inspection:
    outputs = normalise_export(raw, Key(secrets.token_bytes(32)), None, Declares())
    return Inspection(
        path=path,
        source=source,
        columns=columns,
        missing=(),
        found=tuple(file.frame.columns),
        settings=_settings(path, source, columns),
        tally=tally(outputs),
        shown=_shown(outputs.posts, raw, rows),
        quarantine=_reasons(outputs.quarantine),
        findings=findings(outputs, raw),
    )


def _settings(path: Path, source: str, columns: dict[str, tuple[str, Why]]) -> tuple[str, ...]:
    lines = [f"collect.source={source}", f"collect.path={path}"]
    if source == "table":
        taken = {*table.ALIASES.values()}
        lines += [
            f"collect.columns.{ours}={theirs}"
            for ours, (theirs, _) in columns.items()
            if theirs != ours and not (theirs in taken and table.ALIASES.get(ours) == theirs)
        ]
    return tuple(f"-S {shlex.quote(line)}" for line in lines)


def _shown(posts: pl.DataFrame, raw: Raw, rows: int) -> pl.DataFrame:
    """The first rows of the file that fit, in the file's order."""
    order = raw.rows.select(pl.col("post_id").str.strip_chars().alias("native_id"), "row")
    present = pl.col("parent_id").is_in(posts["post_id"].implode())
    answers = pl.when(pl.col("parent_id").is_null()).then(pl.lit("–"))
    return (
        posts.join(order, on="native_id", how="inner")
        .sort("row")
        .head(rows)
        .select(
            "row",
            pl.col("created_at").dt.strftime("%Y-%m-%d %H:%M:%S"),
            pl.col("company").fill_null("–"),
            pl.col("addressed").list.join(", "),
            answers.when(present)
            .then(pl.lit("a post here"))
            .otherwise(pl.lit("a post not here"))
            .alias("answers"),
            pl.col("text").str.replace_all(r"\s+", " ").str.slice(0, SHOWN_CHARACTERS),
        )
    )


def _reasons(quarantine: pl.DataFrame) -> pl.DataFrame:
    kind = (
        pl.col("reason")
        .str.replace(r"^'.*?' ", "‹value› ")
        .str.replace_all(r"(row|has|header|lines|to) \d+", "${1} ‹n›")
    )
    return (
        quarantine.with_columns(reason=kind)
        .group_by("column", "reason")
        .agg(pl.len().alias("rows"), pl.col("row").min().alias("first_row"))
        .sort("rows", "column", "reason", descending=[True, False, False])
    )


def render(inspection: Inspection, claims: Claims | None = None) -> str:
    """An inspection as plain text, ``WIDTH`` characters wide; says which ``claims`` look testable."""
    console = Console(file=io.StringIO(), width=WIDTH, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(f"{escape(str(inspection.path))} looks like source [b]{inspection.source}[/b].\n")
        console.print(_columns_table(inspection))
        if inspection.tally is None:
            console.print(_what_is_missing(inspection))
        else:
            _print_content(console, inspection, inspection.tally)
            if claims is not None:
                console.print(_claims_in_words(inspection, claims))
            console.print("To run it, in the study's folder:\n")
            console.print(escape("  dvc exp run " + " \\\n    ".join(inspection.settings)), soft_wrap=True)
    return captured.get()


def _print_content(console: Console, inspection: Inspection, counted: Tally) -> None:
    console.print(_in_words(counted))
    console.print(_table_of("First rows", inspection.shown))
    if inspection.quarantine.height:
        console.print(_table_of("Rows that do not fit", inspection.quarantine))
    verdicts = pl.DataFrame(
        [(f.requirement, "yes" if f.met else "no", f.reason) for f in inspection.findings],
        schema=["what claims require", "met", "why"],
        orient="row",
    )
    console.print(_table_of("What seems testable", verdicts))


def _claims_in_words(inspection: Inspection, claims: Claims) -> str:
    """Which claims have all that they require here, and what the others lack."""
    lacking = {finding.requirement for finding in inspection.findings if not finding.met}
    wanting = {claim.id: [need for need in claim.requires if need in lacking] for claim in claims.claims}
    testable = [claim for claim, needs in wanting.items() if not needs]
    others = [f"{claim} ({', '.join(needs)})" for claim, needs in wanting.items() if needs]
    return (
        f"Claims that have what they require, if enough happens: {', '.join(testable) or 'none'}.\n"
        f"Claims that lack something: {', '.join(others) or 'none'}.\n"
    )


def _columns_table(inspection: Inspection) -> Table:
    rows: list[tuple[str, str, str]] = [
        (ours, theirs, why) for ours, (theirs, why) in inspection.columns.items()
    ]
    rows += [(ours, "?", "nothing looks like it") for ours in inspection.missing]
    return _table_of("Columns", pl.DataFrame(rows, schema=["ours", "the file's", "known by"], orient="row"))


def _what_is_missing(inspection: Inspection) -> str:
    keys = ", ".join(f"collect.columns.{ours}" for ours in inspection.missing)
    names = escape(", ".join(inspection.found))
    return f"Set {keys} to one of the file's columns: {names}.\n"


def _in_words(counted: Tally) -> str:
    return (
        f"{counted.rows} rows, {counted.posts} posts ({counted.rows - counted.posts} rows do not fit, "
        f"{counted.repaired} texts repaired): {counted.company_posts} by {counted.companies} companies, "
        f"{counted.other_posts} by {counted.people} others; {counted.roots} open a thread, {counted.answers} "
        f"answer, of these {counted.orphans} a post that is not in the file.\n"
    )


def _table_of(title: str, frame: pl.DataFrame) -> Table:
    drawn = Table(title=title, title_justify="left")
    for name in frame.columns:
        drawn.add_column(name)
    for row in frame.iter_rows():
        drawn.add_row(*(escape("" if value is None else str(value)) for value in row))
    return drawn
