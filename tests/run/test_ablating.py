"""The ablation of a run, in its time and made again: tables, verdict and page agree, and bad input writes nothing."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mthn_automl import ablate, search
from mthn_automl.analysis.ablation import COLUMNS
from mthn_automl.errors import NothingFinishedError, RunError, UsageError
from mthn_automl.report import drawing
from mthn_automl.run import ablation
from mthn_automl.tuning import plan
from tests.command import in_process

KINDS = ["both", "metadata_only", "embedding_only", "permuted"]
FEW = {"architectures": "hypernetwork,ridge", "trials": 4, "folds": 2, "seeds": 1, "runner": "local"}


@pytest.fixture(scope="module", autouse=True)
def few_steps() -> Iterator[None]:
    with patch.object(plan, "STEPS_WANTED", 40):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tasks whose slope is metadata, of a ridge that is the answer and a hypernetwork."""
    folder, random = tmp_path_factory.mktemp("ablated"), np.random.default_rng(0)
    slope, day = random.normal(size=9), pd.date_range("2020-01-31", periods=9, freq="40D").strftime("%Y-%m-%d")
    meta = pd.DataFrame({"task": [f"t{each}" for each in range(9)], "slope": slope, "day": day})
    meta["colour"] = np.where(np.arange(9) % 2, "red", "blue")
    task = np.repeat(np.arange(9), 10)
    x = random.uniform(-1, 1, len(task))
    target = slope[task] * x + 0.05 * random.normal(size=len(task))
    data = pd.DataFrame({"task": [f"t{each}" for each in task], "x": x, "target": target})
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    with patch.object(ablation, "MORE_SHARE", 0.0):
        found = search(folder / "data.csv", folder / "meta.csv", output=folder / "run", **FEW)
    return found.folder


def test_a_run_without_time_for_more_has_the_verdict_and_says_what_was_left_out(run: Path) -> None:
    table = pd.read_csv(run / "ablation.csv")
    assert list(table["variant"]) == KINDS
    assert table["architecture"].eq("hypernetwork").all()
    changed = dict(zip(table["variant"], table["changed"], strict=True))
    assert changed["both"] == "none"  # so that with the metadata alone something must be otherwise
    assert " = " in changed["metadata_only"]
    log = (run / "run.log").read_text()
    assert "Of the metadata ablation, single columns and the control by noise" in log
    assert f"were left out for time, in whole or in part; `mthn-automl ablate {run}` makes them." in log


def test_as_many_networks_a_fold_are_trained_as_there_is_time_for() -> None:
    assert [ablation.affordable(3, seconds, 9.0) for seconds in (None, 10.0, 6.0, 0.1)] == [3, 3, 2, 1]


def test_bad_input_is_refused_and_nothing_is_written(run: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (run / "ablation.csv", run / "summary.json")}
    here = {"runner": "local"}
    with pytest.raises(UsageError, match="No column of the metadata is named 'slop'; did you mean 'slope'"):
        ablate(run, columns="slop", **here)
    with pytest.raises(UsageError, match="No model of 'rigde' is in this run; did you mean 'ridge'"):
        ablate(run, architectures="rigde", **here)
    with pytest.raises(UsageError, match="--seeds must be at least 1"):
        ablate(run, seeds=0, **here)
    with pytest.raises(UsageError, match="The local runner has one worker"):
        ablate(run, workers=3, **here)
    with pytest.raises(RunError):
        ablate(run, data=pd.read_csv(run.parent / "data.csv").iloc[1:], **here)
    ended = in_process(tmp_path, "ablate", tmp_path / "none", "--runner", "local")
    assert ended.code == 2
    assert {path: path.read_bytes() for path in before} == before


