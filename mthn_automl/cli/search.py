"""`mthn-automl search`: parse, call `run.job.search`, print."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

DATA, SEARCH, WHERE, OUTPUT = "Data", "Search", "Where", "Output"


def search(
    data: Annotated[
        Path, Argument(help="CSV or Parquet file, a row an observation: task column, features, target(s).")
    ],
    meta: Annotated[
        Path | None, Option(help="CSV or Parquet file, a row a task, with the same task column.", rich_help_panel=DATA)
    ] = None,
    task: Annotated[str, Option(help="Column that names each row's task.", rich_help_panel=DATA)] = "task",
    target: Annotated[
        list[str] | None,
        Option(
            help="Column to predict; repeatable. Default: target, else columns starting with target or label.",
            rich_help_panel=DATA,
        ),
    ] = None,
    problem: Annotated[
        str,
        Option(
            help="auto, regression, binary or multiclass. auto: text or two values are classes.", rich_help_panel=DATA
        ),
    ] = "auto",
    no_metadata: Annotated[
        bool, Option("--no-metadata", help="Do not use the metadata.", rich_help_panel=DATA)
    ] = False,
    test: Annotated[
        Path | None, Option(help="CSV or Parquet file of test rows, in place of rows held out.", rich_help_panel=DATA)
    ] = None,
    test_fraction: Annotated[
        float, Option(help="Share of each task's rows sealed as test rows.", rich_help_panel=DATA)
    ] = 0.2,
    preset: Annotated[
        str,
        Option(
            help="quick (2m), default (10m) or best (1h): time, folds, seeds, first trials, networks of a refit.",
            rich_help_panel=SEARCH,
        ),
    ] = "default",
    time_limit: Annotated[
        str | None,
        Option(
            help="For everything, like 90s, 10m, 1h30m. Default: the preset's; none with --trials.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        Option(
            help="Trials of all architectures together. Default: what the time allows.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    architectures: Annotated[
        str, Option(help="Names separated by commas, or usual, all, neural, classical.", rich_help_panel=SEARCH)
    ] = "usual",
    space: Annotated[
        list[Path] | None,
        Option(help="Search space file (TOML) of an architecture of your own; repeatable.", rich_help_panel=SEARCH),
    ] = None,
    sampler: Annotated[
        str,
        Option(help="What suggests settings: tpe, gp, cmaes, nsga2, nsga3, qmc or random.", rich_help_panel=SEARCH),
    ] = "tpe",
    scheduler: Annotated[
        str,
        Option(help="asha: stop trials that others at the same epoch beat; none: train all.", rich_help_panel=SEARCH),
    ] = "asha",
    warm_start: Annotated[
        Path | None,
        Option(
            help="Run folder of an earlier search, whose best settings are tried first.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    objectives: Annotated[
        str,
        Option(
            help="What to minimise: error, or error,parameters, or error,parameters,latency.", rich_help_panel=SEARCH
        ),
    ] = "error",
    max_parameters: Annotated[
        str | None,
        Option(help="Most parameters of a saved model, like 50k or 1.5M.", show_default=False, rich_help_panel=SEARCH),
    ] = None,
    max_parameters_per_task: Annotated[
        str | None,
        Option(help="Most parameters of one task's own network.", show_default=False, rich_help_panel=SEARCH),
    ] = None,
    max_latency: Annotated[
        float | None,
        Option(
            help="Most microseconds that predicting a row may take, as measured.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        Option(
            help="rmse, mse, mae, r2; log_loss, accuracy, balanced_accuracy, roc_auc, f1. Default: rmse or log_loss.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    average: Annotated[
        str, Option(help="What the search minimises the error over: rows or tasks.", rich_help_panel=SEARCH)
    ] = "rows",
    folds: Annotated[
        int | None,
        Option(
            help="Cross-validation folds within tasks; 1 is a hold-out. Default: from rows and time.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        Option(
            help="Networks of a fold and of a refit, whose mean predicts. Default: from rows and time.",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    no_ablation: Annotated[
        bool, Option("--no-ablation", help="Do not measure whether the metadata helped.", rich_help_panel=SEARCH)
    ] = False,
    seed: Annotated[int, Option(help="Seed of split, folds, sampler and networks.", rich_help_panel=SEARCH)] = 0,
    runner: Annotated[
        str, Option(help="ray: worker processes; local: this process alone.", rich_help_panel=WHERE)
    ] = "ray",
    address: Annotated[
        str | None,
        Option(
            help="HOST:PORT of a running Ray cluster to join, or auto. Default: Ray on this machine alone.",
            show_default=False,
            rich_help_panel=WHERE,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        Option(
            help="Trials at the same time. Default: as many as the CPUs allow.",
            show_default=False,
            rich_help_panel=WHERE,
        ),
    ] = None,
    cpus_per_trial: Annotated[float, Option(help="CPUs that Ray keeps for each trial.", rich_help_panel=WHERE)] = 1.0,
    device: Annotated[
        str, Option(help="auto (CUDA, else MPS, else the CPU), cpu, cuda or mps.", rich_help_panel=WHERE)
    ] = "auto",
    gpus_per_trial: Annotated[
        float | None,
        Option(
            help="Share of a GPU that a trial takes, like 0.25. Default: all GPUs shared by the workers.",
            show_default=False,
            rich_help_panel=WHERE,
        ),
    ] = None,
    trial_timeout: Annotated[
        str | None,
        Option(
            help="A trial that takes longer is ended and has failed. Default: from the time limit.",
            show_default=False,
            rich_help_panel=WHERE,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        Option(
            help="Run folder, new or empty. Default: mthn_runs/<time>-<data name>.",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    json: Annotated[
        bool, Option("--json", help="Print summary.json in place of the table.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[bool, Option("--quiet", help="Show no progress.", rich_help_panel=OUTPUT)] = False,
) -> None:
    """Search for the best model of many related tasks: check, split, search, refit, test, ablate, report, save."""
    from mthn_automl.cli.show import show_result, watching

    with watching(quiet) as progress:
        from mthn_automl.run.job import search as run_search

        result = run_search(
            data,
            meta,
            task=task,
            target=target or (),
            problem=problem,
            metric=metric,
            average=average,
            objectives=objectives,
            test=test,
            test_fraction=test_fraction,
            no_metadata=no_metadata,
            no_ablation=no_ablation,
            preset=preset,
            architectures=architectures,
            space=space or (),
            sampler=sampler,
            scheduler=scheduler,
            warm_start=warm_start,
            max_parameters=max_parameters,
            max_parameters_per_task=max_parameters_per_task,
            max_latency=max_latency,
            trials=trials,
            time_limit=time_limit,
            folds=folds,
            seeds=seeds,
            runner=runner,
            address=address,
            workers=workers,
            cpus_per_trial=cpus_per_trial,
            device=device,
            gpus_per_trial=gpus_per_trial,
            trial_timeout=trial_timeout,
            seed=seed,
            output=output,
            progress=progress,
        )
    show_result(result, as_json=json)
