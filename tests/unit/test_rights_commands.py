"""The commands of people's rights as an analyst calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from complaintlab.errors import UserError
from complaintlab.rights import commands
from rights_study import everything, made_study

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(commands.forget)
app.command()(commands.scan)
app.add_typer(commands.keys)


@pytest.fixture
def study(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    params = yaml.safe_load((repo / "params.yaml").read_text())
    params["collect"] |= {"source": "discourse", "path": "data/raw/discourse"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    return made_study(tmp_path)


def called(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, UserError):
        raise result.exception
    return result.exit_code, result.output


def test_forget_says_what_it_removed(study: Path) -> None:
    code, said = called("forget", "--author", "person1")
    assert code == 0
    assert "data/raw: " in said
    assert "The DVC remote 'shelf' was not reached" in said
    assert "person1" not in everything(study) + said
    assert called("forget", "--again")[1] == "Nobody with a tombstone came back.\n"


def test_forget_wants_to_know_whom(study: Path) -> None:
    with pytest.raises(UserError, match="Say one of"):
        called("forget")
    with pytest.raises(UserError, match="Say one of"):
        called("forget", "--author", "a", "--post", "b")


def test_scan_ends_with_a_code(study: Path) -> None:
    (study / "reports/complaints.pdf").unlink()
    code, said = called("scan")
    assert (code, said.endswith("nothing found.\n")) == (0, True)
    (study / "reports/notes.csv").write_text("ask @person1\n")
    code, said = called("scan")
    assert (code, said.endswith("1 found.\n")) == (1, True)


def test_keys_are_rotated_and_destroyed(study: Path) -> None:
    assert called("keys", "rotate", "discourse")[0] == 0
    assert called("keys", "destroy", "discourse", "--yes")[0] == 0
    assert not (study / ".keys/discourse.key").exists()


def test_expired_crawls_are_named_and_none_is_said_to_be_none(study: Path) -> None:
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["rights"]["retention_days"] = 1
    (study / "params.yaml").write_text(yaml.safe_dump(params))
    (crawl,) = (path.name for path in (study / "data/raw/discourse").iterdir())
    said = [called("forget", "--expired")[1] for _ in range(2)]
    assert said[0].startswith(f"Expired and removed: {crawl}. Tables stay")
    assert said[1] == "No crawl of source 'discourse' has expired.\n"
