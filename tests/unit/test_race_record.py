"""The race's JSON record: what is in it, that it comes back as it was, that a file is whole or not there."""

import json
import os
from pathlib import Path

import pytest

from benchmarks.race import json_file, record
from benchmarks.race.check import Comparison
from benchmarks.race.contenders import COPYING, DECODING, GUIDE, PEERS, TRAINING
from benchmarks.race.contract import RaceError
from benchmarks.race.machine import machine, versions
from benchmarks.race.messages import Epoch
from benchmarks.race.race import Plan, Result
from benchmarks.race.rounds import Spread, Times
from benchmarks.race.table import table
from benchmarks.race.training import Difference


def of(seconds: float, *ratios: float) -> Times:
    return Times([Epoch(seconds, 100, 0.5)] * 3, list(ratios))


def result() -> Result:
    warm = {
        GUIDE.name: of(2.0), "mine": of(0.4, 4.5, 5.0, 5.5), DECODING.name: of(0.2, 10.0),
        COPYING.name: of(0.02, 100.0),
    }  # fmt: skip
    cold = {GUIDE.name: of(8.0), "mine": of(4.0, 2.0)}
    differences = {"mine": Comparison(pixel=0.2, shift=0.01)}
    return Result(100, {"mine": 3.0}, differences, cold, warm, {"other": "no"}, 0.9, [0.01, 0.02, 0.3])


def made(**changed: object) -> record.Record:
    given = {
        "folder": Path(), "scratch": Path(), "outside": [], "peers": [], "batch_size": 32, "rounds": 3,
        "cold_rounds": 1, "timeout": 60,
    }  # fmt: skip
    return record.Record.of(Plan(**(given | changed)), result(), [PEERS["ffcv"]])  # type: ignore[arg-type]


def test_a_row_has_what_the_table_shows() -> None:
    mine, guide, decoding, _ = record.rows_of(result())
    assert mine == record.Row(
        name="mine", kind="contender", warm=Spread(5.0, 4.5, 5.5), images_per_second=250.0, cpu_ms=5.0,
        of_decoding=0.5, of_copying=0.05, cold=Spread(2.0, 2.0, 2.0), cold_seconds=4.0, first_call_s=3.0,
        differs={"pixel": 0.2, "shift": 0.01},
    )  # fmt: skip
    assert (guide.kind, guide.warm, guide.of_decoding, guide.cold_seconds) == ("guide", None, 0.1, 8.0)
    assert (decoding.kind, decoding.of_copying, decoding.differs) == ("limit", 0.1, None)


def test_a_record_comes_back_as_it_was_and_draws_the_same_table(tmp_path: Path) -> None:
    kept = made()
    record.write(kept, tmp_path / "new" / "race.json")
    found = record.read(tmp_path / "new" / "race.json")
    assert found == kept
    assert table(found.rows) == table(kept.rows)
    assert os.listdir(tmp_path / "new") == ["race.json"]


def test_a_record_tells_form_machine_versions_and_how_busy_it_was() -> None:
    kept = made(form=TRAINING)
    assert kept.form == "training"
    assert kept.others == {"median": 0.02, "highest": 0.3}
    assert kept.missing == {"FFCV, stored raw": PEERS["ffcv"].install}
    assert kept.failures == {"other": "no"}
    assert set(kept.machine) == {"cores", "model", "memory_gb", "system"}
    assert {"python", "torch", "torchvision"} <= set(kept.versions)


def test_no_host_name_is_recorded() -> None:
    host = os.uname().nodename if hasattr(os, "uname") else ""
    told = json.dumps([machine(), versions(["torch", "no_such_library"])])
    assert not host or host not in told
    assert "no_such_library" not in told


def test_the_differences_of_the_training_form_have_their_own_names() -> None:
    trained = result()
    trained.differences["mine"] = Difference(offset=0.1, spread=1.2)
    assert record.rows_of(trained)[0].differs == {"offset": 0.1, "spread": 1.2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no record of a race; record it with --json"),
        ("[]", "is no record of a race"),
        ('{"schema": 1}', "is no record of a race"),
        ('{"schema": 0}', r"has the schema 0; record it again \(schema 1\)"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "race.json").write_text(text, encoding="utf-8")
    with pytest.raises(RaceError, match=message):
        record.read(tmp_path / "race.json")


def test_a_file_that_is_not_there_and_one_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(RaceError, match="cannot be read: No such file or directory; record it with"):
        record.read(tmp_path / "race.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(RaceError, match=r"cannot be written: .*; give another --json"):
        record.write(made(), tmp_path / "file" / "race.json")


def test_a_write_that_fails_leaves_the_old_record_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "race.json"
    record.write(made(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json_file.os, "replace", full)
    with pytest.raises(RaceError, match="No space left on device"):
        record.write(made(rounds=9), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["race.json"]


def test_what_is_not_a_number_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_file.write_whole(tmp_path / "a.json", {"x": float("nan")})
    assert not list(tmp_path.iterdir())
