"""The plotted numbers first, then that the files hold a picture of them."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.ablation import Tasks, ablation_table, empty_ablation
from mthn_automl.analysis.ablation import joined as together
from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.analysis.preferences import joined
from mthn_automl.analysis.sealed import SealedErrors
from mthn_automl.analysis.tradeoff import tradeoff
from mthn_automl.models.base import Size
from mthn_automl.report import theme
from mthn_automl.report.charts import ablation as ablation_chart
from mthn_automl.report.charts import ablation_new_tasks as new_tasks_chart
from mthn_automl.report.charts import ablation_others as others_chart
from mthn_automl.report.charts import columns as columns_chart
from mthn_automl.report.charts import growth as growth_chart
from mthn_automl.report.charts import leaderboard as leaderboard_chart
from mthn_automl.report.charts import members as members_chart
from mthn_automl.report.charts import sizes as sizes_chart
from mthn_automl.report.charts import tradeoff as tradeoff_chart
from mthn_automl.report.figures import Drawn, Pictures, drawn_from, drawn_picture, picture_names, save_figures
from mthn_automl.report.labels import Box, room_for
from mthn_automl.report.thinning import beyond
from mthn_automl.tuning.results import TrialResult
from tests.report.page import large, planted

NAMES = ("hypernetwork", "pooled", "ridge")


def trial(architecture: str, error: float, total: int) -> TrialResult:
    folds = (error * 0.9, error * 1.1, error)
    return TrialResult(architecture, {}, error, error, error, folds, (), (), Size(total, 10, 3), 1.0, 0.5)


def trials() -> list[tuple[int, TrialResult]]:
    errors = {"hypernetwork": (0.7, 0.8, 0.75), "pooled": (0.9, 0.95, 9e9), "ridge": (0.85, 0.86, 0.88)}
    sizes = {"hypernetwork": 5000, "pooled": 900, "ridge": 0}
    return [(n, trial(name, each, sizes[name])) for name in NAMES for n, each in enumerate(errors[name])]


def sealed(error: float) -> SealedErrors:
    return SealedErrors(error, error - 0.1, error + 0.1, 1.0, 0.9, 1.1, 0, 0.5, np.zeros((0, 1)))


def ranked() -> pd.DataFrame:
    best = {result.architecture: result for number, result in trials() if number == 0}
    finalists = [Finalist(name, each, 3, sealed=sealed(each.error)) for name, each in best.items()]
    failed = Finalist("mrn", None, note="diverged")
    return leaderboard([*finalists, failed], 0.5)


OTHERS: tuple[tuple[str, Tasks], ...] = (("ridge", "seen"), ("hypernetwork", "held out"))


def ablated(architecture: str = "hypernetwork", tasks: Tasks = "seen") -> pd.DataFrame:
    both = np.random.default_rng(0).normal(1.0, 0.02, (3, 2))
    noise = np.random.default_rng(1).normal(0.0, 0.01, (3, 2))
    single = {"without:area": both + 0.2 + noise, "only:area": both + noise, "noise": both + 0.5 * noise}
    variants = {"both": both, "embedding_only": both + 0.3 + noise, "permuted": both + noise, **single}
    return ablation_table(architecture, variants, 0.5, tasks=tasks)


def test_a_diverged_trial_lies_outside_and_all_others_within() -> None:
    points = tradeoff_chart.points(tradeoff(trials()))
    assert points.loc[points["outside"], ["architecture", "trial"]].to_numpy().tolist() == [["pooled", 2]]
    assert len(points) == len(trials())


def test_few_bad_trials_do_not_squash_those_that_the_picture_is_about() -> None:
    errors = [0.7, 0.8, 1.0, 1.5, 2.0, 4.0, 9.5]
    assert theme.ceiling(errors) == 9.5
    points = tradeoff_chart.points(tradeoff([(n, trial("pooled", each, 900)) for n, each in enumerate(errors)]))
    assert points.loc[points["outside"], "cv_error"].tolist() == [4.0, 9.5]
    named = [*((n, trial("pooled", each, 900)) for n, each in enumerate(errors)), (0, trial("ridge", 6.0, 950))]
    points = tradeoff_chart.points(tradeoff(named))
    assert points.loc[points["outside"], "cv_error"].tolist() == [9.5]


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


def test_the_error_axis_is_logarithmic_where_errors_are_far_apart_and_none_is_zero() -> None:
    for errors, kind in (((0.5, 0.6), alt.Undefined), ((0.01, 0.3), "log"), ((0.0, 0.3), alt.Undefined)):
        scale = theme.error_scale(*errors)
        assert scale.type is kind or scale.type == kind
        assert scale.domain[0] < errors[0] < errors[1] < scale.domain[1]


def test_the_axis_ends_before_trials_that_diverged() -> None:
    errors = {1.2: [1.0, 1.1, 1.2, 1e9], 1.4: [1.0, 1.1, 1.2, 1.4], 1.1: [1.0, 1.1, np.inf, np.nan], 2.0: [2.0]}
    assert [theme.ceiling(each) for each in (*errors.values(), [])] == [*errors, 1.0]


def test_the_leaderboards_points_are_its_errors_with_their_intervals() -> None:
    points = leaderboard_chart.points(ranked(), "rows")
    assert points["architecture"].unique().tolist() == ["hypernetwork", "ridge", "pooled"]
    first = points.iloc[:2]
    assert first["kind"].tolist() == ["cross-validation", "test"]
    standard_error = 0.07 / np.sqrt(3)
    assert first[["error", "low", "high"]].to_numpy() == pytest.approx(
        np.array([[0.7, 0.7 - 2 * standard_error, 0.7 + 2 * standard_error], [0.7, 0.6, 0.8]])
    )
    over_tasks = leaderboard_chart.points(ranked(), "tasks")
    assert over_tasks.loc[1, ["error", "low", "high"]].tolist() == [1.0, 0.9, 1.1]


@pytest.mark.parametrize(("tested", "kinds"), [(0.95, ["cross-validation", "test"]), (None, ["cross-validation"])])
def test_below_the_leaderboard_stands_what_a_usual_tool_gives(tested: float | None, kinds: list[str]) -> None:
    usual = {"cv_error": 0.5, "test_error": tested, "test_low": 0.9, "test_high": 1.0}
    points = leaderboard_chart.points(ranked(), "rows", usual)
    last = points[points["architecture"] == "LightGBM's defaults"]
    assert points["architecture"].unique().tolist() == ["hypernetwork", "ridge", "pooled", "LightGBM's defaults"]
    assert last["kind"].tolist() == kinds
    assert last["error"].tolist() == [0.5, tested][: len(kinds)]
    shown = json.dumps(leaderboard_chart.chart(points, "rmse", "rows").to_dict())
    assert "LightGBM's defaults stand below and are not ranked." in shown
    assert "LightGBM" not in json.dumps(drawn_from(tables(), "rmse")["leaderboard"].specification)


def test_a_trial_that_the_clock_stopped_is_on_no_line_as_it_is_on_no_front() -> None:
    cut = [(n, replace(trial("pooled", error, 900), stopped_by_time=error < 0.6)) for n, error in enumerate((0.5, 0.7))]
    points = sizes_chart.points(tradeoff([*cut, (0, trial("ridge", 0.6, 950))]))
    best = points[points["best"] & (points["cost"] == "parameters of one task's network")]
    assert best[["architecture", "trial"]].to_numpy().tolist() == [["ridge", 0]]


@pytest.mark.parametrize("name", ["sizes", "compression"])
def test_trials_that_diverged_are_counted_and_do_not_stretch_the_axis(name: str) -> None:
    usual = {"architecture": "hypernetwork", "ending": "complete", "settings": '{"embedding_size": 4}'}
    errors = [*np.linspace(1.0, 1.2, 7), 1e9]
    told = pd.DataFrame([{**usual, "trial": n, "cv_error": each, "parameters": 9} for n, each in enumerate(errors)])
    points = told.assign(train_seconds=2.0, within_limits=True, stopped_by_time=False)
    drawn = drawn_from({"tradeoff": points, "trials": told}, "rmse", average="tasks")[name]
    assert isinstance(drawn, Drawn)
    assert drawn.points["outside"].sum() == 1
    shown = json.dumps(drawn.specification)
    assert "Beyond the axis: 1 trial" in shown
    assert "cross-validated RMSE over tasks" in shown
    assert max(find_domains(drawn.specification, "cv_error")) < 2.0


def test_of_models_ranked_over_tasks_no_picture_shows_a_test_error_over_rows() -> None:
    preferences = curve().assign(test_error_tasks=9.0)
    drawn = drawn_from(tables(preferences=preferences), "rmse", average="tasks")
    assert drawn["preferences"].points["error"].eq(9.0).all()
    for name, title in (("preferences", "test RMSE over tasks"), ("leaderboard", "RMSE over tasks")):
        assert f'"title": "{title}"' in json.dumps(drawn[name].specification)


def test_the_ablations_points_are_differences_with_a_finding() -> None:
    points = ablation_chart.points(ablated())
    assert points["variant"].tolist() == ["embedding_only", "permuted"]
    assert points["finding"].tolist() == ["worse", "no difference shown"]
    several = together([ablated(), *(ablated(architecture, tasks) for architecture, tasks in OTHERS)])
    pd.testing.assert_frame_equal(ablation_chart.points(several), points)
    assert others_chart.points(several)["architecture"].tolist() == ["ridge", "ridge"]
    assert new_tasks_chart.points(several)["tasks"].tolist() == ["held out", "held out"]
    assert others_chart.points(ablated()).empty
    assert new_tasks_chart.points(ablated("hypernetwork", "held out")).empty
    columns = columns_chart.points(several)
    assert columns["variant"].tolist() == ["without:area", "only:area", "noise"]
    assert columns["finding"].tolist() == ["worse", "no difference shown", "no difference shown"]


def test_of_very_many_columns_those_that_change_most_are_drawn_and_noise_alone_is_no_picture() -> None:
    both = np.random.default_rng(0).normal(1.0, 0.02, (3, 2))
    many = {f"without:{each}": both + 0.01 * each for each in range(200)}
    points = columns_chart.points(ablation_table("hypernetwork", {"both": both, **many, "noise": both}, 0.5))
    assert points["variant"].iloc[-1] == "noise"
    assert points["variant"].iloc[0] == "without:160"
    assert columns_chart.points(ablation_table("hypernetwork", {"both": both, "noise": both}, 0.5)).empty


def test_names_beside_points_in_one_place_do_not_cover_one_another() -> None:
    boxes = room_for([(100.0, 100.0)] * 6, ["hypernetwork"] * 6, width=400, height=300)
    assert [one.overlap(other) for one in boxes for other in boxes if one is not other] == [0.0] * 30


def test_names_stay_in_the_picture() -> None:
    box = room_for([(395.0, 5.0)], ["hypernetwork"], width=400, height=300)[0]
    assert box.beyond(400, 300) == 0.0
    assert box.overlap(Box.around(395, 5, 9)) == 0.0


def curve() -> pd.DataFrame:
    """Of a model that one training gave for every preference."""
    preference = np.linspace(0, 1, 5)
    return pd.DataFrame(
        {
            "architecture": "pareto_hypernetwork",
            "preference": preference,
            "test_error": 1 + preference,
            "test_error_tasks": 1 + preference,
            "parameters_per_task_network": (100 - 90 * preference).astype(int),
        }
    )


MEMBERS = ["architecture", "trial", "weight", "cv_error", "parameters"]


def members() -> pd.DataFrame:
    """Of an ensemble, two of one architecture."""
    rows = [("ridge", 0, 0.24, 0.85, 0), ("hypernetwork", 2, 0.64, 0.75, 5000), ("hypernetwork", 0, 0.12, 0.7, 5000)]
    return pd.DataFrame(rows, columns=MEMBERS)


def saved(folder: Path, drawn: Pictures) -> list[Path]:
    """The files of figures of which none may be missing."""
    assert save_figures(folder, drawn) == []
    return sorted(folder.iterdir())


def tables(**other: pd.DataFrame) -> dict[str, pd.DataFrame]:
    ablations = together([ablated(), *(ablated(*other) for other in OTHERS)])
    made = {"leaderboard": ranked(), "tradeoff": tradeoff(trials()), "ablation": ablations, "preferences": curve()}
    tasks = pd.concat([planted.tasks(), large.task_table(40, np.random.default_rng(0))], ignore_index=True)
    return {**planted.tables(), **made, "members": members(), "tasks": tasks, **other}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([True, False] * 4, '["no", "yes"]'),
        ([True, False, None, True] * 2, '["missing", "no", "yes"]'),
        ([1.0, 0.0, 0.0, 1.0] * 2, '["0", "1"]'),
    ],
    ids=["truth values", "with a gap", "numbers"],
)
def test_two_kinds_have_two_colours_and_their_names(values: list[object], names: str) -> None:
    tables = planted.tables()
    tables["embeddings"] = tables["embeddings"].assign(**{"metadata:coast": values})
    assert f'"domain": {names}' in json.dumps(drawn_from(tables, "rmse")["embeddings"].specification)


def test_growth_counts_from_the_tasks_that_were_trained_on() -> None:
    """Tasks that were held out whole have rows of the table, too, of which none was trained on."""
    board, trained = ranked(), pd.DataFrame({"rows": [5, 3, 1]})
    held_out = pd.concat([trained, pd.DataFrame({"rows": [0, 0]})])
    points = growth_chart.points(board, held_out)
    pd.testing.assert_frame_equal(points, growth_chart.points(board, trained))
    assert points.loc[points["today"], "tasks"].eq(3).all()
    assert points.loc[points["today"], "parameters"].tolist() == [5000, 900]  # a ridge without any is not drawn
    free = growth_chart.chart(growth_chart.points(board.assign(marginal_parameters=0), trained), "rmse")
    told = "Flat: what has no number of a task's own."
    assert [told in json.dumps(each.to_dict()) for each in (free, growth_chart.chart(points, "rmse"))] == [True, False]


def test_the_members_are_named_by_their_trials_the_heaviest_first() -> None:
    points = members_chart.points(members())
    assert points["member"].tolist() == ["hypernetwork-2", "ridge-0", "hypernetwork-0"]
    assert points["weight"].tolist() == [0.64, 0.24, 0.12]


SHOWN = {
    "leaderboard": [*NAMES, "RMSE", "cross-validation", "test"],
    "tradeoff": [*NAMES, "parameters", "cross-validated RMSE", "1 of 9 trials", "drawn at 1: 3 trials"],
    "ablation": ["embedding only", "p = ", "worse"],
    "ablation_new_tasks": ["tasks never seen", "embedding only"],
    "ablation_others": ["ridge", "embedding only"],
    "columns": ["without area", "only area", "noise", "p = "],
    "preferences": ["A point a preference", "test RMSE"],
    "growth": ["hypernetwork", "tasks"],
    "sizes": ["seconds of training", "parameters of one more task"],
    "tasks": ["rows of the task", "harms"],
    "breakeven": ["rows of the task in training", "Above the line the answer is better"],
    "gains": ["harmed", "helped"],
    "history": ["seconds of the run"],
    "neighbourhoods": ["UMAP keeps", "north", "kind", "other"],
    "embeddings": ["Principal components with 60 and 30 %", "north", "kind", "other"],
    "reconstruction": ["north", "left out"],
    "importances": ["ridge: alpha"],
    "compression": ["numbers in an embedding", "factorised"],
    "members": ["hypernetwork-2", "hypernetwork-0", "ridge-0", "0.64", "0.24", "0.12", "weighted mean"],
}


def test_every_file_of_the_charts_is_a_figure_with_its_words_and_what_is_plotted(tmp_path: Path) -> None:
    written = saved(tmp_path / "figures", drawn_from(tables(), "rmse"))
    names = set(picture_names())
    assert {path.stem for path in written} == names
    assert len(written) == 3 * len(names)
    for csv, png, svg in zip(*[iter(written)] * 3, strict=True):
        assert svg.read_text().startswith("<svg")
        assert [text for text in SHOWN.get(svg.stem, []) if text not in svg.read_text()] == []
        assert png.read_bytes().startswith(b"\x89PNG")
        assert len(pd.read_csv(csv)) > 0
    points = tradeoff_chart.points(tradeoff(trials()))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "figures" / "tradeoff.csv"), points, check_dtype=False)


def test_the_name_of_an_architecture_beyond_the_axis_stands_at_its_edge(tmp_path: Path) -> None:
    beyond = tradeoff([*trials(), (0, trial("mrn", 9e9, 700))])
    written = saved(tmp_path, drawn_from({"tradeoff": beyond}, "rmse"))
    pictures = {path.stem: path.read_text() for path in written if path.suffix == ".svg"}
    assert "mrn" in pictures["tradeoff"]
    assert {
        name for name, svg in pictures.items() if float(ElementTree.fromstring(svg).attrib["height"]) > 800
    } == set()


def test_a_table_with_nothing_to_plot_gives_no_figure(tmp_path: Path) -> None:
    empty = {
        "tradeoff": tradeoff([]),
        "ablation": empty_ablation(),
        "preferences": joined([]),
        "members": members().iloc[:0],
        **{
            name: table.iloc[:0]
            for name, table in planted.tables().items()
            if name in ("tasks", "trials", "embeddings", "reconstruction")
        },
    }
    nothing = {"leaderboard": ranked(), **empty}
    assert {path.stem for path in saved(tmp_path, drawn_from(nothing, "accuracy"))} == {"leaderboard"}


@pytest.mark.parametrize("name", picture_names())
def test_every_picture_tells_the_numbers_of_its_marks(name: str) -> None:
    picture = drawn_picture(name, tables(), "rmse")
    assert isinstance(picture, Drawn), picture
    shown = json.dumps(picture.specification)
    assert '"tooltip"' in shown
    for column in TOLD.get(name, ()):
        assert f'{{"field": "{column}", ' in shown[shown.index('"tooltip"') :]


TOLD = {
    "leaderboard": ("architecture", "error", "low", "high"),
    **dict.fromkeys(
        ("ablation", "ablation_new_tasks", "ablation_others", "columns"),
        ("name", "error", "difference", "low", "high", "p"),
    ),
}


def test_of_many_columns_the_map_says_how_many_it_is_coloured_by() -> None:
    many = planted.embeddings().assign(**{f"metadata:{number}": 1.0 * number for number in range(7)})
    for name in ("embeddings", "neighbourhoods"):
        shown = json.dumps(drawn_from(tables(embeddings=many), "rmse")[name].specification)
        assert "Coloured by 5 of 9 columns of the metadata." in shown
        assert "Coloured by" not in json.dumps(drawn_from(tables(), "rmse")[name].specification)


@pytest.mark.parametrize(("metric", "told"), [("roc_auc", True), ("accuracy", False)])
def test_gains_by_another_loss_than_the_metrics_say_so(metric: str, told: bool) -> None:
    shown = json.dumps(drawn_from(tables(), metric, problem="binary")["gains"].specification)
    assert ("Losses are those of log loss, since ROC AUC is of no single row." in shown) == told


@pytest.mark.parametrize(
    ("metric", "problem", "loss"),
    [("rmse", "regression", "squared error"), ("mae", "regression", "absolute error"), ("f1", "binary", "log loss")],
)
def test_the_axis_of_gains_names_the_loss(metric: str, problem: str, loss: str) -> None:
    shown = json.dumps(drawn_from(tables(), metric, problem=problem)["gains"].specification)
    assert f"{loss} of its own network less that of the answer, a row" in shown


@pytest.mark.parametrize(
    ("count", "line"), [(0, []), (1, ["Beyond the axis: 1 task."]), (2_000, ["Beyond the axis: 2,000 tasks."])]
)
def test_marks_beyond_an_axis_are_counted(count: int, line: list[str]) -> None:
    assert beyond(count, "task") == line


def test_a_hypernetwork_of_the_metadata_alone_has_no_embedding_to_draw() -> None:
    trials = planted.trials()
    alone = trials.assign(trial=9, settings='{"task_input": "metadata", "compression": "full"}')
    assert drawn_picture("compression", {"trials": alone}, "rmse") is None
    both = drawn_picture("compression", {"trials": pd.concat([trials, alone])}, "rmse")
    assert isinstance(both, Drawn)
    assert both.points["trial"].tolist() == list(range(5))


def test_one_picture_that_fails_costs_no_other(tmp_path: Path) -> None:
    no_front = {**tables(), "tradeoff": tradeoff(trials()).drop(columns="on_front")}
    drawn = drawn_from(no_front, "rmse")
    assert (
        str(drawn["tradeoff"]) == "the picture 'tradeoff' could not be drawn (KeyError: \"['on_front'] not in index\")"
    )
    broken = replace(drawn["sizes"], specification={"mark": 7})
    missing = save_figures(tmp_path, {**drawn, "sizes": broken})
    assert {each.name for each in missing} == {"tradeoff", "sizes"}
    assert {path.stem for path in tmp_path.iterdir()} == set(picture_names()) - {"tradeoff", "sizes"}


def find_domains(specification: object, field: str) -> list[float]:
    """The ends of the axes of a column, wherever they stand."""
    if isinstance(specification, dict):
        own = (
            specification["scale"]["domain"] if specification.get("field") == field and "scale" in specification else []
        )
        return [*own, *(end for each in specification.values() for end in find_domains(each, field))]
    return (
        [end for each in specification for end in find_domains(each, field)] if isinstance(specification, list) else []
    )
