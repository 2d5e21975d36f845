"""The answer of a run is made of the models that its trials left: within the limits, and of those that are there."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w

from mthn_automl import catalogue, load_model
from mthn_automl.data.problems import planted
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import NothingFinishedError
from mthn_automl.models.base import Size
from mthn_automl.run import ensembling
from mthn_automl.run.job import SearchResult, search
from mthn_automl.run.models import Finished
from mthn_automl.storage import write_text
from mthn_automl.tuning.ensemble import Candidate, target_of
from mthn_automl.tuning.events import Event, PhaseStarted
from mthn_automl.tuning.objective import SearchData
from tests.contracts import zoo
from tests.tuning import toys

DATA, META = planted(6, 16)
BOTH = ("wide", "ridge")
FOLDS = 3
TRIALS = [
    {"use_task": True, "use_metadata": True, "width": 32, "depth": 3, "learning_rate": 3e-3, "weight_decay": 1e-2},
    {"use_task": False, "use_metadata": True, "width": 32, "depth": 3, "learning_rate": 3e-3, "weight_decay": 1e-2},
    {"use_task": True, "use_metadata": False, "width": 32, "depth": 2, "learning_rate": 3e-3, "weight_decay": 1.0},
]
"""The first of `wide`, whose sizes are alike; it is `pooled` otherwise."""


def space(folder: Path) -> Path:
    shipped = tomllib.loads(catalogue.read("pooled").path.read_text())
    file = folder / "wide.toml"
    write_text(file, tomli_w.dumps({**shipped, "first_trials": TRIALS}))
    return file


def searched(output: Path, table: pd.DataFrame = DATA, meta: pd.DataFrame = META, **given: Any) -> SearchResult:
    """Six trials of each architecture, of three folds; networks of a few epochs."""
    usual = {
        "space": str(space(output.parent)),
        "architectures": BOTH,
        "trials": 12,
        "folds": FOLDS,
        "seeds": 1,
        "runner": "local",
        "no_ablation": True,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mthn_automl.tuning.plan.STEPS_WANTED", 40)
        return search(table, meta, output=output, **{**usual, **given})


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """A search without limits."""
    return searched(tmp_path_factory.mktemp("free") / "run")


def rows_of(found: SearchResult) -> pd.DataFrame:
    return found.leaderboard.set_index("architecture")


def config_of(found: SearchResult, name: str) -> Any:
    return json.loads((found.folder / "models" / name / "config.json").read_text())


def saved(found: SearchResult, name: str) -> Predictor:
    return load_model(found.folder / "models" / name)


def test_an_ensemble_joins_trials_of_one_architecture_too_and_has_a_point_for_each_number(free: SearchResult) -> None:
    members = config_of(free, "ensemble")["members"]
    assert len(members) == rows_of(free)["trials"]["ensemble"] >= 2
    points = free.tradeoff[free.tradeoff["architecture"] == "ensemble"]
    assert points["trial"].is_monotonic_increasing
    last = points.iloc[-1]
    assert (last["trial"], last["cv_error"]) == (len(members), pytest.approx(rows_of(free)["cv_error"]["ensemble"]))
    assert last["parameters"] == rows_of(free)["parameters"]["ensemble"] == saved(free, "ensemble").model.size().total


def test_the_ensemble_answers_where_single_models_chosen_on_other_folds_are_worse(free: SearchResult) -> None:
    said = re.search(
        r"error (\S+); single models, .* have (\S+) \((\S+) if .*\)\. The (.*) is the answer\.",
        (free.folder / "run.log").read_text(),
    )
    assert said is not None
    together, alone, lowest = map(float, said.groups()[:3])
    assert alone >= lowest == pytest.approx(rows_of(free)["cv_error"].drop("ensemble").min(), rel=1e-3)
    first = together < alone
    assert (said[4] == "ensemble") == (free.best["architecture"] == "ensemble") == first
    assert str(rows_of(free)["note"]["ensemble"]).startswith("first, since") == first


def test_the_best_few_trials_of_each_architecture_keep_their_models(free: SearchResult) -> None:
    kept = {path.parent.name for path in (free.folder / "trials").glob("*/model.json")}
    assert {each.rsplit("-", 1)[0] for each in kept} == set(BOTH)
    assert len(kept) < len(list((free.folder / "trials").iterdir()))
    members = {f"{each['architecture']}-{each['trial']}" for each in config_of(free, "ensemble")["members"]}
    assert members <= kept


def test_a_single_model_is_of_all_folds_or_of_all_rows(free: SearchResult) -> None:
    of_networks, of_ridge = ([each["models"] for each in config_of(free, name)["members"]] for name in BOTH)
    assert ([len(each) for each in of_networks], [len(each) for each in of_ridge]) == ([FOLDS], [1])


def test_limits_bind_single_models_and_ensembles_which_are_then_of_fewer_folds(
    tmp_path: Path, free: SearchResult
) -> None:
    """There is room for two networks of a fold, and for a ridge."""
    networks = [len(each["models"]) for each in config_of(free, "wide")["members"]]
    most = 2 * rows_of(free)["parameters"]["wide"] // networks[0] + 500
    found = searched(tmp_path / "run", max_parameters=int(most))
    assert set(rows_of(found).index) == {*BOTH, "ensemble"}
    assert (rows_of(found)["parameters"] <= most).all()
    for name, row in rows_of(found).iterrows():
        assert row["parameters"] == saved(found, str(name)).model.size().total
        folds = [each["models"] for each in config_of(found, str(name))["members"] if each["architecture"] == "wide"]
        assert all(1 <= len(each) < FOLDS for each in folds)
    assert (saved(found, "wide").predict(DATA)["prediction"].notna()).all()


def test_smaller_forms_of_an_ensemble_keep_the_limits_too(tmp_path: Path) -> None:
    """Each trial alone would keep more folds than there is room for beside another's."""
    most = 14_000
    given = {"architectures": "wide,hard_sharing,learned_context", "trials": 12}
    found = searched(tmp_path / "run", **given, max_parameters=most)
    points = found.tradeoff[found.tradeoff["architecture"] == "ensemble"]
    assert len(points) > 1
    assert (points["parameters"] <= most).all()


