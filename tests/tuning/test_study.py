"""The study of an architecture: what is asked, how trials end, and what another process finds in the journal."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from mthn_automl.errors import RunError
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.journal import open_journal
from mthn_automl.tuning.record import TrialRecord
from mthn_automl.tuning.space import Parameter, SearchSpace, build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import MAXIMUM_RETRIES, Study
from tests.tuning import toys

FILE = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"
parameters.offset = {{ type = "float", low = 0.0, high = {high} }}
parameters.shift = {{ type = "int", low = 0, high = 9 }}
first_trials = [{{ offset = 0.5, shift = 1 }}, {{ offset = 0.25, shift = 2 }}]
"""
STARTS = [{"offset": 0.5, "shift": 1}, {"offset": 0.25, "shift": 2}]
WARM = {"toy": [{"offset": 0.75, "shift": 3}, {"offset": 0.125, "shift": 4}]}


def space(folder: Path, high: str = "1.0", name: str = "toy") -> SearchSpace:
    return build_space(toys.written(folder / f"{name}.toml", FILE.format(high=high)), has_metadata=True)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run" / "study.journal"


def opened(journal: Path, *, seed: int = 0, **given: Any) -> Study:
    journal.parent.mkdir(exist_ok=True)
    return Studies(journal, {"toy": space(journal.parent)}, seed=seed, **given)["toy"]


@pytest.fixture
def study(journal: Path) -> Study:
    return opened(journal)


def asked(study: Study, count: int) -> list[dict[str, Any]]:
    return [dict(study.ask().settings) for _ in range(count)]


def complete(study: Study, error: float, seconds: float = 1.0) -> str:
    return study.complete(study.ask().number, toys.result(error), seconds)


def lose(study: Study) -> TrialRecord:
    record = study.ask()
    study.begin(record.number)
    study.lose(record.number, "the worker was killed", 5.0)
    return record


def abandon(study: Study) -> TrialRecord:
    record = study.ask()
    study.abandon(record.number, "stopped", 5.0)
    return record


def endings(study: Study) -> dict[Ending, int]:
    return {ending: study.count(ending) for ending in Ending if study.count(ending)}


@pytest.mark.parametrize("warm", [{}, WARM, {"another": WARM["toy"]}], ids=["cold", "warm", "warm elsewhere"])
def test_given_settings_come_first_and_once_in_all_sessions_together(journal: Path, tmp_path: Path, warm: Any) -> None:
    first = [*warm.get("toy", ()), *STARTS]
    whole = asked(opened(tmp_path / "whole.journal", warm=warm), 8)
    parts = [settings for count in (0, 1, 2, 5) for settings in asked(opened(journal, warm=warm), count)]
    assert whole[: len(first)] == first
    assert not [settings for settings in whole[len(first) :] if settings in first]
    assert parts == whole  # and it goes on as if it had never been closed


def test_the_same_seed_asks_for_the_same_and_every_trial_has_a_seed_of_its_own(study: Study, tmp_path: Path) -> None:
    one, same, other = (asked(opened(tmp_path / f"{name}.journal", seed=seed), 6) for name, seed in ("a1", "b1", "c2"))
    assert one == same
    assert one[2:] != other[2:]
    assert len({study.ask().seed for _ in range(5)}) == 5


def test_the_journal_gives_back_results_and_whether_other_trials_have_begun(study: Study, journal: Path) -> None:
    given = toys.result(0.7, fold_errors=(0.5, math.nan), notes=("a note",))
    study.complete(study.ask("round 1 of 4").number, given, 12.5)
    asked(study, 2)
    study.begin(2)
    found, waiting, begun = opened(journal).records
    assert found.result is not None
    assert found.result.to_json() == given.to_json()
    assert (found.number, found.values, found.seconds, found.decision) == (0, (0.7,), 12.5, "round 1 of 4")
    assert [(each.number, each.begun, each.ending) for each in (waiting, begun)] == [(1, False, None), (2, True, None)]


UNTRUE = {
    "an execution of a later trial": ('"root":0', '"root":7', "trial 0 cannot be an execution of trial 7"),
    "a number that is text": ('"root":0', '"root":"0"', r"got `str` - at `\$\.root`"),
    "no such ending": ('"ending":"complete"', '"ending":"ended"', "Invalid enum value 'ended'"),
    "another ending": ('"ending":"complete"', '"ending":"failed"', "finite values to be complete"),
    "an error that is none": ('"error":0.7', '"error":[]', r"at `\$\.error`"),
    "a setting out of its range": ('"offset":0.5,"shift"', '"offset":7.5,"shift"', "settings beyond its search space"),
}


