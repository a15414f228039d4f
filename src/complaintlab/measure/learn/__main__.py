"""The recipe that makes the shipped models: `make models`.

Reads data/coding/, writes src/complaintlab/measure/models/ and data/learning_curve.csv. Each side is learned
in a process of its own, by one thread and with fixed seeds: on one machine, same texts give same bytes.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.numpy import save as pack_arrays

from complaintlab.measure.features import SIDES, Side, observe
from complaintlab.measure.learn.below import fit_below
from complaintlab.measure.learn.calibration import calibrate
from complaintlab.measure.learn.curve import learning_curve
from complaintlab.measure.learn.folds import SEED, Scores, left_out
from complaintlab.measure.learn.rules import Linear, fit_rules, scores
from complaintlab.measure.learn.texts import FILES, joined_replies, load_texts
from complaintlab.measure.model import HEADS, Floats, as_probabilities
from complaintlab.measure.targets import known, targets
from complaintlab.store import find_root, write_atomically, write_csv

MODELS = Path(__file__).resolve().parents[1] / "models"
MINIMUM_CASES = 10

READING_SHARES = {"stance": 0.5, "complaint": 0.75, "acts": 0.85}
"""What a reading weighs in the mean of the log-odds with and without it (Genest & Zidek 1986); else 1.

Writers left out write like those learned from, and coded tweets do not: there readings were too sure.
"""

BELOW = 0.3
"""What the layer below the adapted ones weighs in the mean of its log-odds and the reading's."""

TEMPERED = {"hostility": 0.5}
"""How much of the way from the share among all texts a head's log-odds go: our writers write too plainly."""

JOINED = 0.3
"""Replies made of two, as a share of all replies."""

AGREEING = 0.97
"""Rules go without a reading where they decide as the reading does in this share of left-out texts."""


def main() -> None:
    root = find_root()
    with ProcessPoolExecutor(len(SIDES), get_context("spawn")) as processes:
        curves = list(processes.map(partial(make, root), SIDES))
    write_csv(root / "data" / "learning_curve.csv", pl.concat(curves))


def make(root: Path, side: Side) -> pl.DataFrame:
    """Learn, calibrate and write the model of one side; returns its learning curve."""
    import torch
    from safetensors.torch import save_file

    from complaintlab.measure.learn.adapters import run_lower, train

    torch.set_num_threads(1)
    texts = load_texts(root, side)
    if side == "company":
        texts = pl.concat([texts, joined_replies(texts, JOINED, SEED)])
    observed, names = observe(texts.select("text", "before"), side)
    X, y, lower = observed.astype(np.float64), targets(texts, side), run_lower(texts)
    out = left_out(X, y, lower, texts["hand"], side)
    rules = fit_rules(X, y, side)
    trained = train(lower, scores(X, rules), y, list(range(len(X))), side, SEED)
    natural = (texts["natural"] == "1").to_numpy()
    below = fit_below(lower.means(), y, side)
    arrays = _arrays(rules, trained.heads(), below, out, y, natural, side)
    # safetensors writes memory as it lies: a transposed view would come back scrambled
    packed = {name: np.ascontiguousarray(array, np.float32) for name, array in sorted(arrays.items())}
    heads = pack_arrays(packed)
    MODELS.mkdir(exist_ok=True)
    write_atomically(MODELS / f"{side}-adapters.safetensors", lambda path: save_file(trained.updates(), path))
    write_atomically(MODELS / f"{side}-heads.safetensors", lambda path: path.write_bytes(heads))
    stated = {
        "version": hashlib.sha256(heads).hexdigest()[:12],
        "texts": hashlib.sha256((root / FILES[side]).read_bytes()).hexdigest(),
        "sure_from": sure_from(arrays, out, side),
        "features": names,
    }
    content = json.dumps(stated, indent=1) + "\n"
    write_atomically(MODELS / f"{side}.json", lambda path: path.write_text(content, encoding="utf-8"))
    return learning_curve(X, y, lower, texts["hand"], side, out)


