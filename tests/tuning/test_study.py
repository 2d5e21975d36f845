"""The journal of a run: what is asked, what is told, and what a kill leaves."""

import json
import math
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.errors import RunError
from mthn_automl.tuning.space import SearchSpace, build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import MAXIMUM_RETRIES, ROOT
from tests.tuning import toys

FILE = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"

[parameters.offset]
type = "float"
low = 0.0
high = {high}

[parameters.shift]
type = "int"
low = 0
high = 9

[[first_trials]]
offset = 0.5
shift = 1

[[first_trials]]
offset = 0.25
shift = 2
"""


def space(folder: Path, high: str = "1.0", name: str = "toy") -> SearchSpace:
    return build_space(toys.written(folder / f"{name}.toml", FILE.format(high=high)), has_metadata=True)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run" / "study.journal"


def opened(journal: Path, tmp_path: Path, *, seed: int = 0, **given: Any) -> Studies:
    return Studies(journal, {"toy": space(tmp_path)}, seed=seed, **given)


@pytest.fixture
def studies(journal: Path, tmp_path: Path) -> Studies:
    return opened(journal, tmp_path)


def states(studies: Studies) -> dict[str, int]:
    return {name: count for name, count in studies.states().items() if count}


def asked(studies: Studies, count: int) -> list[dict[str, Any]]:
    return [studies.ask("toy").settings for _ in range(count)]


def test_starting_points_come_first_and_the_sampler_goes_on(studies: Studies) -> None:
    first, second, third = asked(studies, 3)
    assert (first, second) == ({"offset": 0.5, "shift": 1}, {"offset": 0.25, "shift": 2})
    assert third not in (first, second)


@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_starting_points_are_tried_once_however_often_the_journal_is_opened(
    journal: Path, tmp_path: Path, before: int
) -> None:
    settings = asked(opened(journal, tmp_path), before)
    opened(journal, tmp_path)
    settings += asked(opened(journal, tmp_path), 6 - before)
    assert [each["offset"] for each in settings].count(0.5) == 1
    assert [each["offset"] for each in settings].count(0.25) == 1


def test_the_same_seed_asks_for_the_same_and_another_does_not(tmp_path: Path) -> None:
    found = [asked(opened(tmp_path / f"{place}.journal", tmp_path, seed=seed), 6) for place, seed in enumerate("112")]
    assert found[0] == found[1]
    assert found[0][2:] != found[2][2:]


def test_a_reopened_journal_goes_on_as_if_never_closed(journal: Path, tmp_path: Path) -> None:
    whole = asked(opened(tmp_path / "other.journal", tmp_path), 6)
    parts = [asked(opened(journal, tmp_path), 2) for _ in range(3)]
    assert [*chain(*parts)] == whole


def test_every_trial_has_a_seed_of_its_own(studies: Studies) -> None:
    assert len({studies.ask("toy").seed for _ in range(5)}) == 5


def test_a_complete_trial_gives_its_result_back(studies: Studies, journal: Path, tmp_path: Path) -> None:
    given = toys.result(0.7, fold_errors=(0.5, math.nan), notes=("a note",))
    studies.complete("toy", studies.ask("toy").number, given, elapsed=12.5)
    again = opened(journal, tmp_path)
    number, found = again.results("toy")[0]
    assert number == 0
    assert found.to_json() == given.to_json()
    assert again.best("toy") == (0, found)
    assert (again.told("toy"), again.elapsed(), again.running()) == (1, 12.5, [])


def test_the_best_is_the_lowest_and_of_equals_the_first(studies: Studies) -> None:
    studies.complete("toy", studies.ask("toy").number, toys.result(0.7), 1.0)
    studies.complete("toy", studies.ask("toy").number, toys.result(0.3), 2.0)
    studies.complete("toy", studies.ask("toy").number, toys.result(0.3), 3.0)
    best = studies.best("toy")
    assert best is not None
    assert (best[0], best[1].error) == (1, 0.3)


def test_a_failed_trial_keeps_its_reason_and_is_not_tried_again(studies: Studies) -> None:
    studies.fail("toy", studies.ask("toy").number, "it diverged", 1.0)
    assert studies.failures("toy") == ["it diverged"]
    assert (studies.told("toy"), studies.retries_queued("toy"), studies.best("toy")) == (1, 0, None)


@pytest.mark.parametrize("error", [math.nan, math.inf, -math.inf])
def test_a_result_that_is_not_finite_is_never_complete(studies: Studies, error: float) -> None:
    studies.complete("toy", studies.ask("toy").number, toys.result(error), 1.0)
    assert states(studies) == {"FAIL": 1}
    assert (studies.results("toy"), studies.told("toy")) == ([], 1)
    assert "no finite number" in studies.failures("toy")[0]


def lose_next(studies: Studies) -> dict[str, Any]:
    trial = studies.ask("toy")
    studies.lose("toy", trial.number, "the worker was killed", 5.0)
    return trial.settings


def test_a_lost_trial_is_asked_again_with_its_settings_and_the_number_of_the_first(studies: Studies) -> None:
    asked(studies, 2)
    settings = lose_next(studies)
    assert studies.retries_queued("toy") == 1
    again = studies.ask("toy")
    assert (again.settings, again.root, again.number) == (settings, 2, 3)
    assert (studies.retries_queued("toy"), studies.told("toy"), studies.failures("toy")) == (0, 0, [])


def test_a_configuration_is_tried_again_three_times_at_most_and_has_failed_then(studies: Studies) -> None:
    asked(studies, 2)
    losses = [lose_next(studies) for _ in range(1 + MAXIMUM_RETRIES)]
    assert losses == losses[:1] * (1 + MAXIMUM_RETRIES)
    assert studies.retries_queued("toy") == 0
    assert studies.ask("toy").settings not in losses
    assert studies.told("toy") == 1
    assert studies.failures("toy") == ["the worker was killed, 4 times"]


def test_a_lost_starting_point_is_not_enqueued_twice_by_reopening(
    studies: Studies, journal: Path, tmp_path: Path
) -> None:
    lose_next(studies)
    again = opened(journal, tmp_path)
    assert [each["offset"] for each in asked(again, 6)].count(0.5) == 1


def test_a_trial_killed_before_it_had_its_settings_is_taken_up_again(
    studies: Studies, journal: Path, tmp_path: Path
) -> None:
    studies._studies["toy"].ask()
    again = opened(journal, tmp_path)
    assert again.running() == [("toy", 0)]
    again.lose("toy", 0, "killed", 1.0)
    assert [each["offset"] for each in asked(again, 6)].count(0.5) == 1


def test_trials_of_a_dead_process_are_seen_as_running(studies: Studies, journal: Path, tmp_path: Path) -> None:
    asked(studies, 2)
    assert opened(journal, tmp_path).running() == [("toy", 0), ("toy", 1)]


def test_states_are_counted_over_all_architectures(journal: Path, tmp_path: Path) -> None:
    studies = Studies(journal, {name: space(tmp_path, name=name) for name in ("one", "two")}, seed=0)
    studies.complete("one", studies.ask("one").number, toys.result(0.7), 1.0)
    studies.fail("two", studies.ask("two").number, "why", 2.0)
    studies.ask("two")
    assert states(studies) == {"COMPLETE": 1, "FAIL": 1, "RUNNING": 1}
    assert (studies.told("one"), studies.told("two"), studies.elapsed()) == (1, 1, 2.0)


def test_a_further_architecture_may_join_a_journal(journal: Path, tmp_path: Path) -> None:
    first = opened(journal, tmp_path)
    first.complete("toy", first.ask("toy").number, toys.result(0.7), 1.0)
    both = Studies(journal, {"toy": space(tmp_path), "late": space(tmp_path, name="late")}, seed=0)
    assert (both.told("toy"), both.ask("late").number) == (1, 0)


def test_a_changed_space_is_refused_by_the_name_of_its_parameter(
    studies: Studies, journal: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match=r"search space of 'toy' .* however parameter 'offset' has changed"):
        Studies(journal, {"toy": space(tmp_path, high="2.0")}, seed=0)


def test_a_removed_parameter_is_refused_by_its_name(studies: Studies, journal: Path, tmp_path: Path) -> None:
    whole = space(tmp_path)
    fewer = replace(whole, parameters=whole.parameters[:1], starts=())
    with pytest.raises(RunError, match="parameter 'shift' has changed"):
        Studies(journal, {"toy": fewer}, seed=0)


def test_metadata_that_come_to_a_run_are_refused(journal: Path, tmp_path: Path) -> None:
    text = FILE.format(high="1.0").replace("high = 9", 'high = 9\nneeds = "metadata"')
    file = toys.written(tmp_path / "toy.toml", text)
    Studies(journal, {"toy": build_space(file, has_metadata=False)}, seed=0)
    with pytest.raises(RunError, match="parameter 'shift' has changed"):
        Studies(journal, {"toy": build_space(file, has_metadata=True)}, seed=0)


LAST_RECORD, RECORDS = 240, 22
"""The longest last record there may be, and the number of records, of the journal below."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of two starting points, one of which failed, and of a sampled trial; all are told."""
    folder = tmp_path_factory.mktemp("told")
    studies = opened(folder / "study.journal", folder)
    studies.complete("toy", studies.ask("toy").number, toys.result(0.7), 1.0)
    studies.fail("toy", studies.ask("toy").number, "why", 2.0)
    studies.complete("toy", studies.ask("toy").number, toys.result(0.5), 3.0)
    return (folder / "study.journal").read_bytes()


