"""`evaluate` states every metric of labelled rows as the leaderboard would, and what has moved since training."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss

from mthn_automl import evaluate, explain, load_model, read_dataset
from mthn_automl.data import metrics
from mthn_automl.data.stream import RowStream
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DataError, RunError, UsageError
from tests.command import Ended, in_process
from tests.contracts import zoo
from tests.deployment.few import Animal, frame, members_of, predictor
from tests.deployment.fitted import ridge_of
from tests.run.searches import frames, several

ERRORS = ["error", "low", "high", "error_tasks", "low_tasks", "high_tasks", "undefined_tasks"]
LEADERBOARD = [
    *("test_error", "test_low", "test_high", "test_error_tasks", "test_low_tasks", "test_high_tasks"),
    "undefined_tasks",
]


def labelled(animal: Animal) -> pd.DataFrame:
    """Rows of training with their targets, as a file would hold them."""
    dataset, rows = animal(), frame(animal)
    for index, name in enumerate(dataset.schema.targets):
        values = dataset.target[:, index]
        rows[name] = np.array(dataset.schema.classes)[values.astype(int)] if dataset.schema.classes else values
    return rows


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs in a folder: of tasks known, and of whole tasks held out; several targets with gaps, and weights."""
    folder = tmp_path_factory.mktemp("evaluate")
    data, meta = frames()
    several(data).to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    always = ("--runner", "local", "--folds", 2, "--trials", 2, "--architectures", "ridge,kernel_ridge", "--quiet")
    words = ("search", "data.csv", "--meta", "meta.csv", "--weight", "counts", "--no-ablation", "--seed", 3, *always)
    for more in (("--output", "run"), ("--output", "held", "--holdout-tasks", 0.4, "--test-fraction", 0.3)):
        ended = in_process(folder, *words, *more)
        assert ended.code == 0, ended.err
    return folder


def sealed_csv(folder: Path, run: str) -> Path:
    """The sealed rows of a run in a file of their own."""
    split = pd.read_parquet(folder / run / "splits.parquet")
    rows = split.loc[split["role"] == "test", "row"]
    data = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    data.iloc[rows].to_csv(folder / f"{run}-sealed.csv", index=False)
    return folder / f"{run}-sealed.csv"


@pytest.mark.parametrize("run", ["run", "held"])
def test_the_sealed_rows_of_a_run_have_the_errors_of_its_leaderboard_to_the_bit(run: str, searched: Path) -> None:
    board = pd.read_csv(searched / run / "leaderboard.csv").iloc[0]
    for data in (None, sealed_csv(searched, run)):
        given = searched / run if data is None else searched / run / "model"
        first = evaluate(given, data, seed=None if data is None else 3).errors.iloc[0]
        assert first["metric"] == "rmse"
        if run == "run":
            assert first[ERRORS].tolist() == board[LEADERBOARD].tolist()
        for kind in ("new_rows", "new_tasks"):
            names = [f"{kind}_{part}" for part in ("error", "low", "high")]
            np.testing.assert_array_equal(first[names].astype(float), board[names].astype(float))
            assert math.isnan(first[names[0]]) == (run == "run")


def test_several_targets_are_scored_one_by_one_over_the_rows_that_have_them(searched: Path) -> None:
    found, rows = evaluate(searched / "run"), pd.read_csv(sealed_csv(searched, "run"))
    table = found.targets.set_index(["target", "metric"])
    assert set(found.errors["metric"]) == {"mae", "mse", "r2", "rmse"}
    predicted = load_model(searched / "run").predict(rows)
    for name in ("target1", "target2"):
        known = rows[name].notna()
        squared, weight = (rows[name] - predicted[f"prediction_{name}"])[known] ** 2, rows["counts"][known]
        assert table.loc[(name, "mse"), "error"] == pytest.approx(np.average(squared, weights=weight))
        assert table.loc[(name, "mse"), "rows"] == known.sum()
        assert table.loc[(name, "mse"), "low"] <= table.loc[(name, "mse"), "error"] <= table.loc[(name, "mse"), "high"]


