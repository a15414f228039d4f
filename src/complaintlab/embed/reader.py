"""Readings: vectors of messages in their context, by the packaged encoder with adapters of our own.

Whether "it shows E4" complains depends on the question before it, which a sentence vector of the message
cannot tell. So the packaged encoder reads the pair [message, message before it], its upper layers adapted
to the codebook by low-rank updates (Hu et al. 2022) that were trained on texts written for this project
(``measure.learn``). The reading is the mean over the message's own tokens, of the last layer and of the one
below the adapted ones, which still tells what the texts learned from do not ask for; the message before
enters by attention alone. The adapters belong to the packaged weights: ``embed.model`` does not change them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from complaintlab.embed.batches import BATCH, Floats, Tokens
from complaintlab.embed.model import packaged_folder, quiet
from complaintlab.texts import normalise

BUCKETS = (16, 24, 32, 48, 64, 96, 144)
MOST_OF_TEXT, MOST_OF_BEFORE = 94, 47
"""Tokens kept: the beginning of the message, the end of the one before it, where questions stand."""

FIRST_ADAPTED = 3
"""Layers below are the packaged ones."""

BATCHING = f"{BATCH}x{'/'.join(map(str, BUCKETS))}, layers {FIRST_ADAPTED} and last"

_SLOTS = {"NAME": "", "LINK": "link", "MAIL": "mail", "&amp;": "and"}
_PICTURES = re.compile(r"[←-⯿\U0001F000-\U0001FAFF]")
_INVISIBLE = re.compile("[\ufe0f\u200d\U0001f3fb-\U0001f3ff]")


def as_read(texts: pl.Series) -> list[str]:
    """The form that is read: normalised, handles dropped, each emoji by its name in words.

    The encoder's vocabulary has no emoji, and a customer's feelings often stand in nothing else.
    """
    expression = normalise(pl.col("text"))
    for slot, word in _SLOTS.items():
        expression = expression.str.replace_all(slot, word, literal=True)
    plain = texts.rename("text").to_frame().select(expression.fill_null("")).to_series()
    return [" ".join(_named(text).split()) for text in plain]


def _named(text: str) -> str:
    if text.isascii():
        return text
    return _PICTURES.sub(
        lambda found: f" {unicodedata.name(found[0], '').lower()} ", _INVISIBLE.sub("", text)
    )


@dataclass(frozen=True)
class Reader:
    """The adapted encoder of one side, loaded."""

    encoder: Any
    tokenizer: Any

    def tokens(self, texts: pl.Series, before: pl.Series) -> list[Tokens]:
        """Token ids of each pair; without a message before, of the message alone."""
        own, prior = self._ids(as_read(texts)), self._ids(as_read(before))
        start, end = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        return [
            [start, *ids[:MOST_OF_TEXT], end, *((*old[-MOST_OF_BEFORE:], end) if old else ())]
            for ids, old in zip(own, prior, strict=True)
        ]

    def _ids(self, texts: list[str]) -> list[Tokens]:
        if not texts:
            return []
        return list(self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"])

    def forward(self, tokens: list[Tokens], bucket: int) -> Floats:
        """Means over own tokens (texts × 768): of the layer below the adapted ones, then of the last."""
        import torch

        inputs = padded(tokens, bucket, self.tokenizer.sep_token_id)
        with torch.inference_mode():
            hidden = self.encoder(
                input_ids=inputs.ids,
                attention_mask=inputs.seen,
                token_type_ids=inputs.prior,
                output_hidden_states=True,
            ).hidden_states
            both = torch.cat([pooled(hidden[layer], inputs.own) for layer in (FIRST_ADAPTED, -1)], dim=1)
        return np.asarray(both.numpy(), dtype=np.float32)


@dataclass(frozen=True)
class Padded:
    """Tensors (texts × bucket): token ids; which are there, of the message before, of the message itself."""

    ids: Any
    seen: Any
    prior: Any
    own: Any


def padded(tokens: list[Tokens], bucket: int, separator: int) -> Padded:
    """Token ids as tensors; the first separator ends the message's own tokens."""
    import torch

    ids = np.zeros((len(tokens), bucket), np.int64)
    own = np.zeros((len(tokens), bucket), np.float32)
    for row, of in enumerate(tokens):
        ids[row, : len(of)] = of
        own[row, : of.index(separator) + 1] = 1
    seen = ids > 0
    prior = seen & (own == 0)
    return Padded(
        *(torch.from_numpy(array) for array in (ids, seen.astype(np.int64), prior.astype(np.int64), own))
    )


def pooled(hidden: Any, own: Any) -> Any:
    """The mean over a message's own tokens (texts × 384)."""
    return (hidden * own[..., None]).sum(1) / own.sum(1, keepdim=True)


def load_packaged() -> tuple[Any, Any]:
    """The packaged encoder and its tokenizer, as they come."""
    folder = str(packaged_folder())
    with quiet(offline=True):
        from transformers import AutoModel, AutoTokenizer

        encoder = AutoModel.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    encoder.eval()
    return encoder, tokenizer


def adapters_of(side: str) -> Path:
    """The shipped adapters of one side."""
    return Path(str(files("complaintlab.measure") / "models" / f"{side}-adapters.safetensors"))


def load_reader(adapters: Path) -> Reader:
    """The packaged encoder with the low-rank updates of a file added to its weights.

    ``<layer>.<part>.down`` (rank × in) and ``.up`` (out × rank) of a safetensors file are one update.
    """
    import torch
    from safetensors.torch import load_file

    encoder, tokenizer = load_packaged()
    parts = {name: part.float() for name, part in load_file(adapters).items()}
    weights = dict(encoder.named_parameters())
    with torch.no_grad():
        for name in sorted({key.rsplit(".", 1)[0] for key in parts}):
            weights[f"encoder.layer.{name}.weight"] += parts[f"{name}.up"] @ parts[f"{name}.down"]
    return Reader(encoder, tokenizer)
