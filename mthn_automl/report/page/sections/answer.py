"""What was asked, what is best and by how much, what it costs, what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from mthn_automl.analysis.knee import WORTH_SAYING, Cheaper, knee, savings, simplest
from mthn_automl.data.names import counted, listed
from mthn_automl.report.page.heaviest import heaviest
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.theme import ENSEMBLE, spoken
from mthn_automl.report.wording import digits, duration, joined, percent

ORDER: Final = 1
DRAWING: Final = "figures"
"""The phase in which the page is made, which knows nothing yet of how long that takes."""

ONE_ERROR: Final = "(one standard error over folds)"
LIMITS: Final = {
    "parameters": "{:,.0f} parameters",
    "parameters_per_task": "{:,.0f} parameters of one task's network",
    "latency": "{:g} microseconds a predicted row",
}
"""How limits are said."""

FEW: Final = 5
"""Targets, which are all named."""

WIDE: Final = 0.5
"""Of an interval over its error, from which more test rows are advised."""


def section(found: Found) -> Section:
    """The first paragraph of the page, its alarms and its advice."""
    first, tested = (
        [_asked(found), _best(found), *_single(found), *_usual(found)],
        [_tested(found), *_calibrated(found)],
    )
    sentences = (" ".join(first), " ".join(tested))
    rest = tuple(filter(None, (_metadata(found), " ".join(_cost(found)))))
    alarms = tuple(str(each["sentence"]) for each in found.summary["data"]["alarms"])
    advice, targets = tuple(_advice(found)), found.table("targets")
    each = (Listing("Each target", targets, "targets.csv"),) if len(targets) else ()
    return Section("The answer", (*sentences, *rest), ("leaderboard",), each, alarms, advice)


def _asked(found: Found) -> str:
    data, trials = found.summary["data"], found.summary["trials"]
    target = (
        joined([f"'{each}'" for each in data["targets"]]) if len(data["targets"]) <= FEW else listed(data["targets"])
    )
    were = "was" if len(data["targets"]) == 1 else "were"
    metadata = counted(data["metadata"], "column") + " of metadata" if data["metadata"] else "no metadata"
    ended = sum(trials.values())
    asked, tried = len(found.summary["trials_by_architecture"]), _tried(found)
    untried = f" ({asked - tried} more {'was' if asked - tried == 1 else 'were'} not tried)" if tried < asked else ""
    phases = found.summary["seconds"]
    seconds = duration(sum(phases[name] for name in phases if name != DRAWING))
    return (
        f"{target} {were} to be predicted for {counted(_tasks(data), 'task')} with {counted(_rows(data), 'row')} "
        f"altogether, {counted(data['features'], 'feature')} and {metadata} ({found.summary['problem']}); "
        f"{counted(tried, 'architecture')} {'was' if tried == 1 else 'were'} searched in {counted(ended, 'trial')}"
        f"{untried}{_within_limits(found)}; without drawing this page that took {seconds}."
    )


def _within_limits(found: Found) -> str:
    """What a model that is an answer may have at most."""
    limits = [LIMITS[name].format(limit) for name, limit in found.limits.items() if name in LIMITS]
    return f" within {joined(limits)}" if limits else ""


def _tried(found: Found) -> int:
    """Architectures of which a trial was begun, however it ended."""
    trials = found.table("trials")
    if len(trials):
        return int(trials.loc[trials["ending"] != "refused", "architecture"].nunique())
    return sum(count > 0 for count in found.summary["trials_by_architecture"].values())


def _rows(data: Mapping[str, Any]) -> int:
    """To train on and to test on, from however many files."""
    sides = (data["split"][name] for name in ("training", "new_rows", "new_tasks"))
    return sum(int(side["rows"]) for side in sides if side is not None)


def _tasks(data: Mapping[str, Any]) -> int:
    """Those that were trained on and those that were held out whole, since the rows are of both."""
    held_out = data["split"]["new_tasks"]
    return int(data["tasks"] + (held_out["tasks"] if held_out else 0))


def _best(found: Found) -> str:
    best, error = found.summary["best"], spoken(found.metric, found.average)
    what = f"the model of {best['architecture']}"
    if found.summary["ensemble"] is not None and best["architecture"] == "ensemble":
        what = f"an ensemble of {counted(len(found.summary['ensemble']), 'trial')}"
    standard_error = "" if best["cv_error_se"] is None else f" ± {digits(best['cv_error_se'], 2)} {ONE_ERROR}"
    return f"The answer is {what}: cross-validated {error} {digits(best['cv_error'])}{standard_error}."


def _single(found: Found) -> Iterator[str]:
    """By how much it leads, as far as that is shown."""
    table = found.table("leaderboard")
    ranked = table[table["rank"].notna() & table["cv_error"].notna()].sort_values("rank").to_dict("records")
    if len(ranked) < 2:
        return
    first, second = ranked[:2]
    name, error = second["architecture"], digits(second["cv_error"])
    if first["architecture"] == ENSEMBLE and second["cv_error"] < first["cv_error"]:
        yield (
            f"Next comes {name} with {error}, which flatters it as the best of many in the same folds, while the "
            "ensemble's weights were chosen in other folds than those that it is told by."
        )
    elif not first["cv_error"] < second["cv_error"]:
        yield f"Next comes {name}, which has the same error."
    else:
        less = percent(1 - first["cv_error"] / second["cv_error"])
        yield f"That is {less} less than the {error} of {name}, which comes next: {_shown(second['tied_with_best'])}."


def _shown(tied: bool | None) -> str:
    """Whether a lead is more than chance."""
    if pd.isna(tied):
        return "too few folds to tell whether that is chance"
    return "a difference that is not shown to be more than chance" if tied is True else "a difference that is shown"


def _usual(found: Found) -> Iterator[str]:
    """Against what a usual tool gives."""
    usual: dict[str, Any] | None = found.summary.get("usual")
    if usual is None:
        yield "What LightGBM with its defaults would give was not measured: the time was up, or the run was stopped."
        return
    best, (tested, *_) = found.summary["best"], found.test_columns
    kind = "cv_error" if usual.get(tested) is None else tested
    theirs, ours = usual.get(kind), best.get(kind)
    if theirs is None or ours is None:
        return
    rows = "the same folds, by which the answer was chosen" if kind == "cv_error" else "the same test rows"
    less = 1 - ours / theirs if theirs > 0 else 0.0
    share = f"{percent(abs(less))} {'less' if less >= 0 else 'more'}" if theirs > 0 else digits(ours)
    sure = "" if kind == "cv_error" else _sure(_saving(found))
    yield (
        f"LightGBM with its defaults, the task as a category and the metadata joined has {digits(theirs)} on {rows}; "
        f"the answer has {share}{sure}."
    )
    if kind != "cv_error" and usual.get("cv_error") is not None:
        folds = f"{digits(usual['cv_error'])} beside the {digits(best['cv_error'])} by which the answer was chosen"
        yield f"LightGBM's cross-validated error, in the same folds, is {folds}."


def _saving(found: Found) -> Mapping[str, float | None]:
    """What the answer saves of the usual tool's error on the test rows, with its interval as far as it is known."""
    usual = found.summary.get("usual") or {}
    known = usual.get("saving_tasks" if found.average == "tasks" else "saving", {})
    return known.get(found.summary["best"]["architecture"]) or {"less": None, "low": None, "high": None}


