"""The frozen plan: what was chosen before the outcomes were looked at, and every difference from it.

``plan.lock`` holds the text and the hash of claims.yaml, the analysis settings of params.yaml, the version
of the measures and the hash of the gold. A missing or empty file means that nothing was frozen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from complaintlab.claims import Claim, Claims, load_claims
from complaintlab.errors import UserError
from complaintlab.params import (
    Analysis,
    Collect,
    Inference,
    LabelErrors,
    ReplyEffects,
    Robustness,
    Section,
    Trials,
    VerdictRule,
    load_params,
)
from complaintlab.store import Store, write_json

PLAN_FILE = "plan.lock"
NOT_FROZEN = "{}"
CLAIMS_FILE = "claims.yaml"
GOLD_FILES = ("data/gold/codes.csv", "data/gold/sample.csv")
"""Codes of people and the sample they are of: what corrects the estimates."""
PLANNED: tuple[type[Section], ...] = (
    Analysis, Inference, Trials, ReplyEffects, LabelErrors, Robustness, VerdictRule,
)  # fmt: skip
NO_PLAN = "no frozen plan"
AFTERWARDS = "the plan was frozen after the outcomes were there"
WORDING = frozenset({"claim", "source", "comparison", "often_not_testable", "prior", "stage"})
"""Fields of a claim that may change without touching what is estimated."""


@dataclass(frozen=True)
class Plan:
    """What is planned: claims, analysis settings by section, version of the measures, hash of the gold.

    ``measures`` and ``gold`` are null where they are not known.
    """

    claims: Claims
    sections: Mapping[str, Mapping[str, Any]]
    measures: str | None
    gold: str | None

    @staticmethod
    def of(claims: Claims, sections: Sequence[Section], measures: str | None, gold: str | None) -> Plan:
        settings = {section.key: section.model_dump(mode="json") for section in sections}
        return Plan(claims, settings, measures, gold)


@dataclass(frozen=True)
class Deviation:
    """One difference from the frozen plan; ``claims`` are those that it makes exploratory."""

    text: str
    claims: frozenset[str]


@dataclass(frozen=True)
class Deviations:
    """All differences from the frozen plan; ``frozen_at`` and ``digest`` are null where there is none."""

    differences: tuple[Deviation, ...]
    frozen_at: str | None
    digest: str | None
    family_sizes: Mapping[str, int]
    without_plan: str = NO_PLAN

    def of(self, claim_id: str) -> list[str]:
        """The differences that concern one claim."""
        if self.frozen_at is None:
            return [self.without_plan]
        return [found.text for found in self.differences if claim_id in found.claims]

    def confirmatory(self, claim_id: str) -> bool:
        """Whether the claim's analysis is the one that was frozen."""
        return self.frozen_at is not None and not self.of(claim_id)


def freeze(root: Path, now: dt.datetime | None = None) -> None:
    """Write the plan as it stands to ``plan.lock``.

    Args:
        root: the study's folder, with claims.yaml and params.yaml.
        now: the moment of freezing; null takes the clock.

    Raises:
        UserError: claims.yaml or params.yaml is not as it should be.
    """
    text = (root / CLAIMS_FILE).read_text(encoding="utf-8") if (root / CLAIMS_FILE).exists() else ""
    load_claims(root / CLAIMS_FILE)
    params = load_params(root / "params.yaml")
    content: dict[str, Any] = {
        "claims": text,
        "params": {of.key: params.section(of).model_dump(mode="json") for of in PLANNED},
        "measures": _measured_version(root),
        "gold": gold_digest(root),
    }
    moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    content["outcomes_seen"] = outcomes_seen(root)
    head = {"frozen_at": moment.isoformat(timespec="seconds"), "sha256": _digest(content)}
    write_json(root / PLAN_FILE, head | content)


def outcomes_seen(root: Path) -> bool:
    """Whether results of the study's own source stand there already; the world's truth is no secret."""
    source = load_params(root / "params.yaml").section(Collect).source
    store = Store(root)
    if source == "world" or not (store.path("verdicts").exists() and store.path("source").exists()):
        return False
    return source in store.read("source")["source"]


