"""claims.yaml: the practitioners' advice as questions that data can answer, one entry per claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from complaintlab.errors import UserError

Requirement = Literal[
    "answered_and_not", "threads_complete", "prospective", "deletions_attributed", "engagement_timestamped",
    "roots_seen", "signatures",
]  # fmt: skip


class Claim(BaseModel):
    """One piece of advice, its estimand and how it is answered.

    ``sesoi`` is on ``scale``: a risk difference as a proportion (0.03 is three percentage points), a ratio
    as a ratio. ``expected`` is the sign of the contrast that the advice predicts; ``comparison`` is the
    contrast in words. ``measures`` are ``measure:label`` pairs of the table ``quality``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[TNSDP]\d+$")
    claim: str
    source: str
    family: Literal["timing", "tone", "substance", "deletion", "people"]
    clock: Literal["Z0", "ZR", "landmark"]
    contrast: str
    comparison: str = ""
    outcome: str
    scale: Literal["rd", "ratio", "share"]
    time_days: Annotated[float, Field(gt=0)]
    expected: Literal[-1, 1]
    sesoi: Annotated[float, Field(gt=0)]
    estimator: str
    stage: str | None
    requires: tuple[Requirement, ...] = ()
    measures: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    often_not_testable: str
    prior: str

    @property
    def estimated(self) -> bool:
        """Whether a stage of the pipeline estimates it yet."""
        return self.stage is not None


class Claims(BaseModel):
    """All claims in the order of claims.yaml, the articles that they are from, and what is known already.

    ``sources`` are titles by the letter in ``Claim.source``; ``references`` are DOIs by the citation in
    ``Claim.prior``, null where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    sources: dict[str, str] = {}
    references: dict[str, str | None] = {}
    claims: tuple[Claim, ...]

    @model_validator(mode="after")
    def _distinct(self) -> Claims:
        ids = [claim.id for claim in self.claims]
        if twice := {claim for claim in ids if ids.count(claim) > 1}:
            raise ValueError(f"claim {min(twice)} stands there twice")
        return self

    @model_validator(mode="after")
    def _cited(self) -> Claims:
        for claim in self.claims if self.sources else ():
            if unknown := set(claim.source.split()) - set(self.sources):
                raise ValueError(f"claim {claim.id} is from '{min(unknown)}', which is not under sources")
        return self

    def of(self, claim_id: str) -> Claim:
        return next(claim for claim in self.claims if claim.id == claim_id)

    def family(self, name: str) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if claim.family == name)


def load_claims(path: Path) -> Claims:
    """Read claims.yaml.

    Raises:
        UserError: the file is missing or a claim is not as it should be.
    """
    try:
        return Claims.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(
            f"There is no {path.name} in {path.parent}: restore it from the repository."
        ) from None
    except yaml.YAMLError as error:
        raise UserError(f"{path.name} is not valid YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path.name}: {where}: {first['msg']}.") from None
