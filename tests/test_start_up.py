"""`mthn-automl --help` is quick, because nothing heavy is imported before it is needed."""

import json
import subprocess
import sys
import time

import pytest

LIST_MODULES = """
import json, sys
sys.argv = ["mthn-automl", *json.loads(sys.argv[1])]
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""
RUN_MAIN = """
from mthn_automl.cli.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
HEAVY = {"torch", "ray", "pandas", "numpy", "pyarrow", "sklearn", "optuna", "altair", "scipy"}


def modules_after(statement: str, *arguments: str) -> set[str]:
    """Top-level modules loaded in a fresh Python once `statement` has run."""
    command = [sys.executable, "-c", LIST_MODULES.format(statement=statement), json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not modules_after("import mthn_automl") & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["search", "--help"], ["architectures"]],
    ids=lambda arguments: " ".join(arguments),
)
def test_a_command_that_needs_no_data_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not modules_after(RUN_MAIN, *arguments) & HEAVY


def test_help_appears_in_half_a_second() -> None:
    """The best of several runs, so that a busy machine does not decide."""
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", RUN_MAIN, "--help"], capture_output=True, check=True)
        seconds.append(time.perf_counter() - start)
        if seconds[-1] < 0.5:
            return
    pytest.fail(f"the best of {len(seconds)} runs took {min(seconds):.2f} s")
