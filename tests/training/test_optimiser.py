"""AdamW over the tasks present: what torch's AdamW over all tasks makes of the same gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mthn_automl.data.arrays import IntArray
from mthn_automl.training.optimiser import PackOptimiser, TaskRows
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tables import Table

MEMBERS, TASKS, WIDTH = 2, 30, 5
SETTINGS = TrainingSettings(learning_rate=1e-2, weight_decay=0.3)


def start() -> Tensor:
    return torch.randn(MEMBERS, TASKS, WIDTH, generator=torch.Generator().manual_seed(0))


def visits(steps: int, chance: float) -> list[IntArray]:
    """(members, tasks) of each step: whether a task is present. The last task is never; the first is at step 0 only."""
    present = np.random.default_rng(1).random((steps, MEMBERS, TASKS)) < chance
    present[:, :, [0, -1]] = False
    present[0, :, 0] = True
    return list(present)


def gradient(step: int) -> Tensor:
    return torch.randn(MEMBERS, TASKS, WIDTH, generator=torch.Generator().manual_seed(100 + step))


def dense(steps: int, chance: float) -> Tensor:
    value = start().requires_grad_()
    optimiser = torch.optim.AdamW([value], lr=SETTINGS.learning_rate, weight_decay=SETTINGS.weight_decay)
    for step, present in enumerate(visits(steps, chance)):
        value.grad = gradient(step) * torch.from_numpy(present).unsqueeze(2)
        optimiser.step()
    return value.detach()


def rows_of(present: IntArray) -> IntArray:
    """Rows of the table, members padded to equal numbers with nobody's row."""
    found = [np.flatnonzero(each) for each in present]
    most = max(map(len, found))
    return np.stack([np.append(each, [TASKS] * (most - len(each))) for each in found]).astype(np.int64)


def run(optimiser: PackOptimiser, steps: range, chance: float, members: list[int]) -> None:
    for step, present in enumerate(visits(max(steps.stop, 1), chance)):
        if step not in steps:
            continue
        present = present[members]
        wanted = rows_of(present)
        if wanted.shape[1] == 0:
            wanted = np.full((len(members), 1), TASKS)
        assert optimiser.rows is not None
        rows = optimiser.rows.fetch((wanted + np.arange(len(members))[:, None] * (TASKS + 1)).reshape(-1))
        padded = torch.cat([gradient(step)[members], torch.zeros(len(members), 1, WIDTH)], dim=1)
        own = torch.stack([padded[place, each] for place, each in enumerate(torch.from_numpy(wanted))])
        optimiser.step([own.flatten(0, 1)], rows)


def made(start: Tensor) -> tuple[PackOptimiser, Table]:
    table = Table.of_tasks({"own": start})
    assert table is not None
    return PackOptimiser([], TaskRows(table.values, SETTINGS), SETTINGS), table


def settled(optimiser: PackOptimiser, table: Table) -> Tensor:
    """(members, tasks, width): all rows brought to where they are by now."""
    assert optimiser.rows is not None
    optimiser.rows.settle()
    return table.split(table.values[:, :-1])["own"]


@pytest.mark.parametrize(("steps", "chance"), [(1, 0.3), (60, 1.0), (60, 0.3), (400, 0.02)])
def test_rows_fetched_when_needed_end_where_all_rows_at_every_step_do(steps: int, chance: float) -> None:
    optimiser, table = made(start())
    run(optimiser, range(steps), chance, [0, 1])
    torch.testing.assert_close(settled(optimiser, table), dense(steps, chance), rtol=1e-4, atol=2e-5)


def test_a_task_without_rows_is_only_decayed() -> None:
    optimiser, table = made(start())
    run(optimiser, range(50), 0.3, [0, 1])
    assert optimiser.rows is not None
    optimiser.rows.settle()
    shrunk = (1 - SETTINGS.learning_rate * SETTINGS.weight_decay) ** 50
    torch.testing.assert_close(table.split(table.values[:, :-1])["own"][:, -1], start()[:, -1] * shrunk)


def test_settling_in_between_changes_nothing() -> None:
    (often, first), (once, second) = made(start()), made(start())
    for step in range(40):
        run(often, range(step, step + 1), 0.2, [0, 1])
        settled(often, first)
    run(once, range(40), 0.2, [0, 1])
    torch.testing.assert_close(settled(often, first), settled(once, second), rtol=1e-4, atol=1e-5)


def test_a_member_goes_on_with_its_moments_when_another_leaves() -> None:
    optimiser, table = made(start())
    run(optimiser, range(20), 0.3, [0, 1])
    kept = torch.tensor([1])
    going_on, smaller = made(settled(optimiser, table)[kept])
    going_on.take_over(optimiser, kept)
    run(going_on, range(20, 45), 0.3, [1])
    torch.testing.assert_close(settled(going_on, smaller), dense(45, 0.3)[1:], rtol=1e-4, atol=2e-5)


def test_shared_parameters_move_as_under_torch() -> None:
    value, other = start(), start().requires_grad_()
    ours = PackOptimiser([value], None, SETTINGS)
    theirs = torch.optim.AdamW([other], lr=SETTINGS.learning_rate, weight_decay=SETTINGS.weight_decay)
    for step in range(30):
        ours.step([gradient(step)], None)
        other.grad = gradient(step)
        theirs.step()
    torch.testing.assert_close(value, other.detach())
