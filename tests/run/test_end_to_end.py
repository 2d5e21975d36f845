"""The whole job on tiny data, once for each kind of problem: every file of the run folder is there, and is true."""

import json
import math
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from mthn_automl import catalogue, load_model, read_dataset, search
from mthn_automl.data.problems import planted
from mthn_automl.tuning import plan
from tests.command import Ended, as_process, in_process

COLUMNS = [
    "rank",
    "architecture",
    "cv_error",
    "cv_error_se",
    "test_error",
    "test_low",
    "test_high",
    "tied_with_best",
    "parameters",
    "parameters_per_task_network",
    "marginal_parameters",
    "train_seconds",
    "predict_us_per_row",
    "trials",
    "settings",
]
TIMINGS = ["train_seconds", "predict_us_per_row"]
TOP = {
    *("summary.json", "config.resolved.toml", "data_fingerprint.json", "environment.json", "splits.parquet"),
    *("study.journal", "leaderboard.csv", "tradeoff.csv", "ablation.csv", "predictions.parquet", "run.log"),
    *("trials", "figures", "model", "models"),
}
MODEL_FILES = {"model.safetensors", "config.json", "schema.json", "tasks.json", "metrics.json", "README.md"}
VARIANTS = ["both", "metadata_only", "embedding_only", "permuted"]
HOLDS_THE_DATA_PATHS = {"data_fingerprint.json", "config.resolved.toml"}
META = ("--meta", "meta.csv")
TWO = ("--architectures", "hypernetwork,ridge")


USUAL = [name for name in catalogue.names() if catalogue.read(name).usual]


@dataclass(frozen=True)
class Case:
    """data: which of the files below. words: options. trials: as many as architectures."""

    data: str
    words: tuple[str, ...] = ()
    trials: int = len(USUAL)
    metric: str = "rmse"
    average: str = "rows"
    ablated: bool = False


CASES = {
    "regression": Case("regression.csv", META, ablated=True),
    "binary": Case("binary.csv", META, metric="log_loss", ablated=True),
    "multiclass": Case("multiclass.csv", META, metric="log_loss", ablated=True),
    "several targets": Case("several.csv", META, ablated=True),
    "no metadata": Case("regression.csv", TWO, 2),
    "metadata not used": Case("regression.csv", (*META, *TWO, "--no-metadata"), 2),
    "one task": Case("one_task.csv", TWO, 2),
    "test file": Case("regression.csv", (*META, *TWO, "--test", "test.csv", "--no-ablation"), 2),
    "average over tasks": Case("regression.csv", (*TWO, "--average", "tasks"), 2, average="tasks"),
    "r2": Case("regression.csv", (*TWO, "--metric", "r2"), 2, metric="r2"),
    "no test rows": Case("regression.csv", (*TWO, "--test-fraction", "0"), 2),
}
TESTED = [name for name in CASES if name != "no test rows"]
every_case = pytest.mark.parametrize("case", CASES)
every_tested_case = pytest.mark.parametrize("case", TESTED)


@dataclass(frozen=True)
class Finished:
    """A search that ended with exit code 0, and the tables it left."""

    case: Case
    folder: Path
    ended: Ended

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv")

    def json(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())

    @property
    def data(self) -> Path:
        return self.folder.parent / self.case.data

    def predictions(self, role: str, architecture: str) -> pd.DataFrame:
        table = pd.read_parquet(self.folder / "predictions.parquet")
        chosen = (table["role"] == role) & (table["architecture"] == architecture)
        return table[chosen].reset_index(drop=True).dropna(axis=1, how="all")


Finder = Callable[[str], Finished]


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """5 tasks of 16 rows and their metadata, with words and gaps in both; task 4 is not described, 5 has no rows."""
    data, meta = planted(6, 16)
    data["word"] = np.where(np.arange(len(data)) % 3 == 0, "p", "q")
    data.loc[::11, "x1"] = np.nan
    meta["kind"] = ["u", "v", "u", "v", None, "u"]
    meta.loc[1, "m1"] = np.nan
    columns = ["task", "x1", "x2", "word", "target"]
    return data.loc[data["task"] != "5", columns].reset_index(drop=True), meta[meta["task"] != "4"]