def test_ablate_makes_all_columns_seeds_settings_and_tasks_and_rewrites_table_verdict_and_page(run: Path) -> None:
    with patch.object(drawing, "subprocess", subprocess):  # for once the page is drawn
        ended = in_process(run.parent, "ablate", run, "--seeds", 2, "--runner", "local", "--json")
    assert ended.code == 0, ended.err
    said, table = json.loads(ended.out), pd.read_csv(run / "ablation.csv")
    assert list(table.columns) == list(COLUMNS)
    assert table["seeds"].eq(np.where(table["architecture"] == "hypernetwork", 2, 1)).all()  # ridge has no luck
    assert list(dict.fromkeys(table["architecture"])) == ["hypernetwork", "ridge"]
    columns = [f"{kind}:{name}" for kind in ("without", "only") for name in ("slope", "day", "colour")]
    for _, rows in table.groupby("architecture"):
        seen = rows[rows["tasks"] == "seen"]
        as_tuned = seen[~seen["tuned"]].set_index("variant")["changed"]
        assert (as_tuned[["both", "metadata_only", "embedding_only"]] == "none").any()  # what the best trial looks at
        assert (seen.loc[seen["tuned"], "changed"] == "all").all()
        assert list(seen[~seen["tuned"]]["variant"]) == [*KINDS, "noise", *columns]
        assert list(seen[seen["tuned"]]["variant"]) == ["both", "metadata_only", "embedding_only"]
        assert list(rows[rows["tasks"] == "held out"]["variant"]) == ["both", "metadata_only", "embedding_only"]
        assert rows.loc[rows["tasks"] == "held out", "folds"].eq(3).all()
        for _, group in rows.groupby(["tasks", "tuned"]):
            both = group.loc[group["variant"] == "both", "error"].item()
            assert list(group["error"] - both) == pytest.approx(list(group["difference"]))
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["metadata_verdict"], summary["metadata_sentence"]) == (
        said["metadata_verdict"],
        said["metadata_sentence"],
    )
    assert len(said["ablation"]) == len(table)
    assert not summary["embeddings"]["told_metadata"]
    assert summary["embeddings"]["networks"] == 4  # two a fold, of the ablation
    assert {"slope", "day (month)", "colour"} <= set(pd.read_csv(run / "reconstruction.csv")["column"])
    assert "ithout <code>slope</code> the error is" in (run / "report.html").read_text()
    assert (run / "figures" / "columns.svg").exists()


def test_fits_that_the_clock_cut_short_are_compared_with_nothing_and_what_was_there_stays(run: Path) -> None:
    before = {path: path.read_bytes() for path in (run / "ablation.csv", run / "summary.json")}
    told = pytest.raises(NothingFinishedError, match="The full model must be fitted, however it was not; give more")
    with patch.object(ablation, "equal_share", lambda *given: 0.001), told:
        ablate(run, architectures="hypernetwork", time_limit=0.001, runner="local")
    assert {path: path.read_bytes() for path in before} == before


def test_for_tasks_never_seen_the_slope_must_come_from_the_metadata(run: Path) -> None:
    table = pd.read_csv(run / "ablation.csv")
    ridge = table[(table["architecture"] == "ridge") & (table["tasks"] == "held out")].set_index("variant")
    assert ridge.loc["embedding_only", "error"] > 1.2 * ridge.loc["both", "error"]


def test_other_architectures_keep_their_rows_and_named_columns_are_made_alone(run: Path) -> None:
    before = pd.read_csv(run / "ablation.csv")
    found = ablate(run, architectures=["ridge"], columns=["slope"], seeds=1, runner="local")
    hyper = before["architecture"] == "hypernetwork"
    kept = found.table[found.table["architecture"] == "hypernetwork"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before[hyper].reset_index(drop=True), check_dtype=False)
    ridge = found.table[found.table["architecture"] == "ridge"]
    assert list(ridge["variant"]) == list(before.loc[~hyper, "variant"])
    others = ridge["variant"].str.contains("day|colour").to_numpy()
    assert list(ridge["error"][others]) == pytest.approx(list(before["error"][~hyper][others]))
    assert found.verdict == json.loads((run / "summary.json").read_text())["metadata_verdict"]
