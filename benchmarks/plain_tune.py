"""The same cross-validated trials by our search and by plain Ray Tune: wall time from before Ray starts to the end.

    python benchmarks/plain_tune.py '{"trials": 8, "folds": 5, "seeds": 3, "epochs": 150}'    what the process does

That process runs our search, and starts another one for plain Ray Tune.

Plain means: a function of Tune's, one Tune trial a fold and seed, no reuse of workers; the same module trained alone
on batches of indexed rows (no DataLoader: that would be slower still) by torch's AdamW as it comes, one report at the
end, no loggers. Both get the same settings, the same encoded folds, batches and epochs; nobody stops early.
"""

import copy
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from figures import Found
from measuring import Spread, in_own_process, say

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.problems import gapminder
from mthn_automl.data.read import read_dataset
from mthn_automl.data.splits import within_tasks
from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.fit import Schedule
from mthn_automl.training.tensors import DeviceData
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.objective import Objective, SearchData
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.trial import read_outcome

WORKERS = 2
TUNED = ("learning_rate", "weight_decay")
Settings = list[dict[str, Any]]


def search_vs_plain_tune(quick: bool) -> Found:
    """Seconds of plain Ray Tune over those of our search, for 8 trials x 5 folds x 3 seeds of the hypernetwork."""
    usual = {"trials": 8, "folds": 5, "seeds": 3, "epochs": 150}
    size = {"trials": 2, "folds": 2, "seeds": 1, "epochs": 2} if quick else usual
    seconds = in_own_process("plain_tune.py", size)
    details = {"data": "gapminder", **size, "workers": WORKERS, "seconds": seconds, "rounds": 1}
    return Found.of(Spread.of([seconds["plain"] / seconds["ours"]]), details)


def compared(trials: int, folds: int, seeds: int, epochs: int) -> dict[str, Any]:
    data, plan = _problem(folds, seeds, epochs)
    settings, ours = _ours(data, plan, trials)
    say(f"    {epochs} epochs: ours took {ours:.0f} s")
    plain = in_own_process("plain_tune.py", {"settings": settings, "folds": folds, "seeds": seeds, "epochs": epochs})
    say(f"    {epochs} epochs: plain Ray Tune took {plain:.0f} s")
    return {"ours": ours, "plain": plain, "batch": plan.schedule.batch}


def plain(settings: Settings, folds: int, seeds: int, epochs: int) -> float:
    """Seconds of plain Ray Tune; not in a process that has had a Ray with a token, where one without is refused."""
    return _plain(*_problem(folds, seeds, epochs), settings)


def _problem(folds: int, seeds: int, epochs: int) -> tuple[SearchData, Plan]:
    """gapminder in the batches that our plan takes for it; patience as long as the epochs."""
    dataset = read_dataset(*gapminder())
    usual = schedule_of(len(dataset))
    schedule = Schedule(usual.batch, epochs, epochs, usual.check_every)
    return SearchData(dataset, within_tasks.deal(dataset, folds, 0), "rmse", "rows"), Plan(folds, seeds, schedule)


def _ours(data: SearchData, plan: Plan, trials: int) -> tuple[Settings, float]:
    """The settings that were tried, and seconds."""
    from mthn_automl.tuning.runners.on_ray.runner import Place, RayRunner

    file = _file()
    with tempfile.TemporaryDirectory() as name:
        folder, started = Path(name), time.perf_counter()
        studies = Studies(folder / "journal.log", {file.name: build_space(file, True)}, seed=0)
        with RayRunner(Place(WORKERS), folder / "ray.log") as runner:
            runner.use(data, plan)
            budget = Budget(trials, lambda: None)
            runner.search(
                TrialSource(studies, {file.name: file}, folder, budget, clock=time.perf_counter, report=lambda _: None)
            )
            seconds = time.perf_counter() - started
        done = [read_outcome(each) for each in folder.glob(f"{file.name}-*")]
    results = [each.result for each in done if each is not None and each.result is not None]
    if len(results) < trials:
        raise RuntimeError(f"All {trials} trials must finish, however {trials - len(results)} did not.")
    return [dict(each.settings) for each in results], seconds


def _file() -> SpaceFile:
    """The hypernetwork's search space, with no more settings of its training than plain Ray Tune is given."""
    file = catalogue.read("hypernetwork")
    known = {*file.parameters, *TUNED}
    first = tuple({name: each for name, each in given.items() if name in known} for given in file.first_trials)
    return replace(file, training={name: file.training[name] for name in TUNED}, first_trials=first)


def _plain(data: SearchData, plan: Plan, settings: Settings) -> float:
    import ray
    from ray import tune

    encoded = Objective(data, plan).encoded()
    started = time.perf_counter()
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        trainable = tune.with_parameters(_train_one, data=encoded, schedule=plan.schedule, settings=settings)
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={
                "number": tune.grid_search(list(range(len(settings)))),
                "fold": tune.grid_search(list(range(plan.folds))),
                "seed": tune.grid_search(list(range(plan.seeds))),
            },
            tune_config=tune.TuneConfig(metric="loss", mode="min", reuse_actors=False),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        results = tuner.fit()
        seconds = time.perf_counter() - started
    ray.shutdown()
    if results.num_errors or len(results) < len(settings) * plan.folds * plan.seeds:
        raise RuntimeError(f"All plain trials must finish, however {results.num_errors} of {len(results)} failed.")
    return seconds


def _train_one(config: dict[str, int], data: TrainingData, schedule: Schedule, settings: Settings) -> None:
    """One fold, one seed: what a user would write for `tune.Tuner`."""
    from ray import tune

    torch.set_num_threads(1)
    torch.manual_seed(config["seed"])
    chosen, fold = dict(settings[config["number"]]), config["fold"]
    how = {name: chosen.pop(name) for name in TUNED}
    network = Hypernetwork(data.shape, HypernetworkSettings(**chosen))
    network.metadata = torch.from_numpy(data.metadata[fold])
    optimiser = torch.optim.AdamW(network.parameters(), lr=how["learning_rate"], weight_decay=how["weight_decay"])
    training, validation = (_tensors(data, fold, rows[fold]) for rows in (data.training, data.validation))
    best, weights = np.inf, copy.deepcopy(network.state_dict())
    for epoch in range(1, schedule.max_epochs + 1):
        for rows in torch.randperm(len(training[0])).split(schedule.batch):
            optimiser.zero_grad()
            _loss(network, *(each[rows] for each in training)).backward()
            optimiser.step()
        if epoch % schedule.check_every == 0 or epoch == schedule.max_epochs:
            with torch.no_grad():
                loss = float(_loss(network, *validation))
            if loss < best:
                best, weights = loss, copy.deepcopy(network.state_dict())
    tune.report({"loss": best, "numbers": sum(each.numel() for each in weights.values())})


def _tensors(data: TrainingData, fold: int, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    placed, taken = DeviceData.of(data, torch.device("cpu")), torch.from_numpy(rows).reshape(1, 1, -1)
    features, target = (each.take(taken, torch.tensor([fold]))[0, 0] for each in (placed.features, placed.target))
    return features, torch.from_numpy(data.task[rows]), target


def _loss(network: Hypernetwork, features: torch.Tensor, task: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Every row is a block of its own: nobody groups them by task."""
    return (network(features[:, None, :], task)[:, 0] - target).square().mean()


if __name__ == "__main__":
    import plain_tune

    asked = json.loads(sys.argv[1])
    print(json.dumps((plain_tune.plain if "settings" in asked else plain_tune.compared)(**asked)))
