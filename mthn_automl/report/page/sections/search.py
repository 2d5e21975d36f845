"""How the search went: who got which trials, what they cost, what failed."""

from typing import Final

from mthn_automl.data.names import counted
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.wording import duration

ORDER: Final = 6


def section(found: Found) -> Section | None:
    """What `trials.csv` says."""
    table = found.table("trials")
    if not len(table):
        return None
    states = table["ending"].value_counts()
    told = ", ".join(f"{count} {ending}" for ending, count in states.items())
    sentences = [f"{counted(len(table), 'trial')} were begun: {told}."]
    if found.summary["worker_seconds"]:
        sentences.append(
            f"They took {duration(found.summary['worker_seconds'])} of the workers' time, of which "
            f"{duration(found.summary['seconds_lost'])} were lost to clocks and lost processes."
        )
    failed = table[table["ending"] == "failed"]
    if len(failed):
        reasons = failed["reason"].value_counts().head(3)
        sentences.append("Failed: " + "; ".join(f"{count} x {reason}" for reason, count in reasons.items()) + ".")
    pictures = ("history", "importances", "compression")
    return Section("The search", tuple(sentences), pictures, (Listing("Trials", table, "trials.csv"),))