def new_rows() -> pd.DataFrame:
    """Rows of a known task, of one of which only the metadata are known, and of one never heard of."""
    data = planted(6, 16, seed=1)[0].iloc[:9].copy()
    return data.assign(word="q", task=["0", "5", "never"] * 3)


def write_files(folder: Path) -> None:
    data, meta = frames()
    several = data.rename(columns={"target": "target1"}).assign(target2=data["x2"] ** 2 - data["target"])
    tables = {
        "regression": data,
        "binary": data.assign(target=np.where(data["target"] > 0, "yes", "no")),
        "multiclass": data.assign(target=pd.cut(data["target"], [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"])),
        "several": several,
        "one_task": data[data["task"] == "0"],
        "test": new_rows(),
        "meta": meta,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def run_case(folder: Path, case: Case, output: str, *words: object) -> Finished:
    """A search by the real command, with trials of at most 40 epochs."""
    always = ("--runner", "local", "--folds", 2, "--seeds", 1, "--trials", case.trials, "--output", output)
    with patch.object(plan, "STEPS_WANTED", 40):
        ended = in_process(folder, "search", case.data, *case.words, *always, *words)
    assert ended.code == 0, ended.err
    return Finished(case, folder / output, ended)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """Finished searches by the name of the case; each runs once a session."""
    folder = tmp_path_factory.mktemp("searches")
    write_files(folder)
    known: dict[str, Finished] = {}

    def find(name: str) -> Finished:
        if name not in known:
            known[name] = run_case(folder, CASES[name], name.replace(" ", "-"))
        return known[name]

    return find


def errors_of(rows: pd.DataFrame, metric: str, average: str) -> float:
    """The error of stored predictions, worked out independently of the package."""
    if average == "tasks":
        return float(np.mean([errors_of(each, metric, "rows") for _, each in rows.groupby("task")]))
    if metric == "log_loss":
        likelihood = [row[f"probability_{row['target']}"] for row in rows.to_dict("records")]
        return float(-np.log(likelihood).mean())
    several = sorted(name for name in rows.columns if name.startswith("target_"))
    suffixes = [name.removeprefix("target") for name in several] or [""]
    target = rows[[f"target{suffix}" for suffix in suffixes]].to_numpy()
    squared = (target - rows[[f"prediction{suffix}" for suffix in suffixes]].to_numpy()) ** 2
    if metric == "r2":
        return float(squared.sum() / ((target - target.mean()) ** 2).sum())
    return math.sqrt(squared.mean())


@every_case
def test_every_file_of_the_contract_is_there(finished: Finder, case: str) -> None:
    run = finished(case)
    found = {path.name for path in run.folder.iterdir()}
    assert found >= TOP
    assert found - TOP <= {"run.lock"}
    figures = ["leaderboard", "tradeoff", *(["ablation"] if run.case.ablated else [])]
    assert {path.name for path in (run.folder / "figures").iterdir()} == {
        f"{figure}.{suffix}" for figure in figures for suffix in ("svg", "png", "csv")
    }
    assert {path.name for path in (run.folder / "model").iterdir()} == MODEL_FILES


@every_case
def test_every_architecture_has_a_trial_and_a_model(finished: Finder, case: str) -> None:
    run = finished(case)
    names = list(run.table("leaderboard")["architecture"])
    assert len(names) == run.case.trials
    assert {path.name for path in (run.folder / "models").iterdir()} == set(names)
    assert {path.name for path in (run.folder / "trials").iterdir()} == {f"{name}-0" for name in names}
    assert {path.name for path in (run.folder / "trials").glob("*/*")} >= {"params.json", "curve.jsonl", "result.json"}
    assert {path.name for path in (run.folder / "models").glob("*/*")} == MODEL_FILES


@every_case
def test_the_leaderboard_has_the_columns_of_the_contract_first(finished: Finder, case: str) -> None:
    columns = list(finished(case).table("leaderboard").columns)
    assert columns[: len(COLUMNS)] == COLUMNS
    assert columns[-3:] == ["pruned", "first_rounds", "note"]


@every_case
def test_the_rank_is_by_cross_validated_error(finished: Finder, case: str) -> None:
    table = finished(case).table("leaderboard")
    assert list(table["rank"]) == list(range(1, len(table) + 1))
    assert table["cv_error"].is_monotonic_increasing
    assert table["trials"].eq(1).all()
    assert table["pruned"].eq(0).all()
    assert table["first_rounds"].eq(1).all()


def test_the_rank_is_not_by_test_error(finished: Finder) -> None:
    tables = [finished(case).table("leaderboard") for case in TESTED]
    assert not all(table["test_error"].is_monotonic_increasing for table in tables)


@every_case
def test_the_winner_is_the_same_everywhere(finished: Finder, case: str) -> None:
    run = finished(case)
    first, best = run.table("leaderboard").iloc[0], run.json("summary.json")["best"]
    assert best["architecture"] == first["architecture"] == run.json("model/config.json")["architecture"]
    assert best["cv_error"] == pytest.approx(first["cv_error"])
    assert best["parameters"] == first["parameters"]
    measured = [best["test_error"], best["test_low"], best["test_high"]]
    assert measured == ([None] * 3 if case == "no test rows" else pytest.approx(list(first[COLUMNS[4:7]])))
    winner = run.folder / "models" / first["architecture"] / "model.safetensors"
    assert winner.read_bytes() == (run.folder / "model" / "model.safetensors").read_bytes()


@every_case
def test_the_summary_tells_all_of_the_contract(finished: Finder, case: str) -> None:
    run = finished(case)
    summary, table = run.json("summary.json"), run.table("leaderboard")
    assert set(summary) >= {"version", "data", "problem", "metric", "best", "metadata_verdict", "seconds", "trials"}
    assert (summary["metric"], summary["average"]) == (run.case.metric, run.case.average)
    assert set(summary["seconds"]) >= {"search", "refit", "test", "ablation"}
    assert (summary["finished"], summary["stopped_in"]) == (True, None)
    assert (summary["folds"], summary["seeds"], summary["networks"]) == (2, 1, 1)
    assert (summary["objectives"], summary["first_rounds"]) == (["error"], 4)
    assert summary["trials_by_architecture"] == dict(zip(table["architecture"], table["trials"], strict=True))
    assert summary["trials"] == {"RUNNING": 0, "COMPLETE": run.case.trials, "PRUNED": 0, "FAIL": 0}
    assert (summary["metadata_verdict"] in {"helped", "hurt", "no difference shown"}) == run.case.ablated


@every_case
def test_cross_validated_errors_follow_from_the_stored_predictions(finished: Finder, case: str) -> None:
    run = finished(case)
    table = run.table("leaderboard").set_index("architecture")
    again = {
        name: errors_of(run.predictions("out_of_fold", name), run.case.metric, run.case.average) for name in table.index
    }
    assert again == pytest.approx(table["cv_error"].to_dict(), rel=1e-6)


@every_tested_case
@pytest.mark.parametrize(("column", "average"), [("test_error", "rows"), ("test_error_tasks", "tasks")])
def test_test_errors_follow_from_the_stored_predictions(finished: Finder, case: str, column: str, average: str) -> None:
    run = finished(case)
    table = run.table("leaderboard").set_index("architecture")
    again = {name: errors_of(run.predictions("test", name), run.case.metric, average) for name in table.index}
    assert again == pytest.approx(table[column].to_dict(), rel=1e-6)


@every_tested_case
def test_the_interval_contains_the_test_error(finished: Finder, case: str) -> None:
    table = finished(case).table("leaderboard")
    assert (table["test_low"] <= table["test_error"]).all()
    assert (table["test_error"] <= table["test_high"]).all()


@every_case
def test_every_row_is_predicted_once_and_sealed_rows_by_no_fold(finished: Finder, case: str) -> None:
    run = finished(case)
    split = pd.read_parquet(run.folder / "splits.parquet")
    assert list(split["row"]) == list(range(len(pd.read_csv(run.data))))
    sealed = sorted(split.loc[split["role"] == "test", "row"])
    open_rows = sorted(split.loc[split["fold"] >= 0, "row"])
    assert not set(sealed) & set(open_rows)
    stored = pd.read_parquet(run.folder / "predictions.parquet").groupby(["architecture", "role"])["row"]
    rows = {key: sorted(each) for key, each in stored}
    assert {tuple(each) for (_, role), each in rows.items() if role == "out_of_fold"} == {tuple(open_rows)}
    expected = {"test file": {tuple(range(9))}, "no test rows": set()}.get(case, {tuple(sealed)})
    assert {tuple(each) for (_, role), each in rows.items() if role == "test"} == expected


@every_case
def test_test_rows_are_held_out_within_every_task(finished: Finder, case: str) -> None:
    split = pd.read_parquet(finished(case).folder / "splits.parquet")
    sealed = (split["role"] == "test").groupby(split["task"]).mean()
    assert sealed.between(0.1, 0.3).all() if case not in ("test file", "no test rows") else sealed.eq(0).all()


@every_case
def test_parameters_are_the_numbers_in_the_weights_file(finished: Finder, case: str) -> None:
    run = finished(case)
    table = run.table("leaderboard").set_index("architecture")["parameters"]
    neural = sorted(set(table.index) & set(catalogue.names("neural")))
    files = {name: load_file(run.folder / "models" / name / "model.safetensors") for name in neural}
    counted = {
        name: sum(array.size for place, array in arrays.items() if place.startswith("state.parameters."))
        for name, arrays in files.items()
    }
    assert counted == table[neural].to_dict()


@every_case
def test_the_ablation_has_every_variant_or_a_header_only(finished: Finder, case: str) -> None:
    run = finished(case)
    table = run.table("ablation")
    assert list(table.columns) == (
        [
            "architecture",
            "variant",
            "error",
            "se",
            "difference",
            "low",
            "high",
            "p_value",
            "p_value_holm",
            "folds",
            "seeds",
        ]
    )
    assert list(table["variant"]) == (VARIANTS if run.case.ablated else [])
    assert table["architecture"].eq("hypernetwork").all()
    both = table.loc[table["variant"] == "both", "error"].sum()
    assert list(table["error"] - both) == pytest.approx(list(table["difference"]))


@every_case
def test_the_tradeoff_has_a_row_a_trial_and_a_front(finished: Finder, case: str) -> None:
    run = finished(case)
    table = run.table("tradeoff")
    assert list(table.columns) == [
        "architecture",
        "trial",
        "cv_error",
        "parameters",
        "parameters_per_task_network",
        "marginal_parameters",
        "train_seconds",
        "predict_us_per_row",
        "on_front",
        "within_limits",
        "stopped_by_time",
    ]
    assert len(table) == run.case.trials
    assert table["within_limits"].all()
    assert not table["stopped_by_time"].any()
    beaten = [
        ((table["cv_error"] < row["cv_error"]) & (table["parameters"] <= row["parameters"])).any()
        or ((table["cv_error"] <= row["cv_error"]) & (table["parameters"] < row["parameters"])).any()
        for row in table.to_dict("records")
    ]
    assert list(table["on_front"]) == [not each for each in beaten]


@every_case
def test_stdout_holds_the_leaderboard_and_the_next_command(finished: Finder, case: str) -> None:
    run = finished(case)
    names = [name for line in run.ended.out.splitlines() for name in catalogue.names() if f" {name} " in line]
    assert names == list(run.table("leaderboard")["architecture"])
    assert f"mthn-automl predict {run.folder.name} new.csv" in run.ended.out
    assert run.json("summary.json")["metadata_sentence"] in run.ended.out


@every_case
def test_the_stored_options_repeat_the_search(finished: Finder, case: str) -> None:
    run = finished(case)
    config = (run.folder / "config.resolved.toml").read_text()
    assert f'data = "{run.data}"' in config
    assert "folds = 2" in config
    fingerprint = run.json("data_fingerprint.json")
    used = "--meta" in run.case.words and "--no-metadata" not in run.case.words
    assert {name: each and each["path"] for name, each in fingerprint.items()} == {
        "data": str(run.data),
        "meta": str(run.folder.parent / "meta.csv") if used else None,
        "test": str(run.folder.parent / "test.csv") if "--test" in run.case.words else None,
    }


def prediction_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith(("prediction_", "probability_"))] or ["prediction"]


@every_tested_case
def test_every_saved_model_gives_the_test_predictions_again(finished: Finder, case: str) -> None:
    run = finished(case)
    source = run.folder.parent / "test.csv" if case == "test file" else run.data
    names = list(run.table("leaderboard")["architecture"])
    stored = [run.predictions("test", name).set_index("row") for name in names]
    loaded = [load_model(run.folder / "models" / name).predict(source).set_index("row") for name in names]
    columns = prediction_columns(stored[0])
    before = np.array([each[columns].to_numpy() for each in stored])
    after = np.array([now.loc[each.index, columns].to_numpy() for now, each in zip(loaded, stored, strict=True)])
    assert after == pytest.approx(before, rel=1e-5, abs=1e-6)


@every_case
def test_predict_gives_a_row_for_each_row_in_order_unseen_tasks_included(
    finished: Finder, tmp_path: Path, case: str
) -> None:
    run = finished(case)
    new = new_rows()
    new.drop(columns="target").to_csv(tmp_path / "new.csv", index=False)
    ended = in_process(tmp_path, "predict", run.folder, "new.csv")
    table = pd.read_csv(StringIO(ended.out))
    assert ended.code == 0, ended.err
    assert list(table["row"]) == list(range(len(new)))
    assert list(table["task"]) == list(new["task"])
    assert table[prediction_columns(table)].notna().all(axis=None)
    described = 3 if run.json("model/schema.json")["metadata"] else 0
    assert ended.err == (f"new.csv: 6 rows of 2 tasks not seen in training, {described} of these rows with metadata.\n")


@every_case
def test_probabilities_add_up_and_the_prediction_is_the_likeliest_class(finished: Finder, case: str) -> None:
    run = finished(case)
    table = load_model(run.folder).predict(run.data)
    probabilities = table[[name for name in table.columns if name.startswith("probability_")]]
    classes = run.json("model/schema.json")["classes"]
    assert list(probabilities.columns) == [f"probability_{name}" for name in classes]
    expected = probabilities.idxmax(axis=1).str.removeprefix("probability_") if classes else table.get("prediction")
    assert table.get("prediction") is expected or list(table["prediction"]) == list(expected)
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(np.full(len(table), 1.0 if classes else 0.0))


def test_quiet_and_output_of_predict_leave_both_streams_empty(finished: Finder, tmp_path: Path) -> None:
    run = finished("regression")
    new_rows().to_csv(tmp_path / "new.csv", index=False)
    ended = in_process(tmp_path, "predict", run.folder / "model", "new.csv", "--output", "p.csv", "--quiet")
    assert ended == Ended(0, "", "")
    assert len(pd.read_csv(tmp_path / "p.csv")) == 9


@every_case
def test_no_file_is_a_pickle(finished: Finder, case: str) -> None:
    files = [path for path in finished(case).folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {
        *(".json", ".toml", ".csv", ".md", ".svg", ".png", ".parquet", ".safetensors", ".journal", ".log", ".lock"),
        ".npy",
        ".jsonl",
    }
    protocols = tuple(bytes([0x80, number]) for number in range(2, 6))
    assert [path.name for path in files if path.read_bytes().startswith((*protocols, b"PK"))] == []
    arrays = [np.load(path, allow_pickle=False) for path in files if path.suffix == ".npy"]
    assert len(arrays) == finished(case).case.trials


@every_case
def test_absolute_paths_are_beside_the_fingerprint_only(finished: Finder, case: str) -> None:
    run = finished(case)
    root = str(run.folder.parent.parent).encode()
    files = [path for path in run.folder.rglob("*") if path.is_file() and root in path.read_bytes()]
    assert {path.name for path in files} <= HOLDS_THE_DATA_PATHS


def test_a_run_that_was_moved_predicts_and_shows_the_same(finished: Finder, tmp_path: Path) -> None:
    run = finished("regression")
    shutil.copytree(run.folder, tmp_path / "elsewhere" / "moved")
    before = in_process(tmp_path, "predict", run.folder, run.data)
    after = in_process(tmp_path, "predict", "elsewhere/moved", run.data)
    assert after == before
    assert in_process(tmp_path, "leaderboard", "elsewhere/moved").out in run.ended.out


def test_a_finished_run_is_resumed_by_saying_so(finished: Finder) -> None:
    run = finished("regression")
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    ended = in_process(run.folder.parent, "resume", run.folder.name)
    assert (ended.code, ended.out) == (0, run.ended.out)
    assert f"{run.folder.name} is finished; --time-limit or --trials would add to it." in ended.err
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before


@pytest.mark.parametrize("name", ["leaderboard", "tradeoff", "ablation", "predictions"])
def test_the_same_seed_gives_the_same_tables(finished: Finder, again: Finished, name: str) -> None:
    first, second = (
        pd.read_parquet(run.folder / "predictions.parquet") if name == "predictions" else run.table(name)
        for run in (finished("regression"), again)
    )
    kept = [column for column in first.columns if column not in TIMINGS]
    pd.testing.assert_frame_equal(first[kept], second[kept], check_exact=True)


@pytest.fixture(scope="session")
def again(finished: Finder) -> Finished:
    run = finished("regression")
    return run_case(run.folder.parent, run.case, "again", "--quiet")


def test_quiet_leaves_stderr_empty_and_stdout_as_it_was(finished: Finder, again: Finished) -> None:
    timings = re.compile(r"\S+$", re.MULTILINE)
    assert again.ended.err == ""
    before = finished("regression").ended.out.replace(" regression ", " again ").split("\n\n")[0]
    assert timings.sub("", again.ended.out.split("\n\n")[0]) == timings.sub("", before)


def test_another_seed_gives_another_split(finished: Finder) -> None:
    run = finished("no metadata")
    other = run_case(run.folder.parent, run.case, "seed-1", "--seed", 1, "--json")
    first, second = (pd.read_parquet(each.folder / "splits.parquet") for each in (run, other))
    assert not first["role"].equals(second["role"])
    assert json.loads(other.ended.out)["best"] == other.json("summary.json")["best"]


@pytest.fixture(scope="session")
def from_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames") / "run"


def test_python_searches_frames_and_finds_what_the_command_finds(finished: Finder, from_frames: Path) -> None:
    data, meta = frames()
    with patch.object(plan, "STEPS_WANTED", 40):
        result = search(
            data, meta, runner="local", folds=2, seeds=1, trials=len(USUAL), no_ablation=True, output=from_frames
        )
    kept = [column for column in COLUMNS if column not in TIMINGS]
    table = finished("regression").table("leaderboard")
    pd.testing.assert_frame_equal(result.leaderboard[kept], table[kept], check_dtype=False)
    assert result.best["architecture"] == result.leaderboard["architecture"][0]
    assert len(result.tradeoff) == len(USUAL)
    assert result.ablation.empty
    pd.testing.assert_frame_equal(result.model.predict(data), load_model(from_frames).predict(data))


def test_python_reads_frames_as_files(finished: Finder) -> None:
    data, meta = frames()
    read = read_dataset(data, meta)
    assert (len(read), read.tasks.names, read.spare.names) == (80, tuple("01234"), ("5",))
    assert (
        read.schema
        == read_dataset(finished("regression").data, finished("regression").data.with_name("meta.csv")).schema
    )


NOISE = re.compile(r"ray|raylet|gcs|tune|torch|warning|optuna|\(pid", re.IGNORECASE)


@pytest.mark.ray
@pytest.mark.slow
def test_ray_keeps_the_time_limit_and_is_silent(tmp_path: Path) -> None:
    assert in_process(tmp_path, "example", "cubic", "cubic").code == 0
    files: Sequence[str] = ("cubic/data.csv", "--meta", "cubic/meta.csv")
    started = time.monotonic()
    ended = as_process(tmp_path, "search", *files, "--time-limit", "40s", "--workers", 2, "--output", "run")
    assert time.monotonic() - started <= 40 * 1.1 + 20
    assert ended.code == 0, ended.err
    assert (tmp_path / "run" / "ray.log").exists()
    assert {path.name for path in (tmp_path / "run").iterdir()} - {"run.lock"} == TOP | {"ray.log"}
    out, err = ended.out.splitlines(), ended.err.splitlines()
    assert out[0].split()[0] == "architecture"
    assert out[-1] == "    mthn-automl predict run new.csv --output predictions.csv"
    assert [line for line in out + err if NOISE.search(line)] == []
    phases = "check|search|refit|test|ablation|report"
    assert {line for line in err if not re.match(rf"({phases})  |2 workers on 1 node|[A-Z0-9].*\.$", line)} == set()
