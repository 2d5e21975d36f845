"""What a search can be told about the data: which columns are what, how files are read, what is held out."""

from dataclasses import dataclass
from pathlib import Path

from mthn_automl.data.kinds import Problem
from mthn_automl.run.option import below_one, listed, one_of, option
from mthn_automl.run.parse import parse_columns, parse_file, parse_share, parse_split

DATA, SPLIT, READING = "Data", "Split", "Reading"


@dataclass(frozen=True)
class DataOptions:
    """What is said of the data, checked when made; each field says what it is. None: left to the data.

    Paths are from the root. `data`, `meta` and `test` are None where they were DataFrames.
    """

    data: str | None = option(
        None,
        "Table, a row an observation: task, features, target(s). CSV, Parquet, Feather, JSON lines, .xlsx; - is stdin.",
        written=Path,
        parse=parse_file,
        again="The data file, if it has moved.",
    )
    meta: str | None = option(
        None,
        "Table, a row a task, with the same task column.",
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
    offset: str | None = option(
        None, "Column of exposures, such as hours or persons, that counts are in proportion to; never a feature.", DATA
    )
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
    wide: bool = option(
        False,
        "Each target column is a task, on rows that all share and cells that may be missing; a row of --meta a target.",
        DATA,
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
        "Table of test rows, in place of rows held out.",
        SPLIT,
        written=Path,
        parse=parse_file,
        again="The file of test rows, if it has moved.",
    )
    test_fraction: float | None = option(
        None,
        "Share of each task's rows, or groups, sealed as test rows. Default: 0.2; none with --holdout-tasks, --split "
        "or --test.",
        SPLIT,
        parse=parse_share,
        check=below_one,
    )
    holdout_tasks: float | None = option(
        None,
        "Share of the tasks sealed as a whole. Folds then hold out whole tasks too, and trials are ranked by the error "
        "on tasks never seen. With --test-fraction, the error on new rows of known tasks is told as well.",
        SPLIT,
        parse=parse_share,
        check=below_one,
    )
    group: str | None = option(
        None,
        "Column whose rows of the same value are in training or test together; auto: rows of identical features.",
        SPLIT,
    )
    time: str | None = option(
        None,
        "Column of dates or numbers: the last rows of each task are the test, folds roll forward. It stays a feature, "
        "unless --ignore names it.",
        SPLIT,
    )
    split: str | None = option(
        None,
        "Column that says train, validation or test, or a file with columns row (from 0) and split. Rows not named "
        "are not used.",
        SPLIT,
        parse=parse_split,
        again="The file of the split, if it has moved.",
    )
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
    missing: tuple[str, ...] = option(
        (),
        "Cell that is missing in every column, as written or as a number, like --missing=-999; repeatable.",
        READING,
        repeatable=True,
        parse=parse_columns,
    )
    sheet: str | None = option(None, "Of a workbook. Default: the first.", READING)
