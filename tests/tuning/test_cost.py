"""What a trial will take: from search space files, rows and folds, and from what a run's own trials took."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import UsageError
from mthn_automl.tuning.cost import (
    CUT_SHARE,
    FIRST_SHARE,
    LEAST_LIMIT,
    MARGIN,
    RUNAWAY,
    Cost,
    Extent,
    Foresight,
    cost_of,
)
from mthn_automl.tuning.width import Width
from tests.tuning.toys import written

FILE = """
format = 1
architecture = "mthn_automl.models.{family}:Toy"
family = "{family}"
{cost}
"""
EXTENT = Extent(rows=1000, folds=5, seeds=1, batch=256)


def file_of(folder: Path, cost: str = "", name: str = "mine", family: str = "classical") -> SpaceFile:
    return written(folder / f"{name}.toml", FILE.format(family=family, cost=cost))


def files_of(folder: Path) -> dict[str, SpaceFile]:
    """A quick classical architecture, a slow one, and a network: 1, 10 and some seconds a trial."""
    quick = file_of(folder, "cost.regression = { 100 = 0.2, 1000 = 0.2 }", "quick")
    slow = file_of(folder, "cost.regression = { 100 = 2.0, 1000 = 2.0 }", "slow")
    network = file_of(folder, "cost.regression = { 100 = 2.0, 1000 = 2.0 }", "network", "neural")
    return {file.name: file for file in (slow, network, quick)}


def foresight(folder: Path) -> Foresight:
    return Foresight(files_of(folder).values(), EXTENT)


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_architecture_is_foreseen_to_take_longer_with_more_rows(name: str) -> None:
    for classes in (False, True):
        seconds = [cost_of(catalogue.read(name), classes=classes).at(4.0**power) for power in range(2, 11)]
        assert all(0 < few <= many for few, many in pairwise(seconds))


def test_seconds_are_read_off_between_and_beyond_what_was_measured() -> None:
    cost = Cost(((100, 1.0), (1000, 10.0), (4000, 10.0)))
    assert [cost.at(rows) for rows in (10, 100, 400, 1000, 2000, 40_000)] == pytest.approx(
        [0.1, 1, 4, 10, 10, 10 * 10**0.7]
    )
    assert Cost(((100, 1.0), (200, 100.0))).at(400) == pytest.approx(800)  # no steeper than the cube of the rows
    assert Cost(((100, 2.0),)).at(1000) == pytest.approx(2 * 10**0.7)


def test_classes_have_a_cost_of_their_own_or_that_of_numbers_and_a_file_without_any_its_familys(tmp_path: Path) -> None:
    both = file_of(tmp_path, "cost = { regression = { 100 = 1.0 }, classes = { 100 = 3.0 } }")
    one = file_of(tmp_path, "cost.regression = { 100 = 1.0 }")
    assert [cost_of(file, classes=classes).at(100) for file in (both, one) for classes in (False, True)] == [1, 3, 1, 1]
    none = [cost_of(file_of(tmp_path, family=family)).at(1000) for family in ("classical", "neural")]
    assert 0 < none[0] < none[1]


def test_what_is_not_made_in_rounds_is_fitted_once_more_on_all_rows() -> None:
    for file in map(catalogue.read, catalogue.usable("classical")):
        whole = file.load_class().fitted_whole  # type: ignore[attr-defined]
        assert cost_of(file).fitted_whole == whole or file.name == "catboost"  # which pauses at no rung
    assert not any(cost_of(catalogue.read(name)).fitted_whole for name in catalogue.names("neural"))


def test_more_columns_targets_and_classes_than_were_measured_take_longer_by_their_powers(tmp_path: Path) -> None:
    """Fifty classes of forty features took 17 s a fit, where .28 were foreseen."""
    file = file_of(tmp_path, "cost = { regression = { 100 = 1.0 }, columns = 0.5, targets = 1.0, labels = 2.0 }")

    def seconds(columns: int, outputs: int, *, classes: bool = False) -> float:
        return cost_of(file, classes=classes, width=Width(columns, outputs)).at(100)

    assert cost_of(file).at(100) == seconds(6, 1) == seconds(1, 1) == seconds(6, 2, classes=True) == 1.0
    assert (seconds(24, 1), seconds(6, 3), seconds(24, 3)) == pytest.approx((2.0, 3.0, 6.0))
    assert seconds(6, 6, classes=True) == pytest.approx(4.0)
    plain = file_of(tmp_path, "cost.regression = { 100 = 1.0 }", "plain")
    assert cost_of(plain, width=Width(60, 10)).at(100) > 2.0


@pytest.mark.parametrize("name", catalogue.usable())
def test_trees_take_longer_with_more_outputs_and_every_file_says_how_much(name: str) -> None:
    file = catalogue.read(name)
    assert {"columns", *({"labels"} if "classes" in file.cost else ())} <= file.cost.keys()
    if name == "gradient_boosting":
        assert min(file.cost["targets"], file.cost["labels"]) > 0.5


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ("cost = 3", r"mine.toml: Expected `object`, got `int`"),
        ("cost.regresion = { 100 = 1.0 }", "unknown key 'regresion'; did you mean 'regression'"),
        ("cost.classes = {}", r"\[cost\] classes must be seconds above 0 by whole numbers of rows"),
        ("cost.regression = { many = 1.0 }", "however it is {'many': 1.0}"),
        ("cost.regression = { 100 = 0 }", "however it is {'100': 0}"),
        ("cost.regression = { 0 = 1.0 }", "however it is {'0': 1.0}"),
        ("cost.regression = 5.0", "however it is 5.0"),
        ("cost.columns = -1", "columns must be a power from 0 to 3, however it is -1"),
        ('cost.labels = "many"', "labels must be a power from 0 to 3, however it is 'many'"),
    ],
)
def test_a_cost_that_cannot_be_is_refused_in_a_sentence_that_names_the_file(
    tmp_path: Path, cost: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        cost_of(file_of(tmp_path, cost))


def test_classical_folds_are_fitted_one_by_one_and_networks_share_their_steps() -> None:
    cost, trial = Cost(((100, 1.0), (1000, 1.0))), Extent(1000, 5, 1, 256)
    assert trial.seconds("classical", cost) == 5.0
    assert trial.seconds("classical", replace(cost, fitted_whole=True)) == 6.0
    assert 1.0 < trial.seconds("neural", cost) < 5.0
    assert trial.seconds("neural", cost) < Extent(1000, 5, 3, 256).seconds("neural", cost)
    assert Extent(1000, 1, 1, 256).seconds("neural", cost) == 1.0
    assert (Extent(1000, 1, 1, 256).training_rows, trial.training_rows) == (800, 800)


def test_what_an_architectures_own_trials_took_corrects_it_and_until_then_what_others_took(tmp_path: Path) -> None:
    seen = foresight(tmp_path)
    before = dict(seen.usual)
    assert [seen.seconds(name) for name in seen.usual] == list(before.values())
    seen.learn("quick", {}, 3 * before["quick"])
    assert [seen.seconds(name) / before[name] for name in seen.usual] == pytest.approx([3, 3, 3])
    seen.learn("slow", {}, 5 * before["slow"])
    ratios = {name: seen.seconds(name) / before[name] for name in seen.usual}
    assert ratios == pytest.approx({"quick": 3, "slow": 5, "network": 4})
    assert seen.usual == before  # the order of first trials does not depend on clocks
    assert (seen.knows("slow"), seen.knows("network")) == (True, False)


def test_a_trial_that_the_clock_ended_says_only_that_it_takes_longer(tmp_path: Path) -> None:
    seen = foresight(tmp_path)
    seen.learn("network", {}, 4 * seen.usual["network"])
    for seconds, ratio in ((1.0, 4.0), (12.0, 8.0)):
        seen.learn("network", {}, seconds * seen.usual["network"], at_least=True)
        assert seen.seconds("network") == pytest.approx(ratio * seen.usual["network"])


def test_more_patience_and_smaller_batches_take_longer_and_teach_nothing_of_the_usual_ones(tmp_path: Path) -> None:
    seen = foresight(tmp_path)
    usual, patient = seen.seconds("network"), {"patience_factor": 4.0, "batch_factor": 0.25}
    assert seen.seconds("network", {"patience_factor": 0.5}) < usual < seen.seconds("network", {"batch_factor": 0.5})
    seen.learn("network", patient, seen.seconds("network", patient))
    assert seen.seconds("network") == pytest.approx(usual)


def test_what_fits_into_the_time_is_named_the_quickest_first(tmp_path: Path) -> None:
    seen = foresight(tmp_path)
    quick, slow, network = (seen.usual[name] for name in ("quick", "slow", "network"))
    assert quick < network < slow
    first, later = dict.fromkeys(seen.usual, 0), dict.fromkeys(seen.usual, 1)
    everything = ["quick", "network", "slow"]
    assert seen.fitting(first, None) == seen.fitting(first, 1e6) == everything
    assert seen.fitting(first, MARGIN * network - 0.01) == ["quick"]
    assert seen.fitting(first, MARGIN * network + 0.01) == ["quick", "network"]
    assert seen.fitting(first, MARGIN * slow + 0.01) == everything
    assert seen.fitting(first, MARGIN * slow + 0.01, slow / FIRST_SHARE - 0.01) == ["quick", "network"]
    patient = {"network": {"patience_factor": 4.0}}
    assert seen.fitting(first, MARGIN * network + 0.01, settings=patient) == ["quick"]
    assert "network" in seen.fitting(first, 2 * MARGIN * network + 0.01, settings=patient)
    assert seen.fitting(later, MARGIN * slow + 0.01) == everything
    assert seen.fitting(later, MARGIN * slow - 0.01) == ["quick", "network"]
    assert seen.fitting(later, CUT_SHARE * network - 0.01) == ["quick"]
    assert seen.fitting(later, 0.01) == []


def test_a_first_trial_has_no_limit_and_a_later_one_many_times_what_is_foreseen(tmp_path: Path) -> None:
    seen = foresight(tmp_path)
    assert seen.limit("slow", {}) is None
    for name in ("slow", "quick"):
        seen.learn(name, {}, seen.usual[name])
    assert seen.limit("slow", {}) == pytest.approx(RUNAWAY * seen.usual["slow"])
    assert seen.limit("quick", {}) == LEAST_LIMIT
