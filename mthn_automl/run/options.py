"""Everything a search can be told, stated here alone: the command, `search` and the checks are made from it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mthn_automl.catalogue import GROUPS
from mthn_automl.data import metrics
from mthn_automl.data.schema import Problem
from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.received import typed
from mthn_automl.run.option import (
    above_zero,
    at_least,
    below_one,
    in_this_life,
    listed,
    one_of,
    option,
    options_of,
    parsed,
)
from mthn_automl.run.parse import (
    earlier_run,
    parse_columns,
    parse_count,
    parse_duration,
    parse_file,
    parse_files,
    parse_names,
)
from mthn_automl.run.presets import PRESETS
from mthn_automl.tuning import criteria, samplers

if TYPE_CHECKING:
    from mthn_automl.data.asked import Asked

DATA, READING, SEARCH, WHERE = "Data", "Reading", "Search", "Where"
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
class Options:
    """What a search was told, checked when made; each field says what it is. None: left to the data, or no limit.

    Paths are from the root, times are seconds. `data`, `meta` and `test` are None where they were DataFrames. Of the
    run folder in `warm_start` nothing is needed once the search has begun.
    """

    data: str | None = option(
        None,
        "CSV or Parquet file, a row an observation: task column, features, target(s).",
        written=Path,
        parse=parse_file,
        again="The data file, if it has moved.",
    )
    meta: str | None = option(
        None,
        "CSV or Parquet file, a row a task, with the same task column.",
        DATA,
        written=Path,
        parse=parse_file,
        again="The metadata file, if it has moved.",
    )
    task: tuple[str, ...] = option(
        ("task",),
        "Column that names each row's task; repeatable: the values of several together are its name.",
        DATA,
        repeatable=True,
        parse=parse_columns,
    )
    target: tuple[str, ...] = option(
        (),
        "Column to predict; repeatable. Default: target, else columns starting with target or label.",
        DATA,
        repeatable=True,
        parse=parse_columns,
    )
    problem: str = option("auto", f"auto, {listed(Problem)}. auto: text or two values are classes.", DATA)
    features: tuple[str, ...] = option(
        (), "Column to use as a feature; repeatable. Default: all others.", DATA, repeatable=True, parse=parse_columns
    )
    ignore: tuple[str, ...] = option((), "Column not to use; repeatable.", DATA, repeatable=True, parse=parse_columns)
    categorical: tuple[str, ...] = option(
        (),
        "Column whose cells are names, whatever they look like; repeatable.",
        DATA,
        repeatable=True,
        parse=parse_columns,
    )
    numeric: tuple[str, ...] = option(
        (),
        "Column whose cells are numbers, and missing where they are none; repeatable.",
        DATA,
        repeatable=True,
        parse=parse_columns,
    )
    id: str | None = option(
        None, "Column by which you know a row: given back with predictions, and no feature. Default: none.", DATA
    )
    no_promote: bool = option(
        False, "Leave columns that never vary within a task among the features where there is no --meta.", DATA
    )
    merge_rare: bool = option(False, "Make one class of those with a single row; else these rows are dropped.", DATA)
    strict: bool = option(False, "An alarm about the data is an error.", DATA)
    weight: str | None = option(
        None, "Column of numbers that says what each row counts, in training and in errors; no feature.", DATA
    )
    no_metadata: bool = option(False, "Do not use the metadata.", DATA)
    test: str | None = option(
        None,
        "CSV or Parquet file of test rows, in place of rows held out.",
        DATA,
        written=Path,
        parse=parse_file,
        again="The file of test rows, if it has moved.",
    )
    test_fraction: float = option(0.2, "Share of each task's rows sealed as test rows.", DATA, check=below_one)
    delimiter: str | None = option(
        None, "Character between cells of a text file, or comma, semicolon, tab, pipe. Default: found out.", READING
    )
    encoding: str | None = option(None, "Of text files, like utf-8 or latin-1. Default: found out.", READING)
    decimal: str | None = option(
        None,
        "Mark before the fraction of numbers, . or ,. Default: as each column shows.",
        READING,
        check=one_of((".", ",")),
    )
    thousands: str | None = option(
        None,
        "Mark between thousands of numbers: , or . or ' or a blank. Default: as each column shows.",
        READING,
        check=one_of((",", ".", "'", " ")),
    )
    sheet: str | None = option(None, "Of a workbook. Default: the first.", READING)
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
    metric: str | None = option(None, f"{listed(METRICS)}. Default: rmse or log_loss.", SEARCH)
    average: str = option(
        "rows", f"What the search minimises the error over: {listed(AVERAGES)}.", SEARCH, check=one_of(AVERAGES)
    )
    folds: int | None = option(
        None,
        "Cross-validation folds within tasks; 1 is a hold-out. Default: from rows and time.",
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
        "A trial that takes longer is ended and has failed. Default: many times what is foreseen.",
        WHERE,
        parse=parse_duration,
        check=in_this_life,
        again="A trial that takes longer is ended and has failed. Default: as before.",
    )

    def __post_init__(self) -> None:
        for name, each in OPTIONS.items():
            each.refuse(getattr(self, name))
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
            reading=Reading(self.delimiter, self.encoding, self.sheet),
            id=self.id,
            merge_rare=self.merge_rare,
            promote=not (self.no_promote or self.no_metadata),
            weight=self.weight,
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
    name: each for name, each in OPTIONS.items() if each.panel in ("", DATA, READING) or name in ("metric", "seed")
}
"""What `check` takes: all that is about the data."""

CHANGEABLE = {name: each for name, each in OPTIONS.items() if each.again}
"""What `resume` takes too."""
