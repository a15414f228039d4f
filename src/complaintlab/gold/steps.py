"""What the commands of ``complaintlab gold`` do in a study's folder, and the words they say about it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from complaintlab.errors import InputError, UserError
from complaintlab.gold import files
from complaintlab.gold.agreement import SUFFICIENT, agreement
from complaintlab.gold.codebook import ADJUDICATED, ITEMS
from complaintlab.gold.codes import disagreements, merge, resolved_codes
from complaintlab.gold.draw import draw_sample
from complaintlab.gold.label_studio import RAW_SCHEMA, Handed, configuration, read_export, tasks
from complaintlab.gold.messages import messages_to_code
from complaintlab.gold.sheets import blank_sheet, read_sheet
from complaintlab.ids import study_key
from complaintlab.params import Analysis, Inference, load_params
from complaintlab.store import Store, write_csv


def draw(root: Path, episodes: int, seed: int, minimum: int) -> str:
    """Draw a sample and write it with what coders need.

    Raises:
        UserError: another sample stands already, or the tables are not there or cannot be drawn from.
    """
    store = Store(root)
    turns = store.read("turns")
    sample = draw_sample(
        store.read("episodes"),
        turns,
        store.read("measures"),
        horizon_days=load_params(root / "params.yaml").section(Analysis).horizon_days,
        n=episodes,
        seed=seed,
        minimum=minimum,
    )
    sample = _with_keyed_hash(sample, store)
    _refuse_another(root, sample)
    write_csv(root / files.SAMPLE_FILE, sample)
    messages = messages_to_code(sample, turns)
    _write_tasks(root, messages)
    return (
        f"Drawn: {sample['episode_id'].n_unique()} episodes with {messages.height} messages, in "
        f"{files.SAMPLE_FILE} (no texts: commit it).\n"
        f"To code, with texts, never to be committed: {files.PRIVATE_FOLDER}/\n"
        "  Label Studio: make a project of each pair, 1-opener first: paste the .xml as labelling "
        "configuration, import the .json.\n"
        "  Or fill in blank.csv: one copy per coder, your name in the column coder, acts joined by |, "
        "'none' where there are none.\n"
        "Let two people code, blind to each other. Then: complaintlab gold read FILE..."
    )


def read(root: Path, paths: list[Path], coder: str | None) -> str:
    """Add the codes of files to those of the study; ``coder``, if given, has coded all of them.

    Raises:
        UserError: there is no sample yet, or a file is not one of codes.
    """
    store = Store(root)
    sample = files.read_sample(root)
    if sample.is_empty():
        raise UserError(f"There is no sample in {files.SAMPLE_FILE}: run `complaintlab gold draw` first.")
    turns = _with_keyed_hash(store.read("turns"), store)
    codes, quarantine = files.read_codes(root), files.read_quarantine(root)
    said = []
    for path in paths:
        before, handed = codes.height, _hand(path, coder)
        file = str(path.resolve())
        codes, refused = merge(codes, handed.codes, file, sample, turns)
        quarantine = pl.concat([quarantine.filter(pl.col("file") != file), refused])
        said.append(
            f"{path.name}: {codes.height - before} new codes, {refused['n'].sum()} set aside, "
            f"{handed.cancelled} cancelled annotations skipped."
        )
        reasons = refused.group_by("reason").agg(pl.col("n").sum()).sort("reason")
        said += [f"  {n} set aside: {reason}" for reason, n in reasons.iter_rows()]
    write_csv(root / files.CODES_FILE, codes)
    files.write_quarantine(root, quarantine.sort(pl.all()))
    said.append(
        f"{files.CODES_FILE} holds {codes.height} codes of {codes['post_id'].n_unique()} messages (no texts: "
        f"commit it); what was set aside is in {files.QUARANTINE_FILE}.\nNext: complaintlab gold agree"
    )
    return "\n".join(said)


def agree(root: Path) -> str:
    """Write how far coders agree, and the disagreements that remain to be decided.

    Raises:
        UserError: no message has two coders.
    """
    codes = files.read_codes(root)
    table = agreement(codes, seed=load_params(root / "params.yaml").section(Inference).seed)
    if table.is_empty():
        raise UserError(
            f"No message in {files.CODES_FILE} has two coders: agreement needs a second, blind to the first."
        )
    listed = files.keep_decisions(root, disagreements(codes))
    write_csv(root / files.AGREEMENT_FILE, table)
    write_csv(root / files.DISAGREEMENTS_FILE, listed)
    without = resolved_codes(codes)["value"].null_count()
    return "\n".join(
        (
            f"Krippendorff's alpha with its 95% interval (also in {files.AGREEMENT_FILE}):",
            *(_line(row) for row in table.iter_rows(named=True)),
            f"* tentative: the lower limit is below {SUFFICIENT} or unknown.",
            f"{listed.height} disagreements are in {files.DISAGREEMENTS_FILE}, {without} of them without a "
            f"majority: decide them in its column '{ADJUDICATED}' (texts: {files.PRIVATE_FOLDER}/blank.csv).",
            f"Then: complaintlab gold read {files.DISAGREEMENTS_FILE}",
        )
    )


def _line(row: dict[str, object]) -> str:
    if row["alpha"] is None:
        figure = "  not defined: one value throughout"
    elif row["lower"] is None:
        figure = f"{row['alpha']:6.3f}"
    else:
        figure = f"{row['alpha']:6.3f} ({row['lower']:.3f} to {row['upper']:.3f})"
    star = " *" if row["tentative"] else ""
    return f"  {row['label']:<12}{figure}, {row['level']}, {row['messages']} messages{star}"


def _hand(path: Path, coder: str | None) -> Handed:
    if not path.exists():
        raise InputError(f"There is no file {path}: give the path of an export or a sheet.")
    readers = {".json": read_export, ".csv": read_sheet}
    if path.suffix.lower() not in readers:
        raise InputError(f"{path.name} is neither .json (Label Studio) nor .csv: export it as one of these.")
    handed = readers[path.suffix.lower()](path)
    if coder is None:
        return handed
    return handed._replace(codes=handed.codes.with_columns(coder=pl.lit(coder)).select(*RAW_SCHEMA))


def _with_keyed_hash(frame: pl.DataFrame, store: Store) -> pl.DataFrame:
    """Key the text hashes: plain ones, committed, would let anybody look up a public text by its hash."""
    key = study_key(str(store.read("source")["source"][0]), store.root)
    return frame.with_columns(key.pseudonyms("text", frame["text_hash"]))


def _refuse_another(root: Path, sample: pl.DataFrame) -> None:
    """A sample that is being coded is not replaced in silence."""
    standing, codes = files.read_sample(root), files.read_codes(root)
    if standing.height and not standing.equals(sample):
        raise UserError(
            f"{files.SAMPLE_FILE} holds another sample: keep to it, or remove it and {files.CODES_FILE} to "
            "begin anew."
        )
    if codes.join(sample, on="post_id", how="anti").height:
        raise UserError(
            f"{files.CODES_FILE} has codes of messages that this sample does not hold: restore "
            f"{files.SAMPLE_FILE}, or remove the codes to begin anew."
        )


def _write_tasks(root: Path, messages: pl.DataFrame) -> None:
    folder = root / files.PRIVATE_FOLDER
    for place, item in enumerate(ITEMS, start=1):
        exported = tasks(messages.filter(pl.col("item") == item))
        text = json.dumps(exported, indent=1, ensure_ascii=False)
        files.write_private_text(folder / f"{place}-{item}.json", text + "\n")
        files.write_private_text(folder / f"{place}-{item}.xml", configuration(item))
    files.write_private_text(folder / "blank.csv", blank_sheet(messages).write_csv())
