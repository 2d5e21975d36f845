"""What samplers are shown of a study."""

from pathlib import Path

import pytest

from mthn_automl.tuning import history
from tests.tuning import toys
from tests.tuning.test_study import opened


def test_of_a_long_history_samplers_see_the_best_and_the_newest_of_what_ended_and_of_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, count in {"ENDED": 4, "RUNNING": 1, "BEST": 3}.items():
        monkeypatch.setattr(history, name, count)
    study = opened(tmp_path / "journal")
    for number in range(20):
        study.ask()
        if number == 4:
            study.fail(number, "why", 1.0)
        elif number not in (1, 2):
            study.complete(number, toys.result(abs(number - 3.2)), 1.0)
    for each in (study, opened(tmp_path / "journal")):  # whoever has read it from the journal too
        assert [trial.number for trial in each.shown()] == [2, 3, 5, 6, 16, 17, 18, 19]
    assert [trial.state.name for trial in study.shown()][:3] == ["RUNNING", "COMPLETE", "COMPLETE"]
    study.complete(2, toys.result(0.1), 1.0)
    assert [trial.value for trial in study.shown()][:3] == [None, 0.1, pytest.approx(0.2)]


def test_of_a_short_history_samplers_see_everything(tmp_path: Path) -> None:
    study = opened(tmp_path / "journal")
    for number in range(9):
        study.ask()
        study.complete(number, toys.result(1.0), 1.0)
    assert [trial.number for trial in study.shown()] == list(range(9))
