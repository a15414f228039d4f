"""The command line: it binds names to functions and turns a user's errors into one sentence."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated

import typer

from complaintlab.errors import InputError, UserError
from complaintlab.gold.commands import app as gold_app
from complaintlab.recovery.command import HELP as RECOVER_HELP
from complaintlab.recovery.command import recover
from complaintlab.rights.commands import forget, keys, scan
from complaintlab.topics.commands import topics

app = typer.Typer(
    name="complaintlab",
    help="What turns a public critic into an advocate? From public posts to a PDF of findings.\n\n"
    "`complaintlab run` runs the whole pipeline; each stage can also be run alone, in the order below, on "
    "the tables that the stages before it left in data/tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

STAGE_HELP = {
    "collect": "Read the source and normalise it into posts and sightings.",
    "truth": "Simulate the world under both arms of each claim; empty for real sources.",
    "threads": "Build reply trees, roles, delays and deletions from posts and sightings.",
    "embed": "Turn each distinct text that a later stage needs into a vector.",
    "measure": "Code every turn by the codebook: stance, acts, complaint, hostility.",
    "cluster": "Find and name the families of company replies.",
    "spells": "Make episodes and their start-stop rows, with exposures known before each moment.",
    "coded": "Lay what coders said of a sample over the measures, and follow those episodes again.",
    "incidence": "Describe how many are answered, turned and escalated by when.",
    "hazard": "Fit the Cox models, and the naive models that show what goes wrong.",
    "regression": "Fit who gets answered, what critics show after a week, how agents differ, who provokes.",
    "trials": "Emulate target trials of reply timing by clone-censor-weight.",
    "reply_effects": "Estimate the effects of what the first reply does.",
    "deletion": "Estimate what deleting a complaint does, with the time of deletion imputed.",
    "what_if": "Ask what if all were answered within an hour, every reply were proper, nothing deleted.",
    "label_error": "Correct the estimates for errors of the labels, or show how far these could move them.",
    "robustness": "Test the answers again: by other choices, without a company, before the reply.",
    "verdicts": "Answer each claim of claims.yaml by the rule of the analysis plan.",
    "report": "Set figures, tables and verdicts as a PDF in reports/.",
}


app.add_typer(gold_app, rich_help_panel="Start here")
app.command(rich_help_panel="People's rights")(forget)
app.command(rich_help_panel="People's rights")(scan)
app.add_typer(keys, rich_help_panel="People's rights")
app.command(rich_help_panel="Start here")(topics)
app.command(help=RECOVER_HELP, rich_help_panel="Known truth")(recover)


@app.callback()
def _options() -> None:
    """Needed by typer to keep one command a subcommand."""


@app.command(rich_help_panel="Start here")
def run(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Stages to bring up to date (with all before); default all."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even what is up to date.")] = False,
) -> None:
    """Bring the pipeline up to date: `dvc repro`, with this environment first on the path.

    Settings are in params.yaml. To run your own data for once, without editing it:

        dvc exp run -S collect.source=table -S collect.path=complaints.csv
    """
    from complaintlab.pipeline import reproduce

    raise typer.Exit(reproduce(tuple(targets or ()), force=force))


@app.command(rich_help_panel="Start here")
def inspect(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or Parquet, also .gz and .zst.")],
    rows: Annotated[int, typer.Option(min=1, max=100, help="How many parsed rows to show.")] = 5,
) -> None:
    """Look at a file before you run it: the guessed columns, parsed rows, what seems testable."""
    from complaintlab.claims import load_claims
    from complaintlab.collect.inspect import inspect_file, render
    from complaintlab.companies import Companies, load_companies
    from complaintlab.stages import CLAIMS_FILE, COMPANIES_FILE

    # a file can be looked at from anywhere; in a study, its companies and claims are known
    described, asked = Path(COMPANIES_FILE), Path(CLAIMS_FILE)
    companies = load_companies(described) if described.exists() else Companies(companies=())
    claims = load_claims(asked) if asked.exists() else None
    inspection = inspect_file(file, companies, rows)
    typer.echo(render(inspection, claims))
    if inspection.missing:
        raise typer.Exit(InputError.exit_code)


@app.command(rich_help_panel="Start here")
def code(
    source: Annotated[Path, typer.Argument(help="CSV or NDJSON: message_id, role, text, perhaps before.")],
    target: Annotated[Path, typer.Argument(help="The CSV to write.")],
    readings: Annotated[
        str, typer.Option(help="Which messages are read in context: needed, all or none.")
    ] = "needed",
) -> None:
    """Code anybody's messages as the pipeline does, with the probability of every label."""
    from complaintlab.coder import asked_of, code_file

    coded = code_file(source, target, Path(), asked_of(readings))
    typer.echo(f"{coded.codes.height:,} messages coded in {target}.")
    if coded.quarantine.height:
        typer.echo(f"{coded.quarantine.height:,} rows could not be coded: {target}.quarantine.csv says why.")


@app.command(rich_help_panel="Start here")
def freeze() -> None:
    """Write plan.lock: the plan as it is now, before outcomes are looked at. Commit it."""
    from complaintlab.freeze import freeze as write_plan
    from complaintlab.freeze import outcomes_seen
    from complaintlab.store import find_root

    root = find_root()
    write_plan(root)
    typer.echo("The plan is frozen in plan.lock: commit it before you look at outcomes.")
    if outcomes_seen(root):
        typer.echo("Outcomes of this source stand in reports/ already: the plan records that they were seen.")


@app.command(rich_help_panel="Start here")
def crawl(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked, and ask nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until collect.as_of, looking again on schedule.")
    ] = False,
    needed: Annotated[
        bool, typer.Option("--needed", help="As a stage: ask only if the crawl of params.yaml has not ended.")
    ] = False,
) -> None:
    """Fetch threads of a public forum into data/raw; run it again to go on.

    What is asked stands in params.yaml (`collect.source`, `collect.as_of`, `crawl`); a changed query or
    a later `as_of` is another crawl, which knows the threads of those before. Logins come from the
    environment (COMPLAINTLAB_BLUESKY_HANDLE and _PASSWORD, COMPLAINTLAB_DISCOURSE_KEY and _USER).
    `complaintlab run` does it by itself where collect.path is data/raw/<source>.
    """
    from complaintlab.crawl.command import crawl_command
    from complaintlab.stages import run_stage

    if needed:
        run_stage("crawl")
        return
    crawl_command(dry_run=dry_run, wait=wait)


def _stage_command(stage: str) -> None:
    def command() -> None:
        from complaintlab import parallel
        from complaintlab.stages import run_stage

        parallel.allow()
        run_stage(stage)

    app.command(name=stage, help=STAGE_HELP[stage], rich_help_panel="Stages, in order")(command)


for _stage in STAGE_HELP:
    _stage_command(_stage)


def main() -> None:
    """Entry point: a user's mistake ends with one sentence and an exit code, never with a traceback.

    So does our own, but its traceback is kept in a file for whoever mends it.
    """
    try:
        app()
    except UserError as error:
        typer.echo(f"complaintlab: {error}", err=True)
        sys.exit(error.exit_code)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        kept = Path(tempfile.gettempdir()) / f"complaintlab-{os.getpid()}.log"
        kept.write_text(traceback.format_exc(), encoding="utf-8")
        typer.echo(f"complaintlab: a bug in complaintlab ({error!r:.200}): please report {kept}.", err=True)
        sys.exit(70)
