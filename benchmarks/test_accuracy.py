"""The comparison with other tools: what its tables say of made cells, and that it resumes and fails as it says."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from accuracy_cells import LOSSES, Cell, Key, read, scored, store, table
from accuracy_methods import METHODS, made_by, makers
from accuracy_report import Stored, markdown, write
from accuracy_sets import HALVES, split_rows, written
from accuracy_statistics import (
    against,
    critical_difference,
    geometric_mean,
    groups,
    means,
    optimism,
    over_best,
    ranks,
    ratio_interval,
    soonest,
)

from mthn_automl.data.problems import cubic

FOLDER = Path(__file__).parent
SPLITS = (0, 1, 2)


def cells_of(errors: Mapping[str, Mapping[str, float]], splits: Sequence[int] = SPLITS) -> list[Cell]:
    """errors: by set and method; the splits differ by a thousandth, whose mean is none."""
    return [
        Cell(
            dataset=dataset,
            split=split,
            method=method,
            seconds=120.0 if METHODS[method].timed else None,
            metric="rmse",
            error=error * (1 + 0.001 * (split - 1)),
            error_tasks=error,
            cv_error=error / 1.1,
            used=1.0,
            rows=80,
            test_rows=20,
        )
        for dataset, by_method in errors.items()
        for method, error in by_method.items()
        for split in splits
    ]


TWO_SETS = {
    "easy": {"ours": 1.0, "ours_single": 1.1, "lightgbm": 2.0, "catboost": 4.0},
    "hard": {"ours": 8.0, "ours_single": 8.8, "lightgbm": 4.0, "catboost": 8.0},
}


def test_the_halves_share_no_set_and_are_alike_in_number() -> None:
    first, second = (set(half) for half in HALVES.values())
    assert not first & second
    assert len(first) == len(second) == 8


def test_a_mean_is_of_all_splits_or_not_there() -> None:
    cells = table([*cells_of(TWO_SETS), *cells_of({"new": {"ours": 1.0}}, splits=(0, 1))])
    found = means(cells, SPLITS)
    assert found.loc["easy", "lightgbm"] == pytest.approx(2.0)
    assert np.isnan(found.loc["new", "ours"])


def test_the_best_rival_of_each_set_is_never_worse_than_the_best_fixed_rival() -> None:
    cells = table(cells_of(TWO_SETS))
    best = over_best(means(cells, SPLITS), "ours", ["lightgbm", "catboost"])
    assert dict(best["rival"]) == {"easy": "lightgbm", "hard": "lightgbm"}
    assert geometric_mean(best["ratio"]) == pytest.approx(1.0)
    fixed = against(cells, SPLITS, "ours", ["catboost", "lightgbm"])
    assert [each.rival for each in fixed] == ["lightgbm", "catboost"]
    assert fixed[0].ratio == pytest.approx(1.0)
    assert (fixed[0].wins, fixed[0].losses, fixed[0].worst_set) == (1, 1, "hard")
    assert fixed[1].ratio == pytest.approx(0.5)


def test_differences_far_larger_than_those_of_splits_are_shown() -> None:
    found = against(table(cells_of(TWO_SETS)), SPLITS, "ours", ["lightgbm"])[0]
    assert (found.better, found.worse) == (1, 1)
    assert found.p_holm == found.p_value


def test_a_failure_ranks_last_and_a_set_not_run_is_left_out() -> None:
    errors = means(table(cells_of({**TWO_SETS, "new": {"ours": 1.0}, "lost": {"ours": 2.0, "lightgbm": 1.0}})), SPLITS)
    failed = pd.DataFrame({"catboost": [True]}, index=["lost"])
    found = ranks(errors, failed, ["ours", "lightgbm", "catboost"])
    assert found is not None
    assert found.sets == ["easy", "hard", "lost"]
    assert found.mean["catboost"] == pytest.approx((3 + 2.5 + 3) / 3)
    assert found.mean["ours"] == pytest.approx((1 + 2.5 + 2) / 3)


def test_the_critical_difference_is_that_of_demsar_s_example() -> None:
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)


def test_groups_are_the_longest_runs_within_the_critical_difference() -> None:
    mean = pd.Series({"a": 1.0, "b": 1.8, "c": 2.5, "d": 4.0})
    assert groups(mean, 1.0) == [("a", "b"), ("b", "c")]
    assert groups(mean, 0.5) == []


def losses(factor: float, rows: int = 60, seed: int = 0) -> np.ndarray:
    found = np.zeros(rows, LOSSES)
    found["row"], found["task"] = np.arange(rows), np.arange(rows) % 7
    found["loss"] = factor * np.random.default_rng(seed).chisquare(1, rows)
    return found


def test_errors_of_one_shape_have_an_interval_of_one_point() -> None:
    same = ratio_interval([(losses(1.0), losses(4.0))], "rmse")
    assert same == (pytest.approx(0.5), pytest.approx(0.5))
    assert ratio_interval([(losses(1.0), losses(4.0))], "log_loss") == (pytest.approx(0.25), pytest.approx(0.25))


def test_errors_of_chance_have_an_interval_about_one() -> None:
    low, high = ratio_interval([(losses(1.0, seed=seed), losses(1.0, seed=seed + 50)) for seed in range(20)], "rmse")
    assert low < 1 < high


def test_a_pair_of_other_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="the same rows"):
        ratio_interval([(losses(1.0), losses(1.0)[1:])], "rmse")


def test_losses_give_the_error_back() -> None:
    rng = np.random.default_rng(0)
    target, prediction, task = rng.normal(size=(30, 3)), rng.normal(size=(30, 3)), np.arange(30) % 4
    error, error_tasks, found = scored("rmse", target, prediction, task, np.arange(30))
    assert np.sqrt(found["loss"].mean()) == pytest.approx(error)
    assert error_tasks == pytest.approx(
        np.mean([np.sqrt(found["loss"][task == number].mean()) for number in range(4)]), rel=1e-6
    )


def test_optimism_is_that_of_the_stated_error() -> None:
    found = optimism(table(cells_of(TWO_SETS)), SPLITS, ("ours", "ours_single"))
    assert found.to_numpy() == pytest.approx(np.log(1.1), rel=1e-5)


def test_the_least_budget_that_is_as_good_is_found() -> None:
    rival = cells_of({"quick": {"autogluon": 1.0}, "slow": {"autogluon": 1.0}})
    ours = [
        Cell(**{**vars(cell), "seconds": seconds, "error": error})
        for seconds, by_set in {15.0: (1.005, 1.5), 60.0: (0.9, 1.2)}.items()
        for name, error in zip(("quick", "slow"), by_set, strict=True)
        for cell in cells_of({name: {"ours": 1.0}})
    ]
    found = soonest(table([*rival, *ours]), SPLITS, "ours", "autogluon", at=120.0, within=0.01)
    assert dict(found) == {"quick": 15.0, "slow": np.inf}


def test_a_single_model_is_made_by_the_run_of_ours() -> None:
    assert makers("ours_single,ours,kernel") == ["ours", "kernel"]
    assert made_by("ours") == ["ours", "ours_single"]
    with pytest.raises(ValueError, match="'lightgmb' is not"):
        makers("lightgmb")


def test_tables_are_made_of_what_is_stored(tmp_path: Path) -> None:
    for cell in cells_of(TWO_SETS):
        store(tmp_path, cell, losses(cell.error or 0.0))
    store(tmp_path, Cell("hard", 0, "gpboost", None, failure="It ended with exit code 1."))
    text = write(tmp_path, seconds=120, sets="all", splits=SPLITS, anytime=())
    assert "ours / best rival" in text
    assert "hard, split 0, gpboost: It ended with exit code 1." in text
    assert {"cells.csv", "errors.csv", "against.csv", "ranks.csv", "ranks.svg", "ranks.png", "table.md"} <= {
        each.name for each in tmp_path.iterdir()
    }
    assert Stored.read(tmp_path, "easy", SPLITS, 120).cells["dataset"].unique().tolist() == ["easy"]
    assert "No result" in write(tmp_path, seconds=120, sets="confirmation", splits=SPLITS, anytime=())


def test_markdown_has_a_line_a_row() -> None:
    assert markdown(pd.DataFrame({"a": [1.5], "b": [float("nan")]})) == "| a | b |\n| --- | --- |\n| 1.5 |  |"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Two sets; `named` has splits and rows that they do not use."""
    data, meta = cubic(tasks=4, rows=12, seed=0)
    for name in ("named", "ruled"):
        (tmp_path / "data" / name).mkdir(parents=True)
        data.to_csv(tmp_path / "data" / name / "data.csv", index=False)
        meta.to_csv(tmp_path / "data" / name / "meta.csv", index=False)
    (tmp_path / "data" / "named" / "splits").mkdir()
    kinds = ["train", "vali", "test", "train"] * 10
    split = pd.DataFrame({"row": range(39, -1, -1), "split": kinds})
    split.to_csv(tmp_path / "data" / "named" / "splits" / "seed0.csv", index=False)
    return tmp_path / "data"


