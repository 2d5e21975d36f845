from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.problems import PROBLEMS, Frames, arm_end, cubic, planted, robot_arm, write_problem
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import UsageError


def test_a_cubic_leaves_only_noise_to_its_polynomial() -> None:
    data, meta = cubic(tasks=10, rows=200)
    joined = data.merge(meta, on="task")
    powers = np.stack([joined["x"] ** power for power in (3, 2, 1, 0)], axis=1)
    rest = joined["target"] - (powers * joined[["a", "b", "c", "d"]]).sum(axis=1)
    assert rest.std() == pytest.approx(0.1, rel=0.05)
    assert rest.mean() == pytest.approx(0, abs=0.01)


def test_the_angles_of_a_robot_arm_lead_back_to_its_end_and_straight_it_reaches_as_far_as_its_links() -> None:
    data, meta = robot_arm()
    joined = data.merge(meta, on="task")
    angles, lengths = joined[["target1", "target2", "target3"]].to_numpy(), joined[["l1", "l2", "l3"]].to_numpy()
    np.testing.assert_allclose(np.stack(arm_end(angles, lengths), axis=1), joined[["x", "y"]].to_numpy(), atol=1e-12)
    straight = arm_end(np.array([[np.pi / 2, 0.0, 0.0]]), np.array([[1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(straight, [[0.0], [6.0]], atol=1e-12)


def test_planted_tasks_are_mostly_told_by_their_metadata() -> None:
    data, meta = planted(tasks=40, rows=30, features=2, metadata=2)
    joined = data.merge(meta, on="task")
    features = np.column_stack([np.ones(len(joined)), joined[["x1", "x2"]]])
    described = np.column_stack([np.ones(len(joined)), joined[["m1", "m2"]]])
    products = (features[:, :, None] * described[:, None, :]).reshape(len(joined), -1)
    fitted = products @ np.linalg.lstsq(products, joined["target"].to_numpy(), rcond=None)[0]
    assert np.mean((joined["target"] - fitted) ** 2) < 0.1 * joined["target"].var()


@pytest.mark.parametrize("generate", [cubic, robot_arm, planted])
def test_a_generator_gives_the_rows_and_tasks_asked_for_by_its_seed(generate: Callable[..., Frames]) -> None:
    data, meta = generate(tasks=7, rows=5)
    assert data["task"].value_counts().tolist() == [5] * 7
    assert meta["task"].tolist() == data["task"].unique().tolist()
    pd.testing.assert_frame_equal(generate(seed=1)[0], generate(seed=1)[0])
    assert not generate(seed=1)[0].equals(generate(seed=2)[0])


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_a_written_problem_can_be_read(tmp_path: Path, name: str) -> None:
    write_problem(name, tmp_path / "new" / name)
    dataset = read_dataset(tmp_path / "new" / name / "data.csv", tmp_path / "new" / name / "meta.csv")
    data, meta = PROBLEMS[name]()
    assert (len(dataset), len(dataset.tasks)) == (len(data), len(meta))
    assert dataset.schema.metadata


def test_a_problem_overwrites_nothing_and_must_be_known(tmp_path: Path) -> None:
    for taken in ("data.csv", "meta.csv"):
        (tmp_path / taken).write_text("mine")
        with pytest.raises(UsageError, match=f"{taken} exists"):
            write_problem("cubic", tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [taken]
        (tmp_path / taken).unlink()
    with pytest.raises(UsageError, match="'cubik' is not; did you mean 'cubic'"):
        write_problem("cubik", tmp_path)