def losing(run: Path, *architectures: str, trial: str = "") -> Callable[[Event], None]:
    """A watcher that takes the models of these architectures, or of one trial, away when the search is over."""

    def watch(event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.name == "ensemble":
            for name in (*(f"{each}-*" for each in architectures), trial):
                for path in run.glob(f"trials/{name}/model.json"):
                    path.unlink()

    return watch


def test_an_architecture_whose_model_is_lost_says_so_and_another_answers(tmp_path: Path) -> None:
    run = tmp_path / "run"
    found = searched(run, architectures="ridge,kernel_ridge", trials=4, progress=losing(run, "ridge"))
    lost = rf"its model is lost: {run}/trials/ridge-\d must be the folder of a trial with its model, however model"
    assert re.match(lost, rows_of(found)["note"]["ridge"])
    assert rows_of(found)["test_error"].isna().to_dict()["ridge"]
    assert found.best["architecture"] != "ridge"
    assert {path.name for path in (run / "models").iterdir()} == set(rows_of(found).index) - {"ridge"}
    assert len(found.model.predict(DATA)) == len(DATA)


def test_without_the_model_of_one_of_its_members_an_ensemble_is_made_of_the_others(
    tmp_path: Path, free: SearchResult
) -> None:
    run, lost = tmp_path / "run", config_of(free, "ensemble")["members"][0]
    name = f"{lost['architecture']}-{lost['trial']}"
    found = searched(run, progress=losing(run, trial=name))
    members = [f"{each['architecture']}-{each['trial']}" for each in config_of(found, "ensemble")["members"]]
    assert len(members) > 1
    assert name not in members
    assert f"{name} is in no ensemble: " in (run / "run.log").read_text()


def test_of_classes_an_ensemble_is_compared_with_single_models_at_their_temperatures() -> None:
    """The boldest of three had .92 as it was and .57 tempered, and an ensemble of .59 was said to be better."""
    dataset = zoo.binary()
    data = SearchData(dataset, np.arange(len(dataset)) % 3, "log_loss", "rows")
    run = SimpleNamespace(data=data, options=SimpleNamespace(holdout_tasks=None))
    sure = np.where(dataset.target == [[0.0, 1.0]], 0.8, 0.2)
    target, candidates = target_of(data, np.arange(len(dataset))), [Candidate(toys.result(0.6), 0, 0.5 * sure + 0.25)]
    best = {
        "bold": Finished(toys.result(0.57), None, sure),
        "calm": Finished(toys.result(0.6), None, 0.5 * sure + 0.25),
    }
    alone = SimpleNamespace(error=0.6)
    lowest, single = ensembling._errors_alone(run, best, target, candidates, alone)
    assert (lowest, single) == (0.57, pytest.approx(-np.log(0.8)))
    numbers = SimpleNamespace(data=SimpleNamespace(dataset=zoo.planted()))
    assert ensembling._errors_alone(numbers, best, target, candidates, alone) == (0.6, 0.6)


def test_where_all_models_are_lost_that_is_said_and_the_trials_stay(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(
        NothingFinishedError, match=rf"No model is left of the trials in {run}: .* must be the folder of a trial"
    ):
        searched(run, architectures="ridge", trials=2, progress=losing(run, "ridge"))
    assert len(list(run.glob("trials/*/result.json"))) == 2
    assert not (run / "model").exists()


@pytest.mark.parametrize("limited", [{"folds": 1}, {"folds": 3, "max_parameters": 3000}], ids=["one fold", "limits"])
def test_what_is_stated_of_the_sealed_rows_is_what_the_saved_models_predict_for_them(
    tmp_path: Path, limited: dict[str, int]
) -> None:
    """Of tasks never seen, and of new rows of others: of models of some tasks beside such as know all of them."""
    data, meta = planted(12, 20)
    given = {"holdout_tasks": 0.3, "test_fraction": 0.2, "architectures": "ridge,pooled", "trials": 12}
    found = searched(tmp_path / "run", table=data, meta=meta, **{**given, **limited})
    members = config_of(found, "ensemble")["members"]
    assert {(each["architecture"], len(each["models"])) for each in members} == {("ridge", 1), ("pooled", 1)}
    stated = pd.read_parquet(found.folder / "predictions.parquet")
    for name, rows in stated[stated["role"] != "out_of_fold"].groupby("architecture"):
        now = saved(found, str(name)).predict(data.iloc[rows["row"]])["prediction"]
        assert now.to_numpy() == pytest.approx(rows["prediction"].to_numpy(), rel=1e-5), name


def test_where_the_limits_leave_no_room_for_two_the_sentence_names_them(tmp_path: Path, free: SearchResult) -> None:
    smallest = free.tradeoff.loc[free.tradeoff["architecture"] == "wide", "parameters"].min() // FOLDS
    found = searched(tmp_path / "run", architectures="wide", max_parameters=int(1.5 * smallest))
    assert set(rows_of(found).index) == {"wide"}
    assert re.search(
        r"No ensemble of the trials has a lower error than the best of them alone within the limits\. Without them "
        rf"there is one of \d, with one fold of each: parameters must be at most {int(1.5 * smallest):,}, however",
        (found.folder / "run.log").read_text(),
    )


def test_an_ensemble_that_is_larger_than_it_seemed_gives_way_to_the_next_smaller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of trees, whose sizes differ from fold to fold."""
    monkeypatch.setattr(Candidate, "model_size", Size(1, 1, 0))
    most = 6_000
    found = searched(tmp_path / "run", architectures="wide,hard_sharing,learned_context", max_parameters=most)
    beyond = re.findall(
        r"An ensemble of (\d) trials is beyond the limits: parameters", (found.folder / "run.log").read_text()
    )
    members = config_of(found, "ensemble")["members"]
    assert [int(each) for each in beyond] == sorted(map(int, beyond), reverse=True)
    assert len(members) < int(beyond[-1])
    assert saved(found, "ensemble").model.size().total == rows_of(found)["parameters"]["ensemble"] <= most
