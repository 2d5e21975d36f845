"""What is served: predictions to the bit, in the form asked for; whatever else is asked is refused in a sentence."""

import json
import re
import time
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import ipc

from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.serving.description import describe
from mthn_automl.deployment.serving.forms import ARROW, JSON
from mthn_automl.deployment.serving.limits import MOST_WAITING, Limits
from mthn_automl.deployment.serving.line import Line
from mthn_automl.errors import RequestError, UsageError
from tests.contracts import zoo
from tests.deployment.few import ANIMALS, Animal, frame, predictor, with_intervals
from tests.deployment.serving.served import NAME, arrow, client, columns, pieces, records, wide

every_animal = pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.__name__)


def read(answer: Any) -> pd.DataFrame:
    """The predictions of an answer in Arrow."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, ARROW)
    return ipc.open_stream(answer.content).read_all().to_pandas()


def refused(answer: Any, status: int) -> str:
    """The one sentence, which says what must hold, what was found and what to do."""
    assert (answer.status_code, answer.headers["content-type"], list(answer.json())) == (status, JSON, ["detail"])
    sentence = str(answer.json()["detail"])
    assert ", however " in sentence or "must" in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@every_animal
def test_predictions_are_those_of_the_model_to_the_bit_in_every_form(animal: Animal) -> None:
    found, rows = predictor(NAME, animal), frame(animal)
    expected, asked = found.predict(rows), client(found)
    as_records = asked.post("/predict", json=records(rows)).json()
    assert as_records["predictions"] == expected.to_dict("records")
    assert as_records["notes"] == list(found.read(rows).notes)
    assert asked.post("/predict", json=columns(rows)).json()["predictions"] == expected.to_dict("list")
    assert asked.post("/predict", json={"rows": columns(rows)}).json()["predictions"] == expected.to_dict("list")
    pd.testing.assert_frame_equal(read(asked.post("/predict", **arrow(rows))), expected, check_exact=True)
    wanted = read(asked.post("/predict", json=records(rows), headers={"accept": f"text/html, {ARROW};q=0.9"}))
    pd.testing.assert_frame_equal(wanted, expected, check_exact=True)
    packed = arrow(rows, "zstd")
    packed["headers"]["accept"] = JSON
    assert asked.post("/predict", **packed).json()["predictions"] == expected.to_dict("records")


@every_animal
def test_the_schema_names_the_columns_that_are_taken_and_those_that_are_given(animal: Animal) -> None:
    found, rows = predictor(NAME, animal), frame(animal)
    told = client(found).get("/schema").json()
    offset = [told["offset"]] if told["offset"] else []
    assert [*told["task"], *(each["name"] for each in told["features"]), *offset] == list(rows.columns)
    assert [each["name"] for each in told["predicted"]] == list(found.predict(rows).columns)
    assert (told["problem"], told["tasks"]) == (found.schema.problem.value, len(found.tasks))
    assert [each["name"] for each in told["metadata"]] == [each.name for each in found.schema.metadata]
    assert told["limits"] == {"rows": 10_000, "bytes": 16 << 20, "seconds": 30.0}


def test_every_task_of_a_wide_table_is_predicted_and_named() -> None:
    found, rows = wide()
    asked = client(found, rows=100_000)
    expected = found.predict(rows)
    assert asked.post("/predict", json=records(rows)).json()["predictions"] == expected.to_dict("records")
    assert [each["name"] for each in asked.get("/schema").json()["predicted"]] == list(expected.columns)
    many = pd.concat([rows] * 500, ignore_index=True)
    pd.testing.assert_frame_equal(read(asked.post("/predict", **arrow(many))), found.predict(many))


def test_more_rows_than_are_predicted_at_once_keep_their_order() -> None:
    found = predictor(NAME, zoo.planted)
    many = pd.concat([frame(zoo.planted)] * 130, ignore_index=True)
    answer = read(client(found, rows=50_000).post("/predict", **arrow(many)))
    pd.testing.assert_frame_equal(answer, found.predict(many), rtol=1e-12)


@pytest.mark.parametrize("promoted", [False, True])
def test_tasks_never_seen_are_predicted_from_their_metadata_and_counted(promoted: bool) -> None:
    """Wherever those of training stood."""
    found, rows = predictor(NAME, zoo.planted), frame(zoo.planted).head(3).assign(task="elsewhere")
    found = replace(found, schema=replace(found.schema, promoted=promoted))
    metadata = pd.DataFrame({"task": ["elsewhere"], "m0": [0.5], "m1": [1.0], "m2": [-1.0]})
    asked = client(found)
    answer = asked.post("/predict", json={"rows": records(rows), "metadata": columns(metadata)}).json()
    with pytest.warns(UserWarning, match="not seen in training"):
        expected = found.predict(rows, metadata)
    assert answer["predictions"] == expected.to_dict("records")
    assert answer["notes"] == [
        "the data: 3 rows of 1 task not seen in training, 3 of these rows with metadata: 'elsewhere' (3 rows)."
    ]
    alone = asked.post("/predict", **arrow(rows))
    notes = json.loads(ipc.open_stream(alone.content).schema.metadata[b"notes"])
    assert notes == [
        "the data: 3 rows of 1 task not seen in training, 0 of these rows with metadata: 'elsewhere' (3 rows)."
    ]


@pytest.mark.parametrize("animal", [zoo.several_targets, zoo.counts, zoo.no_metadata])
def test_intervals_are_those_of_the_model_to_the_bit(animal: Animal) -> None:
    found, rows = with_intervals(predictor(NAME, animal)), frame(animal)
    expected, asked = found.predict(rows, interval=0.9), client(found)
    assert len(expected.columns) == len(found.predict(rows).columns) + 2 * len(found.schema.targets)
    body = {"rows": records(rows), "interval": 0.9}
    assert asked.post("/predict", json=body).json()["predictions"] == expected.to_dict("records")
    address = "/predict?interval=0.9"
    assert asked.post(address, json=columns(rows)).json()["predictions"] == expected.to_dict("list")
    assert asked.post(address, json=body).json()["predictions"] == expected.to_dict("records")
    pd.testing.assert_frame_equal(read(asked.post(address, **arrow(rows))), expected, check_exact=True)
    told = asked.get("/schema").json()
    assert {each["name"] for each in told["predicted"] + told["intervals"]} == set(expected.columns)
    without = {"rows": records(rows), "interval": None}
    assert asked.post("/predict", json=without).json()["predictions"] == found.predict(rows).to_dict("records")


def test_intervals_of_a_wide_table_are_columns_of_its_tasks() -> None:
    found, rows = wide()
    found = with_intervals(found)
    expected, asked = found.predict(rows, interval=0.8), client(found)
    answer = asked.post("/predict?interval=0.8", json=records(rows)).json()["predictions"]
    assert answer == expected.to_dict("records")
    told = asked.get("/schema").json()
    assert {each["name"] for each in told["predicted"] + told["intervals"]} == set(expected.columns)


@pytest.mark.parametrize(
    ("level", "reason"),
    [
        ("0.99", "at most 0.975 by 40 rows predicted unseen"),
        ("1.5", "'interval' must be a number between 0 and 1, such as 0.9, however it is '1.5'"),
        ("nan", "must be a number between 0 and 1|must lie between 0 and 1"),
        ("much", "'interval' must be a number between 0 and 1, such as 0.9, however it is 'much'"),
    ],
)
def test_an_interval_that_the_model_cannot_state_is_refused(level: str, reason: str) -> None:
    asked = client(with_intervals(predictor(NAME, zoo.planted)))
    assert re.search(reason, refused(asked.post(f"/predict?interval={level}", json=[ROW]), 422))
    body = {"rows": [ROW], "interval": level}
    assert "'interval' must be a number" in refused(asked.post("/predict", json=body), 422)


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
def test_rows_of_tasks_without_an_interval_have_none_and_that_is_noted() -> None:
    found = with_intervals(predictor(NAME, zoo.planted), new=5)
    asked, new = client(found), {**ROW, "task": "never seen"}
    answer = asked.post("/predict?interval=0.9", json=[ROW, new]).json()
    known, unseen = answer["predictions"]
    assert known["low"] < known["prediction"] < known["high"]
    assert (unseen["low"], unseen["high"]) == (None, None)
    assert "1 row of tasks that training has not seen: there is no interval" in answer["notes"][-1]
    refused_all = refused(asked.post("/predict?interval=0.9", json=[new]), 422)
    assert "at most 0.833 by 5 tasks predicted as never seen" in refused_all


def test_an_interval_of_a_model_that_has_none_is_refused() -> None:
    for animal, reason in ((zoo.planted, "has no calibration.json"), (zoo.binary, "predicts classes")):
        asked = client(predictor(NAME, animal))
        body = {"rows": records(frame(animal)), "interval": 0.9}
        assert reason in refused(asked.post("/predict", json=body), 422)
        assert asked.get("/schema").json()["intervals"] == []
    asked = client(with_intervals(predictor(NAME, zoo.planted)))
    twice = asked.post("/predict?interval=0.8", json={"rows": [ROW], "interval": 0.9})
    assert "must be one 'interval', however the address says 0.8 and the body 0.9" in refused(twice, 422)
    assert "between 0 and 1" in refused(asked.post("/predict", json={"rows": [ROW], "interval": -3}), 422)


def test_no_rows_are_answered_by_none() -> None:
    found = with_intervals(predictor(NAME, zoo.planted))
    asked, none = client(found), frame(zoo.planted).head(0)
    assert asked.post("/predict", json=[]).json()["predictions"] == []
    by_column = asked.post("/predict", json=columns(none)).json()["predictions"]
    assert by_column == {"row": [], "task": [], "prediction": []}
    answer = read(asked.post("/predict?interval=0.9", **arrow(none)))
    assert (len(answer), list(answer.columns)) == (0, ["row", "task", "prediction", "low", "high"])


def test_the_column_by_which_rows_are_known_is_given_back() -> None:
    found = predictor(NAME, zoo.planted)
    found = replace(found, schema=replace(found.schema, id="key"))
    rows = frame(zoo.planted).head(2).assign(key=["a", None])
    answer = client(found).post("/predict", json=records(rows)).json()["predictions"]
    assert [each["key"] for each in answer] == ["a", None]


ROW = {"task": "task 1", "x0": 0.5, "x1": 1.0}
NO_ROWS = "A body must be a list of records, or an object of columns of one length"
BODIES: dict[str, tuple[Any, str]] = {
    "nothing": (b"", f"{NO_ROWS}.*is no JSON"),
    "no JSON": (b"[{]", f"{NO_ROWS}.*is no JSON"),
    "no number of JSON": (b'[{"task": "a", "x0": NaN}]', f"{NO_ROWS}.*is no JSON"),
    "no Unicode": (b'[{"task": "\xff"}]', f"{NO_ROWS}.*is no JSON"),
    "half a letter": (b'[{"task": "\\ud800"}]', f"{NO_ROWS}.*is no JSON"),
    "without end": (b"[" * 1_000_000, f"{NO_ROWS}.*is no JSON"),
    "a number": (1, f"{NO_ROWS}.*is a number"),
    "a row alone": (ROW, f"{NO_ROWS}.*is an object"),
    "no columns": ({}, f"{NO_ROWS}.*is an object"),
    "a path": ("/etc/passwd", f"{NO_ROWS}.*is a text"),
    "rows of numbers": ([[1, 2]], f"{NO_ROWS}.*a list in place of record 0"),
    "columns of two lengths": ({"task": ["a"], "x0": []}, "0 values in the column 'x0' and 1 in 'task'"),
    "no task": ([{**ROW, "task": None}], "Every row must name its task, however row 0 of the data"),
    "no feature": ([{"task": "task 1", "x0": 0.5, "x9": 1.0}], "must have a column 'x1' as in training"),
    "text among numbers": ([ROW, {**ROW, "x0": "much"}], "must hold numbers, however row 1 of the data says 'much'"),
    "objects among numbers": ([{**ROW, "x0": {"a": 1}}], "must hold numbers, dates or text, however"),
    "numbers beyond all": ([{**ROW, "x0": 1e200}], r"must be below 1e\+100"),
    "a level of 401 digits": (
        {"rows": [ROW], "interval": 10**400},
        r"'interval' must be a number between 0 and 1, such as 0\.9, however it is 1e\+09 or more away from 0",
    ),
    "metadata that are none": ({"rows": [ROW], "metadata": [3]}, "a number in place of record 0"),
    "metadata of another": (
        {"rows": [{**ROW, "task": "a"}], "metadata": [{"task": "b", "m0": 1, "m1": 1, "m2": 1}]},
        "no task of the metadata",
    ),
}


@pytest.mark.parametrize(("body", "reason"), BODIES.values(), ids=BODIES)
def test_a_body_that_holds_no_rows_is_refused(body: Any, reason: str) -> None:
    asked = client(predictor(NAME, zoo.planted))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = asked.post("/predict", content=content, headers={"content-type": JSON})
    assert re.search(reason, refused(answer, 422))


def test_what_no_cell_is_known_of_is_refused_unless_it_is_allowed() -> None:
    asked, rows = client(predictor(NAME, zoo.missing_values)), frame(zoo.missing_values).assign(xc0="elsewhere")
    sentence = refused(asked.post("/predict", json=records(rows)), 422)
    assert "allow_unknown=true" in sentence
    assert "--" not in sentence
    assert asked.post("/predict?allow_unknown=true", json=records(rows)).status_code == 200
    assert "true or false" in refused(asked.post("/predict?allow_unknown=2", json=records(rows)), 422)


def test_more_rows_or_bytes_than_allowed_are_refused() -> None:
    found, row = predictor(NAME, zoo.planted), [ROW]
    asked = client(found, rows=3, bytes=1_000)
    assert asked.post("/predict", json=row * 3).status_code == 200
    assert "at most 3 rows" in refused(asked.post("/predict", json=row * 4), 422)
    assert "at most 3 rows" in refused(asked.post("/predict", json=columns(pd.DataFrame(row * 4))), 422)
    assert "at most 1.0 kB" in refused(asked.post("/predict", json=row * 30), 413)
    endless = pieces(b" " * 1_001)
    assert "at most 1.0 kB" in refused(asked.post("/predict", content=endless, headers={"content-type": JSON}), 413)
    roomy = client(found, rows=3)
    assert "at most 3 rows" in refused(roomy.post("/predict", **arrow(pd.DataFrame(row * 4))), 422)


def swelling() -> dict[str, tuple[pa.Table, int, str]]:
    """Arrow tables of few bytes that would become many."""
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int32()), pa.array([1.0]))
    book = pa.array(["x" * 15_000])
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), book)
    return {
        "packed": (pa.table({"task": ["a"] * 10_000, "x0": np.zeros(10_000), "x1": np.zeros(10_000)}), 413, "unpack"),
        "runs": (pa.table({"task": runs, "x0": runs, "x1": runs}), 422, "holds views or runs"),
        "shared": (pa.table({"task": shared, "x0": np.zeros(300), "x1": np.zeros(300)}), 413, "must be short"),
        "views": (pa.table({"task": pa.array(["a"], pa.string_view()), "x0": [1.0], "x1": [1.0]}), 422, "views"),
    }


@pytest.mark.parametrize("name", swelling())
def test_an_arrow_stream_that_would_swell_is_refused(name: str) -> None:
    table, status, reason = swelling()[name]
    asked = client(predictor(NAME, zoo.planted), bytes=30_000)
    assert reason in refused(asked.post("/predict", **arrow(table, "zstd" if name == "packed" else None)), status)


def test_an_arrow_stream_that_is_damaged_is_refused() -> None:
    asked, whole = client(predictor(NAME, zoo.planted)), arrow(frame(zoo.planted))
    content, draw = whole.pop("content"), np.random.default_rng(0)
    for cut in (0, 3, 4, 60, 400, len(content) - 200):
        refused(asked.post("/predict", content=content[:cut], **whole), 422)
    for _ in range(40):
        wrong = bytearray(content)
        for place in draw.integers(0, len(wrong), 3):
            wrong[place] = int(draw.integers(256))
        answer = asked.post("/predict", content=bytes(wrong), **whole)
        assert answer.status_code in (200, 413, 422)


def test_other_forms_pages_and_methods_are_refused() -> None:
    asked = client(predictor(NAME, zoo.planted))
    assert "there is none" in refused(asked.post("/predict", content=b"[]"), 415)
    assert "'text/csv'" in refused(asked.post("/predict", content=b"x", headers={"content-type": "text/csv"}), 415)
    assert "Accept names neither" in refused(asked.post("/predict", json=[ROW], headers={"accept": "text/csv"}), 406)
    assert "POST" in refused(asked.get("/predict"), 405)
    assert "/schema" in refused(asked.get("/docs"), 404)


PATIENCE = 60.0


@dataclass(frozen=True)
class Held(Predictor):
    """Is at work on a piece until it is released, and notes of how many rows each piece is."""

    pieces: ClassVar[list[int]] = []
    released: ClassVar[Event] = Event()

    def predict_rows(self, rows: Dataset, interval: float | None = None) -> pd.DataFrame:
        Held.pieces.append(len(rows))
        assert Held.released.wait(PATIENCE)
        return super().predict_rows(rows, interval)


def test_a_request_that_takes_too_long_is_refused_and_its_work_is_given_up() -> None:
    """Of its eleven pieces that which was begun is done, and then what others ask for."""
    found = Held(**vars(predictor(NAME, zoo.planted)))
    many = arrow(pd.concat([frame(zoo.planted)] * 600, ignore_index=True))
    asked = client(found, rows=200_000, seconds=0.4)
    assert "within 0.4 s" in refused(asked.post("/predict", **many), 503)
    Held.released.set()
    ends = time.monotonic() + PATIENCE
    while asked.post("/predict", json=[ROW]).status_code != 200:  # the piece that was begun takes its time
        assert time.monotonic() < ends
    assert [rows for rows in Held.pieces if rows > 1] == Held.pieces[:1]


def test_no_more_requests_wait_than_there_are_places() -> None:
    line = Line()
    places = [line.place() for _ in range(MOST_WAITING + 1)]
    for place in places[:-1]:
        place.__enter__()
    with pytest.raises(RequestError, match="At most 64 requests can wait"), places[-1]:
        pass
    places[0].__exit__(None, None, None)
    with line.place():
        pass
    line.close()


def test_requests_rows_and_errors_are_counted() -> None:
    asked = client(predictor(NAME, zoo.planted))
    asked.post("/predict", json=[ROW] * 3)
    asked.post("/predict", json=[3])
    asked.get("/elsewhere")
    asked.get('/"}x 1')
    answer = asked.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in (
        'mthn_requests_total{path="/predict",status="200"} 1',
        'mthn_requests_total{path="/predict",status="422"} 1',
        'mthn_requests_total{path="other",status="404"} 2',
        "mthn_errors_total 3",
        "mthn_rows_total 3",
    ):
        assert line in lines
    assert {line.split("{")[0].split(" ")[0] for line in lines if line[0] != "#"} == {
        *("mthn_requests_total", "mthn_request_seconds_total", "mthn_errors_total", "mthn_rows_total")
    }


def test_limits_let_something_through() -> None:
    with pytest.raises(UsageError, match="--max-rows must be above 0, however it is 0"):
        Limits(rows=0)
    assert describe(predictor(NAME, zoo.planted), Limits()).tasks == 12
