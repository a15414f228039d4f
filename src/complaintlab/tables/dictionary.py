"""The data dictionary: every table and column, written from the schemas into data/dictionary.md."""

from __future__ import annotations

import inspect
import sys

from complaintlab.stages import STAGES, contract
from complaintlab.tables import TABLES


def dictionary() -> str:
    """The dictionary as Markdown."""
    writer = {table: stage for stage in STAGES for table in contract(stage).writes}
    head = "# Data dictionary\n\nMade from the schemas by `make data/dictionary.md`; a test compares.\n"
    return head + "".join(_section(name, writer.get(name, "-")) for name in TABLES)


def _section(name: str, stage: str) -> str:
    schema = TABLES[name]
    key = ", ".join(f"`{column}`" for column in schema.primary_key())
    rows = "".join(
        f"| `{column}` | {spec.dtype}{' ?' if spec.nullable else ''} | {spec.description or ''} |\n"
        for column, spec in schema.columns().items()
    )
    about = " ".join((inspect.getdoc(schema) or "").split())
    return (
        f"\n## {name}\n\nStage `{stage}`, key {key}. {about}\n\n"
        f"| column | type (? may be null) | meaning |\n|---|---|---|\n{rows}"
    )


if __name__ == "__main__":
    sys.stdout.write(dictionary())
