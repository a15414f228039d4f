"""params.yaml as typed settings, checked once, with a message that names the key.

Each section of params.yaml is one class; a stage takes the sections that it needs and no others, so that
DVC runs exactly the stages behind a changed number.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from complaintlab.errors import UserError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """One section of params.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: ClassVar[str]


class Study(Section):
    key: ClassVar[str] = "study"
    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: str
    authors: tuple[str, ...]
    affiliation: str | None
    contact: str | None
    minimum_cell: Annotated[int, Field(ge=0)]


class Columns(BaseModel):
    """Which column of the file holds what; null takes the column of the same name as in ``posts``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    post_id: str | None = None
    author: str | None = None
    created_at: str | None = None
    text: str | None = None
    parent: str | None = None
    company: str | None = None
    addressed: str | None = None
    edited_at: str | None = None
    place: str | None = None
    is_host: str | None = None
    deleted_at: str | None = None
    deleted_by: str | None = None
    likes: str | None = None
    reposts: str | None = None
    followers: str | None = None


class Declares(BaseModel):
    """What the source can carry; null takes the source's own default."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    selected_on_reply: bool | None = None
    threads_complete: bool | None = None
    prospective: bool | None = None
    deletions_attributed: bool | None = None
    engagement_timestamped: bool | None = None


class Collect(Section):
    key: ClassVar[str] = "collect"
    source: Literal[
        "world", "twcs", "table",
        "discourse", "reddit", "bluesky", "mastodon", "github", "hacker_news", "lemmy",
    ]  # fmt: skip
    path: Path
    as_of: dt.datetime | None
    columns: Columns
    declares: Declares

    @property
    def live(self) -> bool:
        """Whether ``path`` holds raw answers of a site, in a folder perhaps, and no export."""
        return self.source not in ("world", "twcs", "table")

    @property
    def crawled(self) -> bool:
        """Whether ``path`` is where crawls of the source lie, so that what is not there yet is asked for.

        Raw answers anywhere else, or without an end of the crawl, are read as they are.
        """
        return self.live and self.as_of is not None and self.path == Path("data/raw", self.source)


class Crawl(Section):
    """What to look for at a live source, and how often to look again."""

    key: ClassVar[str] = "crawl"
    address: str | None
    words: tuple[str, ...]
    tags: tuple[str, ...]
    communities: tuple[str, ...]
    accounts: bool
    since: dt.datetime | None
    until: dt.datetime | None
    look_hours: tuple[Annotated[float, Field(gt=0)], ...]
    discover_minutes: Annotated[float, Field(gt=0)]


class Rights(Section):
    """How long raw answers may be kept."""

    key: ClassVar[str] = "rights"
    retention_days: Annotated[int, Field(gt=0)] | None


class World(Section):
    key: ClassVar[str] = "world"
    complaints: Positive
    seed: Annotated[int, Field(ge=0)]


class Embed(Section):
    key: ClassVar[str] = "embed"
    model: str
    roles: tuple[Literal["critic", "company", "bystander"], ...]
    replies: Literal["first", "all"]
    readings: Literal["needed", "suspected", "all", "none"] | None = None


class Cluster(Section):
    key: ClassVar[str] = "cluster"
    types: Positive
    minimum_share: Share
    resamples: Positive
    seed: Annotated[int, Field(ge=0)]


class Analysis(Section):
    """What the models agree on: the definition of an episode, of follow-up and of an event."""

    key: ClassVar[str] = "analysis"
    washout_days: Annotated[float, Field(ge=0)]
    gap_days: Annotated[float, Field(gt=0)]
    horizon_days: Positive
    long_horizon_days: Positive
    complaint_threshold: Share
    nonsense_threshold: Share
    act_threshold: Share


class Inference(Section):
    """How uncertainty is had in the model stages."""

    key: ClassVar[str] = "inference"
    resamples: Positive
    seed: Annotated[int, Field(ge=0)]
    folds: Annotated[int, Field(ge=2)]


class Trials(Section):
    key: ClassVar[str] = "trials"
    positivity_lower: Annotated[float, Field(ge=0, lt=0.5)]
    positivity_upper: Annotated[float, Field(gt=0.5, le=1)]
    truncate_at: Annotated[float, Field(gt=0.5, le=1)]


class ReplyEffects(Section):
    key: ClassVar[str] = "reply_effects"
    propensity_floor: Annotated[float, Field(gt=0, lt=0.5)]


class LabelErrors(Section):
    """When coded messages correct the measures; ``world_episodes``: simulated coders' sample, 0 for none."""

    key: ClassVar[str] = "label_error"
    events: Positive
    events_per_arm: Positive
    world_episodes: Annotated[int, Field(ge=0)]
    seed: Annotated[int, Field(ge=0)]


class Robustness(Section):
    key: ClassVar[str] = "robustness"
    specifications: Positive
    reaction_minutes: Annotated[float, Field(gt=0)]
    placebo_minutes: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]

    @field_validator("placebo_minutes")
    @classmethod
    def _in_order(cls, minutes: tuple[float, float]) -> tuple[float, float]:
        if minutes[0] > minutes[1]:
            raise ValueError("the shorter time comes first")
        return minutes


class VerdictRule(Section):
    key: ClassVar[str] = "verdicts"
    alpha: Share
    power: Share
    events_per_arm: Positive
    events_per_parameter: Positive
    ess_per_arm: Positive
    companies_both_arms: Positive


SECTIONS: tuple[type[Section], ...] = (
    Study, Collect, Crawl, Rights, World, Embed, Cluster, Analysis, Inference, Trials, ReplyEffects,
    LabelErrors, Robustness, VerdictRule,
)  # fmt: skip

SectionT = TypeVar("SectionT", bound=Section)


class Params:
    """The whole of params.yaml, section by section."""

    def __init__(self, sections: dict[type[Section], Section]) -> None:
        self._sections = sections

    def section(self, of: type[SectionT]) -> SectionT:
        found = self._sections[of]
        assert isinstance(found, of)
        return found


def load_params(path: Path) -> Params:
    """Read and check params.yaml.

    Raises:
        UserError: the file is missing, is no YAML, or a key is missing, unknown or out of range.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"There is no {path.name} in {path.parent.resolve()}: run in the study's folder."
        ) from None
    except yaml.YAMLError as error:
        raise UserError(f"{path.name} is not valid YAML: {' '.join(str(error).split())}.") from None
    raw = raw or {}
    _refuse_bare_dates(path, raw)
    known = {section.key for section in SECTIONS}
    if unknown := sorted(set(raw) - known):
        raise UserError(f"{path.name} has a section '{unknown[0]}' that nothing reads: remove or rename it.")
    try:
        return Params({section: section.model_validate(raw.get(section.key, {})) for section in SECTIONS})
    except ValidationError as error:
        raise UserError(_sentence(path, error)) from None


def _refuse_bare_dates(path: Path, raw: dict[str, Any]) -> None:
    """YAML reads a date without quotes as a date, of which DVC makes nothing."""
    for section, values in raw.items():
        for key, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, dt.date):
                raise UserError(f"{path.name}: {section}.{key}: write the date in quotes: '{value}'.")


def _sentence(path: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    section = next(s.key for s in SECTIONS if s.__name__ == error.title)
    key = ".".join([section, *(str(part) for part in first["loc"])])
    given = "" if first["type"] == "missing" else f" (it is {first['input']!r})"
    return f"{path.name}: {key}: {first['msg'].lower()}{given}."