def test_tasks_have_every_metric_over_their_own_rows(searched: Path) -> None:
    found = evaluate(searched / "held")
    table, rows = found.tasks, found.evaluated.rows
    assert table["rows"].sum() == len(rows)
    assert not table["trained"].all()
    assert table["rmse"].mean() == pytest.approx(found.errors.loc[0, "error_tasks"])
    assert (table["mae_low"] <= table["mae"]).all()
    assert (table["mae"] <= table["mae_high"]).all()


@pytest.mark.parametrize("animal", [zoo.multiclass, zoo.binary, zoo.ordinal])
def test_a_class_never_trained_is_counted_and_scored_where_a_metric_can(animal: Animal) -> None:
    rows, model = labelled(animal), predictor("ridge", animal)
    before = evaluate(model, rows).errors.set_index("metric")
    rows.loc[[0, 7], "target0"] = "alien"
    found = evaluate(model, rows)
    errors, predicted = found.errors.set_index("metric"), model.predict(rows)
    assert errors.loc["accuracy", "error"] == pytest.approx(
        1 - accuracy_score(rows["target0"], predicted["prediction"])
    )
    recalled = balanced_accuracy_score(rows["target0"], predicted["prediction"])
    assert errors.loc["balanced_accuracy", "error"] == pytest.approx(1 - recalled)
    known = rows["target0"] != "alien"
    classes = model.schema.classes
    probability = predicted.loc[known, [f"probability_{name}" for name in classes]].to_numpy()
    codes = [classes.index(name) for name in rows.loc[known, "target0"]]
    assert errors.loc["log_loss", "error"] == pytest.approx(log_loss(codes, probability, labels=range(len(classes))))
    assert (before["rows"] == len(rows)).all()
    assert errors["rows"].to_dict() == {
        name: len(rows) - (0 if name in ("accuracy", "balanced_accuracy") else 2) for name in errors.index
    }
    assert "2 rows of classes that training never saw ('alien' in 2 rows)" in found.notes[0]


def test_rows_of_classes_never_trained_alone_leave_the_others_undefined() -> None:
    rows = labelled(zoo.binary).assign(target0="alien")
    errors = evaluate(predictor("ridge", zoo.binary), rows).errors.set_index("metric")
    assert errors.loc["accuracy", "error"] == 1.0
    assert math.isnan(errors.loc["log_loss", "error"])
    assert errors.loc["log_loss", "rows"] == 0


def test_counts_are_predicted_at_their_exposure() -> None:
    rows, model = labelled(zoo.counts), predictor("ridge", zoo.counts)
    errors = evaluate(model, rows).errors.set_index("metric")
    squared = (model.predict(rows)["prediction"] - rows["target0"]) ** 2
    assert errors.loc["mse", "error"] == pytest.approx(squared.mean())
    assert errors.index[0] == "poisson_deviance"


def test_metrics_are_those_that_suit_the_problem_and_the_targets() -> None:
    found = evaluate(predictor("ridge", zoo.planted), labelled(zoo.planted), metric="mae")
    assert list(found.errors["metric"]) == ["mae", "mse", "r2", "rmse"]  # rmsle is of targets from 0 on
    with pytest.raises(UsageError, match="'rmsle' does not; these do: mae, mse, r2, rmse"):
        _ = evaluate(predictor("ridge", zoo.planted), labelled(zoo.planted), metric="rmsle").errors
    assert set(evaluate(predictor("ridge", zoo.ordinal), labelled(zoo.ordinal)).errors["metric"]) < set(metrics.names())


def test_a_seed_below_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="The seed must be a whole number from 0 on, however it is -1"):
        evaluate(predictor("ridge", zoo.planted), labelled(zoo.planted), seed=-1)


def test_pieces_and_the_whole_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, model = labelled(zoo.multiclass), predictor("ridge", zoo.multiclass)
    rows.loc[rows.index < 20, "target0"] = None
    rows.loc[30, "target0"] = "alien"
    rows.to_csv(tmp_path / "new.csv", index=False)
    whole = evaluate(model, tmp_path / "new.csv")
    monkeypatch.setitem(RowStream.__init__.__kwdefaults__, "rows_at_once", 7)
    pieces = evaluate(model, tmp_path / "new.csv")
    pd.testing.assert_frame_equal(pieces.errors, whole.errors)
    pd.testing.assert_frame_equal(pieces.tasks, whole.tasks)
    pd.testing.assert_frame_equal(pieces.drift, whole.drift)
    assert pieces.notes == whole.notes
    assert "20 rows without a target left out" in whole.notes[0]


