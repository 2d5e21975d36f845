"""Networks that are too large are refused before they are trained, in a sentence with their numbers."""

from functools import partial
from typing import Any

import pytest

from mthn_automl import catalogue
from mthn_automl.errors import TooLargeError
from mthn_automl.models.base import ProblemShape, Traits
from mthn_automl.models.single_task import SingleTask, SingleTaskSettings
from mthn_automl.tuning import guard
from mthn_automl.tuning.guard import ALL_TASKS_NUMBERS, count, refuse_too_large, too_large
from mthn_automl.tuning.space import build_space, make_settings

NEURAL = catalogue.names("neural")
PRESENT, ALL = Traits(True, False), Traits(True, False, cost="all_tasks")


def shape(tasks: int) -> ProblemShape:
    return ProblemShape(features=4, outputs=1, tasks=tasks, metadata=2)


def first_network(name: str, tasks: int) -> partial[Any]:
    """A network of the architecture at its first trial."""
    file = catalogue.read(name)
    space = build_space(file, has_metadata=True)
    settings = make_settings(file.load_class().Settings, space.split(space.starts[0])[0])  # type: ignore[attr-defined]
    return partial(file.load_class(), shape(tasks), settings)


@pytest.mark.parametrize("name", NEURAL)
def test_what_is_counted_without_memory_is_what_is_allocated(name: str) -> None:
    network = first_network(name, 7)()
    expected = [each for key, each in [*network.named_parameters(), *network.named_buffers()] if key != "metadata"]
    assert count(first_network(name, 7)) == sum(each.numel() for each in expected)


def test_a_network_that_looks_at_its_own_numbers_is_counted_all_the_same() -> None:
    class Looks(SingleTask):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.largest = float(self.weight_0.detach().max())  # type: ignore[operator]

    given = shape(5), SingleTaskSettings()
    assert count(partial(Looks, *given)) == count(partial(SingleTask, *given))


def test_a_network_that_uses_all_its_numbers_at_every_step_may_have_fewer() -> None:
    build = partial(SingleTask, shape(500), SingleTaskSettings())
    refuse_too_large("mine", build, PRESENT, 500, 3)
    with pytest.raises(TooLargeError, match=f"at most {ALL_TASKS_NUMBERS:,} numbers.* with 500 tasks"):
        refuse_too_large("mine", build, ALL, 500, 3)


def test_all_networks_of_a_trial_count_together() -> None:
    build = partial(SingleTask, shape(20_000), SingleTaskSettings())
    refuse_too_large("mine", build, PRESENT, 20_000, 1)
    with pytest.raises(TooLargeError, match=r"however 15 of [\d,]+ are wanted with 20,000 tasks"):
        refuse_too_large("mine", build, PRESENT, 20_000, 15)


def refused(tasks: int, members: int = 5) -> set[str]:
    files = {name: catalogue.read(name) for name in catalogue.names()}
    spaces = {name: build_space(file, has_metadata=True) for name, file in files.items()}
    return set(too_large(files, spaces, shape(tasks), members))


def test_no_architecture_is_too_large_for_twenty_tasks() -> None:
    assert refused(20) == set()


def test_with_thousands_of_tasks_only_those_that_grow_with_them_are_too_large() -> None:
    found = refused(3_000)
    costs = {
        name: catalogue.read(name).load_class().traits(shape(2), catalogue.read(name).load_class().Settings()).cost  # type: ignore[attr-defined]
        for name in NEURAL
    }
    assert found == {name for name, cost in costs.items() if cost == "all_tasks"}


def test_an_architecture_is_searched_where_its_smallest_first_trial_is_feasible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = sorted(count(partial(SingleTask, shape(20), each)) for each in settings_of_single_task())
    monkeypatch.setattr(guard, "PACK_NUMBERS", numbers[0])
    assert "single_task" not in refused(20, members=1)
    monkeypatch.setattr(guard, "PACK_NUMBERS", numbers[0] - 1)
    assert "single_task" in refused(20, members=1)


def settings_of_single_task() -> list[SingleTaskSettings]:
    space = build_space(catalogue.read("single_task"), has_metadata=True)
    return [make_settings(SingleTaskSettings, space.split(start)[0]) for start in space.starts]
