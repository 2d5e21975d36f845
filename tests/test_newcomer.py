"""What the page of the rooms promises a newcomer: a new member is the files that the page names, and no other."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "mthn_automl" / "README.md").read_text(encoding="utf-8")

# What is added: by what the page calls it, the files that a newcomer writes.
ADDED = {
    "an architecture": {
        "mthn_automl/models/toy.py": """
            from dataclasses import dataclass

            import torch

            from mthn_automl.models.base import Architecture, Traits


            @dataclass(frozen=True)
            class ToySettings:
                scale: float = 1.0


            class Toy(Architecture):
                Settings = ToySettings

                def __init__(self, shape, settings):
                    super().__init__(shape)
                    self.scale = settings.scale
                    self.add_task_tables(offset=torch.nn.Parameter(torch.zeros(shape.tasks, shape.outputs)))

                @classmethod
                def traits(cls, shape, settings):
                    return Traits(uses_task=True, uses_metadata=False)

                def forward(self, features, task):
                    offsets = self.rows(task, "offset")[0] * self.scale
                    return offsets.unsqueeze(1).expand(-1, features.shape[1], -1)

                def task_network_parameters(self):
                    return self.offset.shape[1]
            """,
        "search_spaces/toy.toml": """
            format = 1
            architecture = "mthn_automl.models.toy:Toy"
            family = "neural"
            summary = "a toy"
            paper = "none"
            parameter_formula = "T d_y"

            [parameters.scale]
            type = "float"
            low = 0.5
            high = 2.0

            [[first_trials]]
            scale = 1.0
            """,
    },
    "a sampler": {
        "mthn_automl/tuning/samplers/toy_sampler.py": """
            from optuna.samplers import RandomSampler

            SEVERAL_OBJECTIVES = True


            def make(draw):
                return RandomSampler(seed=draw.trial_seed)
            """
    },
    "a metric": {
        "mthn_automl/data/metrics/toy_metric.py": """
            import numpy as np

            from mthn_automl.data.metrics.parts.scores import Means, first
            from mthn_automl.data.scoring import NUMBERS, Metric


            def _scores(target, prediction):
                return Means(np.abs(target - prediction).max(axis=1, keepdims=True), first)


            METRIC = Metric("toy_metric", NUMBERS, _scores)
            """
    },
    "a picture": {
        "mthn_automl/report/charts/toy_picture.py": """
            import altair as alt


            def points(tradeoff):
                return tradeoff[["cv_error"]]


            def chart(points, metric):
                return alt.layer(alt.Chart(points).mark_tick().encode(x="cv_error:Q"))
            """
    },
    "a command": {
        "mthn_automl/cli/commands/toy_command.py": '''
            HELP_ORDER = 99


            def toy_command() -> None:
                """A toy."""
                print("a toy")
            '''
    },
}
SEARCH = """
from mthn_automl import search
from mthn_automl.data.problems import cubic
search(*cubic(tasks=3, rows=8), architectures="toy", sampler="toy_sampler", metric="toy_metric", runner="local",
       trials=2, folds=2, seeds=1, no_ablation=True, output="run")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with all of these added."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("mthn_automl", "search_spaces"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for files in ADDED.values():
        for name, text in files.items():
            path = folder / name
            assert not path.exists()
            path.write_text(re.sub(r"^ {12}", "", text, flags=re.MULTILINE), encoding="utf-8")
    return folder


def run(tree: Path, code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_page_names_the_files_and_how_many_they_are() -> None:
    for what, files in ADDED.items():
        (row,) = re.findall(rf"^\| {what} \| (.*) \|$", PAGE, re.MULTILINE)
        named = [path.replace("mthn_automl/", "") for path in files]
        patterns = [re.sub(r"toy\w*", "NAME", path) for path in named]
        assert [pattern for pattern in patterns if f"`{pattern}`" not in row] == [], what
        assert {1: "one file", 2: "two files"}[len(files)] in row, what


def test_what_was_added_is_offered_and_works(tree: Path) -> None:
    main = "from mthn_automl.cli.app import main; main()"
    shown = run(tree, main, "search", "--help")
    assert "toy_sampler" in shown
    assert "toy_metric" in shown
    assert "toy" in run(tree, main, "architectures")
    assert "toy_command" in run(tree, main, "--help")
    assert run(tree, main, "toy_command") == "a toy\n"
    run(tree, SEARCH)
    assert (tree / "run" / "figures" / "toy_picture.svg").exists()
    assert (tree / "run" / "models" / "toy" / "model.safetensors").exists()
