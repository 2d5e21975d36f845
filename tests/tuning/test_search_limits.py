"""The source of trials under limits: what is not begun, and what is no answer once it has been fitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mthn_automl.catalogue import SpaceFile
from mthn_automl.models.base import Size
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import TrialFinished
from mthn_automl.tuning.guard import Guard, Refusal
from mthn_automl.tuning.search import REFUSALS, TrialSource
from mthn_automl.tuning.trial import Outcome
from tests.tuning import toys
from tests.tuning.sources import Place, place, states, taken


@dataclass(frozen=True)
class OffsetGuard(Guard):
    """Refuses offsets above one: something known before a trial, as the number of parameters is of a network."""

    most: float = 1.0

    def refusal(self, file: SpaceFile, chosen: Mapping[str, Any]) -> Refusal | None:
        above = chosen["offset"] - self.most
        return Refusal(f"offset must be at most {self.most}", {"offset": above}) if above > 0 else None


def guarded(here: Place, most: float, **given: Any) -> TrialSource:
    return here.source(guard=OffsetGuard(ProblemShape(1, 1, 1, 0), 1, most=most), **given)


def test_configurations_that_break_a_limit_are_not_begun_and_use_no_budget(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = guarded(here, 0.4, trials=3)
    begun = [taken(source) for _ in range(3)]
    assert source.next() is None
    assert all(trial.configuration.settings["offset"] <= 0.4 for trial in begun)
    assert set(source.studies["toy"].reasons(Ending.REFUSED)) == {"offset must be at most 0.4"}
    first = source.studies["toy"].records[0]  # the starting point
    assert (first.state.name, first.ending) == ("PRUNED", Ending.REFUSED)
    assert first.excess == {"offset": pytest.approx(0.1)}  # the sampler learns from it
    assert (states(source), source.studies["toy"].budget_used) == ({"RUNNING": 3}, 0)
    assert not any(isinstance(each, TrialFinished) for each in here.events)
    assert len(list((tmp_path / "trials").iterdir())) == 3


def test_a_search_whose_configurations_all_break_the_limits_ends(tmp_path: Path) -> None:
    source = guarded(place(tmp_path), -1.0, trials=5)
    assert source.next() is None
    assert len(source.studies["toy"].reasons(Ending.REFUSED)) == REFUSALS


class OnlyFree(Guard):
    """Refuses all configurations of the architecture `toy`."""

    def refusal(self, file: SpaceFile, chosen: Mapping[str, Any]) -> Refusal | None:
        return Refusal("too large", {"parameters": 1.0}) if file.name == "toy" else None


def test_an_architecture_of_which_all_break_a_limit_is_passed_over_and_asked_for_one_at_a_time(tmp_path: Path) -> None:
    """Its sampler goes on learning, and a long search does not fill its study with refusals."""
    here = place(tmp_path, names=("free", "toy"))
    source = here.source(guard=OnlyFree(ProblemShape(1, 1, 1, 0), 1), trials=8)
    assert {taken(source).architecture for _ in range(7)} == {"free"}
    refused = source.studies["toy"].reasons(Ending.REFUSED)
    assert len(refused) == REFUSALS + 5  # at the first trial its turn had not come
    source.guard = None
    assert taken(source).architecture == "toy"
    assert source.next() is None


SMALL, LARGE = (toys.result(error, size=Size(total, 1, 0)) for error, total in ((0.9, 10), (0.1, 1000)))


def test_a_model_whose_size_is_known_only_once_it_is_fitted_is_complete_but_no_answer(tmp_path: Path) -> None:
    here = place(tmp_path)
    source = here.source(limits=Limits(parameters=100))
    source.finished(taken(source), Outcome(Ending.COMPLETE, LARGE))
    source.finished(taken(source), Outcome(Ending.COMPLETE, SMALL))
    assert states(source) == {"COMPLETE": 2}
    best = source.studies["toy"].best
    assert best is not None
    assert (best.number, best.values) == (1, (0.9,))
    assert source.standings()["toy"].errors.lowest() == (0.9,)
    told = [each for each in here.events if isinstance(each, TrialFinished)]
    assert [each.best for each in told] == [None, 0.9]
    assert [each.reason for each in told] == ["parameters must be at most 100, however there are 1,000", ""]


FEW = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"
parameters.offset = { type = "categorical", choices = [0.0, 0.5] }
"""


def test_the_same_settings_are_not_tried_twice_unless_lost_and_a_space_may_be_exhausted(tmp_path: Path) -> None:
    source = Place(tmp_path, {"toy": toys.written(tmp_path / "toy.toml", FEW)}).source(trials=10)
    first = taken(source)
    source.lost(first, "killed")
    again = taken(source)
    assert (again.root, again.configuration.settings) == (first.number, first.configuration.settings)
    assert {each.configuration.settings["offset"] for each in (again, taken(source))} == {0.0, 0.5}
    assert source.next() is None
    refused = source.studies["toy"].reasons(Ending.REFUSED)
    assert len(refused) >= REFUSALS
    assert all(each.startswith("the settings are those of trial ") for each in refused)
