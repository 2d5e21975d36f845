"""What a row counts in the training loss, by its task."""

import numpy as np
import pytest
import torch

from mthn_automl.data.encoding import Flags
from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.batches import Batch, lay_out, whole
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import Schedule
from mthn_automl.training.members import Member
from mthn_automl.training.settings import LossWeighting, TrainingSettings
from mthn_automl.training.weighting import LEAST_LOSS, LossWeights
from tests.contracts import zoo
from tests.training.trained import fit

WEIGHTINGS: tuple[LossWeighting, ...] = ("rows", "tasks", "power", "uncertainty")


def data() -> TrainingData:
    """Two tasks of ten rows and ten of one, of which every third row validates."""
    dataset = zoo.one_row_tasks()
    return encode(dataset, np.where(np.arange(len(dataset)) % 3 == 2, 0, -1), Flags.of(dataset))


def batch_of(given: TrainingData) -> tuple[Batch, torch.Tensor]:
    batch = whole([lay_out(given.training[0], given.task, 4)], given.shape.tasks)
    return batch, torch.from_numpy(batch.mask).float()


def weights_by_task(weights: LossWeights, given: TrainingData) -> dict[int, float]:
    batch, mask = batch_of(given)
    rows = weights.of_rows(batch, mask)[0]
    return {int(batch.present[0, place]): float(own.max()) for place, own in zip(batch.place[0], rows, strict=True)}


def test_rows_that_count_alike_need_no_weights() -> None:
    assert LossWeights.of(data(), [0], TrainingSettings()) is None


def weights_of(given: TrainingData, weighting: LossWeighting) -> LossWeights:
    weights = LossWeights.of(given, [0], TrainingSettings(loss_weighting=weighting, loss_power=0.3))
    assert weights is not None
    return weights


def test_a_row_weighs_a_power_of_its_tasks_training_rows_and_one_on_average() -> None:
    """With tasks alike every task has the same sum of weights."""
    given, power = data(), {"tasks": 1.0, "power": 0.3}
    sizes = np.bincount(given.task[given.training[0]])
    for weighting in ("tasks", "power"):
        found = weights_by_task(weights_of(given, weighting), given)
        relative = {task: weight * sizes[task] ** power[weighting] for task, weight in found.items()}
        np.testing.assert_allclose(list(relative.values()), relative[0], rtol=1e-5)
        assert sum(weight * sizes[task] for task, weight in found.items()) == pytest.approx(sizes.sum(), rel=1e-5)
    batch, mask = batch_of(given)
    rows = weights_of(given, "tasks").of_rows(batch, mask)[0].sum(dim=1).numpy()
    np.testing.assert_allclose(np.bincount(batch.place[0], rows), rows.sum() / len(batch.present[0]), rtol=1e-5)


def test_uncertainty_weighs_a_task_by_the_inverse_of_its_running_loss() -> None:
    given = data()
    weights = weights_of(given, "uncertainty")
    batch, mask = batch_of(given)
    noisy = torch.from_numpy(batch.present[:, batch.place[0]] == 0).unsqueeze(2)
    loss = torch.where(noisy, 4.0, 0.25) * torch.ones_like(mask)
    for _ in range(100):
        weights.learn(batch, loss, mask)
    found = weights_by_task(weights, given)
    assert found[1] / found[0] == pytest.approx(16.0, rel=1e-2)
    assert float(weights.of_rows(batch, mask).sum() / mask.sum()) == pytest.approx(1.0, rel=1e-5)


def test_a_task_without_loss_does_not_push_the_others_aside() -> None:
    given = data()
    weights = LossWeights(torch.zeros(1, given.shape.tasks + 1), learns=True)
    weights.table[:, 1:] = 1.0
    found = weights_by_task(weights, given)
    assert found[0] / found[1] == pytest.approx(1.0 / LEAST_LOSS, rel=1e-4)


@pytest.mark.parametrize("present_only", [True, False], ids=["tasks present", "all tasks"])
def test_a_member_is_weighted_in_a_pack_as_alone_and_otherwise_by_every_weighting(present_only: bool) -> None:
    given, heads = data(), []
    for weighting in WEIGHTINGS:
        together, alone = (
            fit(
                given,
                lambda: build(given.shape),
                members,
                TrainingSettings(loss_weighting=weighting),
                Schedule(8, 4, 9, 1),
                present_only=present_only,
            ).pack.parameters
            for members in ([Member(0, 3), Member(0, 4)], [Member(0, 4)])
        )
        for name, value in together.items():
            torch.testing.assert_close(value[1], alone[name][0], rtol=1e-4, atol=1e-5)
        heads.append(alone["head_weight"].flatten())
    assert (torch.pdist(torch.stack(heads)) > 1e-4).all()


def build(shape: ProblemShape) -> HardSharing:
    return HardSharing(shape, HardSharingSettings(width=16, depth=1))


def test_tasks_that_are_alike_count_alike_however_their_rows_are_weighted_and_whatever_they_miss() -> None:
    dataset = zoo.gaps_and_weights()
    given = encode(dataset, np.full(len(dataset), -1), Flags.of(dataset))
    assert given.counts is not None
    found = weights_by_task(weights_of(given, "tasks"), given)
    counts = np.bincount(dataset.task, given.counts.values.mean(axis=1))
    np.testing.assert_allclose(
        [found[task] * each for task, each in enumerate(counts)], found[0] * counts[0], rtol=1e-5
    )


def test_the_running_loss_of_a_task_is_over_what_its_rows_count() -> None:
    given = data()
    weights, (batch, mask) = weights_of(given, "uncertainty"), batch_of(given)
    counts = torch.where(torch.from_numpy(batch.present[:, batch.place[0]] == 0)[..., None, None], 0.25, 2.0)
    counts = counts.expand(*mask.shape, 1)
    for _ in range(100):
        weights.learn(batch, 3.0 * counts.squeeze(-1), mask, counts)
    np.testing.assert_allclose(list(weights_by_task(weights, given).values()), 1.0, rtol=1e-3)
