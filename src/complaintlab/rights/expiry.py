"""What the retention clock lets fall due is removed: whole crawls, with an entry in the log."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from complaintlab.errors import UserError
from complaintlab.rights.files import LOG, append_line
from complaintlab.rights.raw import locked
from complaintlab.rights.retention import expired

_GOING = ".cache/expired"


def remove_expired(
    root: Path, source: str, retention_days: int | None, now: dt.datetime | None = None
) -> list[str]:
    """Remove expired crawls of a source, with an entry in the log; their names.

    Raises:
        UserError: rights.retention_days is not set, or a crawl is under way.
    """
    if retention_days is None:
        raise UserError("rights.retention_days is null, so nothing expires: set it in params.yaml.")
    moment = now or dt.datetime.now(dt.UTC)
    going = root / _GOING
    removed = []
    for folder in expired(root, source, retention_days, moment):
        going.mkdir(parents=True, exist_ok=True)
        append_line(root / LOG, f"{moment.date().isoformat()} {source} expired: data/raw crawl {folder.name}")
        with locked(folder):
            folder.rename(going / folder.name)  # whole until it has left the study
        removed.append(folder.name)
    shutil.rmtree(going, ignore_errors=not going.exists())  # also what a killed process left
    return removed
