"""English or not: by script, then by the small words that every language is full of."""

from __future__ import annotations

from importlib.resources import files

import polars as pl
import yaml

from complaintlab.texts import normalise

SUPPORTED = ("en", "und")
"""Languages that the lexicon reads; a text too short to tell is taken to be one of them."""

_SCRIPT_SHARE = 0.3
_MARGIN = 2


def detect_language(text: pl.Series) -> pl.Series:
    """ISO 639-1 code per text, 'und' where it cannot be told.

    A script other than Latin decides from a share of 0.3 of the letters on. Otherwise the language whose
    function words occur most often wins; it has to beat English by two words, since names, titles and
    borrowed words occur in English texts. Text without any such word is 'und'.
    """
    known = yaml.safe_load((files(__package__) / "languages.yaml").read_text(encoding="utf-8"))
    seen = text.to_frame("text").select(normalise(pl.col("text")).str.replace_all("NAME|LINK|MAIL", " "))
    letters = pl.col("text").str.count_matches(r"\p{L}")
    scripts = [
        pl.when(pl.col("text").str.count_matches(pattern) > _SCRIPT_SHARE * letters).then(pl.lit(code))
        for code, pattern in known["scripts"].items()
    ]
    pattern = r"(?:^|[\s,.!?¿¡(])(?:{})(?:$|[\s,.!?)])"
    counts = seen.select(
        pl.coalesce(scripts).alias("script"),
        *(
            _doubled(pl.col("text")).str.count_matches(pattern.format(words)).cast(pl.Int64).alias(code)
            for code, words in known["words"].items()
        ),
    )
    others = [code for code in known["words"] if code != "en"]
    return counts.select(pl.coalesce("script", _by_words(others)).alias("language")).to_series()


def _doubled(text: pl.Expr) -> pl.Expr:
    """Matches take their surrounding spaces with them: neighbours need a space each."""
    return text.str.replace_all(" ", "  ", literal=True)


def _by_words(others: list[str]) -> pl.Expr:
    most = pl.max_horizontal(others)
    foreign = [pl.when(pl.col(code) == most).then(pl.lit(code)) for code in others]
    return (
        pl.when(most >= pl.col("en") + _MARGIN)
        .then(pl.coalesce(foreign))
        .when(pl.col("en") > 0)
        .then(pl.lit("en"))
        .otherwise(pl.lit("und"))
    )
