"""The stages of the pipeline and what binds them to files.

A stage is one module with one function ``run``. Its signature is its contract: a ``pl.DataFrame`` argument
is the table of that name, a ``Section`` argument is that section of params.yaml, ``Companies`` and
``Claims`` are those files, ``root`` is the study's folder. What it returns is a NamedTuple whose fields are
the tables that it writes. Reading, checking and writing happen here and nowhere else; dvc.yaml is made
from the same signatures.
"""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from complaintlab.claims import Claims, load_claims
from complaintlab.companies import Companies, load_companies
from complaintlab.params import Params, Section, load_params
from complaintlab.store import Store

STAGES: dict[str, str] = {
    "crawl": "complaintlab.crawl.stage",
    "collect": "complaintlab.collect",
    "truth": "complaintlab.worlds.truth",
    "threads": "complaintlab.threads",
    "embed": "complaintlab.embed",
    "measure": "complaintlab.measure",
    "cluster": "complaintlab.cluster",
    "spells": "complaintlab.spells",
    "coded": "complaintlab.gold.coded",
    "incidence": "complaintlab.models.incidence.stage",
    "hazard": "complaintlab.models.hazard",
    "regression": "complaintlab.models.regression",
    "trials": "complaintlab.models.trials",
    "reply_effects": "complaintlab.models.reply_effects",
    "deletion": "complaintlab.models.deletion",
    "what_if": "complaintlab.models.what_if",
    "label_error": "complaintlab.models.label_error",
    "robustness": "complaintlab.models.robustness",
    "verdicts": "complaintlab.verdicts",
    "report": "complaintlab.report",
}
"""Stage → the module that holds its ``run``, in the order of the data's way."""

COMPANIES_FILE = "data/companies.yaml"
CLAIMS_FILE = "claims.yaml"
CRAWLED_FILE = "data/crawled.json"
"""Which crawl there is, and whether it is finished: the only output of the stage ``crawl``."""


@dataclass(frozen=True)
class Contract:
    """What a stage reads and writes, read off its signature."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    sections: tuple[type[Section], ...]
    companies: bool
    claims: bool


def run_function(stage: str) -> Callable[..., Any]:
    """The ``run`` of a stage."""
    function: Callable[..., Any] = importlib.import_module(STAGES[stage]).run
    return function


def contract(stage: str) -> Contract:
    """Read a stage's contract off the signature of its ``run``."""
    hints = typing.get_type_hints(run_function(stage))
    outputs = hints.pop("return")
    return Contract(
        reads=tuple(name for name, hint in hints.items() if hint is pl.DataFrame),
        writes=tuple(getattr(outputs, "_fields", ())),
        sections=tuple(h for h in hints.values() if inspect.isclass(h) and issubclass(h, Section)),
        companies=Companies in hints.values(),
        claims=Claims in hints.values(),
    )


def run_stage(stage: str, root: Path | None = None) -> None:
    """Run one stage of the study at ``root``: read its tables, call its function, write what it returns.

    Raises:
        UserError: an input is missing or not as it should be.
    """
    store = Store(root)
    params = load_params(store.root / "params.yaml")
    function = run_function(stage)
    hints = typing.get_type_hints(function)
    hints.pop("return")
    arguments = {name: _argument(name, hint, store, params) for name, hint in hints.items()}
    outputs = function(**arguments)
    for table in contract(stage).writes:
        store.write(table, getattr(outputs, table))


def _argument(name: str, hint: Any, store: Store, params: Params) -> Any:
    if hint is pl.DataFrame:
        return store.read(name)
    if hint is Companies:
        return load_companies(store.root / COMPANIES_FILE)
    if hint is Claims:
        return load_claims(store.root / CLAIMS_FILE)
    if hint is Path and name == "root":
        return store.root
    if inspect.isclass(hint) and issubclass(hint, Section):
        return params.section(hint)
    raise TypeError(f"a stage cannot take '{name}: {hint}'")