def _arrays(
    rules: Linear,
    reading: Linear,
    below: Linear,
    out: Scores,
    y: dict[str, Floats],
    natural: NDArray[np.bool_],
    side: Side,
) -> dict[str, Floats]:
    """What ``measure.model.Weights`` holds, by name; intercepts take in what the linear parts add.

    Calibrated on texts written at natural frequencies: border cases teach, but occur too often.
    """
    arrays = {}
    for name, head in HEADS[side].items():
        rows = natural if _enough(y[name][natural]) else np.ones(len(natural), dtype=np.bool_)
        coded = y[name][rows]
        alone = calibrate(out.rules[name][rows], None, coded, head.kind)
        added = out.read[name][rows] - out.rules[name][rows]
        read = calibrate(out.rules[name][rows], added, coded, head.kind)
        plain = calibrate(out.below[name][rows], None, coded, head.kind)
        share = (1 - BELOW) * READING_SHARES.get(name, 1.0)
        ruled = 1 - BELOW - share
        # Means of log-odds are too near to even ones (Ranjan & Gneiting 2010): calibrated once more
        pooled = (
            ruled * (alone.features * out.rules[name][rows] + alone.intercepts)
            + share * (read.features * out.rules[name][rows] + read.reading * added + read.intercepts)
            + BELOW * (plain.features * out.below[name][rows] + plain.intercepts)
        )
        last = calibrate(pooled, None, coded, head.kind)
        slope = ruled * alone.features + share * read.features
        constant, further = rules[name][1], reading[name][1]
        by_rules = alone.features * constant + alone.intercepts
        by_reading = read.features * constant + read.reading * further + read.intercepts
        by_layer = plain.features * below[name][1] + plain.intercepts
        by_all = ruled * by_rules + share * by_reading + BELOW * by_layer
        layers = (
            below[name][0] * (BELOW * plain.features / slope),
            reading[name][0] * (share * read.reading / slope),
        )
        arrays[f"{name}.features"] = rules[name][0]
        arrays[f"{name}.reading"] = np.concatenate(layers)
        tempered = TEMPERED.get(name, 1.0)
        usual = _log_odds(coded) if tempered < 1 else np.zeros(coded.shape[1])
        arrays[f"{name}.slopes"] = np.stack([alone.features, last.features * slope]) * tempered
        intercepts = np.stack([by_rules, last.features * by_all + last.intercepts])
        arrays[f"{name}.intercepts"] = tempered * intercepts + (1 - tempered) * usual
    return arrays


def _log_odds(y: Floats) -> Floats:
    """Of each label's share among the texts coded for it."""
    share = y[known(y)].mean(axis=0)
    return np.asarray(np.log(share) - np.log1p(-share))


def _enough(y: Floats) -> bool:
    """Whether every label has cases of either kind."""
    coded = y[known(y)]
    yes = coded.sum(axis=0)
    return bool(len(coded)) and bool((np.minimum(yes, len(coded) - yes) >= MINIMUM_CASES).all())


def sure_from(arrays: dict[str, Floats], out: Scores, side: Side) -> float:
    """The least certainty from which on the rules decide as the reading does, on writers left out."""
    name = "stance" if side == "customer" else "acts"
    kind = HEADS[side][name].kind
    pooled = (1 - BELOW) * out.read[name] + BELOW * out.below[name]
    rules, read = (as_probabilities(scores_of, kind) for scores_of in (out.rules[name], pooled))
    if kind == "one of":
        certainty, alike = rules.max(axis=1), rules.argmax(axis=1) == read.argmax(axis=1)
    else:
        certainty = (np.abs(rules - 0.5) + 0.5).min(axis=1)
        alike = ((rules >= 0.5) == (read >= 0.5)).all(axis=1)
    for threshold in np.arange(0.5, 1.0, 0.01):
        sure = certainty >= threshold
        if sure.any() and alike[sure].mean() >= AGREEING:
            return round(float(threshold), 2)
    return 1.0


if __name__ == "__main__":
    main()
