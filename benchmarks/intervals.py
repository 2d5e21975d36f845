"""How often intervals hold and how wide they are, and whether probabilities are what then happens, on real data.

python benchmarks/intervals.py --data DIR --output OUT [--sets a,b] [--splits 10]

A tenth of the tasks is taken away before each search, of quick architectures; a fifth of the other rows is sealed by
it. Coverage of 90 % intervals is counted on both. Beside them are intervals of each task's own quantile of its
out-of-fold residuals, on the rows of tasks that have enough of these for it. OUT gets a line of JSON a search, and a
search that has its line is not repeated.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl import search
from mthn_automl.data.names import number_aware
from mthn_automl.errors import UsageError
from mthn_automl.training.temperature import temperature_of, tempered

LEVEL = 0.9
TAKEN = 0.1
REGRESSION = (
    *("bodyweight", "earthquake", "algorithms", "radon", "gapminder_le", "pbc_patients"),
    *("water_quality", "nyc_flights", "texas_maize", "robot_arm", "star_classes", "cubic"),
)
CLASSES = {
    "guatemala_prenatal": "binary",
    "verbagg_items": "binary",
    "verbagg_persons": "multiclass",
    "soup_tasters": "ordinal",
}
OPTIONS: dict[str, Any] = {
    "architectures": "ridge,gradient_boosting",
    "trials": 4,
    "folds": 5,
    "time_limit": "5m",
    "runner": "local",
    "no_ablation": True,
}


def measured(folder: Path, split: int) -> dict[str, Any]:
    """The line of one search."""
    data, meta, name = pd.read_csv(folder / "data.csv"), pd.read_csv(folder / "meta.csv"), folder.name
    targets = sorted((each for each in data if each.startswith("target")), key=number_aware)
    tasks = data["task"].unique()
    taken = np.random.default_rng(split).choice(tasks, max(1, round(TAKEN * len(tasks))), replace=False)
    new = data["task"].isin(taken)
    known = data[~new].reset_index(drop=True)
    began = time.time()
    with tempfile.TemporaryDirectory() as place:
        given = {"target": targets, "problem": CLASSES.get(name, "auto"), "seed": split, **OPTIONS}
        found = search(known, meta, output=Path(place) / "run", **given)
        line = {"set": name, "split": split, "seconds": time.time() - began, "best": found.best["architecture"]}
        if name in CLASSES:
            return {**line, **found.summary["probabilities"], **_losses(found)}
        stored = pd.read_parquet(found.folder / "predictions.parquet")
        stored = stored[stored["architecture"] == found.best["architecture"]]
        sealed = known.iloc[stored.loc[stored["role"] == "test", "row"]]
        units = data[targets].std()
        line["known"] = _counted(found.model, sealed, meta, units)
        try:
            line["new"] = _counted(found.model, data[new], meta, units)
        except UsageError as error:
            line["refused"] = str(error)
        line["by_task"] = _by_task(found.model, sealed, meta, units, stored[stored["role"] == "out_of_fold"])
        return line


def _losses(found: Any) -> dict[str, float]:
    """Log loss on the sealed rows, what it is at a temperature of 1, and the temperature that they ask for."""
    temperature = found.summary["probabilities"]["temperature"]
    stored = pd.read_parquet(found.folder / "predictions.parquet")
    stored = stored[(stored["architecture"] == found.best["architecture"]) & (stored["role"] == "test")]
    named = [each for each in stored if each.startswith("probability_")]
    after = stored[named].to_numpy()
    before = tempered(after, 1 / temperature)
    true = [named.index(f"probability_{each}") for each in stored["target"].astype(str)]
    rows, best = np.arange(len(stored)), temperature_of(before, np.array(true, dtype=np.float64)[:, None], None)
    return {
        "temperature_afterwards": best,
        "log_loss_before": _log_loss(before[rows, true]),
        "log_loss": _log_loss(after[rows, true]),
    }


def _log_loss(probability: np.ndarray) -> float:
    return float(-np.log(np.clip(probability, np.finfo(np.float64).eps, 1.0)).mean())


def _bounds(model: Any, rows: pd.DataFrame, meta: pd.DataFrame, units: pd.Series) -> Iterator[np.ndarray]:
    """Of each target (rows, 4): target, prediction, low, high, in the target's unit."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.predict(rows, meta, interval=LEVEL, allow_unknown=True)
    for target, unit in units.items():
        parts = [f"{part}{'' if len(units) == 1 else f'_{target}'}" for part in ("prediction", "low", "high")]
        yield np.column_stack([rows[target], *(found[part] for part in parts)]) / unit


def _counted(model: Any, rows: pd.DataFrame, meta: pd.DataFrame, units: pd.Series) -> dict[str, Any]:
    """Cells with a target, how many are covered, and the mean width in the target's unit."""
    cells, inside, width = 0, 0, 0.0
    for each in _bounds(model, rows, meta, units):
        there = each[~np.isnan(each[:, 0])]
        cells += len(there)
        inside += int(((there[:, 2] <= there[:, 0]) & (there[:, 0] <= there[:, 3])).sum())
        width += float((there[:, 3] - there[:, 2]).sum())
    return {"cells": cells, "inside": inside, "width": width / max(cells, 1)}


