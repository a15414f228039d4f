"""What can be published, as plain text: reports, notebooks, gold, dvc.lock and whatever git would hand on."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

_PLACES: Final = (
    "reports/**/*", "notebooks/**/*", "data/gold/**/*", "data/tombstones/*", "data/keys/*",
    "data/*.csv", "data/*.log", "dvc.lock", "plan.lock",
)  # fmt: skip
_PRIVATE: Final = ("data/gold/private/", "data/gold/quarantine.csv", "notebooks/.ipynb_checkpoints/")
_COMMITTED: Final = ("*.csv", "*.tsv", "*.json", "*.ndjson", "*.ipynb", "*.lock", "*.md", "*.txt")
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".parquet")


class Published(NamedTuple):
    """A file as text; ``fault`` is set where it cannot be read, which is a finding."""

    name: str
    text: str
    fault: str | None = None


def published(root: Path) -> Iterator[Published]:
    """Every file that can be published, in the order of names."""
    paths = {path for place in _PLACES for path in root.glob(place) if path.is_file()}
    paths |= {path for path in _committed(root) if path.is_file()}
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        if not name.startswith(_PRIVATE):
            yield _read(path, name)


def _committed(root: Path) -> list[Path]:
    if not (root / ".git").exists():
        return []
    listed = subprocess.run(
        ["git", "ls-files", "-z", *_COMMITTED], cwd=root, capture_output=True, text=True, check=False
    )
    return [root / name for name in listed.stdout.split("\0") if name]


def _read(path: Path, name: str) -> Published:
    if path.suffix == ".pdf":
        return _read_pdf(path, name)
    if path.suffix in _PICTURES:
        return Published(name, "", "it is no text")
    written = path.read_bytes().decode("utf-8", "replace")
    if path.suffix in (".ipynb", ".json"):
        try:
            return Published(name, "\n".join(_strings(json.loads(written))))
        except ValueError:
            return Published(name, written)
    return Published(name, re.sub(r"<[^>]*>", " ", written) if path.suffix == ".svg" else written)


def _read_pdf(path: Path, name: str) -> Published:
    try:
        import pypdf  # a tool of developers: whoever has it not is told
    except ImportError:
        return Published(name, "", "pypdf is not installed")
    try:
        return Published(name, "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages))
    except pypdf.errors.PyPdfError as error:
        return Published(name, "", str(error))


def _strings(value: Any) -> Iterator[str]:
    """All strings of a JSON value, lines of one cell joined."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        else:
            for item in value:
                yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
