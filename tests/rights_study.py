"""A small study for the tests of people's rights: a crawled forum, its tables, caches and published files."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import yaml
import zstandard

from complaintlab.embed.cache import columns
from complaintlab.rights.tombstones import without_forgotten
from complaintlab.tables.texts import DIMENSIONS
from complaintlab.texts import text_hashes
from stubs.crawling import collect_raw, crawled, plan
from stubs.forum import Forum, made_topic
from stubs.server import START, serving

DAY = dt.date(2024, 3, 2)
WORDS = "the zebra coloured kettle exploded twice before lunch on sunday"
OTHER = "my parcel was left in the rain for nine whole days"


def forum() -> Forum:
    """Two topics: person1 opens the first, with words of their own; person2 answers there and names them."""
    topics = [made_topic(n, 25 + n, START - dt.timedelta(days=3, minutes=-n)) for n in (1, 2)]
    made = Forum(topics)
    made.topics["1"] |= {"title": "Quagga kettle", "fancy_title": "Quagga kettle", "slug": "quagga-kettle"}
    made.topics["1"]["details"] = {"created_by": {"id": 77, "username": "person1", "name": "Pat Quagga"}}
    for number in (1, 3):
        made.post(1, number).update(cooked=f"<p>{WORDS}</p>", name="Pat Quagga", user_id=77)
    made.post(1, 4).update(
        username="person2", cooked=f'<p><a href="/u/person1">@person1</a> says what I say: {OTHER}</p>'
    )
    return made


def crawl_into(root: Path, made: Forum, **chosen: Any) -> Path:
    """The folder of a finished crawl."""
    with serving(made.answer) as server:
        of = plan("discourse", "http://127.0.0.1:9", **chosen)
        assert crawled(of._replace(address=server.address), root).finished
        return of._replace(address=server.address).folder(root)


def collected(root: Path, source: str = "discourse") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Posts and sightings as the stage makes them, tombstones honoured."""
    outputs = collect_raw(source, Path("data/raw") / source, root)
    return without_forgotten(outputs.posts, outputs.sightings, root, source)


def made_study(root: Path) -> Path:
    """Crawl, tables, vectors, gold, DVC's caches and a report."""
    crawl_into(root, forum())
    posts, sightings = collected(root)
    turns = posts.select(
        "post_id", "author_id", "parent_id", "text", joined_into=pl.lit(None, pl.String),
        text_hash=text_hashes(posts["text"]), before_hash=text_hashes(posts["text"]).shift(1),
    )  # fmt: skip
    tables = root / "data" / "tables"
    tables.mkdir(parents=True)
    for name, frame in {"posts": posts, "sightings": sightings, "turns": turns}.items():
        frame.write_parquet(tables / f"{name}.parquet")
    hashes = turns["text_hash"].unique().sort()
    zeros = pl.Series([[0.0] * DIMENSIONS] * hashes.len(), dtype=pl.Array(pl.Float32, DIMENSIONS))
    vectors = pl.DataFrame(
        {"text_hash": hashes, "vector": zeros, "truncated": False}, schema_overrides=columns(DIMENSIONS)
    )
    for folder in (root / ".cache/vectors/k1", root / "data/gold", root / "reports"):
        folder.mkdir(parents=True)
    vectors.write_parquet(root / ".cache/vectors/k1/part.parquet")
    posts.select("post_id", "author_id").write_csv(root / "data/gold/sample.csv")
    (root / "reports/complaints.pdf").write_bytes(b"%PDF-")
    _dvc(root)
    return root


def _dvc(root: Path) -> None:
    """What DVC keeps of the table posts, and of one output that holds nobody."""
    outs = []
    for path in (root / "data/tables/posts.parquet", root / "data/figure.svg"):
        if path.suffix == ".svg":
            path.write_text("<svg/>")
        content = path.read_bytes()
        md5 = hashlib.md5(content).hexdigest()
        stored = root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(content)
        stored.chmod(0o444)
        outs.append({"path": path.relative_to(root).as_posix(), "md5": md5})
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": {"collect": {"outs": outs}}}))
    for name, named in {"one": outs[:1], "two": outs[1:]}.items():
        run = root / ".dvc/cache/runs/aa" / name
        run.parent.mkdir(parents=True, exist_ok=True)
        run.write_text(yaml.safe_dump({"cmd": "complaintlab collect", "outs": named}))
    (root / ".dvc/config").write_text("['remote \"shelf\"']\n    url = https://user:secret@example.org\n")


def everything(root: Path) -> str:
    """Every file of the study but its keys, unpacked, as one text."""
    said = []
    for path in sorted(root.rglob("*")):
        if not path.is_file() or ".keys" in path.parts:
            continue
        content = path.read_bytes()
        said.append(path.name)
        if content[:4] == b"PAR1":
            said.append(str(pl.read_parquet(path).drop("vector", strict=False).to_dicts()))
        elif path.suffix == ".zst":
            reader = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
            said.append(reader.read().decode() + content.decode("latin-1"))
        else:
            said.append(content.decode("utf-8", "replace"))
    return "\n".join(said)