def _sure(saving: Mapping[str, float | None]) -> str:
    """Whether a share that is saved of an error is more than chance, with its interval."""
    low, high = saving["low"], saving["high"]
    if low is None or high is None:
        return "; how sure that is cannot be told from these rows"
    interval = f"95 % interval of what is saved: {percent(low)} to {percent(high)}"
    chance = "" if low > 0 or high < 0 else ", so that chance may be all of it"
    return f" ({interval}{chance})"


def _usual_is_better(found: Found) -> Iterator[str]:
    """On test rows, which nothing was chosen by."""
    name, high = found.test_columns[0], _saving(found)["high"]
    usual, best = (found.summary.get("usual") or {}).get(name), found.summary["best"].get(name)
    if usual is None or best is None or usual >= best:
        return
    shown = high is not None and high < 0
    what = "has the lower error on the test rows" if shown else "may be better, as its error on the test rows is lower"
    yield f"LightGBM with its defaults {what}: more time may change that (`mthn-automl resume RUN --time-limit`)."


def _tested(found: Found) -> str:
    return str(found.summary["test_sentence"])


def _calibrated(found: Found) -> Iterator[str]:
    """How far intervals, or probabilities, say what then happens on the test rows."""
    intervals, probabilities = (found.summary[name] or {} for name in ("intervals", "probabilities"))
    if intervals.get("coverage") is not None:
        several = len(found.summary["data"]["targets"]) > 1
        level, rows = intervals["level"], counted(intervals["rows"], "test value" if several else "test row")
        held = f"held {percent(intervals['coverage'])} of the {rows}"
        yield f"The answer's {percent(level)} intervals (`predict --interval {level:g}`) {held}."
    off = probabilities.get("expected_calibration_error")
    if off is not None:
        how_often = "the likeliest class is off from how often it is right by"
        yield f"On the test rows the probability of {how_often} {percent(off)} (expected calibration error)."


