"""The examples of clusters, as far as they can be held to their word without a cloud."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from packaging.requirements import Requirement
from ray import autoscaler
from ray.autoscaler.sdk import fillout_defaults

from mthn_automl.cli.app import app
from tests.faults.head import free_port

CHECKOUT = Path(__file__).parents[1]
CLUSTER = CHECKOUT / "examples" / "cluster"
TEXTS = {each.name: each.read_text(encoding="utf-8") for each in sorted(CLUSTER.iterdir()) if each.is_file()}
COMMAND = re.compile(r"mthn-automl ((?:search|resume) [^\n#`'&]*)")
NODES = """
import sys
from mthn_automl.tuning.runners.on_ray.cluster import check_cluster, join, resources
join(check_cluster(sys.argv[sys.argv.index("--address") + 1]), [])
print(sys.argv[1:], resources())
"""
PROGRAMS = {
    "scontrol": "printf '127.0.0.1\\nlocalhost\\n'",  # two nodes of one machine
    "srun": 'while [[ $1 == --* ]]; do shift; done; exec "$@"',
    "ray": f'exec {sys.executable} -m ray.scripts.scripts "$@"',
    "python": f'exec {sys.executable} "$@"',
    "mthn-automl": f'exec {sys.executable} -c "$NODES" "$@"',
}


def parsed(name: str) -> Any:
    return yaml.safe_load(TEXTS[name])


def allowed_ray() -> Requirement:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(each for each in map(Requirement, project["dependencies"]) if each.name == "ray")


def expect_valid(command: str) -> None:
    """The command line parses; its words are those of one line, or folded by YAML."""
    name, *words = shlex.split(command)
    subcommand = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    parser = subcommand.make_parser(subcommand.context_class(subcommand))
    values, left, _ = parser.parse_args(words)
    assert "address" in values
    assert not left


def test_the_job_is_one_of_kuberay_that_searches_with_a_token_and_workers_of_the_image_of_its_head() -> None:
    job = parsed("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    program, _, command = job["spec"]["entrypoint"].partition(" ")
    assert program == "mthn-automl"
    expect_valid(command)
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = {each["image"] for group in groups for each in group["template"]["spec"]["containers"]}
    assert len(groups) > len(images) == 1


def test_every_version_of_ray_and_every_command_is_one_and_no_token_is_written_down() -> None:
    for name, text in TEXTS.items():
        versions = re.findall(r"(?:rayVersion: |ray==|ray:|\]==|ray-)(\d+\.\d+\.\d+)", text)
        assert versions or name == "slurm.sh"
        assert [each for each in versions if each not in allowed_ray().specifier] == [], name
        commands = [command.strip() for command in COMMAND.findall(text)]
        assert len(commands) == text.count("mthn-automl search ") + text.count("mthn-automl resume "), name
        assert commands or name == "cluster.yaml"
        for command in commands:
            if "--address" in command:
                expect_valid(command)
        assert "token" in text, name
        assert not re.search(r"[0-9a-fA-F]{32}", text), name
        assert set(re.findall(r"RAY_AUTH_TOKEN=(\S+)", text)) <= {"...", "$(openssl"}, name


def test_rays_own_launcher_accepts_the_cluster() -> None:
    config = fillout_defaults(parsed("cluster.yaml"))
    schema = Path(autoscaler.__file__).with_name("ray-schema.json")
    jsonschema.validate(config, json.loads(schema.read_text(encoding="utf-8")))
    assert config["head_node_type"] in config["available_node_types"]
    assert all(each["node_config"] for each in config["available_node_types"].values())


@pytest.mark.soak
@pytest.mark.ray
@pytest.mark.slow
def test_a_slurm_job_searches_on_all_of_its_nodes_and_ends_them(tmp_path: Path) -> None:
    for name, line in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{line}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    port = free_port()
    while not 20000 <= port < 40000:
        port = free_port()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    slurm = {"SLURM_JOB_ID": str(port - 20000), "SLURM_JOB_NODELIST": "two", "SLURM_CPUS_PER_TASK": "1"}
    job = subprocess.Popen(
        ["bash", str(CLUSTER / "slurm.sh"), "data.csv"],
        cwd=tmp_path,
        env=plain | slurm | {"PATH": f"{tmp_path}:{plain['PATH']}", "NODES": NODES, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, error = job.communicate(timeout=120)  # ends when no process holds the pipes any more
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        shutil.rmtree(f"/tmp/ray-{port - 20000}", ignore_errors=True)
    assert job.returncode == 0, error
    words = ["search", "data.csv", "--address", f"127.0.0.1:{port}", "--quiet"]
    assert out.splitlines()[-1] == f"{words} Resources(cpus=2.0, gpus=0.0, nodes=2)"
