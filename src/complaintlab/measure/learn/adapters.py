"""Training of the reader: low-rank updates of the encoder's upper layers, and what a reading adds to a score.

The scores of the features stand as offsets, so that a reading learns only what the rules miss (as in
boosting). The layers below the adapted ones are run once and kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from complaintlab.embed.batches import Tokens
from complaintlab.embed.reader import FIRST_ADAPTED, Padded, Reader, load_packaged, padded, pooled
from complaintlab.measure.features import Side
from complaintlab.measure.model import HEADS, Floats
from complaintlab.progress import track

RANK = 16
SCALE = 2.0
EPOCHS: dict[Side, int] = {"customer": 1, "company": 2}
"""Passes over the texts; replies are half as many."""

BATCH = 32
RATES: dict[Side, float] = {"customer": 1e-3, "company": 5e-4}
"""Learning rates of the adapters; chosen on writers left out."""

RATE_HEADS, WEIGHT_DECAY, WARM_UP, DROPOUT = 2e-3, 0.02, 0.06, 0.2
EMPHASIS = {"acts": 16.0, "stance": 1.0, "complaint": 1.0, "hostility": 1.0, "severity": 1.0, "target": 0.3}
MINOR = 0.4
ADAPTED = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "intermediate.dense", "output.dense",
)  # fmt: skip


@dataclass(frozen=True)
class Lower:
    """Hidden states below the adapted layers, one per text (tokens × 384), and the tokens themselves."""

    states: list[Tensor]
    tokens: list[Tokens]
    separator: int

    def means(self) -> Floats:
        """Means over each message's own tokens (texts × 384)."""
        found = np.zeros((len(self.tokens), 384))
        for rows in _by_length(self.tokens):
            hidden, inputs = self.padded(rows)
            found[rows] = pooled(hidden, inputs.own).double().numpy()
        return found

    def padded(self, rows: list[int]) -> tuple[Tensor, Padded]:
        """Hidden states and tokens of some rows, at the length of the longest."""
        width = max(len(self.tokens[row]) for row in rows)
        inputs = padded([self.tokens[row] for row in rows], width, self.separator)
        return nn.utils.rnn.pad_sequence([self.states[row].float() for row in rows], batch_first=True), inputs

    def some(self, rows: list[int]) -> Lower:
        return Lower([self.states[row] for row in rows], [self.tokens[row] for row in rows], self.separator)


