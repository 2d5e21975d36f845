"""Searches that are asked another question than the usual one, by the real command, and what they leave."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.problems import planted
from mthn_automl.data.scoring import metric_named
from mthn_automl.tuning import plan
from tests.command import Ended, in_process

ALWAYS = ("--meta", "meta.csv", "--runner", "local", "--seeds", 1, "--architectures", "ridge,hypernetwork")
BUDGET = ("--folds", 2, "--trials", 2)
RMSE = metric_named("rmse")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """10 tasks of 15 rows; 3 rows after each other are of one person, days go by in no order."""
    data, meta = planted(tasks=10, rows=15)
    days = np.random.default_rng(0).permutation(len(data))
    data = data.assign(
        person=[f"p{row // 3}" for row in range(len(data))],
        day=[str(np.datetime64("2020-01-01") + int(each)) for each in days],
        use=np.array(["train", "train", "vali", "test", ""])[np.arange(len(data)) % 5],
    )
    return data, meta


QUESTIONS = {
    "whole_tasks": ("--holdout-tasks", 0.3, "--test-fraction", 0.2, "--ignore", "use", "--group", "person"),
    "time": ("--time", "day", "--ignore", "use", "--ignore", "person", "--no-ablation"),
    "file": ("--split", "use.csv", "--ignore", "use", "--ignore", "person", "--no-ablation"),
}


@dataclass(frozen=True)
class Asked:
    """A search, and what it left."""

    name: str
    folder: Path
    ended: Ended

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "summary.json").read_text())  # type: ignore[no-any-return]

    @property
    def split(self) -> pd.DataFrame:
        """Of each row that is used: its role, its fold, and what stands in its line of the data."""
        table = pd.read_parquet(self.folder / "splits.parquet")
        data = pd.read_csv(self.folder.parent / "data.csv").iloc[table["row"]].reset_index(drop=True)
        return table.assign(person=data["person"], day=pd.to_datetime(data["day"]), use=data["use"])

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv")


@pytest.fixture(scope="module", params=QUESTIONS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp(request.param)
    data, meta = frames()
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    data[["use"]].rename(columns={"use": "split"}).rename_axis("row").to_csv(folder / "use.csv")
    budget = BUDGET if request.param != "file" else BUDGET[2:]
    words = (*ALWAYS, *budget, *QUESTIONS[request.param], "--output", "run")
    with patch.object(plan, "STEPS_WANTED", 40):
        ended = in_process(folder, "search", "data.csv", *words)
    assert ended.code == 0, ended.err
    return Asked(request.param, folder / "run", ended)


def test_the_split_is_what_was_asked_for(run: Asked) -> None:
    split = run.split
    test, rest = split[split["role"] == "test"], split[split["role"] == "train"]
    if run.name == "whole_tasks":
        new = set(test["task"]) - set(rest["task"])
        assert len(new) == 3
        assert rest.groupby("task")["fold"].nunique().eq(1).all()
        assert not set(test["person"]) & set(rest["person"])
        assert set(test["task"]) - new
    elif run.name == "time":
        assert (test.groupby("task")["day"].min() > rest.groupby("task")["day"].max()).all()
        assert set(rest["fold"]) == {-1, 0, 1}
        for number in (0, 1):
            validated, known = (
                rest[each].groupby("task")["day"] for each in (rest["fold"] == number, rest["fold"] < number)
            )
            assert (validated.min() > known.max()).all()
    else:
        assert len(split) == 120
        assert (split["use"] == split["role"].where(split["fold"] < 0, "vali")).all()


def test_the_test_error_is_of_the_rows_that_the_question_is_about(run: Asked) -> None:
    table = run.table("leaderboard").set_index("architecture")
    stored = pd.read_parquet(run.folder / "predictions.parquet")
    known = set(run.split.loc[run.split["role"] == "train", "task"].astype(str))
    for name, line in table[table["rank"].notna()].iterrows():
        rows = stored[(stored["architecture"] == name) & stored["role"].str.startswith("test")]
        of_known = rows["task"].astype(str).isin(known)
        assert of_known.all() if run.name != "whole_tasks" else (of_known == (rows["role"] != "test")).all()
        errors = {"test": rows, "new_rows": rows[of_known], "new_tasks": rows[~of_known]}
        if run.name == "whole_tasks":
            errors["test"] = rows[~of_known]
        else:
            assert line[["new_rows_error", "new_tasks_error"]].isna().all()
            errors = {"test": rows}
        for kind, some in errors.items():
            expected = RMSE.function(some[["target"]].to_numpy(), some[["prediction"]].to_numpy())
            assert line[f"{kind}_error"] == pytest.approx(expected, rel=1e-6)
            assert line[f"{kind}_low"] <= expected <= line[f"{kind}_high"]


def test_both_answers_are_stated_in_words_and_in_the_summary(run: Asked) -> None:
    summary = run.summary
    assert summary["test_sentence"] in run.ended.out
    account, best = summary["data"]["split"], summary["best"]
    if run.name == "whole_tasks":
        assert "on 3 tasks never seen (45 rows)" in summary["test_sentence"]
        assert "new tasks: rmse [95 %]" in run.ended.out
        assert account["new_tasks"]["tasks"] == 3
        assert best["test_error"] == best["new_tasks_error"]
        assert (account["folds"], account["training"]["groups"] > 0) == ("whole tasks", True)
    else:
        assert account["new_tasks"] is None
        assert "known tasks; the 95 % interval is over rows" in summary["test_sentence"]
    if run.name == "time":
        assert account["training"]["first"] < account["training"]["last"]
        assert account["training"]["first"].startswith("2020-")


def test_a_model_predicts_its_sealed_rows_as_the_run_did(run: Asked) -> None:
    """Tasks held out are known by their metadata, which are stored."""
    split = run.split
    rows = split.loc[split["role"] == "test", "row"].sort_values()
    pd.read_csv(run.folder.parent / "data.csv").iloc[rows].to_csv(run.folder.parent / "new.csv", index=False)
    ended = in_process(run.folder.parent, "predict", "run", "new.csv", "--output", "predicted.csv")
    assert ended.code == 0, ended.err
    found = pd.read_csv(run.folder.parent / "predicted.csv")["prediction"]
    stored = pd.read_parquet(run.folder / "predictions.parquet")
    winner = run.summary["best"]["architecture"]
    expected = stored[(stored["architecture"] == winner) & stored["role"].str.startswith("test")].sort_values("row")
    np.testing.assert_allclose(found, expected["prediction"].to_numpy(), rtol=1e-5, atol=1e-6)


def test_a_resume_goes_on_with_the_same_split(run: Asked) -> None:
    before = (run.folder / "splits.parquet").read_bytes()
    ended = in_process(run.folder.parent, "resume", "run", "--trials", 1)
    assert ended.code == 0, ended.err
    assert (run.folder / "splits.parquet").read_bytes() == before


REFUSED = {
    "later rows of tasks never seen": (("--time", "day", "--holdout-tasks", 0.2), 2, "--time asks for later rows"),
    "later rows of new groups": (("--time", "day", "--group", "person"), 2, "--time asks for later rows"),
    "named and drawn": (("--split", "use", "--test-fraction", 0.1), 2, "--split names the test rows"),
    "a share of one": (("--holdout-tasks", 1), 2, "--holdout-tasks must be at least 0 and below 1"),
    "no such group": (("--group", "persn"), 2, "--group must name a column, however there is no 'persn'"),
    "no such time": (("--time", "dya"), 2, "--time must name a column, however there is no 'dya'"),
    "no such split": (("--split", "uze"), 2, "--split must name a column or a file, however there is no 'uze'"),
    "a time of words": (("--time", "person"), 3, "--time must name a column of dates or numbers, however 'person'"),
    "a split of other words": (("--split", "person"), 3, "'person' must say train, validation or test"),
    "more folds than tasks": (("--holdout-tasks", 0.2, "--folds", 9), 2, "--folds must be at most 8"),
    "more folds than are named": (("--split", "use", "--folds", 2), 2, "--folds must be at most 1"),
    "two kinds of folds": (("--split", "use", "--group", "person"), 2, "--split names validation rows"),
    "drawn and in a file": (("--test", "data.csv", "--holdout-tasks", 0.2), 2, "--test gives the test rows"),
    "tasks that hang together": (("--holdout-tasks", 0.2, "--group", "x1sign"), 3, "sets of tasks that share no group"),
}


@pytest.mark.parametrize(("words", "code", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_in_one_sentence_before_anything_is_written(
    words: tuple[Any, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    data, meta = frames()
    data.assign(x1sign=data["x1"] > 0).to_csv(tmp_path / "data.csv", index=False)
    meta.to_csv(tmp_path / "meta.csv", index=False)
    ended = in_process(tmp_path, "search", "data.csv", *ALWAYS, "--trials", 1, *words, "--output", "run")
    assert (ended.code, sentence in ended.err) == (code, True), ended.err
    assert not (tmp_path / "run").exists()
