"""``complaintlab forget``: an author or a post is removed from everything that the study keeps.

What will be removed is gathered first and kept in a private journal until all is done: whoever is killed in
between runs the command again (for anybody), and it goes on with the journal. Every step may be done twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from complaintlab.rights.dvc_cache import clean_dvc
from complaintlab.rights.files import LOG, append_line, replace_file
from complaintlab.rights.named import FORGOTTEN, brought, existing_key, people
from complaintlab.rights.raw import clean_raw
from complaintlab.rights.tables import clean_gold, clean_tables, clean_vectors
from complaintlab.rights.target import Target, find_target
from complaintlab.rights.tombstones import add_tombstones, read_tombstones

_JOURNALS = ".keys/forgetting"


class Forgotten(NamedTuple):
    """What was removed where (place → rows, answers or files), and what is left to be done by hand."""

    removed: Counter[str]
    by_hand: tuple[str, ...]


def forget(
    root: Path, source: str, *, author: str | None = None, post: str | None = None,
    today: dt.date | None = None,
) -> Forgotten:  # fmt: skip
    """Remove an author (handle, native id or pseudonym) or a post (native id or pseudonym) from a study.

    Raises:
        UserError: a native id cannot be matched since the key is gone, or a crawl is under way.
    """
    before = resume(root, today)
    target = find_target(root, source, author=author, post=post)
    done = _carry_out(root, _journalled(root, target), today)
    return done._replace(removed=sum((one.removed for one in before), done.removed))


def resume(root: Path, today: dt.date | None = None) -> list[Forgotten]:
    """Finish what a killed process began."""
    journals = sorted((root / _JOURNALS).glob("[!.]*.json"))
    return [_carry_out(root, journal, today) for journal in journals]


def forget_again(root: Path, source: str, today: dt.date | None = None) -> list[Forgotten]:
    """Remove everybody with a tombstone who came back with a later crawl.

    Raises:
        UserError: a crawl is under way.
    """
    key = existing_key(source, root)
    stones = set(read_tombstones(root, source)["id"])
    if key is None or not stones:
        return []
    shown = list(people(root, source))
    authors = {one.author for one in shown if one.author and key.pseudonym("author", one.author) in stones}
    authors -= {FORGOTTEN}
    posts = {
        one.post for one in shown
        if key.pseudonym("post", one.post) in stones and one.author not in authors | {FORGOTTEN}
    }  # fmt: skip
    return [forget(root, source, author=name, today=today) for name in sorted(authors)] + [
        forget(root, source, post=native, today=today) for native in sorted(posts)
    ]


def _journalled(root: Path, target: Target) -> Path:
    written = target.to_json()
    name = hashlib.blake2b("".join(sorted(target.ids)).encode(), digest_size=8).hexdigest()
    journal = root / _JOURNALS / f"{name}.json"
    journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(journal, lambda beside: beside.write_text(written, encoding="utf-8"))
    return journal


def _carry_out(root: Path, journal: Path, today: dt.date | None) -> Forgotten:
    """Tombstone first, so that nobody comes back meanwhile; the journal goes last."""
    target = Target.from_json(journal.read_text(encoding="utf-8"))
    day = today or dt.datetime.now(dt.UTC).date()
    key = existing_key(target.source, root)
    stand_in = (key.pseudonym("author", FORGOTTEN),) if key is not None and target.author_ids else ()
    posts = (*target.post_ids, *target.stones)
    add_tombstones(root, target.source, (*target.author_ids, *stand_in), posts, day)
    removed = clean_vectors(root, target) + clean_gold(root, target)
    copies = clean_dvc(root, target)
    raw = clean_raw(root, target)
    removed += Counter({"data/raw": raw.answers, ".dvc/cache": copies.objects, ".dvc run cache": copies.runs})
    removed += clean_tables(root, target)
    append_line(root / LOG, _entry(day, target, removed))
    journal.unlink()
    return Forgotten(removed, (*copies.elsewhere, *_by_hand(root, target.source, raw.by_hand), *_made(root)))


def _entry(day: dt.date, target: Target, removed: Counter[str]) -> str:
    """A line of the log: when, what kind, where how many; nobody can be told from it."""
    kind = "author" if target.author_ids else "post"
    counts = ", ".join(f"{place} {count}" for place, count in sorted(removed.items()) if count)
    return f"{day.isoformat()} {target.source} {kind}: {counts or 'nothing was there'}"


def _by_hand(root: Path, source: str, imported: tuple[str, ...]) -> list[str]:
    """Files that the analyst brought: they are not rewritten."""
    files = set(imported)
    if (own := brought(root, source)) is not None:
        files.add(str(own.relative_to(root) if own.is_relative_to(root) else own))
    return [
        f"{file} is yours and was not changed: take what they wrote out of it (collect drops it anyhow)."
        for file in sorted(files)
    ]


def _made(root: Path) -> list[str]:
    """What is made from tables and could hold a quotation."""
    places = {
        "complaintlab run": ("reports/*.pdf", "reports/figures/*", "reports/*.csv"),
        "make notebooks": ("notebooks/*.ipynb",),
    }
    return [
        f"{names[0].split('/')[0]}/ holds what was made before: make it again with `{command}`."
        for command, names in places.items()
        if any(path.is_file() for name in names for path in root.glob(name))
    ]


def told(done: Forgotten) -> str:
    """What was done, in lines."""
    counts = [f"{place}: {count} removed." for place, count in sorted(done.removed.items()) if count]
    nobody = "Nothing of theirs was found: is it written as the source writes it? A tombstone keeps them out."
    return "\n".join([*(counts or [nobody]), *done.by_hand])
