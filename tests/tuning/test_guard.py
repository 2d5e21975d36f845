"""Networks that are too large are refused before they are trained, in a sentence with their numbers."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.errors import TooLargeError
from mthn_automl.models.base import Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.single_task import SingleTask, SingleTaskSettings
from mthn_automl.training import outline
from mthn_automl.tuning import guard
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.guard import MOST_OF_ALL_TASKS, Guard, Refusal, count, refuse_too_large
from mthn_automl.tuning.space import build_space, make_settings

CHECKOUT = Path(__file__).parents[2]
LOADED = """
import sys
from mthn_automl.tuning.objective import prepare_process
from mthn_automl.tuning.state import model_state, restored_models
from tests.contracts.neural import class_of, fit_networks
from tests.contracts.zoo import planted
from tests.tuning.test_guard import NEURAL, count, first_network
prepare_process()
for name in NEURAL:
    count(first_network(name))
    state, architecture = model_state(fit_networks(name, planted(), epochs=1)), class_of(name)
    restored_models(architecture, vars(architecture.Settings()), [state], planted().schema, 12)[0].predict(planted())
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
NEURAL = catalogue.names("neural")
PRESENT, ALL = Traits(True, False), Traits(True, False, cost="all_tasks")


def shape(tasks: int) -> ProblemShape:
    return ProblemShape(features=4, outputs=1, tasks=tasks, metadata=2)


def first_settings(name: str) -> dict[str, Any]:
    space = build_space(catalogue.read(name), has_metadata=True)
    return space.split(space.starts[0])[0]


def first_network(name: str, tasks: int = 7) -> partial[Any]:
    """A network of the architecture at its first trial."""
    architecture: Any = catalogue.read(name).load_class()
    return partial(architecture, shape(tasks), make_settings(architecture.Settings, first_settings(name)))


def asked(name: str, limits: Limits, seeds: int = 1, chosen: dict[str, Any] | None = None) -> Refusal | None:
    """What the guard says of the first trial of an architecture with seven tasks."""
    guarding = Guard(shape(7), members=3, seeds=seeds, limits=limits)
    return guarding.refusal(catalogue.read(name), first_settings(name) if chosen is None else chosen)


def refused(name: str, limits: Limits, chosen: dict[str, Any] | None = None) -> Refusal:
    refusal = asked(name, limits, chosen=chosen)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("name", NEURAL)
def test_what_is_counted_without_memory_is_what_is_allocated_and_what_limits_are_compared_with(name: str) -> None:
    network, seeds = first_network(name)(), 3
    allocated = [each for key, each in [*network.named_parameters(), *network.named_buffers()] if key != "metadata"]
    assert count(first_network(name)) == sum(each.numel() for each in allocated)
    total, of_task = network.size().total * seeds, network.size().task_network * seeds
    assert asked(name, Limits(parameters=total, parameters_per_task=of_task), seeds) is None
    for limits in (Limits(parameters=total - 1), Limits(parameters_per_task=of_task - 1)):
        assert asked(name, limits, seeds) is not None


