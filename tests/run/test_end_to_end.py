"""The whole job on tiny data, once for each kind of problem: every file of the run folder is there, and is true."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from mthn_automl import catalogue, load_model, read_dataset, search
from mthn_automl.analysis import ablation, leaderboard, tradeoff
from mthn_automl.data.names import counted
from mthn_automl.report.wording import digits
from mthn_automl.tuning import plan
from tests.command import in_process
from tests.run.held_against import (
    IF_ANY,
    LINE,
    MODEL_FILES,
    PHASES,
    PICKLES,
    SUFFIXES,
    TIMINGS,
    TOP,
    TRIAL_MODEL,
    at,
    error_of,
    names_in,
    prediction_columns,
)
from tests.run.searches import FEW, Finished, frames, multiclass, new_rows, run_case

pytestmark = pytest.mark.pictures


def test_every_file_is_there_and_none_is_a_pickle_or_knows_where_it_lies(run: Finished) -> None:
    several = len(run.json("summary.json")["data"]["targets"]) > 1
    assert names_in(run.folder) - IF_ANY == TOP
    assert (run.folder / "targets.csv").exists() == several
    assert (run.folder / "members.csv").exists() == bool(run.members)
    figures = ["leaderboard", "tradeoff", *(["ablation"] if run.case.ablated else [])]
    figures += ["members"] if run.members else []
    pictures = {f"{each}.{suffix}" for each in figures for suffix in ("svg", "png", "csv")}
    assert names_in(run.folder / "figures") >= pictures
    assert (run.folder / "figures" / "ablation.csv").exists() == run.case.ablated
    assert (run.folder / "figures" / "members.csv").exists() == bool(run.members)
    assert names_in(run.folder / "models") == set(run.saved)
    assert names_in(run.folder / "trials") == {f"{name}-0" for name in run.case.names}
    trials = {path.name for path in (run.folder / "trials").glob("*/*")}
    assert trials >= {"params.json", "curve.jsonl", "result.json", "out_of_fold.npy", *TRIAL_MODEL}
    for model in (run.folder / "model", *(run.folder / "models").iterdir()):
        assert names_in(model) == MODEL_FILES | ({"calibration.json"} if of_numbers(run) else set())
    files = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    assert {path.suffix for path in files} <= SUFFIXES
    assert [path for path, content in files.items() if content.startswith(PICKLES)] == []
    assert len([np.load(path, allow_pickle=False) for path in files if path.suffix == ".npy"]) == len(run.case.names)
    root = str(run.folder.parent).encode()
    assert {path.name for path, content in files.items() if root in content} <= {
        *("data_fingerprint.json", "config.resolved.toml")
    }


def test_the_leaderboard_is_ranked_and_its_winner_is_the_winner_everywhere(run: Finished) -> None:
    table, best = run.table("leaderboard"), run.json("summary.json")["best"]
    first = table.iloc[0]
    assert list(table.columns) == list(leaderboard.COLUMNS)
    assert list(table["rank"]) == list(range(1, len(run.saved) + 1))
    assert table["cv_error"].is_monotonic_increasing
    counts = table.set_index("architecture")[["trials", "pruned", "first_rounds"]].T.to_dict("list")
    assert counts.pop("ensemble", [len(run.members), 0, 0]) == [len(run.members), 0, 0]
    assert counts == {name: [1, 0, 1] for name in run.case.names}
    assert best["architecture"] == first["architecture"] == run.json("model/config.json")["architecture"]
    assert (best["cv_error"], best["parameters"]) == (pytest.approx(first["cv_error"]), first["parameters"])
    measured = [best["test_error"], best["test_low"], best["test_high"]]
    shown = list(first[["test_error", "test_low", "test_high"]])
    assert measured == ([None] * 3 if run.case.test == "none" else pytest.approx(shown))
    winner = run.folder / "models" / first["architecture"] / "model.safetensors"
    assert winner.read_bytes() == (run.folder / "model" / "model.safetensors").read_bytes()


def test_the_lines_of_the_card_load_the_model_and_predict(run: Finished) -> None:
    card = (run.folder / "model" / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(block.splitlines()) == 5
    names: dict[str, Any] = {"print": lambda table: None}
    exec(block.replace("THIS_FOLDER", str(run.folder / "model")).replace("new.csv", str(run.data)), names)
    expected = load_model(run.folder).predict(run.data)
    pd.testing.assert_frame_equal(names["predictions"], expected)


def test_the_summary_and_the_stored_options_tell_what_was_done(run: Finished) -> None:
    summary = run.json("summary.json")
    told = {
        "metric": run.case.metric,
        "average": run.case.average,
        "finished": True,
        "stopped_in": None,
        "folds": 2,
        "seeds": 1,
        "limits": {"parameters": None, "parameters_per_task": None, "latency": None},
        "objectives": ["error"],
        "first_rounds": 4,
        "trials_by_architecture": dict.fromkeys(run.case.names, 1),
        "trials": {"RUNNING": 0, "COMPLETE": len(run.case.names), "PRUNED": 0, "FAIL": 0},
    }
    assert {name: summary[name] for name in told} == told
    assert list(summary["seconds"]) == ["start", *PHASES]
    card = (run.folder / "model" / "README.md").read_text(encoding="utf-8")
    stored = [f"{rows:,} in {trial}" for trial, rows in summary["stored_rows"].items()]
    assert f"- Training rows in its files: {', '.join(stored) or 'none'}" in card
    rows = summary["data"]["split"]["training"]
    trained = f"{counted(rows['rows'], 'row')} of {counted(rows['tasks'], 'task')}"
    assert f"- Trained on {trained}" in card
    assert f"- Training: {trained}" in card
    assert f"- Data: `{run.data.name}`, SHA-256 `{hashlib.sha256(run.data.read_bytes()).hexdigest()}`" in card
    assert str(run.folder.parent) not in card
    assert "- Limits asked for: none" in card
    assert f"- Parameters: {summary['best']['parameters']:,} in all" in card
    assert summary["test_sentence"].replace("The answer's", "The model's") in card
    assert (summary["metadata_verdict"] in {"helped", "hurt", "did not help", "cannot be told"}) == run.case.ablated
    config = (run.folder / "config.resolved.toml").read_text()
    assert f'data = "{run.data}"' in config
    assert "folds = 2" in config
    used = "--meta" in run.case.words and "--no-metadata" not in run.case.words
    assert {name: each and each["path"] for name, each in run.json("data_fingerprint.json").items()} == {
        "data": str(run.data),
        "meta": str(run.folder.parent / "meta.csv") if used else None,
        "test": str(run.folder.parent / "test.csv") if run.case.test == "file" else None,
        "split": None,
    }


def test_errors_follow_from_the_stored_predictions_and_lie_in_their_intervals(run: Finished) -> None:
    table, metric = run.table("leaderboard").set_index("architecture"), run.case.metric
    columns = {"cv_error": ("out_of_fold", run.case.average)}
    if run.case.test != "none":
        columns |= {"test_error": ("test", "rows"), "test_error_tasks": ("test", "tasks")}
    for column, (role, average) in columns.items():
        again = {name: error_of(run.predictions(role, name), metric, average) for name in table.index}
        assert again == pytest.approx(table[column].to_dict(), rel=1e-6)
    assert run.case.test == "none" or (table["test_low"] <= table["test_error"]).all()
    assert run.case.test == "none" or (table["test_error"] <= table["test_high"]).all()


def test_every_row_is_predicted_once_and_those_sealed_within_each_task_by_no_fold(run: Finished) -> None:
    split = pd.read_parquet(run.folder / "splits.parquet")
    assert list(split["row"]) == list(range(len(pd.read_csv(run.data))))
    sealed = tuple(split.loc[split["role"] == "test", "row"])
    trained = tuple(split.loc[split["fold"] >= 0, "row"])
    assert not set(sealed) & set(trained)
    rows = {key: tuple(sorted(each)) for key, each in run.stored.groupby(["architecture", "role"])["row"]}
    tested = {"rows": sealed, "file": tuple(range(9)), "none": None}[run.case.test]
    for name in run.saved:
        assert (rows[name, "out_of_fold"], rows.get((name, "test"))) == (trained, tested)
    share = (split["role"] == "test").groupby(split["task"]).mean()
    assert share.between(0.1, 0.3).all() if run.case.test == "rows" else share.eq(0).all()


def test_parameters_are_what_the_weights_file_holds(run: Finished) -> None:
    table = run.table("leaderboard").set_index("architecture")["parameters"]
    for name in set(table.index) & set(catalogue.names("neural")):
        arrays = load_file(run.folder / "models" / name / "model.safetensors")
        counted = sum(array.size for key, array in arrays.items() if ".parameters." in key)
        assert counted == table[name]


def test_the_ablation_has_every_variant_or_a_header_and_the_tradeoff_a_row_a_trial_and_a_front(run: Finished) -> None:
    ablated, points = run.table("ablation"), run.table("tradeoff")
    assert list(ablated.columns) == list(ablation.COLUMNS)
    variants = ["both", "metadata_only", "embedding_only", "permuted"]
    assert list(ablated["variant"][:4]) == (variants if run.case.ablated else [])
    assert ablated["architecture"][:4].eq("hypernetwork").all()
    for _, rows in ablated.groupby(["architecture", "tasks", "tuned"]):
        both = rows.loc[rows["variant"] == "both", "error"].item()
        assert list(rows["error"] - both) == pytest.approx(list(rows["difference"]))
    assert list(points.columns) == list(tradeoff.COLUMNS)
    together = points["architecture"] == "ensemble"
    assert list(points.loc[~together, "architecture"]) == sorted(run.case.names)
    numbers = list(points.loc[together, "trial"])  # of members
    assert numbers == sorted(set(numbers))
    assert (min(numbers, default=2) >= 2, max(numbers, default=0)) == (True, len(run.members))
    assert (points["within_limits"] & ~points["stopped_by_time"]).all()
    pairs = points[["cv_error", "parameters"]].to_numpy()
    beaten = [any((other <= pair).all() and (other < pair).any() for other in pairs) for pair in pairs]
    assert list(points["on_front"]) == [not each for each in beaten]


def test_stdout_holds_the_leaderboard_the_verdict_and_the_next_command(run: Finished) -> None:
    rows = [*catalogue.names(), "ensemble"]
    board = run.ended.out.split("\n\n", 1)[0]
    names = [name for line in board.splitlines() for name in rows if f" {name} " in line]
    assert names == list(run.table("leaderboard")["architecture"])
    assert f"mthn-automl predict {run.folder.name} new.csv" in run.ended.out
    for sentence in ("test_sentence", "metadata_sentence"):
        assert run.json("summary.json")[sentence] in run.ended.out


def test_both_logs_hold_every_phase_and_every_trial(run: Finished) -> None:
    told = [json.loads(line) for line in (run.folder / "events.jsonl").read_text().splitlines()]
    phases = [each["fields"]["name"] for each in told if each["event"] == "PhaseFinished"]
    assert phases == PHASES
    ended = [each["fields"]["architecture"] for each in told if each["event"] == "TrialFinished"]
    assert sorted(ended) == sorted(run.case.names)
    lines = (run.folder / "run.log").read_text().splitlines()
    assert len(lines) == len(told)
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_every_saved_model_gives_the_test_predictions_again(run: Finished) -> None:
    if run.case.test == "none":
        assert set(run.stored["role"]) == {"out_of_fold"}
        return
    source = run.folder.parent / "test.csv" if run.case.test == "file" else run.data
    for name in run.saved:
        before = run.predictions("test", name).set_index("row")
        now = load_model(run.folder / "models" / name).predict(source).set_index("row")
        columns = prediction_columns(before)
        np.testing.assert_allclose(now.loc[before.index, columns], before[columns], rtol=1e-5, atol=1e-6)


def test_the_ensemble_is_the_weighted_mean_of_its_members_wherever_it_is_met(run: Finished) -> None:
    """Each architecture has one trial, whose model is saved under its name."""
    if not run.members:
        assert run.case.names == FEW  # of many, two will be better together
        return
    config, drawn = run.json("models/ensemble/config.json"), pd.read_csv(run.folder / "figures" / "members.csv")
    weights = {each["architecture"]: each["weight"] for each in config["members"]}
    assert (sum(weights.values()), len(weights)) == (pytest.approx(1.0), len(config["members"]))
    assert run.members == {f"{name}-0": pytest.approx(weight, abs=1e-4) for name, weight in weights.items()}
    assert dict(zip(drawn["architecture"], drawn["weight"], strict=True)) == pytest.approx(weights)
    table = run.table("leaderboard").set_index("architecture")
    assert json.loads(table["settings"]["ensemble"]) == {"members": run.members}
    assert table["parameters"]["ensemble"] == table["parameters"][list(weights)].sum()
    whole = load_model(run.folder / "models" / "ensemble")
    parts = {name: load_model(run.folder / "models" / name).predict(run.data) for name in weights}
    found = whole.predict(run.data)
    columns = prediction_columns(found)
    single = {name: run.json(f"models/{name}/config.json")["temperature"] for name in weights}
    mean = sum(weight * at(parts[name][columns], 1 / single[name]) for name, weight in weights.items())
    np.testing.assert_allclose(found[columns], at(mean, config["temperature"]), rtol=1e-9)
    one = whole.predict_one(pd.read_csv(run.data).iloc[0])
    np.testing.assert_allclose([one[name] for name in columns], found.loc[0, columns].astype(float), rtol=1e-5)


def of_numbers(run: Finished) -> bool:
    return not run.json("model/schema.json")["classes"]


def test_the_summary_tells_how_often_the_intervals_of_the_model_hold_or_why_it_has_none(run: Finished) -> None:
    summary = run.json("summary.json")
    told = summary["intervals"]
    if run.case.test == "none" or not of_numbers(run):
        assert told is None
        return
    if "reason" in told:
        assert re.match(
            r"The level of an interval must be one that .* can support, .* however it is 0.9", told["reason"]
        )
        return
    rows = run.predictions("test", summary["best"]["architecture"]).set_index("row")
    found = load_model(run.folder).predict(run.data, interval=0.9).set_index("row").loc[rows.index]
    inside = rows["target"].between(found["low"], found["high"])
    assert told["coverage"] == pytest.approx(inside.mean())
    assert told["mean_width"] == [pytest.approx((found["high"] - found["low"]).mean())]
    assert told["least_covered_tasks"]


def test_the_summary_tells_how_well_probabilities_are_calibrated(run: Finished) -> None:
    summary = run.json("summary.json")
    told = summary["probabilities"]
    assert (told is None) == (of_numbers(run) or run.case.test == "none")
    if told is not None:
        assert told["temperature"] == run.json("model/config.json")["temperature"]
        assert 0 <= told["expected_calibration_error"] <= 1
        same = told["expected_calibration_error"] == pytest.approx(told["expected_calibration_error_before"])
        assert same or told["temperature"] != 1.0


def test_predict_gives_a_row_for_each_row_in_order_unseen_tasks_included(run: Finished, tmp_path: Path) -> None:
    new = new_rows()
    new.drop(columns="target").to_csv(tmp_path / "new.csv", index=False)
    ended = in_process(tmp_path, "predict", run.folder, "new.csv")
    table = pd.read_csv(StringIO(ended.out))
    described, classes = (run.json("model/schema.json")[name] for name in ("metadata", "classes"))
    *outside, of_tasks = ended.err.splitlines()
    assert of_tasks.startswith(
        f"new.csv: 6 rows of 2 tasks not seen in training, {3 if described else 0} of these rows with metadata: "
    )
    assert all("lies outside of what training has seen" in each for each in outside), ended.err
    assert (list(table["row"]), list(table["task"])) == (list(range(len(new))), list(new["task"]))
    assert table[prediction_columns(table)].notna().all(axis=None)
    probabilities = table[[f"probability_{name}" for name in classes]]
    likeliest = probabilities.idxmax(axis=1).str.removeprefix("probability_") if classes else table.get("prediction")
    assert likeliest is None or list(table["prediction"].astype(likeliest.dtype)) == list(likeliest)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0 if classes else 0.0, rtol=1e-4)


def test_usual_is_told_over_rows_and_over_tasks_and_the_page_has_what_models_are_ranked_by(small: Finished) -> None:
    usual = small.json("summary.json")["usual"]
    for over in ("", "_tasks"):
        assert usual[f"test_low{over}"] < usual[f"test_error{over}"] < usual[f"test_high{over}"]
        assert set(usual[f"saving{over}"]) == set(small.saved)
    page = (small.folder / "report.html").read_text()
    assert f"metadata joined has {digits(usual['test_error_tasks'])} on the same test rows" in page


def test_a_run_that_was_moved_predicts_and_shows_the_same(small: Finished, tmp_path: Path) -> None:
    shutil.copytree(small.folder, tmp_path / "elsewhere" / "moved")
    before = in_process(tmp_path, "predict", small.folder, small.data)
    assert in_process(tmp_path, "predict", "elsewhere/moved", small.data) == before
    assert in_process(tmp_path, "leaderboard", "elsewhere/moved").out in small.ended.out


def test_a_finished_run_is_resumed_by_saying_so(small: Finished) -> None:
    before = {path: path.stat().st_mtime_ns for path in small.folder.rglob("*")}
    ended = in_process(small.folder.parent, "resume", small.folder.name)
    assert (ended.code, ended.out) == (0, small.ended.out)
    assert f"{small.folder.name} is finished; --time-limit or --trials would add to it." in ended.err
    assert {path: path.stat().st_mtime_ns for path in small.folder.rglob("*")} == before


def test_the_same_seed_gives_the_same_tables_and_quiet_says_nothing(small: Finished, folder: Path) -> None:
    again = run_case(folder, "multiclass", "again", "--quiet")
    for name in ("leaderboard", "tradeoff", "ablation"):
        first, second = (run.table(name).drop(columns=TIMINGS, errors="ignore") for run in (small, again))
        pd.testing.assert_frame_equal(first, second, check_exact=True)
    pd.testing.assert_frame_equal(small.stored, again.stored, check_exact=True)
    timings = re.compile(r"\S+$", re.MULTILINE)
    shown = [timings.sub("", run.ended.out.split("\n\n")[0]) for run in (small, again)]
    assert (again.ended.err, shown[0]) == ("", shown[1])


def test_python_searches_frames_and_finds_what_the_command_finds(small: Finished, tmp_path: Path) -> None:
    data, meta = frames()
    data = multiclass(data)
    given = {"architectures": FEW, "trials": 2, "folds": 2, "seeds": 1, "average": "tasks", "runner": "local"}
    with patch.object(plan, "STEPS_WANTED", 40):
        result = search(data, meta, output=tmp_path / "run", no_ablation=True, **given)
    first, second = (table.drop(columns=TIMINGS) for table in (result.leaderboard, small.table("leaderboard")))
    pd.testing.assert_frame_equal(first, second, check_dtype=False)
    assert result.best["architecture"] == result.leaderboard["architecture"][0]
    assert len(result.tradeoff) == len(small.table("tradeoff"))
    assert result.ablation.empty
    pd.testing.assert_frame_equal(result.model.predict(data), load_model(tmp_path / "run").predict(data))


@pytest.fixture(scope="session")
def other(folder: Path) -> Finished:
    """The search `one_task` with other options."""
    return run_case(folder, "one_task", "seed-1", "--seed", 1, "--json", "--no-ensemble")


def test_another_seed_gives_another_split_and_the_json_of_a_search_is_its_summary(
    finished: Callable[[str], Finished], other: Finished
) -> None:
    first = finished("one_task")
    roles = [pd.read_parquet(run.folder / "splits.parquet")["role"] for run in (first, other)]
    assert not roles[0].equals(roles[1])
    assert json.loads(other.ended.out) == {"run": "seed-1", **other.json("summary.json")}


def test_without_an_ensemble_the_best_single_model_is_the_answer_and_nothing_tells_of_one(other: Finished) -> None:
    assert other.json("summary.json")["ensemble"] is None
    for name in ("leaderboard", "tradeoff"):
        assert sorted(other.table(name)["architecture"]) == FEW
    assert set(other.stored["architecture"]) == names_in(other.folder / "models") == set(FEW)
    assert not (other.folder / "figures" / "members.csv").exists()
    assert "ensemble of" not in (other.folder / "run.log").read_text()


def test_python_reads_frames_as_files(folder: Path) -> None:
    read = read_dataset(*frames())
    assert (len(read), read.tasks.names, read.spare.names) == (80, tuple("01234"), ("5",))
    assert read.schema == read_dataset(folder / "regression.csv", folder / "meta.csv").schema


def test_several_targets_are_scored_one_by_one_by_the_rows_that_have_each(finished: Callable[[str], Finished]) -> None:
    run = finished("several")
    table, summary = run.table("targets"), run.json("summary.json")
    assert sorted({*table["architecture"]}) == sorted(run.saved)
    assert summary["data"]["weight"] == "counts"
    for line in table.to_dict("records"):
        for role, what in (("out_of_fold", "cv"), ("test", "test")):
            rows = run.predictions(role, line["architecture"]).dropna(subset=[f"target_{line['target']}"])
            named = {f"{kind}_{line['target']}": kind for kind in ("target", "prediction")}
            assert line[f"{what}_rows"] == len(rows)
            expected = error_of(rows[[*named, "weight"]].rename(columns=named), run.case.metric, "rows")
            assert line[f"{what}_error"] == pytest.approx(expected)
    winner = table[table["architecture"] == summary["best"]["architecture"]].set_index("target")
    told = {name: each["test_error"] for name, each in summary["best_by_target"].items()}
    assert told == pytest.approx(winner["test_error"].to_dict())
