"""The plotted numbers first, then that the files hold a picture of them."""

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.ablation import ablation_table, empty_ablation
from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.analysis.preferences import joined
from mthn_automl.analysis.tradeoff import tradeoff
from mthn_automl.models.base import Size
from mthn_automl.report.charts import ablation as ablation_chart
from mthn_automl.report.charts import leaderboard as leaderboard_chart
from mthn_automl.report.charts import theme
from mthn_automl.report.charts import tradeoff as tradeoff_chart
from mthn_automl.report.charts.labels import Box, place
from mthn_automl.report.figures import save_figures
from mthn_automl.tuning.results import TrialResult

NAMES = ("hypernetwork", "pooled", "ridge")


def trial(architecture: str, error: float, total: int) -> TrialResult:
    folds = (error * 0.9, error * 1.1, error)
    return TrialResult(architecture, {}, error, error, error, folds, (), (), Size(total, 10, 3), 1.0, 0.5)


def trials() -> list[tuple[int, TrialResult]]:
    errors = {"hypernetwork": (0.7, 0.8, 0.75), "pooled": (0.9, 0.95, 9e9), "ridge": (0.85, 0.86, 0.88)}
    sizes = {"hypernetwork": 5000, "pooled": 900, "ridge": 0}
    return [(n, trial(name, each, sizes[name])) for name in NAMES for n, each in enumerate(errors[name])]


def ranked() -> pd.DataFrame:
    best = {result.architecture: result for number, result in trials() if number == 0}
    finalists = [
        Finalist(name, each, 3, each.error, each.error - 0.1, each.error + 0.1, 1.0, 0.9, 1.1, 2.0, 0.5, each.size)
        for name, each in best.items()
    ]
    failed = Finalist("mrn", None, 0, None, None, None, None, None, None, None, None, None, "diverged")
    return leaderboard([*finalists, failed], 0.5)


def ablated() -> pd.DataFrame:
    both = np.random.default_rng(0).normal(1.0, 0.02, (3, 2))
    noise = np.random.default_rng(1).normal(0.0, 0.01, (3, 2))
    variants = {"both": both, "embedding_only": both + 0.3 + noise, "without:area": both + noise}
    return ablation_table("hypernetwork", variants, 0.5)


def test_a_diverged_trial_lies_outside_and_all_others_within() -> None:
    points = tradeoff_chart.points(tradeoff(trials()))
    assert points.loc[points["outside"], ["architecture", "trial"]].to_numpy().tolist() == [["pooled", 2]]
    assert len(points) == len(trials())


def test_each_architecture_has_one_best_trial() -> None:
    points = tradeoff_chart.points(tradeoff(trials()))
    assert points.loc[points["best"], ["architecture", "cv_error"]].to_numpy().tolist() == [
        ["hypernetwork", 0.7],
        ["pooled", 0.9],
        ["ridge", 0.85],
    ]


def test_no_parameters_are_shown_as_one() -> None:
    points = tradeoff_chart.points(tradeoff(trials()))
    assert points.groupby("architecture")["shown_parameters"].first().to_dict() == {
        "hypernetwork": 5000,
        "pooled": 900,
        "ridge": 1,
    }


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        pytest.param((0.5, 0.6), alt.Undefined, id="linear where errors are near"),
        pytest.param((0.01, 0.3), "log", id="logarithmic where they are far apart"),
        pytest.param((0.0, 0.3), alt.Undefined, id="linear where one is zero"),
    ],
)
def test_the_error_axis_suits_its_numbers(errors: tuple[float, float], kind: object) -> None:
    scale = theme.error_scale(*errors)
    assert scale.type is kind or scale.type == kind
    assert scale.domain[0] < errors[0] < errors[1] < scale.domain[1]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        pytest.param([1.0, 1.1, 1.2, 1e9], 1.2, id="one diverged"),
        pytest.param([1.0, 1.1, 1.2, 1.4], 1.4, id="none diverged"),
        pytest.param([1.0, 1.1, np.inf, np.nan], 1.1, id="not finite"),
        pytest.param([2.0], 2.0, id="one trial"),
        pytest.param([], 1.0, id="no trial"),
    ],
)
def test_the_axis_ends_before_diverged_trials(errors: list[float], expected: float) -> None:
    assert theme.ceiling(errors) == expected


def test_the_leaderboards_points_are_its_errors_with_their_intervals() -> None:
    points = leaderboard_chart.points(ranked())
    assert points["architecture"].unique().tolist() == ["hypernetwork", "ridge", "pooled"]
    first = points.iloc[:2]
    assert first["kind"].tolist() == ["cross-validation", "test"]
    standard_error = 0.07 / np.sqrt(3)
    assert first[["error", "low", "high"]].to_numpy() == pytest.approx(
        np.array([[0.7, 0.7 - 2 * standard_error, 0.7 + 2 * standard_error], [0.7, 0.6, 0.8]])
    )


def test_the_ablations_points_are_differences_with_a_finding() -> None:
    points = ablation_chart.points(ablated())
    assert points["variant"].tolist() == ["embedding_only", "without:area"]
    assert points["finding"].tolist() == ["worse", "no difference shown"]


def test_names_beside_points_in_one_place_do_not_cover_one_another() -> None:
    boxes = place([(100.0, 100.0)] * 6, ["hypernetwork"] * 6, width=400, height=300)
    assert [one.overlap(other) for one in boxes for other in boxes if one is not other] == [0.0] * 30


def test_names_stay_in_the_picture() -> None:
    box = place([(395.0, 5.0)], ["hypernetwork"], width=400, height=300)[0]
    assert box.beyond(400, 300) == 0.0
    assert box.overlap(Box.around(395, 5, 9)) == 0.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "figures"
    save_figures(path, ranked(), tradeoff(trials()), ablated(), joined([]), "rmse")
    return path


@pytest.mark.parametrize("name", ["leaderboard", "tradeoff", "ablation"])
def test_every_figure_is_an_svg_a_png_and_its_numbers(folder: Path, name: str) -> None:
    assert (folder / f"{name}.svg").read_text().startswith("<svg")
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(folder / f"{name}.csv")) > 0


@pytest.mark.parametrize(
    ("figure", "texts"),
    [
        ("leaderboard", [*NAMES, "RMSE", "cross-validation", "test"]),
        ("tradeoff", [*NAMES, "trainable parameters", "cross-validated RMSE", "1 of 9 trials", "drawn at 1: 3 trials"]),
        ("ablation", ["embedding only", "without area", "p = ", "worse"]),
    ],
)
def test_a_figure_names_what_it_shows(folder: Path, figure: str, texts: list[str]) -> None:
    svg = (folder / f"{figure}.svg").read_text()
    assert [text for text in texts if text not in svg] == []


def test_the_numbers_beside_a_figure_are_those_plotted(folder: Path) -> None:
    points = tradeoff_chart.points(tradeoff(trials()))
    pd.testing.assert_frame_equal(pd.read_csv(folder / "tradeoff.csv"), points, check_dtype=False)


def test_an_empty_ablation_gives_no_figure_of_it(tmp_path: Path) -> None:
    written = save_figures(tmp_path, ranked(), tradeoff([]), empty_ablation(), joined([]), "accuracy")
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()}
    assert {path.stem for path in written} == {"leaderboard"}
