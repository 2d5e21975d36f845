"""Every kind of answer of every kind of problem, exported, and predicted with where this package is not.

    python benchmarks/exporting.py --data DIR --output OUT [--problems regression,count]

One search a problem gives a model of each architecture and the ensemble. Each is written as ONNX and, where it can be,
as a program of torch.export; the ONNX file is run in an environment of its own, which OUT gets and which has ONNX
Runtime and NumPy alone, on rows (a tenth of tasks never seen), and held against `predict` in this one. Prints
a table: the largest difference, in standard deviations of the target or as a probability, or why there is no file.
"""

import argparse
import json
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environments
import numpy as np
import pandas as pd
import pyarrow as pa
from measuring import say

from mthn_automl import catalogue, export_model, load_model, search
from mthn_automl.data.columns.composed import values
from mthn_automl.data.columns.form import PLAIN, Notation
from mthn_automl.data.problems import planted
from mthn_automl.data.schema import Schema
from mthn_automl.errors import MthnError, UnknownWarning

PROBLEMS = {
    "regression": "bodyweight",
    "several targets": "robot_arm",
    "binary": "guatemala_prenatal",
    "multiclass": "verbagg_persons",
    "ordinal": "soup_tasters",
    "count": "",
}
"""And the set of DIR that each is tried on; none: rows made of a formula."""

MOST_ROWS = 1_500
TRIED_ROWS = 300
ENSEMBLE = "ensemble"
ONNX = "onnx, alone"
Frames = tuple[pd.DataFrame, pd.DataFrame]


def frames(data: Path, problem: str) -> Frames:
    """Rows of the first tasks, and their metadata."""
    name = PROBLEMS[problem]
    if not name:
        rows, meta = planted(tasks=12, rows=40)
        counts = np.random.default_rng(0).poisson(np.exp(rows["target"].clip(-3, 3)))
        return rows.assign(target=counts), meta
    rows, meta = (pd.read_csv(data / name / f"{each}.csv", dtype={"task": str}) for each in ("data", "meta"))
    taken = rows["task"].value_counts(sort=False).cumsum() <= MOST_ROWS
    rows = rows[rows["task"].isin(taken.index[taken])].reset_index(drop=True)
    return rows, meta


def searched(problem: str, rows: pd.DataFrame, meta: pd.DataFrame, output: Path) -> Path:
    """The run, which is made once."""
    if not (output / "summary.json").exists():
        names = catalogue.names()
        options: dict[str, Any] = {"trials": len(names), "folds": 2, "runner": "local", "no_ablation": True}
        asked = "auto" if problem == "several targets" else problem
        targets = sorted(each for each in rows if each.startswith("target"))
        search(rows, meta, target=targets, problem=asked, architectures=names, output=output, **options)
    return output


def answers(run: Path) -> Iterator[tuple[str, Path]]:
    """The ensemble, if it is the answer, and the model of each architecture."""
    if len(load_model(run).members) > 1:
        yield ENSEMBLE, run
    yield from sorted((each.name, each) for each in (run / "models").iterdir() if each.name != ENSEMBLE)


