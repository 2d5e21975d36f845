"""What was asked, what is best and by how much, what it costs, what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from mthn_automl.analysis.knee import WORTH_SAYING, Cheaper, knee, savings, simplest
from mthn_automl.data.names import counted, listed
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits, duration

ORDER: Final = 1
DRAWING: Final = "figures"
"""The phase in which the page is made, which knows nothing yet of how long that takes."""

WIDE: Final = 0.5
"""Of an interval over its error, from which more test rows are advised."""


def section(found: Found) -> Section:
    """The first paragraph of the page, its alarms and its advice."""
    sentences = (" ".join([_asked(found), _best(found), *_single(found), *_usual(found)]), _tested(found))
    rest = tuple(filter(None, (_metadata(found), " ".join(_cost(found)))))
    alarms = tuple(str(each["sentence"]) for each in found.summary["data"]["alarms"])
    advice, targets = tuple(_advice(found)), found.table("targets")
    each = (Listing("Each target", targets, "targets.csv"),) if len(targets) else ()
    return Section("The answer", (*sentences, *rest), ("leaderboard",), each, alarms, advice)


def _asked(found: Found) -> str:
    data, trials = found.summary["data"], found.summary["trials"]
    target = listed(data["targets"])
    metadata = counted(data["metadata"], "column") + " of metadata" if data["metadata"] else "no metadata"
    ended = sum(trials.values())
    asked = found.summary["trials_by_architecture"]
    tried = sum(count > 0 for count in asked.values())
    untried = f" ({len(asked) - tried} more were not tried)" if tried < len(asked) else ""
    phases = found.summary["seconds"]
    seconds = duration(sum(phases[name] for name in phases if name != DRAWING))
    return (
        f"{target} was to be predicted for {counted(data['tasks'], 'task')} with {counted(data['rows'], 'row')}, "
        f"{counted(data['features'], 'feature')} and {metadata} ({found.summary['problem']}); "
        f"{counted(tried, 'architecture')} {'was' if tried == 1 else 'were'} searched in {counted(ended, 'trial')}"
        f"{untried}, {seconds} in all."
    )


def _best(found: Found) -> str:
    best, error = found.summary["best"], spoken(found.metric)
    what = f"the model of {best['architecture']}"
    if found.summary["ensemble"] is not None and best["architecture"] == "ensemble":
        what = f"an ensemble of {counted(len(found.summary['ensemble']), 'trial')}"
    standard_error = "" if best["cv_error_se"] is None else f" ± {digits(best['cv_error_se'], 2)}"
    return f"The answer is {what}: cross-validated {error} {digits(best['cv_error'])}{standard_error}."


def _single(found: Found) -> Iterator[str]:
    """By how much it leads, as far as that is shown."""
    table = found.table("leaderboard")
    ranked = table[table["rank"].notna()].sort_values("rank").to_dict("records")
    if len(ranked) < 2:
        return
    first, second = ranked[:2]
    tied = second["tied_with_best"]
    shown = "a difference that is not shown to be more than chance" if tied is True else "a difference that is shown"
    shown = "too few folds to tell whether that is chance" if pd.isna(tied) else shown
    less = 1 - first["cv_error"] / second["cv_error"] if second["cv_error"] > 0 else 0.0
    yield (
        f"Next comes {second['architecture']} with {digits(second['cv_error'])}, which flatters it as the best of many "
        "in the same folds, while the ensemble's weights were chosen in other folds than those that it is told by."
        if less <= 0
        else f"That is {_percent(less)} less than the {digits(second['cv_error'])} of {second['architecture']}, "
        f"which comes next: {shown}."
    )


def _usual(found: Found) -> Iterator[str]:
    """Against what a usual tool gives."""
    usual: dict[str, Any] | None = found.summary.get("usual")
    if usual is None:
        yield "What LightGBM with its defaults would give was not measured: the time was up, or the run was stopped."
        return
    best, kind = found.summary["best"], "test_error" if usual.get("test_error") is not None else "cv_error"
    if not usual.get(kind) or best.get(kind) is None:
        return
    less = 1 - best[kind] / usual[kind]
    rows = "the same test rows" if kind == "test_error" else "the same folds, by which the answer was chosen"
    word = "less" if less >= 0 else "more"
    sure = _sure(usual.get("saving", {}).get(best["architecture"])) if kind == "test_error" else ""
    yield (
        f"LightGBM with its defaults, the task as a category and the metadata joined has {digits(usual[kind])} on "
        f"{rows}; the answer has {_percent(abs(less))} {word}{sure}."
    )


def _usual_is_better(found: Found) -> bool:
    """On test rows, which nothing was chosen by."""
    usual, best = (found.summary.get("usual") or {}).get("test_error"), found.summary["best"]["test_error"]
    return usual is not None and best is not None and usual < best


def _sure(saving: Mapping[str, float | None] | None) -> str:
    """Whether a share that is saved of an error is more than chance, with its interval."""
    if saving is None or saving["low"] is None or saving["high"] is None:
        return ""
    interval = f"95 % interval of what is saved: {_percent(saving['low'])} to {_percent(saving['high'])}"
    chance = "" if saving["low"] > 0 or saving["high"] < 0 else ", so that chance may be all of it"
    return f" ({interval}{chance})"


def _tested(found: Found) -> str:
    return str(found.summary["test_sentence"])


def _metadata(found: Found) -> str:
    return str(found.summary["metadata_sentence"])


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
    return f"{_more(each.more_error)} saves {_percent(each.saved)} of them ({each.name}, {each.parameters:,})"


def _named(each: Cheaper) -> str:
    return f"{each.name}: {counted(each.parameters, 'parameter')}"


def _within(small: Cheaper | None, share: float) -> str:
    """share: the standard error over the error."""
    known = f"Over folds, the error is known to {_percent(share)} (one standard error)"
    if small is None:
        return f"{known}; no model that is much smaller is within that."
    return f"{known}; the smallest within that is {_named(small)}, {_more(small.more_error)}."


def _more(share: float) -> str:
    return f"{_percent(share)} more error" if share > 0 else "no more error"


def _percent(share: float) -> str:
    if 0.985 <= share < 1:
        return f"{min(100 * share, 99.9):.3g} %"  # never all of it
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def _advice(found: Found) -> Iterator[str]:
    """What to do next; each only where this run gives reason to."""
    best, data, summary = found.summary["best"], found.summary["data"], found.summary
    if data["alarms"]:
        yield "Look at the alarms above first: they may make every number here too good."
    if not summary["finished"]:
        yield "The run was stopped; `mthn-automl resume` goes on with it."
    if best["test_error"] and best["test_low"] is not None:
        if best["test_high"] - best["test_low"] > WIDE * best["test_error"]:
            yield "The interval of the test error is wide: more test rows (--test-fraction, --test) would narrow it."
    elif not data["test_rows"]:
        yield "No row was held out: give --test-fraction or --test for an error that nothing was chosen by."
    if _usual_is_better(found):
        yield (
            "LightGBM with its defaults has the lower error on the test rows: more time may change that "
            "(`mthn-automl resume RUN --time-limit`)."
        )
    if summary["metadata_verdict"] == "cannot be told":
        yield "Whether the metadata help is open; what would tell is said with what they are worth, below."
    if summary["metadata_verdict"] == "not measured":
        yield "What the metadata are worth was not measured: `mthn-automl ablate RUN` does."
    if best["parameters"] and savings(found.table("tradeoff"), best["cv_error"] or 0.0, int(best["parameters"])):
        yield "If size matters, search again with --max-parameters, or take a smaller form from the trade-off."
    completed = summary["trials"].get("COMPLETE", 0)
    if completed < 5 * len(summary["trials_by_architecture"]):
        yield (
            f"Only {counted(completed, 'trial')} ran to their end, less than five an architecture: "
            "`mthn-automl resume --time-limit` adds more."
        )
    yield "To predict: `mthn-automl predict RUN new.csv`, or `load_model(RUN).predict(frame)` in Python."
