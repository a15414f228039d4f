"""data/topics.yaml: the topics of a corpus as centres of vectors, with the names that a person gave them.

It holds no text of any post: numbers, and words that enough authors use. It is committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from complaintlab.errors import InputError, UserError
from complaintlab.store import write_text
from complaintlab.tables.texts import DIMENSIONS

TOPICS_FILE: Final = "data/topics.yaml"

HEADER: Final = """\
# What complaints are about: clusters of openers, made by `complaintlab topics`. Give each topic a `name` (an
# unnamed one is called by its place: topic 3); topics of one name are one topic. Then: complaintlab run.
# An opener farther (cosine distance) than `farthest` from every centre is `other`.
"""

Coordinate = Annotated[float, Field(ge=-1, le=1)]
Centre = Annotated[tuple[Coordinate, ...], Field(min_length=DIMENSIONS, max_length=DIMENSIONS)]


class Topic(BaseModel):
    """One topic; ``share`` is of the complaint openers that it was found in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1)] | None = None
    terms: tuple[str, ...] = ()
    share: Annotated[float, Field(ge=0, le=1)]
    centre: Centre


class Topics(BaseModel):
    """The whole file; without topics, the lexicon's topics stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str | None = None
    """Checksum of the sentence encoder whose vectors the centres are."""
    seed: int | None = None
    openers: Annotated[int, Field(ge=0)] = 0
    """Complaint openers that the topics were found in."""
    farthest: Annotated[float, Field(gt=0, le=2)] | None = None
    topics: tuple[Topic, ...]

    @model_validator(mode="after")
    def _whole(self) -> Topics:
        if self.topics and (self.model is None or self.farthest is None):
            raise ValueError("topics need 'model' and 'farthest' beside them")
        return self

    @property
    def names(self) -> list[str]:
        """What each topic is called: its name, or its place."""
        return [topic.name or f"topic {place}" for place, topic in enumerate(self.topics, start=1)]

    def require_model(self, checksum: str) -> None:
        """Refuse vectors of another model than the one whose centres these are.

        Raises:
            UserError: it is another model.
        """
        if self.topics and self.model != checksum:
            raise UserError(
                f"{TOPICS_FILE} was made with another model than embed.model: write `topics: []` into it, "
                "and run `complaintlab topics` again if you want topics of this corpus."
            )


NO_TOPICS: Final = Topics(topics=())


def load_topics(root: Path) -> Topics:
    """Read data/topics.yaml of the study at ``root``; without the file there are no topics.

    Raises:
        InputError: the file is no YAML, or an entry is not as it should be.
    """
    path = root / TOPICS_FILE
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # thousands of numbers: the C one is quicker
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        return Topics.model_validate(raw or {"topics": []})
    except FileNotFoundError:
        return NO_TOPICS
    except yaml.YAMLError as error:
        raise InputError(f"{TOPICS_FILE} is not valid YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        raise InputError(f"{TOPICS_FILE}: {_first(error)}: mend it, or write `topics: []` into it.") from None


def write_topics(root: Path, topics: Topics) -> None:
    """Write data/topics.yaml whole, with the words that tell a person what to do with it."""
    content: dict[str, Any] = topics.model_dump(mode="json")
    # lists of numbers and words stand on lines of their own, not one number a line
    body = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)
    write_text(root / TOPICS_FILE, HEADER + body)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
