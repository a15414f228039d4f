"""``complaintlab gold``: draw messages to code, read codes back, see how far coders agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="gold",
    help="Bring your own gold: code a probability sample by hand, so that label error can be corrected.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.command()
def draw(
    episodes: Annotated[int, typer.Option(min=1, help="Threads to draw, about one episode each.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sample.")] = 1,
    minimum: Annotated[int, typer.Option(min=1, help="Threads per stratum at least.")] = 5,
) -> None:
    """Draw episodes to be coded, and write what coders need: Label Studio projects and a blank sheet."""
    from complaintlab.gold import steps
    from complaintlab.store import find_root

    typer.echo(steps.draw(find_root(), episodes, seed, minimum))


@app.command()
def read(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Exports (.json) and sheets (.csv).")
    ],
    coder: Annotated[
        str | None,
        typer.Option(help="Who coded these files, where each coder works on a Label Studio of their own."),
    ] = None,
) -> None:
    """Read codes from Label Studio exports (JSON, JSON_MIN) and CSV files; reading twice changes nothing."""
    from complaintlab.gold import steps
    from complaintlab.store import find_root

    typer.echo(steps.read(find_root(), paths, coder))


@app.command()
def agree() -> None:
    """Say how far coders agree, and list what remains to be decided."""
    from complaintlab.gold import steps
    from complaintlab.store import find_root

    typer.echo(steps.agree(find_root()))
