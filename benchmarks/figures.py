"""The frame of a benchmark script: its options, a table for people, one JSON object for machines."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from measuring import Spread, plain, say

from mthn_automl.tuning.objective import prepare_process


@dataclass(frozen=True)
class Found:
    """One figure as measured. value: a number, or one a case. rows: of the table, (case, found); details: all else."""

    value: float | dict[str, float]
    rows: list[tuple[str, Spread]]
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_cases(cls, cases: Mapping[str, Spread], details: dict[str, Any]) -> "Found":
        return cls({case: each.median for case, each in cases.items()}, list(cases.items()), details)

    @classmethod
    def of(cls, spread: Spread, details: dict[str, Any]) -> "Found":
        return cls(spread.median, [("", spread)], details)


@dataclass(frozen=True)
class Figure:
    """measure: takes whether to be quick. targets: of the cases that have one. at_most: whether less is better."""

    name: str
    measure: Callable[[bool], Found]
    targets: dict[str, float]
    at_most: bool = False

    def reached(self, case: str, found: float) -> bool:
        if case not in self.targets:
            return True
        return found <= self.targets[case] if self.at_most else found >= self.targets[case]


def run(figures: Mapping[str, Figure], default: tuple[str, ...], description: str | None) -> None:
    """The whole of a script. default: names of what is measured unless --only says otherwise."""
    chosen = _parser(figures, default, description).parse_args()
    prepare_process()
    found = {name: _measured(figures[name], chosen.quick) for name in chosen.only or default}
    if chosen.json:
        values: dict[str, Any] = {name: each.value for name, each in found.items()}
        print(json.dumps({**values, "details": plain({name: _details(each) for name, each in found.items()})}))
        return
    for line in _table({name: (figures[name], each) for name, each in found.items()}):
        print(line)


def _parser(
    figures: Mapping[str, Figure], default: tuple[str, ...], description: str | None
) -> argparse.ArgumentParser:
    others = ", ".join(name for name in figures if name not in default)
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"Measured here: {', '.join(default)}. With --only also what the other script measures: {others}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def names(text: str) -> list[str]:
        wanted = [part.strip() for part in text.split(",")]
        unknown = [name for name in wanted if name not in figures]
        if unknown:
            raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(figures)}")
        return wanted

    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: shows that it runs, no more")
    parser.add_argument("--only", type=names, metavar="NAME[,NAME]", help="these figures alone")
    return parser


def _measured(figure: Figure, quick: bool) -> Found:
    say(f"{figure.name} ...")
    started = time.perf_counter()
    found = figure.measure(quick)
    for case, spread in found.rows:
        say(f"    {case or figure.name}: {_number(spread.median)}  ({_number(spread.low)} - {_number(spread.high)})")
    say(f"    took {time.perf_counter() - started:.0f} s")
    return found


def _details(found: Found) -> dict[str, Any]:
    return {"spread": dict(found.rows) if found.rows[0][0] else found.rows[0][1], **found.details}


def _table(found: Mapping[str, tuple[Figure, Found]]) -> list[str]:
    lines = [f"{'figure':<34} {'target':>12} {'found':>12} {'range':>24}"]
    for name, (figure, each) in found.items():
        for case, spread in each.rows:
            sign = "<=" if figure.at_most else ">="
            target = f"{sign} {_number(figure.targets[case])}" if case in figure.targets else "-"
            extent = f"{_number(spread.low)} - {_number(spread.high)}"
            reached = "" if figure.reached(case, spread.median) else "  missed"
            lines.append(f"{name + ' ' + case:<34} {target:>12} {_number(spread.median):>12} {extent:>24}{reached}")
        lines += [f"    {key}: {_readable(value)}" for key, value in each.details.items()]
    return lines


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _readable(value: Any) -> str:
    if isinstance(value, Spread):
        return f"{_number(value.median)} ({_number(value.low)} - {_number(value.high)})"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_readable(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_readable(each) for each in value) + "]"
    return _number(value) if isinstance(value, float) else str(value)
