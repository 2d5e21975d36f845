"""The table of outcomes: made by the command of `__main__.py`, compared by the tests, and read by reviewers."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from tests.data.corpus.case import Case

PARTS = ("texts", "names", "cells", "tables", "packed")
"""Modules of cases that run in the process of the tests; those of `large` have one of their own."""
TABLE = Path(__file__).with_name("outcomes.md")
HEAD = """# What `mthn-automl check` says of malformed and odd inputs

Written by `python -m tests.data.corpus`; `tests/data/test_corpus.py` compares. The exit code comes first: 0 with what
was understood and said, as far as it differs from the good rows, or **2** (wrong use) and **3** (bad data) with the
sentence on stderr. Machines are taken to have a gibibyte of free memory.
"""


def cases() -> dict[str, Case]:
    """All that run in the process of the tests, by part and name."""
    return {f"{part}: {name}": case for part in PARTS for name, case in _of(part).items()}


def _of(part: str) -> Mapping[str, Case]:
    found: Mapping[str, Case] = import_module(f"tests.data.corpus.{part}").CASES
    return found


def written(outcomes: Mapping[str, str]) -> str:
    """The table. outcomes: by part and name."""
    lines, last = [HEAD], ""
    for key, outcome in outcomes.items():
        part, name = shown(key).split(": ", 1)
        if part != last:
            lines += [*([""] if last else []), f"## {part.capitalize()}", "", "| input | outcome |", "|---|---|"]
            last = part
        lines.append(f"| {name} | {outcome} |")
    return "\n".join(lines) + "\n"


def read() -> dict[str, str]:
    """The table as it is stored."""
    found, part = {}, ""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            part = line[3:].lower()
        elif line.startswith("| ") and part and not line.startswith("| input |"):
            name, outcome = line[2:-2].split(" | ", 1)
            found[f"{part}: {name}"] = outcome
    return found


def shown(key: str) -> str:
    """A name without what Markdown would take for a sign."""
    return key.replace("|", r"\|").replace("<", r"\<").replace("*", r"\*")