def test_the_tests_below_cut_at_every_byte_and_record(told: bytes) -> None:
    lines = told.splitlines(keepends=True)
    assert len(lines[-1]) <= LAST_RECORD
    assert len(lines) == RECORDS


@pytest.mark.parametrize("left", range(LAST_RECORD))
def test_a_last_line_torn_at_any_byte_costs_that_record_alone(
    journal: Path, tmp_path: Path, told: bytes, left: int
) -> None:
    last = told.splitlines(keepends=True)[-1]
    before = told.removesuffix(last)
    journal.parent.mkdir()
    journal.write_bytes(before + last[: min(left, len(last) - 1)])
    again = opened(journal, tmp_path)
    assert states(again) == {"COMPLETE": 1, "FAIL": 1, "RUNNING": 1}
    assert journal.read_bytes().startswith(before)
    assert all(map(json.loads, journal.read_bytes().splitlines()))


@pytest.mark.parametrize("torn", [0, 1, 20, -1])
@pytest.mark.parametrize("record", range(RECORDS))
def test_a_journal_torn_in_any_record_opens_and_goes_on(
    journal: Path, tmp_path: Path, told: bytes, record: int, torn: int
) -> None:
    lines = told.splitlines(keepends=True)
    journal.parent.mkdir()
    journal.write_bytes(b"".join([*lines[:record], lines[record][:torn]]))
    again = opened(journal, tmp_path)
    assert again.told("toy") >= sum(_tells(json.loads(line)) for line in lines[:record])
    again.ask("toy")
    offsets = [trial.params.get("offset", trial.system_attrs["fixed_params"]["offset"]) for trial in first_two(again)]
    assert offsets == [0.5, 0.25]
    assert all(map(json.loads, journal.read_bytes().splitlines()))


