"""A table of names alone is predicted as a table of names alone, whatever format it comes and goes in."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from mthn_automl import load_model, read_dataset
from mthn_automl.data.formats.writing import endings
from mthn_automl.deployment.model_folder import write_model
from mthn_automl.deployment.predictor import Predictor
from tests.command import in_process
from tests.contracts import zoo
from tests.data.formats.kinds import KINDS
from tests.deployment.few import ANIMALS, few_models, frame, members_of, predictor
from tests.deployment.fitted import ridge_of
from tests.deployment.test_given_back import frame as plots

COLUMNS = ["row", "task", "prediction"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty")
    write_model(path / "model", "ridge", members_of("ridge", zoo.missing_values), zoo.missing_values(), {})
    frame(zoo.missing_values).iloc[:0].to_csv(path / "none.csv", index=False)
    return path


def test_a_header_alone_gives_a_header_alone(folder: Path) -> None:
    ended = in_process(folder, "predict", "model", "none.csv")
    assert (ended.code, ended.out, ended.err) == (0, "row,task,prediction\n", "")


@pytest.mark.parametrize("ending", sorted(filter(None, endings())))
def test_every_format_that_is_written_can_be_of_no_rows(ending: str, folder: Path) -> None:
    output = folder / f"found{ending}"
    assert in_process(folder, "predict", "model", "none.csv", "--output", output.name).code == 0
    if ending in (".jsonl", ".ndjson", ".json"):
        assert json.loads(output.read_text() or "[]") == []
        return
    readers = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}
    found = readers.get(ending, lambda path: pd.read_csv(path, sep="\t") if ending == ".tsv" else pd.read_feather(path))
    assert list(found(output)) == COLUMNS
    assert len(found(output)) == 0


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "JSON lines"])
def test_every_format_that_is_read_can_be_of_no_rows(kind: str, folder: Path, tmp_path: Path) -> None:
    given = KINDS[kind].write(
        pa.Table.from_pandas(frame(zoo.missing_values).iloc[:0], preserve_index=False), tmp_path / "new"
    )
    model = load_model(folder / "model")
    found = model.predict(given)
    assert (list(found), len(found)) == (COLUMNS, 0)
    if isinstance(given, Path):
        (piece,) = model.stream(given)
        pd.testing.assert_frame_equal(piece, found)


@few_models
def test_columns_and_their_types_are_those_of_rows(name: str) -> None:
    for animal in ANIMALS:
        model, rows = predictor(name, animal), frame(animal).iloc[:3]
        none = model.predict(rows.iloc[:0])
        assert list(none.dtypes.items()) == list(model.predict(rows).dtypes.items())


def test_a_column_that_is_missing_is_missing_without_rows_too(folder: Path) -> None:
    pd.DataFrame(columns=["x0", "x1"]).to_csv(folder / "other.csv", index=False)
    ended = in_process(folder, "predict", "model", "other.csv")
    assert (ended.code, ended.out) == (3, "")
    assert "other.csv must have a column 'task'" in ended.err


def test_ids_and_target_columns_are_there_without_rows(wide: Predictor, known_by: Predictor) -> None:
    none = wide.predict(pd.DataFrame({"x": []}))
    assert (list(none), len(none)) == (["row", "prediction_a", "prediction_b"], 0)
    none = known_by.predict(plots().iloc[:0].set_axis(pd.Index([], name="key")))
    assert (list(none), none.index.name) == (["row", "task", "tree", "prediction"], "key")


@pytest.fixture(scope="module")
def wide() -> Predictor:
    number = pd.Series(range(12), dtype=float)
    rows = pd.DataFrame({"x": number % 5, "a": number**0.5, "b": number.map(lambda each: -each)})
    return ridge_of(read_dataset(rows, wide=True, target=["a", "b"]))


@pytest.fixture(scope="module")
def known_by() -> Predictor:
    return ridge_of(read_dataset(plots(), id="tree"))