@pytest.mark.parametrize("most", [0, 300])
def test_a_network_of_many_numbers_is_counted_without_making_them(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = count(first_network("hypernetwork"))
    monkeypatch.setattr(outline, "MOST_MADE", most)
    assert count(first_network("hypernetwork")) == expected > most
    assert count(partial(SingleTask, shape(10**9), SingleTaskSettings())) > 10**9


def test_small_networks_are_looked_at_trained_and_read_without_loading_a_compiler() -> None:
    """Which takes seconds, that each worker would begin with."""
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_network_that_looks_at_its_own_parameters_is_counted_all_the_same() -> None:
    class Looks(SingleTask):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.largest = float(self.weight_0.detach().max())  # type: ignore[operator]

    given = shape(5), SingleTaskSettings()
    assert count(partial(Looks, *given)) == count(partial(SingleTask, *given))


def test_a_network_that_uses_all_its_parameters_at_every_step_may_have_fewer() -> None:
    build = partial(SingleTask, shape(500), SingleTaskSettings())
    refuse_too_large("mine", build, PRESENT, 500, 3)
    with pytest.raises(TooLargeError, match=f"at most {MOST_OF_ALL_TASKS:,} numbers.* with 500 tasks"):
        refuse_too_large("mine", build, ALL, 500, 3)


def test_all_networks_of_a_trial_count_together() -> None:
    build = partial(SingleTask, shape(20_000), SingleTaskSettings())
    refuse_too_large("mine", build, PRESENT, 20_000, 1)
    with pytest.raises(TooLargeError, match=r"however 15 of [\d,]+ are wanted with 20,000 tasks"):
        refuse_too_large("mine", build, PRESENT, 20_000, 15)


def too_large(tasks: int, members: int = 5) -> set[str]:
    files = {name: catalogue.read(name) for name in catalogue.names()}
    spaces = {name: build_space(file, has_metadata=True) for name, file in files.items()}
    return set(Guard(shape(tasks), members).too_large(files, spaces))


def test_only_architectures_that_grow_with_the_tasks_are_too_large_and_only_for_thousands() -> None:
    classes: dict[str, Any] = {name: catalogue.read(name).load_class() for name in NEURAL}
    costs = {name: each.traits(shape(2), each.Settings()).cost for name, each in classes.items()}
    assert too_large(20) == set()
    assert too_large(3_000) == {name for name, cost in costs.items() if cost == "all_tasks"}


def test_an_architecture_is_searched_where_its_smallest_is_feasible(monkeypatch: pytest.MonkeyPatch) -> None:
    space = build_space(catalogue.read("single_task"), has_metadata=True)
    firsts = [make_settings(SingleTaskSettings, space.split(start)[0]) for start in space.starts]
    smallest = min(count(partial(SingleTask, shape(20), first)) for first in firsts)
    monkeypatch.setattr(guard, "MOST_OF_A_PACK", smallest)
    assert "single_task" not in too_large(20, members=1)
    monkeypatch.setattr(guard, "MOST_OF_A_PACK", smallest - 1)
    assert "single_task" in too_large(20, members=1)


def test_a_refusal_says_how_many_there_are_and_by_how_much_that_is_too_many() -> None:
    total = first_network("pooled")().size().total
    refusal = refused("pooled", Limits(parameters=total // 2, parameters_per_task=10 * total))
    assert refusal.reason == f"parameters must be at most {total // 2:,}, however there are {total:,}"
    assert refusal.excess["parameters"] == pytest.approx(total / (total // 2) - 1)
    assert refusal.excess["parameters_per_task"] < 0
    narrow, wide = (refused("pooled", Limits(parameters=10), chosen={"width": width}) for width in (16, 64))
    assert narrow.excess["parameters"] < wide.excess["parameters"]


def test_nothing_is_refused_for_what_is_not_known_beforehand() -> None:
    assert asked("pooled", Limits(latency=1e-9)) is None
    for name in catalogue.usable("classical"):
        assert asked(name, Limits(parameters=1, parameters_per_task=1)) is None, name


@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(parameters=1)], ids=["no limits", "limits"])
def test_what_cannot_be_trained_is_refused_whatever_the_limits(monkeypatch: pytest.MonkeyPatch, limits: Limits) -> None:
    monkeypatch.setattr(guard, "MOST_OF_A_PACK", 10)
    refusal = refused("pooled", limits)
    assert refusal.reason.startswith("pooled must have at most 10 numbers in all networks of a trial")
    assert refusal.excess == {"too_large": 1.0}


def test_a_limit_makes_no_architecture_untrainable() -> None:
    """Other configurations than its first ones may keep it."""
    file = catalogue.read("pooled")
    guarding = Guard(shape(7), 3, limits=Limits(parameters=1))
    assert guarding.too_large({"pooled": file}, {"pooled": build_space(file, has_metadata=True)}) == {}


def test_asking_takes_no_random_numbers_from_the_search() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    asked("hypernetwork", Limits(parameters=1))
    assert torch.equal(torch.random.get_rng_state(), before)