def first_two(studies: Studies) -> list[FrozenTrial]:
    return studies.trials("toy")[:2]


def _tells(record: dict[str, Any]) -> bool:
    """Whether a journal record sets a trial's final state."""
    return record["op_code"] == 6 and record["state"] in (TrialState.COMPLETE.value, TrialState.FAIL.value)


@pytest.mark.parametrize("name", ["study.journal.lock", "study.journal.lock.rename-1234"])
def test_a_left_over_lock_does_not_delay_opening(studies: Studies, journal: Path, tmp_path: Path, name: str) -> None:
    (journal.parent / name).touch()
    started = time.monotonic()
    opened(journal, tmp_path).ask("toy")
    assert time.monotonic() - started < 5
    assert not (journal.parent / name).exists()


def test_an_empty_journal_is_a_new_one(journal: Path, tmp_path: Path) -> None:
    journal.parent.mkdir()
    journal.touch()
    assert opened(journal, tmp_path).ask("toy").number == 0


def test_the_root_stays_with_a_configuration_through_several_losses(studies: Studies) -> None:
    asked(studies, 2)
    first = studies.ask("toy")
    studies.lose("toy", first.number, "killed", 1.0)
    lose_next(studies)
    assert studies.ask("toy").root == first.number
    assert {trial.user_attrs[ROOT] for trial in studies.trials("toy") if ROOT in trial.user_attrs} == {2}


