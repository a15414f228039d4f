"""``complaintlab topics``: find what complaints are about, for a person to name."""

from __future__ import annotations

from typing import Annotated

import typer


def topics(
    topics: Annotated[int, typer.Option(min=1, help="Clusters to look for.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed finds the same topics.")] = 1,
) -> None:
    """Find topics of complaints in this corpus, for you to name in data/topics.yaml; needs the stage measure.

    Names that you gave are kept when the same topics are found again. Without topics in the file, complaints
    have the general topics of the shipped lexicon.
    """
    from complaintlab.store import find_root
    from complaintlab.topics.steps import make_topics

    typer.echo(make_topics(find_root(), topics, seed))