@pytest.mark.parametrize(("before", "after", "said"), UNTRUE.values(), ids=UNTRUE)
def test_a_journal_that_says_what_cannot_be_is_refused(
    before: str, after: str, said: str, study: Study, journal: Path
) -> None:
    study.complete(study.ask().number, toys.result(0.7), 12.5)
    content = journal.read_text(encoding="utf-8")
    assert before in content
    journal.write_text(content.replace(before, after), encoding="utf-8")
    with pytest.raises(RunError, match=rf"must hold a record a line, however one says what it cannot .*{said}"):
        opened(journal)


def test_the_best_is_the_lowest_and_of_equals_the_first_whichever_ended_first(study: Study, journal: Path) -> None:
    numbers = [study.ask().number for _ in range(4)]
    for number, error in zip(reversed(numbers), (0.3, 0.3, 0.7, 0.9), strict=True):
        study.complete(number, toys.result(error), 1.0)
    for each in (study, opened(journal)):
        assert each.best is not None
        assert (each.best.number, each.best.values) == (2, (0.3,))
        assert each.errors.lowest() == (0.3, 0.3, 0.7, 0.9)
        assert each.errors.lowest(2) == (0.7, 0.9)


def test_a_trial_that_failed_or_has_no_finite_error_uses_budget_and_is_not_tried_again(study: Study) -> None:
    study.fail(study.ask().number, "it diverged", 1.0)
    for error in (math.nan, math.inf, -math.inf):
        assert "no finite number" in complete(study, error)
    assert (endings(study), study.budget_used, study.best) == ({Ending.FAILED: 4}, 4, None)
    first, *others = study.reasons(Ending.FAILED)
    assert (first, ["no finite number" in each for each in others]) == ("it diverged", [True] * 3)
    assert not [settings for settings in asked(study, 5) if settings in STARTS]


def test_a_lost_trial_runs_again_with_its_settings_three_times_at_most(study: Study, journal: Path) -> None:
    asked(study, 2)
    lost = [lose(study) for _ in range(MAXIMUM_RETRIES)]
    assert (study.budget_used, study.reasons(Ending.FAILED)) == (0, [])
    lost.append(lose(opened(journal)))
    again = opened(journal)
    assert [dict(record.settings) for record in lost] == [dict(lost[0].settings)] * (1 + MAXIMUM_RETRIES)
    assert {(record.root, record.seed) for record in lost} == {(2, lost[0].seed)}
    assert ([record.repeats for record in lost], list(again.executions(2))) == ([None, 2, 3, 4], [2, 3, 4, 5])
    assert (again.budget_used, again.reasons(Ending.FAILED)) == (1, ["the worker was killed, 4 times"])
    assert again.ask().settings != lost[0].settings


def test_a_trial_that_was_given_up_runs_again_however_often_and_that_is_no_loss(study: Study) -> None:
    asked(study, 2)
    given_up = [abandon(study) for _ in range(2 * MAXIMUM_RETRIES)]
    for _ in range(MAXIMUM_RETRIES):
        lose(study)
        given_up.append(abandon(study))
    assert {(record.root, *record.settings.values()) for record in given_up} == {(2, *given_up[0].settings.values())}
    assert (study.budget_used, study.reasons(Ending.FAILED)) == (0, [])
    lose(study)
    assert study.reasons(Ending.FAILED) == ["the worker was killed, 4 times"]


@pytest.mark.parametrize("end", [lose, abandon], ids=["lost", "given up"])
def test_what_runs_again_runs_once_more_in_all_sessions_together(study: Study, journal: Path, end: Any) -> None:
    settings = end(study).settings
    opened(journal)
    assert asked(opened(journal), 6).count(dict(settings)) == 1


def test_a_trial_gets_one_ending_and_one_that_goes_with_what_is_known_of_it(study: Study) -> None:
    complete(study, 0.5)
    with pytest.raises(RuntimeError, match=r"toy-0 must be running to be failed, however it is complete\."):
        study.fail(0, "why", 1.0)
    study.begin(study.ask().number)
    with pytest.raises(RuntimeError, match=r"toy-1 must not have begun to be refused"):
        study.refuse(1, "too large", {})
    with pytest.raises(RuntimeError, match="else a reason"):
        study.fail(1, "", 1.0)
    assert endings(study) == {Ending.COMPLETE: 1}


def test_settings_that_were_tried_are_known_and_those_that_were_refused_are_not(study: Study) -> None:
    first, second = study.ask(), study.ask()
    assert study.first_with_settings_of(first) is None
    twin = replace(second, number=9, settings=dict(first.settings))
    assert study.first_with_settings_of(twin) == 0
    assert study.first_with_settings_of(replace(twin, repeats=0)) is None
    study.refuse(0, "too large", {"parameters": 1.0})
    twin = replace(study.ask(), settings=dict(second.settings))
    assert study.first_with_settings_of(twin) == 1


