"""A lexicon of patterns: which of its features a text has.

A feature is a set of regular expressions, or a combination of other features. They come from general
knowledge of English and are the same for every corpus; what they weigh is learned (``measure.learn``), but
for topics, whose weights are stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from importlib.resources import files
from operator import and_, or_

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from complaintlab.texts import normalise

Floats = NDArray[np.float64]
Weights = dict[str, dict[str, float]]

_NEGATION = (
    r"(?-u:\b)(?:(?:(?:do|does|did|is|are|was|were|has|have|had|ca|could|wo|would|should|must|ai)n'?t"
    r"|cannot|not|never|without|hardly) +)"
    r"(?:(?:very|so|really|that|even|be|been|yet|a|an|the|too|any|at all|actually|exactly|entirely|fully"
    r"|quite|much|going to|able to|get|getting|to|still|it|being|all|have|had|just|longer|ever|seem to"
    r"|one of|other) +){0,4}([a-z0-9]+)"
)


def plain(text: pl.Expr) -> pl.Expr:
    """The form that word patterns read: normalised, handles dropped, each negation joined to its word.

    "It isn't really working" becomes "it not_working", so a pattern for "working" does not hold in it.
    """
    return (
        normalise(text)
        .str.replace_all("NAME", "", literal=True)
        .str.replace_all("[‘’´`]", "'")
        .str.replace_all("&amp;", "and", literal=True)
        .str.replace_all("[$£€]", "")
        .str.replace_all(_NEGATION, "not_${1}")
    )


@dataclass(frozen=True)
class Lexicon:
    """Features by where they look, in the order in which they may refer to each other, and weights."""

    features: dict[str, dict[str, list[str]]]
    weights: dict[str, Weights]

    def observe(self, texts: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
        """Every feature of every text.

        Args:
            texts: columns text and before (String, nullable), a row per text.
        """
        read = {
            "text": _words(plain(pl.col("text"))),
            "raw": _letters(pl.col("text")),
            "before": _words(plain(pl.col("before"))),
            "before_raw": _letters(pl.col("before")),
        }
        prepared = texts.lazy().select(**{place: found.subject for place, found in read.items()})
        matched = prepared.select(
            read[place].match(pl.col(place), patterns).fill_null(False).alias(name)
            for place, found in self.features.items()
            if place in read
            for name, patterns in found.items()
        )
        combined = matched.collect()
        for place, combine in (("any", or_), ("all", and_)):
            for name, parts in self.features.get(place, {}).items():
                held = reduce(combine, (_part(part) for part in parts))
                combined = combined.with_columns(held.alias(name))
        return {name: combined[name].to_numpy() for name in combined.columns}


@dataclass(frozen=True)
class _Reading:
    subject: pl.Expr
    wrap: str

    def match(self, subject: pl.Expr, patterns: list[str]) -> pl.Expr:
        return subject.str.contains(self.wrap.format("|".join(f"(?:{pattern})" for pattern in patterns)))


def _words(subject: pl.Expr) -> _Reading:
    return _Reading(subject, r"(?-u:\b(?:{})\b)")


def _letters(subject: pl.Expr) -> _Reading:
    return _Reading(subject, "{}")


def _part(name: str) -> pl.Expr:
    return ~pl.col(name.removeprefix("not ")) if name.startswith("not ") else pl.col(name)


def load_lexicon(name: str) -> Lexicon:
    """The lexicon ``<name>.yaml`` of this package."""
    content = yaml.safe_load((files(__package__) / f"{name}.yaml").read_text(encoding="utf-8"))
    return Lexicon(content["features"], content.get("weights", {}))


def scores(features: dict[str, NDArray[np.bool_]], weights: Weights, n: int) -> dict[str, Floats]:
    """Weighted sums per label, added up in the lexicon's order so that a text's score is its own alone."""
    return {label: _score(features, terms, n) for label, terms in weights.items()}


def _score(features: dict[str, NDArray[np.bool_]], terms: dict[str, float], n: int) -> Floats:
    total = np.full(n, terms.get("intercept", 0.0))
    for name, weight in terms.items():
        if name != "intercept":
            total += weight * features[name]
    return total
