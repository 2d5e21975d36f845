"""Intervals and a temperature come back with the model, for rows one by one too, and damage is told by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mthn_automl.deployment.calibration.intervals import Residuals, intervals_of
from mthn_automl.deployment.calibration.stored import FILE
from mthn_automl.deployment.model_folder import load_model, write_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import FormatError, UsageError
from mthn_automl.storage import read_json, write_json
from mthn_automl.training.temperature import tempered
from tests.contracts import zoo
from tests.deployment.few import Animal, few_models, frame, members_of, spared

NUMBERS: dict[str, Animal] = {"regression": zoo.planted, "several": zoo.several_targets, "counts": zoo.counts}
CLASSES: dict[str, Animal] = {"binary": zoo.binary, "multiclass": zoo.multiclass, "ordinal": zoo.ordinal}


def saved(folder: Path, name: str, animal: Animal, temperature: float = 1.0) -> Predictor:
    """With intervals, where it predicts numbers, of what its targets are."""
    rows, intervals = spared(animal()), None
    if not rows.schema.classes:
        known = Residuals(rows.target, np.zeros_like(rows.target), rows.task, rows.weight)
        counts = rows.schema.kind.least == 0
        known = replace(known, prediction=known.prediction + 1.0) if counts else known
        intervals = intervals_of(known, known, len(rows.tasks), counts=counts, source="estimated")
    write_model(folder, name, members_of(name, animal), rows, {}, intervals=intervals, temperature=temperature)
    found = load_model(folder)
    assert found.intervals == intervals
    return found


@few_models
@pytest.mark.parametrize("animal", NUMBERS.values(), ids=NUMBERS)
def test_a_row_alone_has_the_interval_that_it_has_in_a_table(name: str, animal: Animal, tmp_path: Path) -> None:
    model, rows = saved(tmp_path, name, animal), frame(animal)
    table = model.predict(rows, interval=0.8)
    suffixes = [""] if len(model.schema.targets) == 1 else [f"_{each}" for each in model.schema.targets]
    names = [f"{part}{suffix}" for suffix in suffixes for part in ("prediction", "low", "high")]
    assert list(table)[2:] == names
    for number in (0, len(rows) - 1):
        one = model.predict_one(rows.iloc[number].to_dict(), interval=0.8)
        assert list(one) == names
        np.testing.assert_allclose(list(one.values()), table.loc[number, names].astype(float), rtol=1e-5, atol=1e-6)
    for suffix in suffixes:
        assert (table[f"low{suffix}"] <= table[f"prediction{suffix}"]).all()
        assert (table[f"prediction{suffix}"] < table[f"high{suffix}"]).all()
        assert (table[f"low{suffix}"] >= model.schema.kind.least).all()
    assert list(model.predict(rows)) == ["row", "task", *(f"prediction{suffix}" for suffix in suffixes)]


@few_models
@pytest.mark.parametrize("animal", CLASSES.values(), ids=CLASSES)
def test_a_temperature_comes_back_and_changes_no_label(name: str, animal: Animal, tmp_path: Path) -> None:
    rows = frame(animal)
    cold, warm = saved(tmp_path / "cold", name, animal), saved(tmp_path / "warm", name, animal, temperature=2.5)
    before, after = cold.predict(rows), warm.predict(rows)
    columns = [each for each in before if each.startswith("probability_")]
    np.testing.assert_allclose(after[columns], tempered(before[columns].to_numpy(), 2.5), rtol=1e-9)
    assert list(after["prediction"]) == list(before["prediction"])
    one = warm.predict_one(rows.iloc[3].to_dict())
    np.testing.assert_allclose([one[each] for each in columns], after.loc[3, columns].astype(float), rtol=1e-5)


def test_classes_have_no_intervals(tmp_path: Path) -> None:
    model = saved(tmp_path, "ridge", zoo.binary)
    with pytest.raises(UsageError, match="An interval must be one of numbers, however this model predicts classes"):
        model.predict(frame(zoo.binary), interval=0.9)


def test_intervals_of_an_earlier_model_do_not_stay_behind(tmp_path: Path) -> None:
    saved(tmp_path, "ridge", zoo.planted)
    write_model(tmp_path, "ridge", members_of("ridge", zoo.planted), zoo.planted(), {})
    assert load_model(tmp_path).intervals is None


def test_the_card_says_what_the_intervals_are_made_of(tmp_path: Path) -> None:
    saved(tmp_path / "numbers", "ridge", zoo.planted)
    saved(tmp_path / "classes", "ridge", zoo.binary, temperature=1.5)
    numbers, classes = ((tmp_path / each / "README.md").read_text() for each in ("numbers", "classes"))
    assert "- Intervals: from residuals of 168 rows predicted unseen; for tasks never seen an estimate" in numbers
    assert "- Probabilities: calibrated, at a temperature of 1.5" in classes


def known(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    return lambda stored: change(stored["targets"][0]["known"])


DAMAGE: dict[str, Callable[[dict[str, Any]], None]] = {
    "a score that is text": known(lambda scores: scores.update(value=["far"])),
    "scores that fall": known(lambda scores: scores["value"].reverse()),
    "shares beyond 1": known(lambda scores: scores.update(share=[2.0] * len(scores["share"]))),
    "fewer shares than scores": known(lambda scores: scores["share"].pop()),
    "no targets": lambda stored: stored.update(targets=[]),
    "a target too many": lambda stored: stored["targets"].append(stored["targets"][0]),
    "other tasks": lambda stored: stored.update(tasks=3),
    "a scale below 0": lambda stored: stored["targets"][0]["scale"].update(task=[-1.0] * stored["tasks"]),
    "a scale too few": lambda stored: stored["targets"][0]["scale"].update(task=[1.0]),
    "a power that there is not": lambda stored: stored["targets"][0]["scale"].update(power=3.0),
    "a source that there is not": lambda stored: stored.update(new_tasks="guessed"),
    "a field that is missing": lambda stored: stored.pop("targets"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told_by_the_name_of_the_file(damage: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    saved(tmp_path, "ridge", zoo.planted)
    stored = read_json(tmp_path / FILE)
    damage(stored)
    write_json(tmp_path / FILE, stored)
    with pytest.raises(FormatError, match=rf"however {FILE} is wrong: "):
        load_model(tmp_path)


@pytest.mark.parametrize("temperature", [0.0, -1.0, 1e9, None, "warm"])
def test_a_temperature_that_there_is_not_is_refused(temperature: object, tmp_path: Path) -> None:
    saved(tmp_path, "ridge", zoo.binary)
    write_json(tmp_path / "config.json", {**read_json(tmp_path / "config.json"), "temperature": temperature})
    with pytest.raises(FormatError, match="temperature"):
        load_model(tmp_path)


def test_numbers_have_no_temperature(tmp_path: Path) -> None:
    saved(tmp_path, "ridge", zoo.planted)
    write_json(tmp_path / "config.json", {**read_json(tmp_path / "config.json"), "temperature": 2.0})
    with pytest.raises(FormatError, match="a temperature must be that of probabilities"):
        load_model(tmp_path)
