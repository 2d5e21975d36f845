"""The benchmarks run from anywhere and print one object; how fast anything is, no test says."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.problems import robot_arm

FOLDER = Path(__file__).parent
KEYS = {
    "speed": {
        "step_ratio": {"20", "88", "500"},
        "pack_ratio": {"20", "88", "500"},
        "gemm_share": {"batch64", "large"},
        "step_of_each": set(catalogue.names("neural")),
        "single_row_microseconds": None,
        "predict_rows_per_second": None,
        "search_busy_share": None,
        "search_vs_plain_tune": None,
    },
    "scale": {
        "step_cost_flatness": None,
        "rows_exponent": None,
        "peak_bytes": None,
        "worker_memory_share": None,
    },
}
every_script = pytest.mark.parametrize("script", sorted(KEYS))


def run(script: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["OMP_NUM_THREADS"] = "1"
    command = [sys.executable, str(FOLDER / f"{script}.py"), *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def numbers(value: float | dict[str, float]) -> Iterator[float]:
    yield from value.values() if isinstance(value, dict) else (value,)


@pytest.mark.slow
@pytest.mark.ray
@every_script
def test_a_quick_run_prints_one_object_with_every_figure(script: str, tmp_path: Path) -> None:
    done = run(script, tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found.keys() == {*KEYS[script], "details"}
    assert {
        name: set(each) if isinstance(each, dict) else None for name, each in found.items() if name != "details"
    } == (KEYS[script])
    wrong = {
        name: found[name]
        for name in KEYS[script]
        for each in numbers(found[name])
        if not (math.isfinite(each) and (each > 0 or name == "worker_memory_share"))
    }
    assert not wrong
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_our_losses_are_those_of_the_paper_s_way(tmp_path: Path) -> None:
    done = run("speed", tmp_path, "--quick", "--json", "--only", "step_ratio,pack_ratio")
    assert done.returncode == 0, done.stderr
    details = json.loads(done.stdout)["details"]
    for name in ("step_ratio", "pack_ratio"):
        assert max(details[name]["largest_difference_of_losses"].values()) < 1e-5


@every_script
def test_an_unknown_figure_is_named(script: str, tmp_path: Path) -> None:
    done = run(script, tmp_path, "--only", "step_ratoi")
    assert done.returncode == 2
    assert "step_ratoi" in done.stderr


@pytest.mark.slow
def test_columns_are_compared_with_their_descriptions(tmp_path: Path) -> None:
    data, meta = robot_arm(tasks=3, rows=20)
    (tmp_path / "robot_arm").mkdir()
    meta.to_csv(tmp_path / "robot_arm" / "meta.csv", index=False)
    for name, code in (("y", 0), ("z", 1)):
        data.rename(columns={"y": name}).to_csv(tmp_path / "robot_arm" / "data.csv", index=False)
        done = run("roles", tmp_path, "--data", str(tmp_path))
        assert done.returncode == code, done.stdout
        assert "cubic: not there" in done.stdout
    assert "'z' is feature number, meant (not to be)" in done.stdout


@pytest.mark.slow
def test_generators_are_compared_and_drawn(tmp_path: Path) -> None:
    done = run("compression", tmp_path, "--quick", "--json", "--output", "here")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    generators = {each["generator"].split(",")[0] for each in found["sizes"]}
    assert generators == {"full", "factorised", "low_rank", "chunked", "film"}
    assert {each["problem"] for each in found["sizes"]} == {"robot_arm", "planted"}
    assert all(math.isfinite(each["test_mse"]) and each["parameters"] > 0 for each in found["trials"])
    pictures = {f"compression_{problem}{suffix}" for problem in ("robot_arm", "planted") for suffix in (".svg", ".png")}
    assert {each.name for each in (tmp_path / "here").iterdir()} == {"compression.csv", *pictures}


@pytest.mark.slow
def test_generators_are_compared_on_given_splits(tmp_path: Path) -> None:
    data, meta = robot_arm(tasks=3, rows=20)
    data.to_csv(tmp_path / "data.csv", index=False)
    meta.to_csv(tmp_path / "meta.csv", index=False)
    (tmp_path / "splits").mkdir()
    role = ["train", "vali", "test"] * 15
    pd.DataFrame({"row": range(45), "split": role}).to_csv(tmp_path / "splits" / "seed0.csv", index=False)
    done = run("compression", tmp_path, "--quick", "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "robot_arm" in done.stdout
    assert "within a limit of parameters" in done.stdout


@pytest.mark.slow
def test_every_method_of_the_paper_and_every_network_of_ours_follows_its_protocol(tmp_path: Path) -> None:
    done = run("paper", tmp_path, "--quick", "--json", "--splits", "1", "--networks", "2", "--problems", "cubic")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert all(math.isfinite(each["ours"]) and math.isfinite(each["ensemble"]) for each in rows)
    sizes = {each["method"]: each["parameters"] for each in rows}
    assert sizes["MTHN with metadata"] == 8_595  # as the paper's code counts
    assert sizes["pooled [x, one-hot]"] == 2_849
    assert sizes["cross-stitch"] == 45_380
    assert {each["paper"] for each in rows} == {None}


@pytest.mark.slow
def test_water_quality_has_the_paper_s_own_splits(tmp_path: Path) -> None:
    data, meta = robot_arm(tasks=3, rows=20)
    folder = tmp_path / "water_quality"
    (folder / "splits").mkdir(parents=True)
    data.drop(columns=["target2", "target3"]).to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    for number in range(5):
        split = pd.DataFrame({"row": range(60), "split": ["train", "vali", "test"] * 20})
        split.to_csv(folder / "splits" / f"paper{number}.csv", index=False)
    options = ("--problems", "water_quality", "--methods", "hypernetwork", "--networks", "1")
    done = run("paper", tmp_path, "--quick", "--json", "--data", str(tmp_path), *options)
    assert done.returncode == 0, done.stderr
    rows = {each["method"]: each for each in json.loads(done.stdout)["rows"]}
    assert {len(each["by_split"]) for each in rows.values()} == {5}
    assert rows["MTHN with metadata"]["paper"] == 0.340
    assert rows["MTHN without metadata"]["paper"] is None


@pytest.mark.slow
def test_searches_with_and_without_rungs_are_paired(tmp_path: Path) -> None:
    done = run("search", tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {way: len(each) for way, each in found["runs"].items()} == {"none": 2, "asha": 2}
    assert {each["stopped"] for each in found["runs"]["none"]} == {0}
    assert min(each["epochs"] for each in found["runs"]["none"]) > 0
    assert 0 < found["epochs_ratio"] <= 1
    assert found["test_mse"]["low"] <= found["test_mse"]["difference"] <= found["test_mse"]["high"]


@pytest.mark.slow
def test_the_driver_is_measured_and_its_workers_simulated(tmp_path: Path) -> None:
    done = run("driver", tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["driver_milliseconds"] > 0
    assert found["driver_growth"] > 0
    assert len(found["busy_share"]) == 4
    assert all(0 < share <= 1 for share in found["busy_share"].values())


@pytest.mark.slow
def test_costs_are_measured_for_every_kind_of_problem(tmp_path: Path) -> None:
    done = run("costs", tmp_path, "--quick", "--json", "--architectures", "ridge,pooled")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    powers = {"columns", "targets", "labels"}
    assert {name: set(each) for name, each in found.items()} == {
        name: {"regression", "classes", *powers} for name in ("ridge", "pooled")
    }
    for each in found.values():
        assert all(seconds > 0 for kind in ("regression", "classes") for seconds in each[kind].values())
        assert all(0 <= each[power] <= 3 for power in powers)


@pytest.mark.slow
def test_a_short_search_counts_its_trials_and_the_seconds_that_clocks_took(tmp_path: Path) -> None:
    done = run("time_planning", tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["uncut"] == found["complete"] + found["stopped_at_a_rung"] > 0
    assert 0 <= found["seconds_lost"] <= found["worker_seconds"]
    assert found["first_trial_after"]


@pytest.mark.slow
def test_the_page_of_a_large_run_is_opened_in_a_browser(tmp_path: Path) -> None:
    done = run("page", tmp_path, "--quick", "--json", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["small"]
    assert found.keys() == {"megabytes", "writing_seconds", "seconds", "processor_seconds"}
    assert all(value > 0 for value in found.values())


def test_claims_are_counted_and_one_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = run("claims", tmp_path, "--seeds", "2", "--json", "--only", "Wilcoxon")
    assert done.returncode == 0, done.stderr
    assert {each["seeds"] for each in json.loads(done.stdout)} == {2}
    refused = run("claims", tmp_path, "--only", "Wilcoxen")
    assert refused.returncode == 1
    assert "none has 'Wilcoxen' in it" in refused.stderr


@pytest.mark.slow
def test_the_page_of_a_planted_problem_is_read_out(tmp_path: Path) -> None:
    options = ("--problems", "large", "--architectures", "ridge", "--time-limit", "20s")
    done = run("planted", tmp_path, "--output", "here", *options)
    assert done.returncode == 0, done.stderr
    assert "## The answer" in done.stdout
    assert "cross-validated RMSE" in done.stdout
