"""Handles in texts: official ones are found, people's are taken out."""

from __future__ import annotations

import re

import polars as pl

PERSON = "@user"
MAIL = "user@example.org"
"""Stands for every e-mail address: the domain that RFC 2606 keeps for examples."""

_DOMAIN = r"[\w-]+(?:\.[\w-]+)+"
_FEDERATED_PATTERN = rf"[@＠][\w.-]+@{_DOMAIN}"
_MAIL_PATTERN = rf"[\w.+-]+@{_DOMAIN}"
_HANDLE_PATTERN = r"[@＠]\w+(?:[.-]\w+)*"
"""Handles as on Mastodon (@name@example.org), on Bluesky (@name.example.org) and elsewhere (@name)."""

_KEPT = "\x1a"
"""Stands for the @ of an official account while people's handles are replaced; removed from texts before."""


def official_pattern(accounts: list[str]) -> str | None:
    """Pattern of a mention of one of ``accounts``, in any case; None where there are none."""
    if not accounts:
        return None
    names = sorted(accounts, key=lambda name: (-len(name), name))
    return rf"(?i)@({'|'.join(re.escape(name) for name in names)})\b"


def pseudonymise(texts: pl.Series, accounts: list[str]) -> pl.Series:
    """Texts with people's handles as ``@user`` and e-mail addresses as ``user@example.org``.

    Handles in ``accounts`` (official ones, in any case) stay as they are written.
    """
    text = _without_addresses(texts.str.replace_all(_KEPT, "", literal=True))
    if (pattern := official_pattern(accounts)) is not None:
        text = text.str.replace_all(pattern, f"{_KEPT}${{1}}")
    return text.str.replace_all(_HANDLE_PATTERN, PERSON).str.replace_all(_KEPT, "@", literal=True)


def _without_addresses(texts: pl.Series) -> pl.Series:
    """Mail addresses and federated handles replaced, in the few texts that have an @ after a letter."""
    few = texts.str.contains(r"[\w.+-]@[\w-]")
    text = texts.filter(few).str.replace_all(_FEDERATED_PATTERN, PERSON)
    return texts.scatter(few.arg_true(), text.str.replace_all(_MAIL_PATTERN, MAIL.replace("@", _KEPT)))
