"""Tasks never seen: zero-shot from metadata, and adapted to 1, 2, 5, 10 and 20 labelled rows, on real data sets.

A search holds whole tasks out (`--holdout-tasks`, by whose folds it chooses for new tasks; `--chosen-for known`: they
are kept from it, and it chooses for the tasks that it has). Each of them is then predicted by the models that it left:
from its metadata, without them (as an average task), and after `adapt` to the first rows of a random order. A ridge
regression of each task's rows alone stands beside. Errors are root mean squares over rows that nothing was fitted to,
in standard deviations of the training tasks' targets, averaged over tasks; they are compared in pairs, a task each, by
Wilcoxon's signed-rank test.

    python benchmarks/new_tasks.py --data DIR --sets robot_arm radon --seeds 2 --seconds 60 --output new_tasks.csv

DIR has a folder a set, with data.csv and meta.csv. Prints tables; the file has a line for each task, model and count of
rows.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.linear_model import RidgeCV

from mthn_automl import adapt, load_model, search
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnknownWarning

COUNTS = (1, 2, 5, 10, 20)
SHARE = 0.2
MOST_TASKS = 300
MOST_TEST_ROWS = 200
ARCHITECTURES = "hypernetwork,mixed_effects,gradient_boosting,gaussian_process"
PREFIX = "new "


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of data sets")
    parser.add_argument("--sets", nargs="+", default=["robot_arm", "radon", "gapminder_le", "star_classes"])
    parser.add_argument("--seeds", type=int, default=2, help="searches a set, each with other tasks held out")
    parser.add_argument("--seconds", type=int, default=60, help="of a search")
    parser.add_argument("--architectures", default=ARCHITECTURES)
    parser.add_argument("--chosen-for", choices=["new", "known"], default="new", help="tasks, by the search's folds")
    parser.add_argument("--output", type=Path, default=Path("new_tasks.csv"))
    asked = parser.parse_args()
    warnings.simplefilter("ignore", UnknownWarning)
    found: list[dict[str, Any]] = []
    for name in asked.sets:
        for seed in range(asked.seeds):
            found += _of_search(asked.data / name, seed, asked.seconds, asked.architectures, asked.chosen_for == "new")
            pd.DataFrame(found).to_csv(asked.output, index=False)
        print(table(pd.DataFrame(found).query("set == @name")), flush=True)


def _of_search(folder: Path, seed: int, seconds: int, architectures: str, for_new: bool) -> list[dict[str, Any]]:
    data, meta = (pd.read_csv(folder / f"{each}.csv", dtype={"task": str}) for each in ("data", "meta"))
    tasks = np.random.default_rng(seed).permutation(data["task"].unique())[:MOST_TASKS]
    data, meta = (each[each["task"].isin(tasks)].reset_index(drop=True) for each in (data, meta))
    with tempfile.TemporaryDirectory() as place:
        run = Path(place) / "run"
        options = {"architectures": architectures, "time_limit": seconds, "runner": "local", "no_ablation": True}
        learnt = data if for_new else data[~data["task"].isin(tasks[: round(SHARE * len(tasks))])]
        search(learnt, meta, output=run, seed=seed, **options, **({"holdout_tasks": SHARE} if for_new else {}))
        known = set(load_model(run).tasks.names)
        held_out = data[~data["task"].isin(known)]
        print(f"{folder.name} {seed}: {len(known)} tasks, {held_out['task'].nunique()} held out", file=sys.stderr)
        models = {each.name: each for each in sorted((run / "models").iterdir())} | {"answer": run / "model"}
        judged = Judged(folder.name, seed, data[data["task"].isin(known)], held_out, meta)
        return [line for name, model in models.items() for line in judged.of(name, model)] + list(judged.alone())


class Judged:
    """Tasks held out of one search, and the errors of models on them."""

    def __init__(self, name: str, seed: int, known: pd.DataFrame, held_out: pd.DataFrame, meta: pd.DataFrame) -> None:
        random = np.random.default_rng(seed)
        self.name, self.seed, self.known = name, seed, known
        self.targets = [each for each in known if each.startswith("target")]
        self.spread = known[self.targets].std()
        renamed = held_out.assign(task=PREFIX + held_out["task"])
        self.meta = meta.assign(task=PREFIX + meta["task"])
        shuffled = renamed.iloc[random.permutation(len(renamed))]
        place, size = shuffled.groupby("task").cumcount(), shuffled.groupby("task")["task"].transform("size")
        learnt = np.minimum(max(COUNTS), size // 2)
        self.learnt, self.place = shuffled[place < learnt], place[place < learnt]
        self.test = shuffled[(place >= learnt) & (place < learnt + MOST_TEST_ROWS)].reset_index(drop=True)

    def rows(self, count: int) -> pd.DataFrame:
        """Of each task that has so many to learn from, the first."""
        few = self.learnt[self.place < count]
        return few.groupby("task").filter(lambda each: len(each) == count)

    def of(self, name: str, folder: Path) -> Iterator[dict[str, Any]]:
        """Lines of a model: as it is, without metadata, and adapted."""
        model = load_model(folder)
        yield from self._lines(name, "zero-shot", 0, self._predicted(model, self.meta), self.test)
        yield from self._lines(name, "average task", 0, self._predicted(model, None), self.test)
        for count in COUNTS:
            rows = self.rows(count)
            if len(rows):
                began = time.process_time()
                adapted = adapt(folder, rows, self.meta)
                seconds = (time.process_time() - began) / rows["task"].nunique()
                test = self.test[self.test["task"].isin(rows["task"].unique())]
                yield from self._lines(name, "adapted", count, self._predicted(adapted, None, test), test, seconds)

    def alone(self) -> Iterator[dict[str, Any]]:
        """Lines of a ridge regression a task."""
        columns = [each for each in self.known if each not in (*self.targets, "task")]
        every = pd.concat([self.known, self.learnt, self.test])
        encoded = pd.get_dummies(every[columns]).astype(float)
        encoded = encoded.fillna(encoded.mean()).fillna(0.0)
        scaled = (encoded - encoded.mean()) / encoded.std().replace(0.0, 1.0)
        of_learnt = scaled.iloc[len(self.known) : len(self.known) + len(self.learnt)].set_index(self.learnt.index)
        of_test = scaled.iloc[len(self.known) + len(self.learnt) :].set_index(self.test.index)
        for count in COUNTS:
            few = self.rows(count)
            test = self.test[self.test["task"].isin(few["task"].unique())]
            predicted = pd.DataFrame(index=test.index, columns=self.targets, dtype=float)
            for task, rows in few.groupby("task"):
                mine = test.index[test["task"] == task]
                predicted.loc[mine] = _ridge(of_learnt.loc[rows.index], rows[self.targets], of_test.loc[mine])
            if len(few):
                yield from self._lines("ridge of its rows", "alone", count, predicted.to_numpy(), test)

    def _predicted(self, model: Predictor, meta: pd.DataFrame | None, test: pd.DataFrame | None = None) -> Any:
        found = model.predict(self.test if test is None else test, meta, allow_unknown=True)
        return found[[each for each in found if each.startswith("prediction")]].to_numpy()

    def _lines(
        self, model: str, way: str, count: int, predicted: Any, test: pd.DataFrame, seconds: float = 0.0
    ) -> Iterator[dict[str, Any]]:
        squares = ((test[self.targets] - predicted) / self.spread).pow(2).mean(axis=1)
        for task, error in np.sqrt(squares.groupby(test["task"]).mean()).items():
            line = {"set": self.name, "seed": self.seed, "model": model, "way": way, "rows": count}
            yield {**line, "task": task, "error": error, "seconds_a_task": seconds}


def _ridge(features: pd.DataFrame, target: pd.DataFrame, asked: pd.DataFrame) -> Any:
    """Its penalty is chosen by leaving rows out, where there are three; with one row it predicts that."""
    penalties = np.logspace(-2, 4, 13) if len(features) > 2 else [1.0]
    model = RidgeCV(penalties).fit(features, target)
    return np.asarray(model.predict(asked)).reshape(len(asked), -1)


def table(found: pd.DataFrame) -> str:
    """For each model: zero-shot beside the average task, then adapted beside a ridge of the rows and zero-shot."""
    lines = []
    alone = found[found["way"] == "alone"]
    for model, mine in found[found["way"] != "alone"].groupby("model", sort=False):
        zero = mine[mine["way"] == "zero-shot"]
        lines.append(f"{mine['set'].iloc[0]}, {model}: {_pair(zero, mine[mine['way'] == 'average task'], 'average')}")
        for count in COUNTS:
            adapted = mine[(mine["way"] == "adapted") & (mine["rows"] == count)]
            if len(adapted):
                rival = alone[alone["rows"] == count]
                beside = f"{_pair(adapted, rival, 'its ridge')}; {_pair(adapted, zero, 'zero-shot')}"
                lines.append(f"  {count:>2} rows: {beside}; {adapted['seconds_a_task'].mean():.2f} s a task")
    return "\n".join(lines)


def _pair(one: pd.DataFrame, other: pd.DataFrame, name: str) -> str:
    both = one.merge(other, on=["seed", "task"], suffixes=("", "_other"))
    p = wilcoxon(both["error"], both["error_other"]).pvalue if (both["error"] != both["error_other"]).any() else 1.0
    means = both["error"].mean(), both["error_other"].mean()
    return f"{means[0]:.3f} against {means[1]:.3f} of {name} ({len(both)} tasks, p {p:.2g})"


if __name__ == "__main__":
    main()
