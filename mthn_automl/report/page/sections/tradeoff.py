"""What accuracy costs: parameters in all, of a task's network, of one more task; seconds and latency."""

from collections.abc import Iterator
from typing import Final

import pandas as pd

from mthn_automl import catalogue
from mthn_automl.data.names import counted
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.theme import ENSEMBLE
from mthn_automl.report.wording import joined

ORDER: Final = 2
COLUMNS: Final = (
    *("parameters", "parameters_per_task_network", "marginal_parameters", "train_seconds", "predict_us_per_row"),
    *("trials", "note"),
)
WHAT_ENSEMBLES_ARE: Final = "The weighted mean of what several trials predict."


def section(found: Found) -> Section | None:
    """The mission's picture, and the leaderboard as a table."""
    if not len(found.table("tradeoff")):
        return None
    sentences = [
        "Each point is a trial; the line joins those that no other trial beats in error and in size at once. The "
        "ensemble has a point for each number of its members.",
        *_off_the_line(found.table("tradeoff")),
        "One more task costs each architecture the parameters given as `marginal_parameters`: a hypernetwork the "
        "embedding of that task alone, single_task a whole network. The second picture draws that for more and for "
        "fewer tasks.",
        *_fitted(found),
    ]
    board = found.table("leaderboard")
    columns = ("rank", "architecture", "cv_error", "cv_error_se", *found.test_columns, *COLUMNS)
    shown = board[[name for name in columns if name in board]]
    return Section(
        "Accuracy against size",
        tuple(sentences),
        ("tradeoff", "growth", "sizes", "members", "preferences"),
        (Listing("Leaderboard", shown, "leaderboard.csv"), *_architectures(board)),
    )


def _off_the_line(points: pd.DataFrame) -> Iterator[str]:
    """Which trials are never on it, however good they are."""
    cut, beyond = points["stopped_by_time"].astype(bool), ~points["within_limits"].astype(bool)
    kinds = [
        (int(cut.sum()), "that the clock stopped before the training was over"),
        (int(beyond.sum()), "beyond a limit"),
    ]
    told = [f"{counted(number, 'trial')} {what}" for number, what in kinds if number]
    if told:
        yield f"Never on the line, nor in what is said of it: {joined(told)}."


def _fitted(found: Found) -> Iterator[str]:
    """How an ensemble keeps limits that its members might break together."""
    members = found.table("members")
    if not found.limits or not len(members) or "parameters" not in members:
        return
    counts = [f"{row['architecture']}-{row['trial']} has {row['parameters']:,}" for row in members.to_dict("records")]
    yield (
        "So that the ensemble keeps what it is limited to, each of its members is the mean of only as many of its "
        f"folds' models as there is room for: {joined(counts)}. The leaderboard, in which each architecture's best "
        "trial stands alone, has other counts for that reason."
    )


def _architectures(board: pd.DataFrame) -> Iterator[Listing]:
    """What each of the leaderboard is, as far as its search space file is here."""
    known = catalogue.names()
    told = {ENSEMBLE: WHAT_ENSEMBLES_ARE} | {name: catalogue.read(name).summary for name in known}
    rows = [{"architecture": name, "what it is": told[name]} for name in board.get("architecture", ()) if name in told]
    if rows:
        yield Listing("Architectures", pd.DataFrame(rows))
