"""Records of the recovery suite: whole, resumable, and never mixed with those of other code."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import yaml

from complaintlab.recovery import keys
from complaintlab.recovery.cells import CELLS, cells
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.keys import described, key_of
from complaintlab.recovery.records import Record, Records, missing
from complaintlab.recovery.sesoi import DIFFERENCES, RATIOS
from complaintlab.recovery.worlds import replies

ONE = Record(3, 0.25, (Finding("N1", 0.1, 0.02, 0.06, 0.14, 0.001, 4.0), Finding("N2", reason="too few")))


def test_what_is_written_is_read_again_in_order_of_seeds(tmp_path: Path) -> None:
    records = Records(tmp_path, "reply/at +SESOI", "our own", "abc")
    records.append(ONE)
    records.append(Record(1, 0.5, ()))
    assert records.read() == [Record(1, 0.5, ()), ONE]
    assert missing(records.read(), 5) == [0, 2, 4]


@pytest.mark.parametrize("cut", [1, 7, 25])
def test_a_torn_last_line_is_no_record_and_does_not_spoil_the_next(tmp_path: Path, cut: int) -> None:
    records = Records(tmp_path, "cell", "ours", "abc")
    records.append(ONE)
    records.append(Record(4, 0.5, ()))
    records.path.write_bytes(records.path.read_bytes()[:-cut])
    assert records.read() == [ONE]
    records.append(Record(5, 0.5, ()))
    assert [record.seed for record in records.read()] == [3, 5]


def test_records_of_other_code_are_others(tmp_path: Path) -> None:
    Records(tmp_path, "cell", "ours", "abc").append(ONE)
    assert Records(tmp_path, "cell", "ours", "abd").read() == []


def test_a_key_knows_arguments_and_code_but_no_comments(tmp_path: Path) -> None:
    assert key_of(partial(replies.simulate, 100)) != key_of(partial(replies.simulate, 101))
    sources = {
        "plain": "def f(x):\n    return x + 1\n",
        "told": 'def f(x):\n    """What it does."""\n    # why\n    return (x + 1)\n',
        "other": "def f(x):\n    return x + 2\n",
    }
    trees = {}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
        trees[name] = keys._bare(tmp_path / f"{name}.py")
    assert trees["plain"] == trees["told"] != trees["other"]


def test_what_has_no_name_has_no_key() -> None:
    with pytest.raises(ValueError, match="give it a name"):
        described(lambda seed: seed)


def test_every_cell_can_be_keyed_and_named_apart() -> None:
    assert len({cell.name for cell in CELLS}) == len(CELLS)
    for cell in CELLS:
        assert len({estimator.name for estimator in cell.estimators}) == len(cell.estimators)
        for function in (cell.simulate, cell.truth, *(estimator.of for estimator in cell.estimators)):
            assert described(function)
    assert all(any(estimator.naive for estimator in cell.estimators) for cell in CELLS)
    assert len(cells(("hazard",))) == 3


def test_sesois_are_those_of_the_claims(repo: Path) -> None:
    claims = {one["id"]: one for one in yaml.safe_load((repo / "claims.yaml").read_text())["claims"]}
    for claim, sesoi in (RATIOS | DIFFERENCES).items():
        assert claims[claim]["sesoi"] == sesoi, claim
        assert (claims[claim]["scale"] == "ratio") == (claim in RATIOS)