WARM = {"toy": [{"offset": 0.75, "shift": 3}, {"offset": 0.125, "shift": 4}]}


def test_settings_of_an_earlier_run_come_before_the_starting_points(journal: Path, tmp_path: Path) -> None:
    studies = opened(journal, tmp_path, warm=WARM)
    first = asked(studies, 5)
    assert first[:4] == [*WARM["toy"], {"offset": 0.5, "shift": 1}, {"offset": 0.25, "shift": 2}]
    assert first[4] not in first[:4]


@pytest.mark.parametrize("before", [0, 1, 3, 5])
def test_settings_of_an_earlier_run_are_tried_once_however_often_the_journal_is_opened(
    journal: Path, tmp_path: Path, before: int
) -> None:
    settings = asked(opened(journal, tmp_path, warm=WARM), before)
    opened(journal, tmp_path, warm=WARM)
    settings += asked(opened(journal, tmp_path, warm=WARM), 6 - before)
    assert [each["offset"] for each in settings[:4]] == [0.75, 0.125, 0.5, 0.25]
    assert [each["offset"] for each in settings].count(0.75) == 1


def test_a_lost_warm_start_is_not_enqueued_twice_by_reopening(journal: Path, tmp_path: Path) -> None:
    lose_next(opened(journal, tmp_path, warm=WARM))
    assert [each["offset"] for each in asked(opened(journal, tmp_path, warm=WARM), 8)].count(0.75) == 1


def test_warm_starts_of_other_architectures_are_left_alone(journal: Path, tmp_path: Path) -> None:
    studies = opened(journal, tmp_path, warm={"another": WARM["toy"]})
    assert asked(studies, 1) == [{"offset": 0.5, "shift": 1}]


def abandon_next(studies: Studies) -> Any:
    trial = studies.ask("toy")
    studies.abandon("toy", trial.number, "stopped")
    return trial


def test_a_trial_that_was_given_up_is_asked_again_and_that_is_no_loss(studies: Studies) -> None:
    asked(studies, 2)
    given_up = [abandon_next(studies) for _ in range(2 * MAXIMUM_RETRIES)]
    assert {each.root for each in given_up} == {2}
    assert all(each.settings == given_up[0].settings for each in given_up)
    losses = [lose_next(studies) for _ in range(1 + MAXIMUM_RETRIES)]
    assert losses == [given_up[0].settings] * (1 + MAXIMUM_RETRIES)
    assert studies.failures("toy") == ["the worker was killed, 4 times"]


def test_giving_a_trial_up_keeps_count_of_its_losses(studies: Studies) -> None:
    asked(studies, 2)
    for _ in range(MAXIMUM_RETRIES):
        lose_next(studies)
        abandon_next(studies)
    assert studies.failures("toy") == []
    lose_next(studies)
    assert studies.failures("toy") == ["the worker was killed, 4 times"]


def test_giving_a_trial_up_is_told_nobody_as_a_result_or_a_failure(studies: Studies) -> None:
    abandon_next(studies)
    assert (studies.told("toy"), studies.failures("toy"), studies.retries_queued("toy")) == (0, [], 1)
    assert states(studies) == {"FAIL": 1}


def test_why_an_architecture_was_next_stays_with_the_trial(studies: Studies, journal: Path, tmp_path: Path) -> None:
    studies.ask("toy", "round 1 of 4")
    studies.ask("toy")
    studies.ask("toy", "most likely to improve the best")
    assert opened(journal, tmp_path).decisions("toy") == [
        (0, "round 1 of 4"),
        (2, "most likely to improve the best"),
    ]