def _by_task(
    model: Any, rows: pd.DataFrame, meta: pd.DataFrame, units: pd.Series, held_out: pd.DataFrame
) -> dict[str, Any]:
    """Intervals by the quantile of each task's own residuals, and ours, on rows of tasks with enough of them."""
    cells, inside, width, ours, ours_inside, all_cells = 0, 0, 0.0, 0.0, 0, 0
    for target, each in zip(units.index, _bounds(model, rows, meta, units), strict=True):
        suffix, stored = ("", "target") if len(units) == 1 else (f"_{target}", f"target_{target}")
        residual = (held_out[stored] - held_out[f"prediction{suffix}"]).abs()
        half = residual.groupby(held_out["task"].astype(str)).agg(_quantile)
        own = half.reindex(rows["task"].astype(str)).to_numpy() / units[target]
        there = ~np.isnan(each[:, 0])
        some = there & np.isfinite(own)
        cells, all_cells = cells + int(some.sum()), all_cells + int(there.sum())
        inside += int((np.abs(each[some, 0] - each[some, 1]) <= own[some]).sum())
        ours_inside += int(((each[some, 2] <= each[some, 0]) & (each[some, 0] <= each[some, 3])).sum())
        width += float(2 * own[some].sum())
        ours += float((each[some, 3] - each[some, 2]).sum())
    counted = {"cells": cells, "of": all_cells, "inside": inside, "inside_ours": ours_inside}
    return {**counted, "width": width / max(cells, 1), "width_ours": ours / max(cells, 1)}


def _quantile(residual: pd.Series) -> float:
    """NaN where a task has too few."""
    value = np.sort(residual.dropna().to_numpy())
    rank = int(np.ceil((len(value) + 1) * LEVEL - 1e-9))
    return float(value[rank - 1]) if 0 < rank <= len(value) else np.nan


def table(lines: list[dict[str, Any]]) -> str:
    """Markdown, a row a set; widths in standard deviations of the target."""
    frame = pd.DataFrame(lines)
    text = [
        "| set | splits | coverage | 2 standard errors | width | width of each task's own quantile, its coverage "
        "(share of cells); ours there | new tasks: coverage (cells), width |",
        "|---|---|---|---|---|---|---|",
    ]
    shares = []
    for name, of_set in ((each, frame[frame["set"] == each]) for each in REGRESSION):
        if len(of_set):
            known, own = _pooled(of_set["known"]), _pooled(of_set["by_task"])
            share = known["inside"] / known["cells"]
            shares.append(share)
            told = [each for each in of_set.get("new", []) if isinstance(each, dict)]
            new = _pooled(pd.Series(told)) if told else None
            of_new = (
                "refused" if new is None else f"{new['inside'] / new['cells']:.3f} ({new['cells']}), {new['width']:.2f}"
            )
            text.append(
                f"| {name} | {len(of_set)} | {share:.3f} | {2 * np.sqrt(LEVEL * (1 - LEVEL) / known['cells']):.3f} | "
                f"{known['width']:.3f} | {own['width']:.3f}, {own['inside'] / max(own['cells'], 1):.3f} "
                f"({own['cells'] / own['of']:.0%}); {own['width_ours']:.3f}, "
                f"{own['inside_ours'] / max(own['cells'], 1):.3f} | {of_new} |"
            )
    if shares:
        text.append(f"\nMean coverage of {len(shares)} sets: {np.mean(shares):.4f}")
    classes = frame[frame["set"].isin(CLASSES)]
    if len(classes):
        keys = [
            "temperature",
            "temperature_afterwards",
            "expected_calibration_error_before",
            "expected_calibration_error",
        ]
        means = classes.groupby("set")[[*keys, "log_loss_before", "log_loss"]].mean()
        text.append("\n" + means.assign(splits=classes.groupby("set").size()).round(4).to_string())
    return "\n".join(text)


def _pooled(lines: pd.Series) -> dict[str, float]:
    """Sums of counts, and means of widths by cells."""
    frame = pd.DataFrame(lines.tolist())
    sums = frame.drop(columns=[each for each in frame if "width" in each]).sum().to_dict()
    widths = {each: np.average(frame[each], weights=np.maximum(frame["cells"], 1)) for each in frame if "width" in each}
    return {**sums, **widths}


def main() -> None:
    parser = argparse.ArgumentParser(description="coverage and width of intervals, calibration of probabilities")
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets, each a folder")
    parser.add_argument("--output", type=Path, required=True, help="a file of lines of JSON, which is added to")
    parser.add_argument("--sets", default=",".join((*REGRESSION, *CLASSES)), help="names of sets")
    parser.add_argument("--splits", type=int, default=10, help="searches a set")
    given = parser.parse_args()
    lines = [json.loads(each) for each in given.output.read_text().splitlines()] if given.output.exists() else []
    done = {(each["set"], each["split"]) for each in lines}
    for split in range(given.splits):
        for name in given.sets.split(","):
            if (name, split) not in done:
                lines.append(measured(given.data / name, split))
                with given.output.open("a") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    print(table(lines))


if __name__ == "__main__":
    main()
