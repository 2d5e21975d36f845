"""What accuracy costs: parameters in all, of a task's network, of one more task; seconds and latency."""

from typing import Final

from mthn_automl.report.page.section import Found, Listing, Section

ORDER: Final = 2
COLUMNS: Final = (
    *("parameters", "parameters_per_task_network", "marginal_parameters", "train_seconds", "predict_us_per_row"),
    *("trials", "note"),
)


def section(found: Found) -> Section | None:
    """The mission's picture, and the leaderboard as a table."""
    if not len(found.table("tradeoff")):
        return None
    sentences = (
        "Each point is a trial; the line joins those that no other trial beats in error and in size at once. The "
        "ensemble has a point for each number of its members.",
        "One more task costs each architecture the parameters given as `marginal_parameters`: of a hypernetwork its "
        "embedding alone, of single_task a whole network. The second picture draws that for more and for fewer tasks.",
    )
    board = found.table("leaderboard")
    columns = ("rank", "architecture", "cv_error", "cv_error_se", *found.test_columns, *COLUMNS)
    shown = board[[name for name in columns if name in board]]
    return Section(
        "Accuracy against size",
        sentences,
        ("tradeoff", "growth", "sizes", "members", "preferences"),
        (Listing("Leaderboard", shown, "leaderboard.csv"),),
    )
