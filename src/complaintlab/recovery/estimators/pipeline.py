"""The whole way: a world of ``worlds/`` with its texts through every stage, and the truth of its laws."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from complaintlab.claims import load_claims
from complaintlab.companies import load_companies
from complaintlab.params import Analysis, Collect, load_params
from complaintlab.recovery.contract import Finding, Truth
from complaintlab.stages import CLAIMS_FILE, COMPANIES_FILE, STAGES, contract, run_stage
from complaintlab.store import Store, find_root
from complaintlab.tables import TABLES
from complaintlab.worlds.truth import run as true_effects

LEFT_OUT = ("truth", "report")
"""The truth is that of the laws, the same in every world; and nobody reads thirty reports."""
READS = ("claims.yaml", "params.yaml", "data/world.yaml", "data/companies.yaml")
"""Files that decide about worlds and truth beside the code."""
COPIED = ("claims.yaml", "pins.txt", "plan.lock")


@dataclass(frozen=True)
class Study:
    """``estimates`` of all stages and ``verdicts`` of one simulated public."""

    estimates: pl.DataFrame
    verdicts: pl.DataFrame


def study(seed: int, *, complaints: int, resamples: int) -> Study:
    """Simulate, read and analyse a public of about so many complaints, in a copy of the study at hand.

    Vectors of texts are shared with the study by its cache.
    """
    root = find_root()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "study"
        place.mkdir()
        for name in COPIED:
            if (root / name).exists():
                shutil.copy(root / name, place)
        shutil.copytree(root / "data", place / "data", ignore=shutil.ignore_patterns("tables", "raw"))
        (root / ".cache").mkdir(exist_ok=True)
        (place / ".cache").symlink_to(root / ".cache", target_is_directory=True)
        settings = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
        settings["collect"] |= {"source": "world", "path": "data/world.yaml"}
        settings["world"] |= {"complaints": complaints, "seed": 1000 + seed}
        settings["inference"]["resamples"] = resamples
        (place / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        for stage in STAGES:
            if stage not in LEFT_OUT:
                run_stage(stage, place)
            else:
                _empty(stage, place)
        return _read(Store(place))


def _empty(stage: str, place: Path) -> None:
    """The tables that a stage would have written, empty."""
    for table in contract(stage).writes:
        Store(place).write(table, TABLES[table].create_empty())


def _read(store: Store) -> Study:
    names = sorted(path.stem for path in (store.root / "data" / "tables").glob("estimates_*.parquet"))
    return Study(pl.concat([store.read(name) for name in names]), store.read("verdicts"))


def primary(made: Study, *, claims: Sequence[str]) -> Iterator[Finding]:
    """The primary row of each claim, whether or not the source could carry it."""
    rows = made.estimates.filter(pl.col("variant").cast(pl.String) == "primary")
    for claim in claims:
        found = rows.filter(pl.col("claim") == claim)
        yield _finding(claim, found)


def naive(made: Study, *, claims: Sequence[str]) -> Iterator[Finding]:
    """Naive: the row so marked, on the claim's scale and outcome, nearest to the week's horizon."""
    first = made.estimates.filter(pl.col("variant").cast(pl.String) == "primary")
    of = first.select("claim", "outcome", "scale")
    rows = made.estimates.filter(pl.col("variant").cast(pl.String) == "naive").join(
        of, on=["claim", "outcome", "scale"]
    )
    for claim in claims:
        near = rows.filter(pl.col("claim") == claim).sort((pl.col("time_days") - 7).abs(), "model").head(1)
        yield _finding(claim, near)


def _finding(claim: str, rows: pl.DataFrame) -> Finding:
    if rows.is_empty():
        return Finding(claim, reason="no such row")
    row = rows.row(0, named=True)
    numbers = {name: row.get(name) for name in ("estimate", "se", "lower", "upper", "p", "df")}
    return Finding(claim, **numbers, reason=row["reason"])


def truth(claims: Sequence[str]) -> Mapping[str, Truth]:
    """The claims' true values by the stage ``truth``."""
    root = find_root()
    params = load_params(root / "params.yaml")
    collect = params.section(Collect).model_copy(update={"source": "world", "path": Path("data/world.yaml")})
    asked = load_claims(root / CLAIMS_FILE)
    companies = load_companies(root / COMPANIES_FILE)
    table = true_effects(collect, params.section(Analysis), companies, asked, root).truth
    found = {}
    for claim in claims:
        of = asked.of(claim)
        row = table.row(
            by_predicate=(pl.col("claim") == claim)
            & (pl.col("contrast") == of.contrast)
            & (pl.col("outcome") == of.outcome)
            & (pl.col("time_days") == of.time_days),
            named=True,
        )
        found[claim] = Truth(row["truth"], row["mc_se"])
    return found
