"""``complaintlab scan``: proof that no handle and no text of people is in anything that can be published.

Texts are searched by shingles of eight words (Broder 1997), digits and case apart; a text of fewer words says
nothing of whom it is from and is not searched. Company accounts and what companies say are public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from complaintlab.rights.named import FORGOTTEN, Person, companies_of, everybody
from complaintlab.rights.published import Published, published
from complaintlab.tables import TABLES

SHINGLE_WORDS: Final = 8
_OWN_TEXTS: Final = "data/coding/"
_OWN_SHINGLE_WORDS: Final = 12
"""Texts written for the measures: of thousands some share eight words of everyday English with somebody's."""
_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d+")
_TOKEN: Final = re.compile(r"(?P<lead>[@＠]|\bu/|/)?(?P<name>\w[\w.:-]*\w)")
_SHORTEST_BARE: Final = 4


class Scanned(NamedTuple):
    """How much was searched, for how much, and a sentence for each finding (without the handle or text)."""

    files: int
    handles: int
    texts: int
    findings: tuple[str, ...]


def scan(root: Path, source: str) -> Scanned:
    """Search everything that can be published for the handles and words of a source's people."""
    files = list(published(root))
    shown = list(everybody(root, source))
    companies = companies_of(root)
    official = {name.casefold() for name in companies.official(source)}
    handles = _handles(shown, official | {company.name.casefold() for company in companies.companies})
    texts, public = _texts(root, shown, official)
    findings = [f"{file.name} cannot be searched: {file.fault}." for file in files if file.fault]
    findings += [finding for file in files for finding in _named_in(file, handles)]
    own = [file for file in files if file.name.startswith(_OWN_TEXTS)]
    findings += _quoted_in([file for file in files if file not in own], texts, public, SHINGLE_WORDS)
    findings += _quoted_in(own, texts, public, _OWN_SHINGLE_WORDS)
    return Scanned(len(files), len(handles), len(texts), tuple(findings))


def _handles(shown: Iterable[Person], official: set[str]) -> frozenset[str]:
    """Names of people, lower case; those of companies are public."""
    names = {name.casefold() for one in shown for name in (one.author, one.account) if name}
    return frozenset(names - official - {FORGOTTEN})


def _texts(root: Path, shown: Iterable[Person], official: set[str]) -> tuple[list[str], list[str]]:
    """What people and what companies said, as raw has it and as the table ``posts`` has it."""
    path = root / "data" / "tables" / "posts.parquet"
    posts = pl.read_parquet(path) if path.exists() else TABLES["posts"].create_empty()
    by_company = posts.filter(pl.col("company").is_not_null())
    theirs = set(by_company["native_id"].drop_nulls())
    people, companies = set(posts.filter(pl.col("company").is_null())["text"]), set(by_company["text"])
    for one in shown:
        public = one.post in theirs or (one.author or "").casefold() in official
        (companies if public else people).add(one.text or "")
    return sorted(people - {""}), sorted(companies)


def _named_in(file: Published, handles: frozenset[str]) -> Iterator[str]:
    """Handles in a file: with a mark before them any, bare only those that are no plain word or number."""
    for number, line in enumerate(file.text.splitlines(), start=1):
        if any(
            _is_handle(found["lead"], found["name"].casefold(), handles) for found in _TOKEN.finditer(line)
        ):
            yield f"{file.name} names a person in line {number}: take the handle out."


def _is_handle(lead: str | None, token: str, handles: frozenset[str]) -> bool:
    name = next((part for part in (token, *token.split(":")) if part in handles), None)
    if name is None:
        return False
    return lead in ("@", "＠", "u/") or (
        len(name) >= _SHORTEST_BARE and not name.isalpha() and not name.isdecimal()
    )


def _quoted_in(files: Iterable[Published], texts: list[str], public: list[str], words: int) -> list[str]:
    """Files that share a shingle with a text, and with how many, where no company says the same."""
    where: dict[tuple[str, ...], set[str]] = {}
    for file in files:
        for shingle in shingles(file.text, words):
            where.setdefault(shingle, set()).add(file.name)
    for text in public:
        for shingle in shingles(text, words):
            where.pop(shingle, None)
    quoted: dict[str, int] = {}
    for text in texts:
        for name in {name for shingle in shingles(text, words) for name in where.get(shingle, ())}:
            quoted[name] = quoted.get(name, 0) + 1
    return [
        f"{name} has {words} or more words in a row of {count} texts: take them out."
        for name, count in sorted(quoted.items())
    ]


def shingles(text: str, size: int = SHINGLE_WORDS) -> Iterator[tuple[str, ...]]:
    """Every run of eight words (or ``size``) of a text; runs of little but numbers are no words."""
    words = _WORD.findall(_NUMBER.sub("0", text.casefold()))
    runs = (tuple(words[at : at + size]) for at in range(len(words) - size + 1))
    return (run for run in runs if len({*run} - {"0"}) > size // 2)
