"""The tables and pictures of what is stored, made anew at any time: table.md, cells.csv, CSV tables, ranks.svg."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import accuracy_cells
import accuracy_chart
import accuracy_sets
import numpy as np
import pandas as pd
from accuracy_cells import Cell, Key
from accuracy_methods import ANSWER, AUTOGLUON, METHODS, SINGLE
from accuracy_statistics import (
    Against,
    Ranks,
    against,
    geometric_mean,
    mean_with_interval,
    means,
    optimism,
    over_best,
    ranks,
    ratio_interval,
    soonest,
)

from mthn_automl.storage import read_json, write_text

WITHIN: Final = 0.01
"""Of AutoGluon's error, where `--anytime` asks how soon ours is as good."""


@dataclass(frozen=True)
class Stored:
    """The cells of one comparison.

    Attributes:
        output: the folder.
        every: all cells of the sets and splits, of any budget.
        seconds: the budget of the table.
        splits: those over which means are taken.
    """

    output: Path
    every: list[Cell]
    seconds: float
    splits: list[int]

    @classmethod
    def read(cls, output: Path, sets: str, splits: Sequence[int], seconds: float) -> "Stored":
        files = sorted((output / "cells").glob("*/*.json"))
        cells = [Cell(**read_json(file)) for file in files]
        wanted = set(accuracy_sets.listed(sets))
        mine = [cell for cell in cells if cell.split in splits and (sets == "all" or cell.dataset in wanted)]
        return cls(output, mine, seconds, list(splits))

    @property
    def cells(self) -> pd.DataFrame:
        """Of the budget, and of the methods that have none."""
        return accuracy_cells.table([cell for cell in self.every if cell.seconds in {None, self.seconds}])

    @property
    def methods(self) -> list[str]:
        """Those that have an error, in the order of the list."""
        there = set(self.cells.loc[self.cells["error"].notna(), "method"])
        return [name for name in METHODS if name in there]

    @property
    def rivals(self) -> list[str]:
        return [name for name in self.methods if METHODS[name].rival]

    def interval(self, dataset: str, rival: str, metric: str) -> tuple[float, float]:
        """Of the ratio of ours to a rival on one set, over its splits."""
        pairs = [
            tuple(
                accuracy_cells.losses_of(self.output, Key.of(dataset, split, name, self.seconds))
                for name in (ANSWER, rival)
            )
            for split in self.splits
        ]
        return ratio_interval(pairs, metric)  # type: ignore[arg-type]


def write(output: Path, *, seconds: float, sets: str, splits: Sequence[int], anytime: Sequence[float]) -> str:
    """Everything into the output folder; the text of table.md is returned."""
    stored = Stored.read(output, sets, splits, seconds)
    if not stored.methods:
        return f"No result is stored in {output} for these sets, splits and {seconds:g} s."
    accuracy_cells.table(stored.every).to_csv(output / "cells.csv", index=False)
    parts = [_errors(stored), *(_compared(stored) if ANSWER in stored.methods and stored.rivals else [])]
    parts += [_ranked(stored), _used(stored), _optimism(stored)]
    parts += [_anytime(stored, anytime)] if anytime else []
    parts += [_failures(stored), _methods(stored)]
    text = "\n\n".join(filter(None, parts)) + "\n"
    write_text(output / "table.md", text)
    return text