def _metadata(found: Found) -> str:
    """The verdict, and whether it is of what the answer is made of."""
    sentence, ablated = str(found.summary["metadata_sentence"]), found.table("ablation")
    if not len(ablated) or ablated["architecture"].iloc[0] in found.architectures:
        return sentence
    return f"{sentence} No {ablated['architecture'].iloc[0]} is part of the answer."


def _cost(found: Found) -> Iterator[str]:
    """What accuracy costs in parameters, and how well that is known."""
    best = found.summary["best"]
    parameters, tradeoff = int(best["parameters"]), found.table("tradeoff")
    if not parameters or not len(tradeoff) or not best["cv_error"]:
        return
    error, standard_error = best["cv_error"], best["cv_error_se"]
    cheaper = savings(tradeoff, error, parameters)
    told = [f"The answer has {counted(parameters, 'parameter')}", *map(_saved, cheaper)]
    yield f"{'; '.join(told)}."
    if standard_error is not None:
        small = simplest(tradeoff, error, standard_error, parameters)
        yield _within(small, standard_error / error)
        cheaper += [] if small is None else [small]
    bend = knee(tradeoff, error, parameters)
    if bend is not None and bend.saved >= WORTH_SAYING and bend not in cheaper:
        yield f"The trade-off bends most at {_named(bend)}, {_more(bend.more_error)}."


def _saved(each: Cheaper) -> str:
    return f"{_more(each.more_error)} saves {percent(each.saved)} of them ({each.name}, {each.parameters:,})"


def _named(each: Cheaper) -> str:
    return f"{each.name}: {counted(each.parameters, 'parameter')}"


def _within(small: Cheaper | None, share: float) -> str:
    """share: the standard error over the error."""
    known = f"The standard error over folds is {percent(share)} of the error"
    if small is None:
        return f"{known}; no model that is much smaller is within that."
    return f"{known}; the smallest within that is {_named(small)}, {_more(small.more_error)}."


def _more(share: float) -> str:
    return f"{percent(share)} more error" if share > 0 else "no more error"


def _advice(found: Found) -> Iterator[str]:
    """What to do next; each only where this run gives reason to."""
    best, data, summary = found.summary["best"], found.summary["data"], found.summary
    if data["alarms"]:
        yield "Look at the alarms above first: they may make every number here too good."
    if not summary["finished"]:
        yield "The run was stopped; `mthn-automl resume` goes on with it."
    yield from _test_rows(found)
    yield from _usual_is_better(found)
    if summary["metadata_verdict"] == "cannot be told":
        yield "Whether the metadata help is open: the section on metadata, below, says how much more data would tell."
    if summary["metadata_verdict"] == "not measured":
        yield "What the metadata are worth was not measured: `mthn-automl ablate RUN` does."
    smaller = not {"parameters", "parameters_per_task"} & set(found.limits)
    if (
        smaller
        and best["parameters"]
        and savings(found.table("tradeoff"), best["cv_error"] or 0.0, int(best["parameters"]))
    ):
        yield (
            "If size matters, search again with --max-parameters, make one small network of the answer (`mthn-automl "
            "distill RUN --max-parameters 20k`), or take an architecture's best from RUN/models."
        )
    completed = summary["trials"].get("COMPLETE", 0) - _cut(found)
    if completed < 5 * len(summary["trials_by_architecture"]):
        yield (
            f"Only {counted(completed, 'trial')} ran to their end, fewer than five an architecture on average: "
            "`mthn-automl resume --time-limit` adds more."
        )
    yield "To predict: `mthn-automl predict RUN new.csv`, or `load_model(RUN).predict(frame)` in Python."


def _cut(found: Found) -> int:
    """Trials that the clock stopped, and which have a result nevertheless."""
    points = found.table("tradeoff")
    return int(points.loc[points["architecture"] != ENSEMBLE, "stopped_by_time"].sum()) if len(points) else 0


def _test_rows(found: Found) -> Iterator[str]:
    """Of an error on test rows that is not well known."""
    error, low, high = (found.summary["best"].get(name) for name in found.test_columns)
    heavy = heaviest(found)
    if heavy is not None:
        yield heavy.advice
    elif error and low is not None:
        if high - low > WIDE * error:
            yield "The interval of the test error is wide: more test rows (--test-fraction, --test) would narrow it."
    elif not found.summary["data"]["test_rows"]:
        yield "No row was held out: give --test-fraction or --test for an error that nothing was chosen by."