def test_rows_are_those_of_the_split_or_a_fifth_of_each_task(made: Path) -> None:
    train, test = split_rows(made / "named", 0, 48, "auto")
    assert (len(train), len(test), max(train.max(), test.max())) == (30, 10, 39)
    train, test = split_rows(made / "ruled", 0, 48, "auto")
    assert sorted([*train, *test]) == list(range(48))
    assert len(test) == 8


def test_a_method_is_given_the_rows_as_they_are_written(made: Path, tmp_path: Path) -> None:
    given = written(made / "ruled", 0, tmp_path)
    lines = (made / "ruled" / "data.csv").read_text().splitlines()
    assert (tmp_path / "test.csv").read_text().splitlines() == [lines[0], *(lines[row + 1] for row in given.rows)]
    tested = given.tested(given.dataset())
    assert len(tested) == len(given.rows) == len(given.tasks)


def compared(data: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "accuracy.py"), "--data", str(data), "--output", str(output), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.ray
def test_what_is_stored_is_not_run_again(made: Path, tmp_path: Path) -> None:
    options = ("--sets", "named,ruled", "--splits", "0", "--seconds", "15", "--workers", "1")
    first = compared(made, tmp_path / "out", *options, "--methods", "linear,ours")
    assert first.returncode == 0, first.stderr
    assert "4 of 4 jobs are left to run." in first.stderr
    answer = read(tmp_path / "out", Key("named", 0, "ours", 15.0))
    assert answer is not None
    assert answer.failure is None
    assert answer.test_rows == 10
    assert "ours_single" in first.stdout
    read_path = Key("ruled", 0, "linear", None).path(tmp_path / "out")
    read_path.unlink()
    again = compared(made, tmp_path / "out", *options, "--methods", "linear,ours")
    assert "1 of 4 jobs are left to run." in again.stderr
    assert json.loads(read_path.read_text())["error"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["named", "ruled"])  # read by the method's process, and before it is begun
def test_a_failure_is_stored_shown_and_tried_again_when_asked(name: str, made: Path, tmp_path: Path) -> None:
    whole = (made / name / "meta.csv").read_text()
    options = ("--sets", name, "--splits", "0", "--methods", "linear")
    (made / name / "meta.csv").write_text(whole.splitlines()[0] + "\n" + whole.splitlines()[1] * 2 + "\n")
    first = compared(made, tmp_path / "out", *options)
    failed = read(tmp_path / "out", Key(name, 0, "linear", None))
    assert failed is not None, first.stderr
    assert "DataError" in str(failed.failure)
    (made / name / "meta.csv").write_text(whole)
    assert "0 of 1 jobs are left to run." in compared(made, tmp_path / "out", *options).stderr
    assert "linear: rmse" in compared(made, tmp_path / "out", *options, "--retry-failed").stderr


def test_an_unknown_set_is_named(made: Path, tmp_path: Path) -> None:
    done = compared(made, tmp_path / "out", "--sets", "naemd")
    assert done.returncode == 2
    assert "naemd" in done.stderr