def _errors(stored: Stored) -> str:
    """Mean errors, with the ratio of ours to the best rival of each set and its interval."""
    cells = stored.cells
    table = means(cells, stored.splits).reindex(columns=stored.methods)
    partial = cells[cells["error"].notna()].groupby(["dataset", "method"])["error"].mean().unstack()
    partial = partial.reindex(columns=stored.methods)
    shown = partial.map(_number).where(
        table.notna(), partial.map(lambda each: "" if pd.isna(each) else f"({_number(each)})")
    )
    metric = cells.dropna(subset=["metric"]).groupby("dataset")["metric"].first()
    shown.insert(0, "metric", metric)
    if ANSWER in table.columns and stored.rivals:
        best = over_best(table, ANSWER, stored.rivals)
        for name, row in best.iterrows():
            low, high = stored.interval(str(name), row["rival"], metric[name])
            shown.loc[name, "ours / best rival"] = f"{row['ratio']:.3f} [{low:.3f}, {high:.3f}] {row['rival']}"
    partial.insert(0, "metric", metric)
    partial.to_csv(stored.output / "errors.csv")
    head = (
        f"## Errors on test rows, mean over splits {', '.join(map(str, stored.splits))}, {stored.seconds:g} s\n\n"
        "In brackets: splits are missing. The interval of the ratio: paired bootstrap over tasks, 95 %.\n\n"
    )
    return head + markdown(shown.rename_axis("data set").reset_index())


def _compared(stored: Stored) -> list[str]:
    table = means(stored.cells, stored.splits)
    found = against(stored.cells, stored.splits, ANSWER, stored.rivals)
    if not found:
        return []
    pd.DataFrame([asdict(each) for each in found]).to_csv(stored.output / "against.csv", index=False)
    best = over_best(table, ANSWER, stored.rivals)
    worst = best["ratio"].idxmax()
    fixed = found[0]
    sentences = [
        f"- the best fixed rival is {fixed.rival} ({fixed.sets} sets): ours over it, geometric mean "
        f"**{fixed.ratio:.3f}**",
        f"- over the best rival of each set: geometric mean **{geometric_mean(best['ratio']):.3f}**; "
        f"worst **{best['ratio'].max():.3f}** ({worst}, {best.loc[worst, 'rival']})",
        f"- first on {int((best['ratio'] <= 1).sum())} of {len(best)} sets",
    ]
    lines = pd.DataFrame([_line(each) for each in found])
    note = (
        "p: Wilcoxon over sets, Holm over rivals. Shown: sets where the corrected resampled t-test over splits shows a "
        "difference (5 %, Holm over sets)."
    )
    return ["## Ours against the rivals\n\n" + "\n".join(sentences) + "\n\n" + markdown(lines) + "\n\n" + note]


def _line(each: Against) -> dict[str, Any]:
    return {
        "rival": each.rival,
        "sets": each.sets,
        "ours / rival": f"{each.ratio:.3f}",
        "worst": f"{each.worst:.3f} {each.worst_set}",
        "wins-losses": f"{each.wins}-{each.losses}",
        "p": _p(each.p_value),
        "p (Holm)": _p(each.p_holm),
        "shown better-worse": f"{each.better}-{each.worse}",
    }


def _ranked(stored: Stored) -> str:
    """Of ours and the rivals, with the picture; and of all methods."""
    cells = stored.cells
    table = means(cells, stored.splits)
    failed = cells.assign(lost=cells["failure"].notna()).groupby(["dataset", "method"])["lost"].any().unstack()
    some = [name for name in stored.methods if name == ANSWER or name in stored.rivals]
    found, everyone = (ranks(table, failed, names) for names in (some, stored.methods))
    if found is None:
        return ""
    accuracy_chart.save(found, stored.output, ANSWER)
    lines = found.mean.map("{:.2f}".format).rename("ours and rivals").to_frame()
    if everyone is not None:
        lines = lines.join(everyone.mean.map("{:.2f}".format).rename("all methods"), how="outer")
        lines = lines.loc[everyone.mean.index]
    head = (
        f"## Mean ranks\n\n{_said(found)} A method that failed ranks last; sets on which one has not been run are left "
        "out. Picture: ranks.svg.\n\n"
    )
    return head + markdown(lines.fillna("").rename_axis("method").reset_index())


def _said(found: Ranks) -> str:
    return (
        f"Over {len(found.sets)} sets. Friedman: p = {_p(found.p_value)}; two mean ranks differ from "
        f"{found.critical:.2f} on (Nemenyi, 5 %)."
    )


