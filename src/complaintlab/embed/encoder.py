"""Sentence vectors: what ``cluster`` groups. Only here and in ``reader`` is torch loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from complaintlab.embed.batches import BATCH, Floats, Tokens
from complaintlab.embed.model import Model
from complaintlab.errors import UserError
from complaintlab.tables.texts import DIMENSIONS

BUCKETS = (16, 32, 64, 128, 256)
BATCHING = f"{BATCH}x{'/'.join(map(str, BUCKETS))}"


@dataclass(frozen=True)
class Encoder:
    """A loaded sentence-transformers model, and how many tokens of a text it reads."""

    model: Any
    limit: int

    @property
    def buckets(self) -> tuple[int, ...]:
        return (*(bucket for bucket in BUCKETS if bucket < self.limit), self.limit)

    def tokens(self, texts: list[str]) -> list[Tokens]:
        """Token ids of each text, special tokens included, uncut."""
        found = self.model.tokenizer(texts, truncation=False, padding=False, verbose=False)
        return list(found["input_ids"])

    def cut(self, ids: Tokens) -> Tokens:
        """At most ``limit`` tokens, the closing one kept."""
        return ids if len(ids) <= self.limit else [*ids[: self.limit - 1], ids[-1]]

    def forward(self, tokens: list[Tokens], bucket: int) -> Floats:
        """Vectors of unit length."""
        import torch

        padded = self.model.tokenizer.pad(
            {"input_ids": tokens}, padding="max_length", max_length=bucket, return_tensors="pt"
        )
        with torch.inference_mode():
            vectors = self.model(dict(padded))["sentence_embedding"].float().numpy()
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def load_encoder(model: Model) -> Encoder:
    """Load a sentence-transformers model.

    Raises:
        UserError: the folder holds none, or it does not give 384 numbers a text.
    """
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
    return Encoder(loaded, min(BUCKETS[-1], loaded.max_seq_length or BUCKETS[-1]))
