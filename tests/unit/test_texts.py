from __future__ import annotations

import polars as pl
import pytest

from complaintlab.texts import normalise, text_hashes


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("Order 123 is late", "order 4567 is LATE"),
        ("see https://a.example/x1", "see www.b.example/y"),
        ("@ann hi there", "@bob  hi there"),
        ("write to a@b.example", "write to c.d@e.example"),
    ],
)
def test_copies_of_one_message_share_a_hash(one: str, same: str) -> None:
    hashes = text_hashes(pl.Series([one, same, "something else"]))
    assert hashes[0] == hashes[1] != hashes[2]


def test_an_address_is_not_taken_for_a_handle() -> None:
    form = pl.select(normalise(pl.lit("mail me@here.example or @you"))).item()
    assert form == "mail MAIL or NAME"