class _Adapted(nn.Module):  # type: ignore[misc]
    """A linear layer plus a low-rank update that starts at nothing (Hu et al. 2022)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer
        self.down = nn.Parameter(torch.randn(RANK, layer.in_features) / math.sqrt(layer.in_features))
        self.up = nn.Parameter(torch.zeros(layer.out_features, RANK))
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x) + self.dropout(x) @ self.down.T @ self.up.T * SCALE
        return out


class _Network(nn.Module):  # type: ignore[misc]
    def __init__(self, side: Side) -> None:
        super().__init__()
        encoder, _ = load_packaged()
        for parameter in encoder.parameters():
            parameter.requires_grad_(False)
        self.layers = encoder.encoder.layer[FIRST_ADAPTED:]
        for layer in self.layers:
            for path in ADAPTED:
                parent, name = path.rsplit(".", 1)
                module = layer.get_submodule(parent)
                setattr(module, name, _Adapted(getattr(module, name)))
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(384, len(head.labels)) for name, head in HEADS[side].items()}
        )
        for head in self.heads.values():
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def read(self, lower: Lower, rows: list[int]) -> Tensor:
        """Readings (rows × 384)."""
        hidden, inputs = lower.padded(rows)
        mask = (1.0 - inputs.seen[:, None, None, :].float()) * -1e9
        for layer in self.layers:
            hidden = _run(layer, hidden, mask)
        reading: Tensor = pooled(hidden, inputs.own)
        return reading

    def forward(self, lower: Lower, rows: list[int], offsets: dict[str, Tensor]) -> dict[str, Tensor]:
        reading = self.dropout(self.read(lower, rows))
        return {name: head(reading) + offsets[name][rows] for name, head in self.heads.items()}


def _run(layer: Any, hidden: Tensor, mask: Tensor) -> Tensor:
    out = layer(hidden, attention_mask=mask)
    return out[0] if isinstance(out, tuple) else out


def run_lower(texts: pl.DataFrame) -> Lower:
    """Run the layers that stay as they are over texts with the messages before them."""
    encoder, tokenizer = load_packaged()
    tokens = Reader(encoder, tokenizer).tokens(texts["text"], texts["before"])
    states: list[Tensor] = [torch.empty(0)] * len(tokens)
    with torch.inference_mode():
        for rows in track(list(_by_length(tokens)), "Lower layers"):
            width = max(len(tokens[row]) for row in rows)
            inputs = padded([tokens[row] for row in rows], width, tokenizer.sep_token_id)
            hidden = encoder.embeddings(input_ids=inputs.ids, token_type_ids=inputs.prior)
            mask = (1.0 - inputs.seen[:, None, None, :].float()) * -1e9
            for layer in encoder.encoder.layer[:FIRST_ADAPTED]:
                hidden = _run(layer, hidden, mask)
            for place, row in enumerate(rows):
                states[row] = hidden[place, : len(tokens[row])].half().clone()
    return Lower(states, tokens, int(tokenizer.sep_token_id))


def _by_length(tokens: list[Tokens]) -> Iterator[list[int]]:
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    return (order[start : start + 2 * BATCH] for start in range(0, len(order), 2 * BATCH))


@dataclass(frozen=True)
class Trained:
    """A trained reader: its network, and weights (384 × labels) and intercepts per head."""

    network: _Network

    def heads(self) -> dict[str, tuple[Floats, Floats]]:
        return {
            name: (head.weight.detach().double().numpy().T, head.bias.detach().double().numpy())
            for name, head in self.network.heads.items()
        }

    def readings(self, lower: Lower) -> Floats:
        """Readings of texts (texts × 384)."""
        found = np.zeros((len(lower.tokens), 384))
        with torch.inference_mode():
            for rows in _by_length(lower.tokens):
                found[rows] = self.network.read(lower, rows).double().numpy()
        return found

    def updates(self) -> dict[str, Tensor]:
        """``<layer>.<part>.down`` and ``.up`` of every update, in half precision."""
        found = {}
        for place, layer in enumerate(self.network.layers):
            for path in ADAPTED:
                part = layer.get_submodule(path)
                name = f"{FIRST_ADAPTED + place}.{path}"
                found[f"{name}.down"] = part.down.detach().half().contiguous()
                found[f"{name}.up"] = (part.up.detach() * SCALE).half().contiguous()
        return found


def train(
    lower: Lower, offsets: dict[str, Floats], y: dict[str, Floats], rows: list[int], side: Side, seed: int
) -> Trained:
    """Train adapters and heads on some rows, the features' scores as offsets; one thread, so repeatable."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = _Network(side)
    fixed = {name: torch.tensor(score, dtype=torch.float32) for name, score in offsets.items()}
    wanted = {name: torch.tensor(target, dtype=torch.float32) for name, target in y.items()}
    adapters = [p for name, p in network.named_parameters() if p.requires_grad and "heads" not in name]
    groups = [
        {"params": adapters, "lr": RATES[side]},
        {"params": network.heads.parameters(), "lr": RATE_HEADS},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
    batches = [batch for _ in range(EPOCHS[side]) for batch in _shuffled(rows, lower.tokens, rng)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    network.train()
    for batch in track(batches, f"Training the reader of the {side}"):
        loss = _loss(network(lower, batch, fixed), wanted, batch, side)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
        optimizer.step()
        schedule.step()
    network.eval()
    return Trained(network)


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.02, 1.0 - step / steps)


def _shuffled(rows: list[int], tokens: list[Tokens], rng: np.random.Generator) -> list[list[int]]:
    """Batches of like length, in random order: little padding, and no order to learn."""
    mixed = rng.permutation(np.asarray(rows)).tolist()
    batches = []
    for start in range(0, len(mixed), 16 * BATCH):
        near = sorted(mixed[start : start + 16 * BATCH], key=lambda row: len(tokens[row]))
        batches += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
    return [batches[place] for place in rng.permutation(len(batches))]


def _loss(found: dict[str, Tensor], wanted: dict[str, Tensor], rows: list[int], side: Side) -> Tensor:
    total = torch.zeros(())
    for name, head in HEADS[side].items():
        target = wanted[name][rows]
        coded = ~target.isnan().any(dim=1)
        if not coded.any():
            continue
        scores, target = found[name][coded], target[coded]
        if head.kind == "one of":
            part = functional.cross_entropy(scores, target)
        else:
            part = functional.binary_cross_entropy_with_logits(scores, target)
        total = total + EMPHASIS.get(name, MINOR) * part
    return total