def _used(stored: Stored) -> str:
    used = stored.cells.dropna(subset=["used"]).groupby("method")["used"].agg(["median", "max"])
    used = used.reindex(stored.methods).map("{:.0f}".format)
    used.insert(0, "told", [f"{stored.seconds:g}" if METHODS[name].timed else "" for name in used.index])
    return "## Seconds really used, start-up counted\n\n" + markdown(used.rename_axis("method").reset_index())


def _optimism(stored: Stored) -> str:
    """What ours says of itself against its test error, beside the same for the single model of the same run."""
    if not {ANSWER, SINGLE} <= set(stored.methods):
        return ""
    logs = optimism(stored.cells, stored.splits, (ANSWER, SINGLE)).dropna()
    if logs.empty:
        return ""
    lines = []
    for name, values in (
        (ANSWER, logs[ANSWER]),
        (SINGLE, logs[SINGLE]),
        (f"{ANSWER} over {SINGLE}, paired", logs[ANSWER] - logs[SINGLE]),
    ):
        mean = mean_with_interval(values.to_numpy())
        low, high = np.exp([mean.low, mean.high])
        lines.append({"": name, "test / stated": f"{np.exp(mean.difference):.3f} [{low:.3f}, {high:.3f}]"})
    logs.to_csv(stored.output / "optimism.csv")
    head = f"## Test error over the stated cv_error, geometric mean over {len(logs)} sets, 95 %\n\n"
    return head + markdown(pd.DataFrame(lines))


def _anytime(stored: Stored, budgets: Sequence[float]) -> str:
    cells = accuracy_cells.table([cell for cell in stored.every if cell.seconds in {None, stored.seconds, *budgets}])
    cells = cells[(cells["method"] != ANSWER) | cells["seconds"].isin([*budgets])]
    found = soonest(cells, stored.splits, ANSWER, AUTOGLUON, at=stored.seconds, within=WITHIN)
    if found.empty:
        return ""
    found.rename("seconds").rename_axis("dataset").to_csv(stored.output / "anytime.csv")
    shown = found.map(lambda each: f"{each:g}" if np.isfinite(each) else "none of them").rename("seconds")
    head = (
        f"## The least of {', '.join(f'{each:g}' for each in budgets)} s at which ours is within {WITHIN:.0%} of "
        f"AutoGluon's after {stored.seconds:g} s\n\nMedian: **{np.median(found):g}**.\n\n"
    )
    return head + markdown(shown.rename_axis("data set").reset_index())


def _failures(stored: Stored) -> str:
    lost = [cell for cell in stored.every if cell.failure is not None]
    lines = [f"- {cell.dataset}, split {cell.split}, {cell.method}: {cell.failure}" for cell in lost]
    return "## Failures\n\n" + "\n".join(lines) if lines else ""


def _methods(stored: Stored) -> str:
    lines = [f"- `{name}`: {METHODS[name].tuned}." for name in stored.methods]
    there = [cell for cell in stored.every if cell.error is not None]
    versions = sorted({f"{name} {each}" for cell in there for name, each in cell.versions.items()})
    lines.append(f"- versions: {', '.join(versions)}")
    commits = sorted({cell.commit for cell in there if cell.commit and not METHODS[cell.method].rival})
    if commits:
        lines.append(f"- ours at {', '.join(commits)}" + (" (several states are mixed)" if len(commits) > 1 else ""))
    return "## Methods\n\n" + "\n".join(lines)


def markdown(table: pd.DataFrame) -> str:
    texts = [[*map(str, table.columns)], *([*map(_text, row)] for row in table.itertuples(index=False))]
    lines = ["| " + " | ".join(row) + " |" for row in texts]
    return "\n".join([lines[0], "|" + " --- |" * len(table.columns), *lines[1:]])


def _text(value: object) -> str:
    return "" if isinstance(value, float) and np.isnan(value) else str(value)


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.4g}"


def _p(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2g}"
