"""A step of every neural architecture there is, beside one of hard sharing in the same rounds."""

from collections.abc import Callable, Mapping
from typing import Any

from figures import Found
from measuring import Spread, Taken, Way, interleaved, ratio, say
from stepping import epochs, synthetic, trainer_of

from mthn_automl import catalogue
from mthn_automl.training.trainer import Trainer

TASKS, ROWS_A_TASK, MEMBERS = 88, 16, 15
BASE = "hard_sharing"


def step_of_each(quick: bool) -> Found:
    """Seconds of a step over those of hard sharing: batches of 64 rows, 88 tasks, default settings."""
    names = catalogue.names("neural")
    found = {members: _steps(names, members, quick) for members in (1, MEMBERS)}
    alone, pack = ({name: ratio(each[name], each[BASE]) for name in names} for each in found.values())
    details: dict[str, Any] = {
        "in_a_pack_of_15": pack,
        "milliseconds_alone": _milliseconds(found[1], 1),
        "milliseconds_of_a_member_in_a_pack": _milliseconds(found[MEMBERS], MEMBERS),
        "all_tasks": [name for name in names if _cost(name) == "all_tasks"],
    }
    return Found.of_cases(alone, details)


def _steps(names: list[str], members: int, quick: bool) -> Mapping[str, list[Taken]]:
    say(f"    {members} at once")
    data = synthetic(TASKS, ROWS_A_TASK)
    works: dict[str, Callable[[], object]] = {}
    for name in names:
        architecture: Any = catalogue.read(name).load_class()
        present_only = _cost(name) == "tasks_present"
        trainer = trainer_of(data, members, architecture, architecture.Settings(), present_only=present_only)
        works[name] = _stepping(trainer, epochs(data, members))
    return interleaved(
        {name: Way.filling(work, 0.02 if quick else 0.2) for name, work in works.items()}, 2 if quick else 7
    )


def _stepping(trainer: Trainer, batches: Any) -> Callable[[], object]:
    return lambda: trainer.step(next(batches))


def _cost(name: str) -> str:
    architecture: Any = catalogue.read(name).load_class()
    return str(architecture.traits(synthetic(2, 2).shape, architecture.Settings()).cost)


def _milliseconds(found: Mapping[str, list[Taken]], members: int) -> dict[str, Spread]:
    return {name: Spread.of([1e3 * each.wall / members for each in taken]) for name, taken in found.items()}
