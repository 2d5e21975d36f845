"""`mthn-automl --help` is quick, because nothing heavy is imported before it is needed."""

import json
import resource
import subprocess
import sys

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
HEAVY = {"torch", "ray", "pandas", "numpy", "pyarrow", "sklearn", "optuna", "altair", "scipy", "lightgbm"}


def modules_after(statement: str, *arguments: str) -> set[str]:
    """Top-level modules loaded in a fresh Python once `statement` has run."""
    command = [sys.executable, "-c", LIST_MODULES.format(statement=statement), json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_package_and_commands_without_data_load_nothing_heavy() -> None:
    loaded = {"import mthn_automl": modules_after("import mthn_automl") & HEAVY}
    for arguments in (["--help"], ["--version"], ["search", "--help"], ["architectures"]):
        loaded[" ".join(arguments)] = modules_after(RUN_MAIN, *arguments) & HEAVY
    assert not {name: modules for name, modules in loaded.items() if modules}


def test_help_takes_half_a_second() -> None:
    """Of a processor, and the best of several runs, so that a busy machine does not decide."""
    seconds = []
    for _ in range(10):
        begins = processor_seconds()
        subprocess.run([sys.executable, "-c", RUN_MAIN, "--help"], capture_output=True, check=True)
        seconds.append(processor_seconds() - begins)
        if seconds[-1] < 0.5:
            return
    pytest.fail(f"the best of {len(seconds)} runs took {min(seconds):.2f} s")


def processor_seconds() -> float:
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
