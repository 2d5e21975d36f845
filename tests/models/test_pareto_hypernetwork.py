"""One training for every preference between error and size."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

from mthn_automl import load_model, search
from mthn_automl.data.problems import planted
from mthn_automl.errors import UsageError
from mthn_automl.models.pareto_hypernetwork import LARGEST_DRAWN, ParetoHypernetwork, ParetoHypernetworkSettings
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.run.job import SearchResult
from tests.command import in_process

pytestmark = pytest.mark.pictures

SHAPE = ProblemShape(features=3, outputs=1, tasks=5, metadata=2)


def network() -> ParetoHypernetwork:
    torch.manual_seed(0)
    return ParetoHypernetwork(SHAPE, ParetoHypernetworkSettings(width=16))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    folder = tmp_path_factory.mktemp("preferences")
    data, meta = planted(8, 40)
    data.to_csv(folder / "data.csv", index=False)
    given = {"folds": 2, "seeds": 1, "runner": "local", "no_ablation": True, "trials": 2}
    return search(data, meta, architectures="pareto_hypernetwork,ridge", output=folder / "run", **given)


def test_preferences_are_drawn_from_none_to_large_ones() -> None:
    random, model = np.random.default_rng(0), network()
    drawn = np.array([model.draw(random)["drawn"] for _ in range(2000)])
    assert (drawn == 0.0).mean() == pytest.approx(0.25, abs=0.04)
    assert 0.9 < drawn.max() <= LARGEST_DRAWN


def test_every_unit_is_open_at_no_preference_and_a_smaller_network_is_a_part_of_a_larger_one() -> None:
    model, gates = network().eval(), []
    for preference in (0.0, 0.2, 0.5, 0.9, 1.0):
        model.preference.fill_(preference)
        gates.append(model.gates())
    assert (gates[0] == 1.0).all()
    assert all((small <= large).all() for large, small in pairwise(gates))
    assert 0 < int((gates[-1] > 0.0).sum()) <= 0.3 * gates[-1].numel()


def test_the_penalty_is_the_share_of_weights_between_open_units() -> None:
    model = network().train()
    model.drawn.fill_(0.5)
    open_units = model.gates().detach().sum(dim=1)
    expected = 3 * open_units[0] + open_units[0] * open_units[1] + open_units[1]
    assert float(model.penalty().detach()) == pytest.approx(float(expected) / (3 * 16 + 16 * 16 + 16), rel=1e-5)
    model.drawn.fill_(0.0)
    assert float(model.penalty().detach()) == 0.0


def test_the_curve_goes_from_small_errors_to_small_networks(run: SearchResult) -> None:
    curve = pd.read_csv(run.folder / "preferences.csv")
    size, error = curve["parameters_per_task_network"], curve["test_error"]
    line = run.leaderboard.set_index("architecture").loc["pareto_hypernetwork"]
    assert list(curve["preference"]) == [number / 20 for number in range(21)]
    assert (size.diff().dropna() <= 0).all()
    assert size.iloc[-1] < size.iloc[0] / 4
    assert error.iloc[0] == pytest.approx(line["test_error"])
    assert size.iloc[0] == line["parameters_per_task_network"]
    assert error.iloc[-1] > error.iloc[0]
    assert {path.suffix for path in (run.folder / "figures").glob("preferences.*")} == {".svg", ".png", ".csv"}


def test_a_preference_changes_what_is_predicted(run: SearchResult) -> None:
    words = ("predict", "run/models/pareto_hypernetwork", "data.csv", "--quiet")
    folder = run.folder.parent
    plain, none, small = (
        in_process(folder, *words, *more) for more in ((), ("--preference", 0), ("--preference", 0.9))
    )
    assert plain.out == none.out
    assert plain.out != small.out
    model = load_model(run.folder / "models" / "pareto_hypernetwork").at_preference(0.9)
    expected = model.predict(folder / "data.csv")["prediction"]
    found = [float(line.split(",")[2]) for line in small.out.splitlines()[1:]]
    np.testing.assert_allclose(found, expected)


def test_a_preference_that_cannot_be_is_refused_by_the_command_in_one_line(run: SearchResult) -> None:
    beyond = "The preference must lie between 0 and 1, however it is"
    for model, preference, message in (
        ("pareto_hypernetwork", 1.5, f"{beyond} 1.5"),
        ("pareto_hypernetwork", float("nan"), f"{beyond} nan"),
        ("ridge", 0.5, "however this one is a ridge; .*--architectures pareto_hypernetwork"),
    ):
        with pytest.raises(UsageError, match=message):
            load_model(run.folder / "models" / model).at_preference(preference)
    ended = in_process(run.folder.parent, "predict", "run/models/ridge", "data.csv", "--preference", 0.5)
    assert (ended.code, ended.out, len(ended.err.strip().splitlines())) == (2, "", 1)
