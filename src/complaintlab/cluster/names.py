"""What families are called: telling terms and common phrases, never a whole message.

A term or phrase is printed only if at least ``minimum_cell`` replies in different threads use it: then it is
the company's standing phrase and not what was said to one person.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from complaintlab.cluster.families import NOISE

TERMS = 8
NAME_TERMS = 3
EXEMPLARS = 3
PHRASE_WORDS = 5

_WORD = r"(?u)[^\W_][\w'’]*"
_SLOTS = frozenset({"NAME", "LINK", "MAIL", "0"})


class Names(NamedTuple):
    name: str
    terms: list[str]
    exemplars: list[str]


class _Usage(NamedTuple):
    runs: NDArray[np.str_]
    table: NDArray[np.float64]


def name_families(members: pl.DataFrame, minimum_cell: int) -> dict[int, Names]:
    """Name, terms and exemplars of each family.

    Terms are the one or two words with the highest class-based TF-IDF (Grootendorst 2022): frequency in
    the family × log(1 + mean words per family ÷ frequency everywhere). Exemplars are the family's most
    used runs of five words, slotted, no two sharing more than half of their words.

    A thread counts once for each family: its first reply there stands for it.

    Args:
        members: type_id, thread_id, text (normalised); one row per reply.
        minimum_cell: threads in which a term or phrase has to occur.
    """
    one_each = members.unique(["type_id", "thread_id"], keep="first", maintain_order=True)
    counted = one_each.group_by("type_id", "text", maintain_order=True).agg(threads=pl.len())
    labels = np.unique(counted["type_id"].to_numpy())
    terms, phrases = _usage(counted, labels, (1, 2)), _usage(counted, labels, (PHRASE_WORDS, PHRASE_WORDS))
    telling = terms.table * np.log1p(terms.table.sum() / len(labels) / terms.table.sum(axis=0))
    little = _SLOTS | _little_words()
    content = np.array([not little & set(run.split()) for run in terms.runs], dtype=np.bool_)
    named = {}
    for i, label in enumerate(labels.tolist()):
        often = terms.table[i] >= max(minimum_cell, 1)
        chosen = _distinct(terms.runs, telling[i], often & content, TERMS)
        common = phrases.table[i] >= max(minimum_cell, 1)
        named[label] = Names(
            _called(label, chosen), chosen, _distinct(phrases.runs, phrases.table[i], common, EXEMPLARS)
        )
    return named


def _little_words() -> frozenset[str]:
    """Words that say nothing about a family when they stand alone."""
    return frozenset((files(__package__) / "little_words.txt").read_text(encoding="utf-8").split())


def _called(label: int, terms: list[str]) -> str:
    if label == NOISE:
        return "no family"
    return " · ".join(terms[:NAME_TERMS]) or f"family {label}"


def _usage(counted: pl.DataFrame, labels: NDArray[np.int64], words: tuple[int, int]) -> _Usage:
    """Runs of ``words`` words, and in how many threads each family (row) uses each (column)."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(ngram_range=words, token_pattern=_WORD, binary=True, lowercase=False)
    try:
        used = vectorizer.fit_transform(counted["text"].to_list())
    except ValueError:  # no text is that long
        return _Usage(np.empty(0, dtype=np.str_), np.zeros((len(labels), 0)))
    family = counted["type_id"].to_numpy()[None, :] == labels[:, None]
    threads = sparse.csr_matrix(family * counted["threads"].to_numpy()[None, :].astype(np.float64))
    return _Usage(vectorizer.get_feature_names_out(), (threads @ used).toarray())


def _distinct(
    runs: NDArray[np.str_], weight: NDArray[np.float64], allowed: NDArray[np.bool_], n: int
) -> list[str]:
    """Up to ``n`` runs by weight (ties by alphabet), no two sharing more than half of their words."""
    chosen: list[str] = []
    places = np.flatnonzero(allowed)
    for run in runs[places][np.lexsort((runs[places], -weight[places]))].tolist():
        words = set(run.split())
        if all(2 * len(words & set(other.split())) <= len(words) for other in chosen):
            chosen.append(run)
        if len(chosen) == n:
            break
    return chosen
