"""Everything a search can be told, stated here alone: the command, `search` and the checks are made from it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mthn_automl.catalogue import GROUPS
from mthn_automl.data import metrics
from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.received import typed
from mthn_automl.run.data_options import DATA, READING, SPLIT, DataOptions
from mthn_automl.run.option import (
    above_zero,
    at_least,
    in_this_life,
    listed,
    one_of,
    option,
    options_of,
    parsed,
)
from mthn_automl.run.parse import (
    earlier_run,
    parse_count,
    parse_duration,
    parse_files,
    parse_names,
    refuse_stdin_twice,
)
from mthn_automl.run.presets import PRESETS
from mthn_automl.tuning import criteria, samplers

if TYPE_CHECKING:
    from mthn_automl.data.asked import Asked

SEARCH, WHERE, OUTPUT = "Search", "Where", "Output"
METRICS, SAMPLERS, OBJECTIVES = metrics.names(), samplers.names(), tuple(criteria.OBJECTIVES)
RUNNERS = {"ray": "worker processes", "local": "this process alone"}
SCHEDULERS = {"asha": "stop trials that others at the same epoch beat", "none": "train all"}
DEVICES = ("auto", "cpu", "cuda", "mps")
AVERAGES = ("rows", "tasks")
EXAMPLES = [",".join(OBJECTIVES[: count + 1]) for count in range(len(OBJECTIVES))]


def _check_objectives(flag: str, value: tuple[str, ...]) -> None:
    for name in value:
        if name not in OBJECTIVES:
            raise UsageError(
                f"{flag} must be among {', '.join(OBJECTIVES)}; found '{name}', {did_you_mean(name, OBJECTIVES)}"
            )
    if value[:1] != OBJECTIVES[:1] or len(set(value)) < len(value):
        raise UsageError(
            f"{flag} must begin with {OBJECTIVES[0]} and name each objective once, however it is '{','.join(value)}'; "
            f"{EXAMPLES[1]} is an example."
        )


@dataclass(frozen=True)
class Options(DataOptions):
    """What a search was told, checked when made; each field says what it is. None: left to the data, or no limit.

    Times are seconds. Of the run folder in `warm_start` nothing is needed once the search has begun.
    """

    preset: str = option(
        "default",
        f"{listed(f'{name} ({each.time})' for name, each in PRESETS.items())}: time, folds, seeds, first trials.",
        SEARCH,
        check=one_of(PRESETS),
    )
    time_limit: float | None = option(
        None,
        "For everything, like 90s, 10m, 1h30m. Default: the preset's; none with --trials.",
        SEARCH,
        parse=parse_duration,
        check=in_this_life,
        again="So much time from now, like 10m. Default: the time that was left.",
    )
    trials: int | None = option(
        None,
        "Trials of all architectures together. Default: what the time allows.",
        SEARCH,
        check=at_least(1),
        again="As many more trials. Default: those that were left.",
    )
    architectures: str = option(
        "usual",
        f"Names separated by commas, or {', '.join(GROUPS)}.",
        SEARCH,
        parse=lambda given: given if isinstance(given, str) else ",".join(given),
    )
    space: tuple[str, ...] = option(
        (),
        "Search space file (TOML) of an architecture of your own; repeatable.",
        SEARCH,
        written=Path,
        repeatable=True,
        parse=parse_files,
    )
    sampler: str = option("tpe", f"What suggests settings: {listed(SAMPLERS)}.", SEARCH, check=one_of(SAMPLERS))
    scheduler: str = option(
        "asha",
        f"{'; '.join(f'{name}: {does}' for name, does in SCHEDULERS.items())}.",
        SEARCH,
        check=one_of(SCHEDULERS),
    )
    warm_start: str | None = option(
        None,
        "Run folder of an earlier search, whose best settings are tried first.",
        SEARCH,
        written=Path,
        parse=earlier_run,
    )
    objectives: tuple[str, ...] = option(
        OBJECTIVES[:1],
        f"What to minimise: {', or '.join(EXAMPLES)}.",
        SEARCH,
        parse=parse_names,
        check=_check_objectives,
    )
    max_parameters: int | None = option(
        None, "Most parameters of a saved model, like 50k or 1.5M.", SEARCH, parse=parse_count, check=at_least(1)
    )
    max_parameters_per_task: int | None = option(
        None, "Most parameters of one task's own network.", SEARCH, parse=parse_count, check=at_least(1)
    )
    max_latency: float | None = option(
        None, "Most microseconds that predicting a row may take, as measured.", SEARCH, check=above_zero
    )
    metric: str | None = option(None, f"{listed(METRICS)}. Default: rmse, log_loss or poisson_deviance.", SEARCH)
    average: str = option(
        "rows", f"What the search minimises the error over: {listed(AVERAGES)}.", SEARCH, check=one_of(AVERAGES)
    )
    folds: int | None = option(
        None,
        "Cross-validation folds; 1 is a hold-out. Default: from rows and time.",
        SEARCH,
        check=at_least(1),
    )
    seeds: int | None = option(
        None,
        "Networks of a fold, whose mean predicts. Default: from rows and time.",
        SEARCH,
        check=at_least(1),
    )
    no_ensemble: bool = option(False, "Answer with the best trial alone, not with a weighted mean of several.", SEARCH)
    no_stored_rows: bool = option(
        False,
        "Leave out architectures whose models hold rows of the training data, from which they could be read.",
        SEARCH,
    )
    no_ablation: bool = option(False, "Do not measure whether the metadata helped.", SEARCH)
    seed: int = option(0, "Seed of split, folds, sampler and networks.", SEARCH, check=at_least(0))
    runner: str = option(
        "ray", f"{'; '.join(f'{name}: {what}' for name, what in RUNNERS.items())}.", WHERE, check=one_of(RUNNERS)
    )
    address: str | None = option(
        None,
        "HOST:PORT of a running Ray cluster to join, or auto. Default: Ray on this machine alone.",
        WHERE,
        again="HOST:PORT of a Ray cluster to join, or auto. Default: this machine, wherever the run began.",
    )
    workers: int | None = option(
        None,
        "Trials at the same time. Default: as many as the CPUs allow.",
        WHERE,
        check=at_least(1),
        again="Trials at the same time. Default: as before.",
    )
    cpus_per_trial: float = option(1.0, "CPUs that Ray keeps for each trial.", WHERE, check=above_zero)
    device: str = option(
        "auto", f"auto (CUDA, else MPS, else the CPU), {listed(DEVICES[1:])}.", WHERE, check=one_of(DEVICES)
    )
    gpus_per_trial: float | None = option(
        None,
        "Share of a GPU that a trial takes, like 0.25. Default: all GPUs shared by the workers.",
        WHERE,
        check=at_least(0),
    )
    trial_timeout: float | None = option(
        None,
        "A trial that takes longer is ended and has failed. Default: with a time limit, many times what others took.",
        WHERE,
        parse=parse_duration,
        check=in_this_life,
        again="A trial that takes longer is ended and has failed. Default: as before.",
    )
    live: bool = option(
        False,
        "Keep up RUN/report.html while the search runs: open it, and it refreshes itself.",
        OUTPUT,
        again="Keep up RUN/report.html while the search runs. Default: as before.",
    )

    def __post_init__(self) -> None:
        for name, each in OPTIONS.items():
            each.refuse(getattr(self, name))
        refuse_stdin_twice({"DATA": self.data, "--meta": self.meta, "--test": self.test})
        if self.runner == "local":
            self._check_local()

    def _check_local(self) -> None:
        """The local runner is one process on this machine."""
        if self.gpus_per_trial:
            raise UsageError("--gpus-per-trial shares GPUs between Ray workers; the local runner has --device alone.")
        if self.address is not None:
            raise UsageError("--address names a Ray cluster; leave it out or take --runner ray.")
        if self.cpus_per_trial != 1:
            raise UsageError(
                f"The local runner has one CPU, however --cpus-per-trial is {self.cpus_per_trial:g}; leave it out or "
                "take --runner ray."
            )
        if (self.workers or 1) > 1:
            raise UsageError(
                f"The local runner has one worker, however --workers is {self.workers}; leave it out or take "
                "--runner ray."
            )

    @property
    def asked(self) -> "Asked":
        """What is said of the data."""
        from mthn_automl.data.asked import Asked
        from mthn_automl.data.formats.reading import Reading

        return Asked(
            self.task,
            self.target,
            self.problem,
            self.metric,
            features=self.features,
            ignore=self.ignore,
            categorical=self.categorical,
            numeric=self.numeric,
            decimal=self.decimal,
            thousands=self.thousands,
            missing=self.missing,
            reading=Reading(self.delimiter, self.encoding, self.sheet),
            id=self.id,
            wide=self.wide,
            merge_rare=self.merge_rare,
            promote=not (self.no_promote or self.no_metadata),
            offset=self.offset,
            weight=self.weight,
            group=self.group,
            time=self.time,
            split=self.split,
        )

    @classmethod
    def parsed(cls, **written: Any) -> "Options":
        """Options from what people write; with neither a time limit nor a number of trials, the preset's time.

        Raises:
            UsageError: a value that cannot be. TypeError: there is no such option.
        """
        options = cls(**parsed(OPTIONS, written))
        if options.time_limit is None and options.trials is None:
            return replace(options, time_limit=PRESETS[options.preset].seconds)
        return options

    def to_toml(self) -> dict[str, Any]:
        """TOML has no null: what is None is left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v is not None}

    @classmethod
    def from_toml(cls, stored: dict[str, Any]) -> "Options":
        """Raises ValueError, which names the field: an option that there is not, or of another type."""
        unknown = sorted(stored.keys() - OPTIONS.keys())
        if unknown:
            raise ValueError(f"there is no option '{unknown[0]}'")
        return typed(stored, cls)


OPTIONS = options_of(Options)
"""By name, in the order of the command's help."""

CHECKED = {
    name: each
    for name, each in OPTIONS.items()
    if each.panel in ("", DATA, SPLIT, READING) or name in ("metric", "seed")
}
"""What `check` takes: all that is about the data."""

CHANGEABLE = {name: each for name, each in OPTIONS.items() if each.again}
"""What `resume` takes too."""
