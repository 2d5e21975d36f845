"""The page of a run that goes on."""

from typing import Final

import pandas as pd

from mthn_automl.data.names import counted
from mthn_automl.report.figures import drawn_picture
from mthn_automl.report.live.so_far import SoFar
from mthn_automl.report.live.told import Told
from mthn_automl.report.page.banner import Banner
from mthn_automl.report.page.page import rendered
from mthn_automl.report.page.section import Listing, Section
from mthn_automl.report.theme import spoken
from mthn_automl.report.wording import digits, duration

HISTORY: Final = "history"
REASONS: Final = 3


def live_page(known: Told, so_far: SoFar, now: float) -> str:
    """HTML that refreshes itself; now: seconds since the epoch."""
    trials = so_far.table
    history = drawn_picture(HISTORY, {"trials": trials}, known.metric, known.average) if len(trials) else None
    section = Section(
        "So far",
        tuple(_said(known, trials)),
        (HISTORY,),
        (Listing("Leaderboard so far", _leaderboard(trials)),) if len(trials) else (),
        alarms=known.alarms,
    )
    pictures = {} if history is None else {HISTORY: history}
    return rendered(known.name, [section], pictures, Banner(_running(so_far, now)))


def _running(so_far: SoFar, now: float) -> str:
    passed = duration(now - so_far.started)
    time = f"{passed} of {duration(so_far.limit)}" if so_far.limit is not None else passed
    phase = f", phase: {so_far.phase}" if so_far.phase not in ("", "search") else ""
    return f"Running: {counted(len(so_far.trials), 'trial')}, {time}{phase}."


def _said(known: Told, trials: pd.DataFrame) -> list[str]:
    if not len(trials):
        return ["No trial has ended yet."]
    endings = ", ".join(f"{count} {ending}" for ending, count in trials["ending"].value_counts().items())
    sentences = [f"{counted(len(trials), 'trial')} {'has' if len(trials) == 1 else 'have'} ended: {endings}."]
    complete = trials[trials["cv_error"].notna()]
    if len(complete):
        best = complete.sort_values("cv_error", kind="stable").iloc[0]
        error = spoken(known.metric, known.average)
        sentences.append(
            f"The lowest cross-validated {error} so far is {digits(best['cv_error'])}, of "
            f"{best['architecture']}-{best['trial']}. The lowest of many flatters; test rows are scored once, at the "
            "end, and the whole page then takes the place of this one."
        )
    reasons = trials.loc[trials["ending"] == "failed", "reason"].value_counts().head(REASONS)
    if len(reasons):
        sentences.append("Failed: " + "; ".join(f"{count} x {reason}" for reason, count in reasons.items()) + ".")
    return sentences


def _leaderboard(trials: pd.DataFrame) -> pd.DataFrame:
    """A row an architecture, the lowest error first."""
    lowest = trials.groupby("architecture")["cv_error"].min()
    counts = pd.crosstab(trials["architecture"], trials["ending"])
    board = counts.reindex(columns=["complete", "stopped", "failed"], fill_value=0)
    board.insert(0, "cv_error", lowest)
    return board.sort_values("cv_error", na_position="last").rename_axis(columns=None).reset_index()
