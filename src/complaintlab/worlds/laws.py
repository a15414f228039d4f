"""data/world.yaml as typed laws: every number that the simulated public lives by."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from complaintlab.errors import UserError
from complaintlab.labels import ACTS, STANCES

Floats = npt.NDArray[np.float64]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[float, Field(ge=0)]
Stance = Literal["escalates", "persists", "neutral", "thanks", "resolved", "advocates"]
State = Literal["escalates", "persists", "turned", "removed"]
STATES: tuple[State, ...] = ("escalates", "persists", "turned", "removed")


class Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CompanyLaw(Law):
    weight: Annotated[float, Field(gt=0)]
    pace: float
    temper: float
    warmth: float
    removes: float
    agents: Annotated[int, Field(ge=1)]
    signs: Literal["caret", "slash", "dash", "none"]
    boilerplate: Share
    page: Share


class Arrivals(Law):
    by_hour: Annotated[tuple[float, ...], Field(min_length=24, max_length=24)]
    weekend: Count
    outages: Count
    outage_hours: tuple[float, float]
    outage_times: Annotated[float, Field(ge=1)]
    returning: Share
    loyal: Share


class Topic(Law):
    weight: Count
    severity: float
    ease: float
    outage: bool


class Critics(Law):
    hostility_cuts: tuple[float, float, float]
    severity_cuts: tuple[float, float, float]
    hostility_by_severity: float
    hostility_by_outage: float
    hostility_by_earlier: float


class Replies(Law):
    from_hours: tuple[float, ...]
    per_hour: tuple[float, ...]
    closed: Share
    patience_days: Count
    hostility: float
    severity: float
    earlier: float
    surge: float
    topics: dict[str, float]
    after: dict[State, float]
    later_per_hour: Count
    later_at_most: Annotated[int, Field(ge=0)]
    same_agent: Share

    @model_validator(mode="after")
    def _rates_fit(self) -> Replies:
        if len(self.from_hours) != len(self.per_hour) or self.from_hours[0] != 0:
            raise ValueError("from_hours starts at 0 and has as many entries as per_hour")
        return self


class ActLaw(Law):
    logit: float
    hostility: float
    severity: float
    waited: float
    ability: float
    escalated: float


class TurnLaw(Law):
    alone: Count
    answered: float
    response: Count
    hostility: float
    severity: float
    earlier: float
    ease: float
    waited: float
    after: dict[State, float]
    acts: dict[str, float]


class Pace(Law):
    """When things happen: a mixture of two exponential distributions, scales in hours."""

    fast: Annotated[float, Field(gt=0)]
    slow: Annotated[float, Field(gt=0)]
    fast_share: Share

    def mass(self, start_s: Floats | float, stop_s: Floats | float) -> Floats:
        """Probability of (start_s, stop_s], seconds."""
        start, stop = np.asarray(start_s) / 3600, np.asarray(stop_s) / 3600
        fast = np.exp(-start / self.fast) - np.exp(-stop / self.fast)
        slow = np.exp(-start / self.slow) - np.exp(-stop / self.slow)
        return np.asarray(self.fast_share * fast + (1 - self.fast_share) * slow)

    def draw_s(self, rng: np.random.Generator, n: int) -> Floats:
        """``n`` times in seconds."""
        scale = np.where(rng.random(n) < self.fast_share, self.fast, self.slow)
        return rng.exponential(1.0, n) * scale * 3600


class HostRemoval(Law):
    count: Count
    hostility: float
    nonsense: float
    hidden: Share


class AuthorRemoval(Law):
    count: Count
    turned: float


class OwnReply(Law):
    share: Share
    bad: float
    edited: Share


class Removal(Law):
    host: HostRemoval
    author: AuthorRemoval
    pace: Pace
    logged: Share
    turn: Share
    own_reply: OwnReply


class Bystanders(Law):
    count: Count
    shape: Annotated[float, Field(gt=0)]
    hostility: float
    outage: float
    against: Share
    after_proper: Share
    after_bad: Share
    answered: Share
    pace: Pace


class Recurrence(Law):
    logit: float
    ignored: float
    turned: float
    hostility: float


class LaterPraise(Law):
    logit: float
    turned: float
    escalated: float


class PraiseAgain(Law):
    logit: float
    answered: float


class Sequels(Law):
    recurrence: Recurrence
    praise: LaterPraise
    praise_again: PraiseAgain


class Opener(Law):
    """Openers of one kind that is no complaint."""

    share: Count
    reply: Share
    thanks: Share
    acts: dict[str, Share]


class Nonsense(Opener):
    """Openers that are nonsense: how often their writers go on to abuse, and what a removal does to that."""

    escalates: Count
    removed: float


class Others(Law):
    question: Opener
    praise: Opener
    nonsense: Nonsense

    @property
    def kinds(self) -> dict[str, Opener]:
        return {"question": self.question, "praise": self.praise, "nonsense": self.nonsense}


class Sarcasm(Law):
    escalates: Share
    persists: Share


class Laws(Law):
    """The whole of data/world.yaml; see the comments there."""

    start: dt.date
    days: Annotated[int, Field(ge=1)]
    companies: dict[str, CompanyLaw]
    arrivals: Arrivals
    topics: dict[str, Topic]
    critics: Critics
    replies: Replies
    acts: dict[str, ActLaw]
    turns: dict[Stance, TurnLaw]
    waiting: Pace
    response: Pace
    later_reply: Count
    same_agent_bonus: float
    removal: Removal
    bystanders: Bystanders
    sequels: Sequels
    others: Others
    later_acts: dict[Stance, dict[str, Share]]
    two_companies: Share
    split_replies: Share
    sarcasm: Sarcasm

    @model_validator(mode="after")
    def _labels_known(self) -> Laws:
        if missing := [act for act in ACTS if act not in self.acts and act != "personal"]:
            raise ValueError(f"acts lacks '{missing[0]}'")
        if missing := [stance for stance in STANCES if stance not in self.turns]:
            raise ValueError(f"turns lacks '{missing[0]}'")
        named = {act for turn in self.turns.values() for act in turn.acts} | set(self.acts)
        if unknown := sorted(named - set(ACTS)):
            raise ValueError(f"'{unknown[0]}' is no act of the codebook")
        if unknown := sorted(set(self.replies.topics) - set(self.topics)):
            raise ValueError(f"replies.topics has '{unknown[0]}', which is not under topics")
        return self

    @property
    def start_at(self) -> dt.datetime:
        """Midnight UTC of the first day."""
        return dt.datetime.combine(self.start, dt.time(), tzinfo=dt.UTC)


def load_laws(path: Path) -> Laws:
    """Read the world's laws.

    Raises:
        UserError: the file is missing, is no YAML, or a law is missing, unknown or out of range.
    """
    try:
        return Laws.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"There is no {path}: restore data/world.yaml or correct collect.path.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(f"{path}: {where}: {first['msg']}.") from None


def fingerprint(*parts: str) -> str:
    """80 bits that name a world: its laws, companies, settings and the version of this code."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=10).hexdigest()