def test_all_architectures_share_a_journal_that_another_may_join(journal: Path) -> None:
    journal.parent.mkdir()
    studies = Studies(journal, {name: space(journal.parent, name=name) for name in ("one", "two")}, seed=0)
    complete(studies["one"], 0.7, 1.0)
    studies["two"].fail(studies["two"].ask().number, "why", 2.0)
    running = studies["two"].ask()
    late = Studies(journal, {name: space(journal.parent, name=name) for name in ("two", "late")}, seed=0)
    assert {name: count for name, count in studies.states().items() if count} == {
        "COMPLETE": 1,
        "FAIL": 1,
        "RUNNING": 1,
    }
    assert (studies.seconds(), late.seconds(), late.running(), late["late"].ask().number) == (2.0, 2.0, [running], 0)


@pytest.mark.parametrize("changed", ["range", "removed", "asked"])
def test_a_changed_space_is_refused_by_the_name_of_its_parameter(journal: Path, changed: str) -> None:
    journal.parent.mkdir()
    whole = space(journal.parent)
    needing = replace(whole, parameters=(whole.parameters[0], replace(whole.parameters[1], needs_metadata=True)))
    before, after, name = {
        "range": (whole, space(journal.parent, high="2.0"), "offset"),
        "removed": (whole, replace(whole, parameters=whole.parameters[:1], starts=()), "shift"),
        "asked": (replace(needing, has_metadata=False), needing, "shift"),
    }[changed]
    Studies(journal, {"toy": before}, seed=0)
    with pytest.raises(RunError, match=rf"search space of 'toy' .* however parameter '{name}' has changed"):
        Studies(journal, {"toy": after}, seed=0)


def test_a_journal_that_another_version_wrote_is_refused_and_an_empty_one_is_new(journal: Path) -> None:
    journal.parent.mkdir()
    journal.touch()
    assert complete(opened(journal), 0.5) == ""
    journal.write_text(journal.read_text().replace('"losses":', '"lost":'))
    with pytest.raises(RunError, match="trial 0 of 'toy' lacks some of it"):
        opened(journal)


def test_a_journal_torn_anywhere_opens_with_every_record_before_and_goes_on(journal: Path) -> None:
    """Two starting points, one of which failed, a sampled trial, and one that is stopped: cut at every byte."""
    study = opened(journal)
    complete(study, 0.7)
    study.fail(study.ask().number, "why", 2.0)
    study.begin(study.ask().number)
    study.complete(2, toys.result(0.5), 3.0)
    study.stop(study.ask().number, 10, 0.75, "worse", 4.0)
    whole = journal.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    cuts = sorted({*ends, *(end + part for end in ends[:-1] for part in (1, 20)), *range(last, len(whole), 7)})
    for cut in cuts:
        journal.write_bytes(whole[:cut])
        again = opened(journal)
        finished = [json.loads(line) for line in whole[:cut].splitlines() if line.endswith(b"}")]
        told = sum(record["op_code"] == 6 and TrialState(record["state"]).is_finished() for record in finished)
        assert again.budget_used == told, cut
        assert [dict(record.settings) for record in (*again.records, again.ask(), again.ask())][:2] == STARTS, cut
        assert all(json.loads(line) for line in journal.read_bytes().splitlines()), cut
    assert len(cuts) > 40


def test_a_left_over_lock_does_not_delay_opening(study: Study, journal: Path) -> None:
    locks = [journal.parent / f"study.journal.lock{end}" for end in ("", ".rename-1234")]
    for lock in locks:
        lock.touch()
    started = time.monotonic()
    opened(journal).ask()
    assert time.monotonic() - started < 5
    assert not any(lock.exists() for lock in locks)


def test_a_trial_that_somebody_else_adds_is_noticed(study: Study, journal: Path) -> None:
    study.ask()
    stranger = optuna.load_study(study_name="toy", storage=open_journal(journal)[1])
    stranger.enqueue_trial({"offset": 0.1})
    with pytest.raises(RunError, match="another process has added one of 'toy'"):
        study.ask()


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution:UserWarning")
def test_a_choice_may_be_a_list(tmp_path: Path) -> None:
    widths = Parameter("widths", CategoricalDistribution([[16, 32], [8]]), {}, False)
    space = SearchSpace("toy", (widths,), frozenset(), (), True)
    study = Studies(tmp_path / "journal", {"toy": space}, seed=0, sampler="random")["toy"]
    records = [study.ask() for _ in range(6)]
    assert [study.first_with_settings_of(record) is None for record in records].count(True) == 2
