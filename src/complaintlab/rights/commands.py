"""The commands of people's rights: ``forget``, ``keys rotate``, ``keys destroy`` and ``scan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from complaintlab.errors import UserError

Source = Annotated[str | None, typer.Option(help="Which source; default the one of params.yaml.")]

keys = typer.Typer(
    name="keys",
    help="The keys of pseudonyms: begin with a new one, or end one for good.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def forget(
    author: Annotated[
        str | None, typer.Option(help="Handle, native id or pseudonym (author_id) of a person.")
    ] = None,
    post: Annotated[str | None, typer.Option(help="Native id or pseudonym (post_id) of a post.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Everybody with a tombstone, whom a later crawl brought back.")
    ] = False,
    expired: Annotated[
        bool, typer.Option("--expired", help="Raw answers older than rights.retention_days.")
    ] = False,
    source: Source = None,
) -> None:
    """Remove an author or a post from tables, vectors, raw answers and DVC's caches, for good.

    A tombstone keeps them out of every later run, and data/forgotten.log says what was removed, not of whom.
    Killed in between, it is finished by running it again.
    """
    from complaintlab.rights import forget as steps
    from complaintlab.store import find_root

    if sum((author is not None, post is not None, again, expired)) != 1:
        raise UserError("Say one of --author, --post, --again and --expired.")
    root = find_root()
    chosen = source or _source_of_params()
    if expired:
        removed = _expired(root, chosen)
        typer.echo(
            f"Expired and removed: {', '.join(removed)}. Tables stay; `complaintlab run` would crawl again."
            if removed
            else f"No crawl of source '{chosen}' has expired."
        )
        return
    done = steps.forget_again(root, chosen) if again else [
        steps.forget(root, chosen, author=author, post=post)
    ]  # fmt: skip
    for one in done:
        typer.echo(steps.told(one))
    if not done:
        typer.echo("Nobody with a tombstone came back.")


@keys.command()
def rotate(
    source: Annotated[str, typer.Argument(help="The source whose ids get a new key.")],
    let_return: Annotated[
        bool, typer.Option("--let-return", help="Rotate though forgotten people may come back.")
    ] = False,
) -> None:
    """Make a new key: the next run gives everybody new ids, and the old ones lead nowhere."""
    from complaintlab.rights.keys import rotate as make_new
    from complaintlab.store import find_root

    key = make_new(find_root(), source, let_return=let_return)
    typer.echo(f"Source '{source}' has a new key (fingerprint {key.fingerprint}): run `complaintlab run`.")


@keys.command()
def destroy(
    source: Annotated[str, typer.Argument(help="The source whose key is destroyed.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Overwrite and remove a key: no id can be matched with a person any more, and collect refuses to run."""
    from complaintlab.rights.keys import destroy as end
    from complaintlab.store import find_root

    if not yes:
        typer.confirm(f"Destroy the key of '{source}'? Nothing brings it back", abort=True)
    end(find_root(), source)
    typer.echo(f"The key of '{source}' is destroyed; the tables stay, and `forget` takes pseudonyms.")


def scan(source: Source = None) -> None:
    """Search all that can be published for people's handles and words; exit code 1 where any is found."""
    from complaintlab.rights.scan import scan as search
    from complaintlab.store import find_root

    scanned = search(find_root(), source or _source_of_params())
    for finding in scanned.findings:
        typer.echo(finding)
    typer.echo(
        f"{scanned.files} files searched for {scanned.handles} handles and {scanned.texts} texts: "
        f"{len(scanned.findings) or 'nothing'} found."
    )
    raise typer.Exit(1 if scanned.findings else 0)


def _expired(root: Path, source: str) -> list[str]:
    from complaintlab.params import Rights, load_params
    from complaintlab.rights.expiry import remove_expired

    return remove_expired(root, source, load_params(root / "params.yaml").section(Rights).retention_days)


def _source_of_params() -> str:
    from complaintlab.params import Collect, load_params
    from complaintlab.store import find_root

    return load_params(find_root() / "params.yaml").section(Collect).source