def wide_model() -> tuple[Predictor, pd.DataFrame]:
    number = pd.Series(range(12), dtype=float)
    rows = pd.DataFrame({"x": number % 5, "a": number**0.5, "b": -number})
    return ridge_of(read_dataset(rows, wide=True, target=["a", "b"])), rows


def test_a_wide_table_has_a_row_a_target_that_is_known() -> None:
    model, rows = wide_model()
    rows.loc[[2, 3, 4], "b"] = None
    rows.loc[3, "a"] = None
    found = evaluate(model, rows)
    assert found.tasks.set_index("task")["rows"].to_dict() == {"a": 11, "b": 9}
    predicted = model.predict(rows)
    mae = pd.concat([(predicted[f"prediction_{name}"] - rows[name]).abs() for name in "ab"]).mean()
    assert found.errors.set_index("metric").loc["mae", "error"] == pytest.approx(mae)


def moving(rows: int, shift: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(rows)
    x, still = random.normal(size=(2, rows))
    table = pd.DataFrame(
        {"task": np.arange(rows) % 5, "x": x + shift, "still": still, "word": random.choice(list("pq"), rows)}
    )
    return table.assign(target=x)


@pytest.fixture(scope="module")
def trained() -> Predictor:
    return ridge_of(read_dataset(moving(400)))


def test_columns_that_have_moved_are_named_and_others_are_not(trained: Predictor) -> None:
    still = evaluate(trained, moving(300))
    assert not still.drift["moved"].any()
    assert (still.drift["missing_in_training"] == 0).all()
    rows = moving(300, shift=0.5)
    rows.loc[::10, "word"] = "never"
    rows.loc[::5, "still"] = None
    found = evaluate(trained, rows)
    table = found.drift.set_index("column")
    assert table["moved"].to_dict() == {"x": True, "still": True, "word": True}
    assert table.loc["word", "unknown"] == pytest.approx(0.1)
    assert table.loc["still", "missing"] == pytest.approx(0.2)
    assert 0.1 < table.loc["x", "shift"] < 0.3
    assert [note.split("'")[1] for note in found.notes if "has moved" in note] == ["x", "still", "word"]


def test_each_row_of_a_wide_table_counts_once_in_what_has_moved() -> None:
    """As in a long table of the same rows, however many targets each has; of both a third are of a new category."""
    targets = [f"y{number}" for number in range(20)]

    def rows(count: int, words: str) -> pd.DataFrame:
        found = moving(count)[["x", "still"]].assign(word=list(words) * (count // 3))
        return found.assign(**{name: found["x"] * (1 + place) for place, name in enumerate(targets)})

    wide = ridge_of(read_dataset(rows(60, "ppq"), wide=True, target=targets))
    long = ridge_of(read_dataset(rows(60, "ppq").drop(columns=targets[1:]).assign(task="a"), target="y0"))
    found, expected = evaluate(wide, rows(24, "pqr")), evaluate(long, rows(24, "pqr").assign(task="a"))
    pd.testing.assert_frame_equal(found.drift, expected.drift)
    assert found.drift["cells"].tolist() == [24, 24, 24]
    assert any("in 8 of 24 cells ('r')" in note for note in found.notes)


def test_the_shift_is_the_distance_of_kolmogorov_and_smirnov_at_the_deciles(trained: Predictor) -> None:
    rows, before = moving(200, shift=0.3), moving(400)["x"].to_numpy()
    points = np.unique(np.quantile(before, np.linspace(0, 1, 11), method="inverted_cdf"))
    below = [np.mean(values[:, None] <= points, axis=0) for values in (before, rows["x"].to_numpy())]
    shift = evaluate(trained, rows).drift.set_index("column").loc["x", "shift"]
    assert shift == pytest.approx(np.abs(below[0] - below[1]).max())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    write_model(path / "model", "ridge", members_of("ridge", zoo.planted), zoo.planted(), {})
    labelled(zoo.planted).to_csv(path / "new.csv", index=False)
    return path


def test_the_command_prints_a_table_or_json_and_writes_tasks(folder: Path) -> None:
    ended = in_process(folder, "evaluate", "model", "new.csv", "--output", "tasks.csv")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()[2:]] == ["rmse", "mae", "mse", "1"]
    found = evaluate(folder / "model", folder / "new.csv")
    pd.testing.assert_frame_equal(pd.read_csv(folder / "tasks.csv"), found.tasks, check_dtype=False)
    told = json.loads(in_process(folder, "evaluate", "model", "new.csv", "--json").out)
    assert told == found.to_json()
    assert [told["rows"], told["tasks"], told["new_tasks"]] == [168, 12, 0]


def bad(folder: Path, name: str, rows: pd.DataFrame) -> Ended:
    rows.to_csv(folder / name, index=False)
    return in_process(folder, "evaluate", "model", name)


def test_what_cannot_be_evaluated_is_told_in_a_sentence(folder: Path) -> None:
    rows = labelled(zoo.planted)
    for name, given, said in (
        ("without.csv", rows.drop(columns="target0"), "without.csv must have a column 'target0' to compare"),
        ("none.csv", rows.assign(target0=None), "Some rows must have a target and count, however in none.csv no row"),
        ("empty.csv", rows.iloc[:0], "There must be at least one row, however empty.csv has none."),
        ("text.csv", rows.assign(target0="many"), "'target0' must hold numbers, however line 2 of text.csv"),
    ):
        ended = bad(folder, name, given)
        assert (ended.code, ended.out) == (3, ""), name
        assert said in ended.err
    alone = in_process(folder, "evaluate", "model")
    assert (alone.code, "Rows with targets must be given unless MODEL is a run" in alone.err) == (2, True)
    own = in_process(folder, "evaluate", "model", "new.csv", "--output", "new.csv")
    assert (own.code, "--output must not be a file that is read" in own.err) == (2, True)


def test_importance_is_of_the_sealed_rows_where_no_others_are_given(searched: Path) -> None:
    sealed, given = (
        explain(searched / "run", repeats=2),
        explain(searched / "run", sealed_csv(searched, "run"), repeats=2),
    )
    pd.testing.assert_frame_equal(sealed.importance, given.importance)
    assert sealed.importance["error"].unique().tolist() == [evaluate(searched / "run").errors.loc[0, "error"]]
    assert set(sealed.importance["name"]) == {"x1", "x2", "word", "m1", "m2", "kind", "task", "all metadata"}
    known, every = (explain(searched / "held", repeats=1, by_task=each).tasks for each in (False, True))
    assert len(known) == 0
    new = evaluate(searched / "held").tasks.set_index("task")["trained"]
    own = every[every["name"] == "task"].set_index("task")["importance"]
    assert (own[~new] == 0).all()
    assert (own[new] != 0).any()


def test_rows_that_were_trained_on_are_said_where_that_can_be_told(searched: Path) -> None:
    assert "flatter; leave it out" in evaluate(searched / "run", searched / "data.csv").notes[0]
    assert not [note for note in evaluate(searched / "run", sealed_csv(searched, "run")).notes if "flatter" in note]
    with pytest.raises(DataError, match="must have a column"):
        evaluate(searched / "run", searched / "meta.csv")


def test_the_sealed_rows_are_those_of_the_data_that_the_run_began_with(searched: Path, tmp_path: Path) -> None:
    shutil.copytree(searched / "run", tmp_path / "run")
    kept = (searched / "data.csv").read_text()
    try:
        (searched / "data.csv").write_text(kept + kept.splitlines()[-1] + "\n")
        with pytest.raises(RunError, match=r"content of .*data\.csv differs"):
            evaluate(tmp_path / "run")
    finally:
        (searched / "data.csv").write_text(kept)


def test_a_model_within_a_run_knows_the_file_that_the_run_was_searched_on(tmp_path: Path) -> None:
    from mthn_automl.run.folder import RunFolder, write_identity
    from mthn_automl.run.sealed_rows import trained_on

    data = tmp_path / "data.csv"
    data.write_text("task,x,target\na,1,2\n")
    folder = RunFolder(tmp_path / "run")
    (folder.models / "ridge").mkdir(parents=True)
    write_identity(folder, {"data": data, "meta": None, "test": None, "split": None})
    for model in (folder.path, folder.model, folder.models / "ridge"):
        assert "data.csv is what" in trained_on(model, data)
    assert trained_on(tmp_path, data) == ""
