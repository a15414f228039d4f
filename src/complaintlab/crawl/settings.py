"""What fixes a crawl: the section ``crawl`` of params.yaml, and the folder that it names."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from complaintlab.companies import Companies
from complaintlab.crawl.raw import PARAMS
from complaintlab.errors import UserError
from complaintlab.params import Crawl
from complaintlab.sources.contract import Query, Request, Source
from complaintlab.store import write_text


class Plan(NamedTuple):
    """One crawl: of what, with which query, until when."""

    source: str
    address: str
    query: Query
    as_of: dt.datetime
    look_hours: tuple[float, ...]
    discover_minutes: float

    @property
    def name(self) -> str:
        """The crawl's folder: until when, and a digest of all that fixes it."""
        digest = hashlib.blake2b(self.written.encode(), digest_size=4).hexdigest()
        return f"{self.as_of:%Y%m%dT%H%M%SZ}-{digest}"

    @property
    def written(self) -> str:
        """The plan as canonical JSON."""
        fields = {**self._asdict(), "query": self.query._asdict()}
        return json.dumps(fields, indent=2, sort_keys=True, default=_iso, ensure_ascii=False) + "\n"

    def has_query_of(self, folder: Path) -> bool:
        """Whether the crawl in another folder asks the same of the same server, until whenever."""
        other, own = json.loads((folder / PARAMS).read_text(encoding="utf-8")), json.loads(self.written)
        return all(other.get(key) == own[key] for key in ("source", "address", "query"))

    def covers(self, folder: Path) -> bool:
        """Whether the crawl in a folder is this one or an earlier one of the same query."""
        ends = json.loads((folder / PARAMS).read_text(encoding="utf-8")).get("as_of", "")
        return self.has_query_of(folder) and dt.datetime.fromisoformat(ends) <= self.as_of

    def folder(self, root: Path) -> Path:
        return root / "data" / "raw" / self.source / self.name

    def save(self, folder: Path) -> None:
        """Lay the plan beside the answers; a folder holds one plan only."""
        path = folder / PARAMS
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_text(path, self.written)
            path.chmod(0o600)
        elif path.read_text(encoding="utf-8") != self.written:
            raise UserError(f"{path} has other params than this crawl: move that folder away.")


def plan_of(crawl: Crawl, source: Source, as_of: dt.datetime | None, companies: Companies) -> Plan:
    """The crawl that params ask for.

    Raises:
        UserError: ``collect.as_of`` is not set, the source needs an address, or the dates contradict.
    """
    if as_of is None:
        raise UserError(
            "A crawl needs an end: set collect.as_of to the moment until which threads are looked at."
        )
    address = crawl.address or source.address
    if address is None:
        raise UserError(f"Source {source.name} has no address of its own: set crawl.address to https://…")
    since, until, end = _utc(crawl.since), _utc(crawl.until), _utc(as_of)
    assert end is not None
    if since is not None and since >= (until or end):
        raise UserError("crawl.since is not before crawl.until (or collect.as_of): no thread can be found.")
    accounts = tuple(sorted(companies.official(source.name))) if crawl.accounts else ()
    query = Query(crawl.words, crawl.tags, crawl.communities, accounts, since, until)
    return Plan(
        source.name, address.rstrip("/"), query, end, tuple(sorted(crawl.look_hours)), crawl.discover_minutes
    )


def first_requests(plan: Plan, source: Source) -> list[Request]:
    """What a crawl asks first.

    Raises:
        UserError: nothing is asked for, so that nothing could be found.
    """
    requests = source.discover(plan.query)
    if not requests:
        names = {"accounts": "an account in data/companies.yaml (crawl.accounts: true)"}
        able = [names.get(name, f"crawl.{name}") for name in _searchable(source)]
        raise UserError(
            f"params.yaml: crawl: nothing to look for: source {source.name} looks for {' or '.join(able)}."
        )
    return requests


def unasked(plan: Plan, source: Source) -> list[str]:
    """Settings of ``crawl`` that are filled and that the source has no way to ask for."""
    whole = source.discover(plan.query)
    filled = [name for name in ("words", "tags", "communities") if getattr(plan.query, name)]
    return [name for name in filled if source.discover(plan.query._replace(**{name: ()})) == whole]  # type: ignore[arg-type]


def _searchable(source: Source) -> list[str]:
    """Settings each of which alone leads to something that is asked."""
    fields = ("words", "tags", "communities", "accounts")
    return [name for name in fields if source.discover(Query(**{name: ("name",)}))]  # type: ignore[arg-type]


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def _iso(value: object) -> str:
    assert isinstance(value, dt.datetime)
    return value.isoformat()