def tried(rows: pd.DataFrame, meta: pd.DataFrame) -> Frames:
    """Some rows, of which a tenth are of tasks never seen with the metadata of known ones, and the metadata."""
    rng = np.random.default_rng(0)
    some = rows.sample(min(TRIED_ROWS, len(rows)), random_state=0).reset_index(drop=True)
    known = rng.choice(meta["task"], len(some) // 10)
    unseen = [f"never seen {number}" for number in range(len(known))]
    some.loc[: len(known) - 1, "task"] = unseen
    described = meta.set_index("task").loc[known].reset_index(drop=True).assign(task=unseen)
    return some, pd.concat([meta, described], ignore_index=True)


def predicted_alone(python: Path, file: Path, schema: Schema, rows: pd.DataFrame, meta: pd.DataFrame) -> np.ndarray:
    """(rows, outputs) of the file in the other environment, which is given numbers as the file says of its inputs."""
    joined = rows.merge(meta, on="task", how="left", suffixes=("", " of the task"))
    written = {each.read_from: each.written.notation for each in (*schema.features, *schema.metadata)}
    columns = {name: _cells(joined[name], written.get(name, PLAIN)) for name in joined}
    given = file.with_suffix(".json")
    given.write_text(json.dumps(columns))
    inside = Path(__file__).resolve().parent / "exporting_alone.py"
    command = [str(python), str(inside), str(file), str(given)]
    ended = subprocess.run(command, env=environments.bare(), capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError((ended.stderr.strip().splitlines() or [f"it ended with code {ended.returncode}"])[-1])
    found = json.loads(ended.stdout)
    return np.array(found["probabilities"] if "probabilities" in found else found["prediction"], dtype=np.float64)


def _cells(column: "pd.Series[Any]", written: Notation) -> list[Any]:
    """Numbers, NaN where there is none, of ranges their middles; or text, empty where there is none."""
    if written.composed:
        return values(written.composed, written.decimal, pa.array(column.astype("string"))).tolist()
    if pd.api.types.is_numeric_dtype(column):
        return [float(each) for each in column]
    return column.fillna("").astype(str).tolist()


def difference(python: Path, model: Path, file: Path, rows: pd.DataFrame, meta: pd.DataFrame) -> float:
    """The largest, in standard deviations of the targets, or as a probability."""
    predictor = load_model(model)
    expected = predictor.predict(rows, meta)
    classes = [name for name in expected if name.startswith("probability_")]
    named = classes or [name for name in expected if name.startswith("prediction")]
    scale = 1.0 if classes else rows[sorted(each for each in rows if each.startswith("target"))].std().to_numpy()
    found = predicted_alone(python, file, predictor.schema, rows, meta)
    return float(np.max(np.abs(found.reshape(len(rows), -1) - expected[named].to_numpy()) / scale))


def lines(problem: str, data: Path, output: Path, python: Path) -> Iterator[dict[str, str]]:
    """Of each answer: what came of its export."""
    rows, meta = frames(data, problem)
    run = searched(problem, rows, meta, output / problem.replace(" ", "-"))
    given, described = tried(rows, meta)
    for name, model in answers(run):
        line = {"problem": problem, "answer": name}
        file = output / f"{problem.replace(' ', '-')}-{name}.onnx"
        try:
            export_model(model, file)
            line[ONNX] = f"{difference(python, model, file, given, described):.0e}"
        except MthnError as error:
            line[ONNX] = f"refused: {error}"
        except RuntimeError as error:
            line[ONNX] = f"failed: {error}"
        try:
            task = str(load_model(model).tasks.names[0])
            export_model(model, file.with_suffix(".pt2"), format="torch", task=task)
            line["torch"] = "yes"
        except MthnError as error:
            line["torch"] = f"refused: {error}"
        say(f"{problem}, {name}: {line[ONNX]}; torch {line['torch']}")
        yield line


def table(found: pd.DataFrame) -> str:
    """An answer a row, a problem a column; `t`: also by torch.export."""
    cell = found[ONNX].str.partition(":")[0] + np.where(found["torch"] == "yes", " t", "")
    wide = found.assign(cell=cell).pivot(index="answer", columns="problem", values="cell")
    wide = wide[[each for each in PROBLEMS if each in wide]].fillna("")
    header = [f"| answer | {' | '.join(wide.columns)} |", "|---" * (1 + len(wide.columns)) + "|"]
    return "\n".join([*header, *(f"| `{row.Index}` | {' | '.join(row[1:])} |" for row in wide.itertuples())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets, each a folder")
    parser.add_argument("--output", type=Path, required=True, help="a folder for runs, files and the environment")
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    asked = parser.parse_args()
    problems = asked.problems.split(",")
    if unknown := sorted(set(problems) - set(PROBLEMS)):
        parser.error(f"--problems must be of {', '.join(PROBLEMS)}, however one is {unknown[0]}")
    warnings.simplefilter("ignore", UnknownWarning)
    asked.output.mkdir(parents=True, exist_ok=True)
    python = environments.made(asked.output.resolve() / "alone", "numpy", "onnxruntime")
    found = [line for problem in problems for line in lines(problem, asked.data, asked.output, python)]
    pd.DataFrame(found).to_csv(asked.output / "exporting.csv", index=False)
    print(table(pd.DataFrame(found)))


if __name__ == "__main__":
    main()
