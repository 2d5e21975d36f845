"""The first section of the page of two runs: what differs, whether errors can be compared, and which is lower."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mthn_automl.analysis.comparison import ANSWER, OUT_OF_FOLD, ROLES, TEST
from mthn_automl.data.names import counted
from mthn_automl.report.comparison.both import LETTERS, Both
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits, duration, joined

MOST_NAMED: Final = 6
"""Options that are named at once; the table has them all."""


COLUMNS: Final = {"role": "on", "error_a": "error A", "error_b": "error B", "difference": "B less A"}


def section(both: Both) -> Section:
    """The answers of both, in sentences."""
    names = " and ".join(f"{letter} is {each.name}" for letter, each in both.lettered)
    told = [*_paired(both), *_unpaired(both)]
    first = " ".join([f"{names}.", _shared(both), *told[:1]])
    answers = " ".join(_answer(*each) for each in both.lettered)
    alarms = [
        f"{letter}: {alarm['sentence']}" for letter, each in both.lettered for alarm in each.summary["data"]["alarms"]
    ]
    rows = both.differences.assign(role=both.differences["role"].map(ROLES)).rename(columns=COLUMNS)
    listings = (Listing("Differences on the same rows", rows),) if len(rows) else ()
    return Section(
        "The answers", (first, *told[1:], answers, _differing(both)), listings=listings, alarms=tuple(alarms)
    )


def _shared(both: Both) -> str:
    """Data, folds and test rows."""
    same = both.same
    shared = [
        *(["the same data file"] if same.data else []),
        *(["the same folds"] if same.folds else []),
        *(["the same test rows"] if TEST in same.rows else []),
    ]
    other = [
        *([] if same.data else ["the content of their data files differs"]),
        *([] if same.metadata else [f"their metadata differ ({_metadata(both)})"]),
        *([] if same.folds else ["their folds differ"]),
        *([] if TEST in same.rows else ["they have no test rows in common" if _tested(both) else _untested(both)]),
    ]
    told = f"They have {joined(shared)}" if shared else ""
    rest = f"{joined(other)}" if other else ""
    if told and rest:
        return f"{told}, but {rest}."
    return f"{told or rest[:1].upper() + rest[1:]}."


def _metadata(both: Both) -> str:
    return ", ".join(
        f"{letter}: {counted(each.summary['data']['metadata'], 'column')}" for letter, each in both.lettered
    )


def _tested(both: Both) -> bool:
    """Whether both have test rows at all."""
    return all(each.summary["data"]["test_rows"] for each in both.runs)


def _untested(both: Both) -> str:
    without = [letter for letter, each in both.lettered if not each.summary["data"]["test_rows"]]
    return f"{joined(without)} {'has' if len(without) == 1 else 'have'} no test rows"


def _differing(both: Both) -> str:
    """Options and versions."""
    options, made = both.options.to_dict("records"), both.made_with.to_dict("records")
    named = [f"{each['option']} ({each['A']} in A, {each['B']} in B)" for each in options[:MOST_NAMED]]
    if len(options) > MOST_NAMED:
        named.append(f"{len(options) - MOST_NAMED} more options")
    told = f"They were asked with other options: {joined(named)}." if named else "All their options are alike."
    version = [each for each in made if each["what"] == "mthn-automl"]
    rest = len(made) - len(version)
    versions = [f"mthn-automl {each['A']} made A and {each['B']} made B" for each in version]
    if rest:
        names = [each["what"] for each in made if each["what"] != "mthn-automl"]
        versions.append(f"other versions or machines: {', '.join(names)}")
    return f"{told} {joined(versions)[:1].upper()}{joined(versions)[1:]}." if versions else told


def _answer(letter: str, found: Found) -> str:
    best, error = found.summary["best"], spoken(found.metric, found.average)
    what = f"a model of {best['architecture']}"
    if best["architecture"] == "ensemble":
        what = f"an ensemble of {counted(len(found.summary['ensemble']), 'trial')}"
    tested = ""
    test_error, low, high = (best.get(name) for name in found.test_columns)
    if test_error is not None:
        interval = "" if low is None else f" [{digits(low)}, {digits(high)}]"
        tested = f", {digits(test_error)}{interval} on its test rows"
    took = duration(sum(found.summary["seconds"].values()))
    return (
        f"{letter}'s answer is {what} with {counted(int(best['parameters']), 'parameter')}, found in {took}: "
        f"{error} {digits(best['cv_error'])}{_plus_minus(best)} by cross-validation{tested}."
    )


def _plus_minus(best: Mapping[str, Any]) -> str:
    return "" if best["cv_error_se"] is None else f" ± {digits(best['cv_error_se'], 2)}"


def _paired(both: Both) -> Iterator[str]:
    """A sentence for each kind of row that both answers predicted."""
    table = both.differences[both.differences["architecture"] == ANSWER]
    for row in table.to_dict("records"):
        where = f"On the same {row['rows']:,} {ROLES[row['role']]}"
        flattered = ", on which both were chosen," if row["role"] == OUT_OF_FOLD else ""
        over = counted(row["tasks"], "task") if row["tasks"] > 1 else "rows of the one task"
        interval = f"95 % interval over {over}: {digits(row['low'], 3)} to {digits(row['high'], 3)}"
        if row["low"] != row["low"]:
            interval = "too few to tell how sure that is"
        name = spoken(both.metric, both.average)
        yield (
            f"{where}{flattered} {name} is {digits(row['error_a'])} in A and {digits(row['error_b'])} in B: "
            f"B less A {digits(row['difference'], 3)} ({interval}). {_verdict(row)}"
        )


def _verdict(row: Mapping[Any, Any]) -> str:
    if row["high"] < 0:
        return "B is shown to be better."
    if row["low"] > 0:
        return "A is shown to be better."
    if row["low"] == row["high"] == 0:
        return "They predict alike."
    return "No difference is shown."


def _unpaired(both: Both) -> Iterator[str]:
    """Why errors are not compared row by row, where that is so."""
    roles = [role for role in (TEST, OUT_OF_FOLD) if role not in both.same.paired]
    if not roles or (roles == [TEST] and not _tested(both)):
        return
    what = joined([ROLES[role] for role in roles])
    others = [ROLES[role] for role in roles if role not in both.same.rows]
    reasons = [
        *([] if both.same.folds else ["their folds differ"]),
        *([f"the answers did not predict the same {' or '.join(others)}"] if others else []),
    ]
    yield (
        f"Errors on {what} are not compared as paired, since {joined(reasons)}: that one is lower than the "
        f"other may be due to the rows and not to the models. --seed, --folds and --test-fraction alike, on the same "
        f"data, give {LETTERS[0]} and {LETTERS[1]} the same."
    )