def deviations(root: Path, plan: Plan) -> Deviations:
    """Compare a plan with the one frozen at ``root``.

    Raises:
        UserError: plan.lock is damaged or was edited by hand.
    """
    path = root / PLAN_FILE
    text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    if text in ("", NOT_FROZEN):
        return Deviations((), None, None, _sizes(plan.claims))
    lock = _read(text)
    claims = Claims.model_validate(yaml.safe_load(lock["claims"]))
    frozen = Plan(claims, lock["params"], lock["measures"], lock["gold"])
    if lock["outcomes_seen"]:
        return Deviations((), None, lock["sha256"], _sizes(frozen.claims), AFTERWARDS)
    found = (
        *_claims_differ(frozen, plan), *_params_differ(frozen, plan), *_measures_differ(frozen, plan),
        *_gold_differs(frozen, plan),
    )  # fmt: skip
    return Deviations(found, lock["frozen_at"], lock["sha256"], _sizes(frozen.claims))


def _read(text: str) -> dict[str, Any]:
    try:
        lock: dict[str, Any] = json.loads(text)
        content = {key: lock[key] for key in ("claims", "params", "measures", "gold", "outcomes_seen")}
        intact = lock["sha256"] == _digest(content)
    except (json.JSONDecodeError, KeyError, TypeError):
        intact = False
    if not intact:
        raise UserError(
            f"{PLAN_FILE} does not have the content that was frozen: restore it from the repository, or "
            f"write {NOT_FROZEN} into it, and the study is exploratory."
        )
    return lock


def _claims_differ(frozen: Plan, plan: Plan) -> tuple[Deviation, ...]:
    before = {claim.id: claim for claim in frozen.claims.claims}
    after = {claim.id: claim for claim in plan.claims.claims}
    new = [Deviation(f"claim {name} is new", frozenset({name})) for name in after if name not in before]
    gone = [Deviation(f"claim {name} was taken out", frozenset()) for name in before if name not in after]
    changed = [_field_differs(before[name], after[name]) for name in after if name in before]
    return (*new, *gone, *(found for fields in changed for found in fields))


def _field_differs(before: Claim, after: Claim) -> list[Deviation]:
    return [
        Deviation(
            f"claim {after.id}: {field} was {getattr(before, field)!r}, is {getattr(after, field)!r}",
            frozenset() if field in WORDING else frozenset({after.id}),
        )
        for field in Claim.model_fields
        if getattr(before, field) != getattr(after, field)
    ]


def _params_differ(frozen: Plan, plan: Plan) -> tuple[Deviation, ...]:
    return tuple(
        Deviation(
            f"{section}.{key} was {was.get(key)!r}, is {settings.get(key)!r}", _concerned(plan, section)
        )
        for section, settings in plan.sections.items()
        for was in [frozen.sections.get(section, {})]
        for key in sorted(set(was) | set(settings))
        if was.get(key) != settings.get(key)
    )


def _concerned(plan: Plan, section: str) -> frozenset[str]:
    """The claims behind a section: those of the stage of that name, or all where no stage has it."""
    of_stage = section in {Trials.key, ReplyEffects.key}
    return frozenset(claim.id for claim in plan.claims.claims if not of_stage or claim.stage == section)


def _measures_differ(frozen: Plan, plan: Plan) -> tuple[Deviation, ...]:
    if frozen.measures == plan.measures:
        return ()
    was = frozen.measures or "not known at the freeze"
    concerned = frozenset(claim.id for claim in plan.claims.claims)
    return (Deviation(f"version of the measures was {was}, is {plan.measures or 'not known'}", concerned),)


def _gold_differs(frozen: Plan, plan: Plan) -> tuple[Deviation, ...]:
    if frozen.gold == plan.gold:
        return ()
    was, now = ("none" if digest is None else digest[:12] for digest in (frozen.gold, plan.gold))
    concerned = frozenset(claim.id for claim in plan.claims.claims)
    return (Deviation(f"gold (data/gold) was {was}, is {now}", concerned),)


def _sizes(claims: Claims) -> dict[str, int]:
    return dict(Counter(claim.family for claim in claims.claims))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def measures_version(measures: pl.DataFrame) -> str | None:
    """The version of the measures in the table ``measures``, null where it is empty."""
    return " + ".join(sorted(measures["model_version"].unique().to_list())) or None


def gold_digest(root: Path) -> str | None:
    """SHA-256 over the codes and their sample in data/gold; null where there is neither."""
    texts = {name: (root / name).read_text(encoding="utf-8") for name in GOLD_FILES if (root / name).exists()}
    return _digest(texts) if texts else None


def _measured_version(root: Path) -> str | None:
    store = Store(root)
    return measures_version(store.read("measures")) if store.path("measures").exists() else None
