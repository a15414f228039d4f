"""data/companies.yaml: who a company is, when it is open, in which time zone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from complaintlab.errors import UserError


class Hours(BaseModel):
    """Opening hours of one kind of day, local time; closing after midnight is not modelled."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    opens: dt.time
    closes: dt.time


class Company(BaseModel):
    """One company; ``accounts`` lists its official accounts per source."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    accounts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    time_zone: str | None = None
    hours: dict[int, Hours] | None = None  # weekday (0 = Monday) -> hours; a day that is absent is closed
    sector: str | None = None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"there is no time zone '{zone}'") from None
        return zone


class Companies(BaseModel):
    """All companies that the analyst has described; others may occur in the data, hours unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    companies: tuple[Company, ...]

    def named(self, name: str) -> Company | None:
        return next((company for company in self.companies if company.name == name), None)

    def official(self, source: str) -> dict[str, str]:
        """Account (lower case) → company, for one source."""
        return {
            account.lower(): company.name
            for company in self.companies
            for account in company.accounts.get(source, ())
        }


def load_companies(path: Path) -> Companies:
    """Read data/companies.yaml.

    Raises:
        UserError: the file is missing or an entry is not as it should be.
    """
    try:
        return Companies.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {"companies": []})
    except FileNotFoundError:
        raise UserError(f"There is no {path}: list the companies there, or write `companies: []`.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {where}: {first['msg']}.") from None
