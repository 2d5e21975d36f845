"""How the search went: who got which trials, what they cost, what failed."""

from typing import Final

import pandas as pd

from mthn_automl.data.names import counted
from mthn_automl.report.page.section import Found, Listing, Section
from mthn_automl.report.wording import duration

ORDER: Final = 6


def section(found: Found) -> Section | None:
    """What `trials.csv` says."""
    table = found.table("trials")
    if not len(table):
        return None
    sentences = [_begun(table)]
    if found.summary["worker_seconds"]:
        sentences.append(_took(found.summary["worker_seconds"], found.summary["seconds_lost"]))
    failed = table[table["ending"] == "failed"]
    if len(failed):
        reasons = failed["reason"].value_counts().head(3)
        sentences.append("Failed: " + "; ".join(f"{count} x {reason}" for reason, count in reasons.items()) + ".")
    pictures = ("history", "importances", "compression")
    return Section("The search", tuple(sentences), pictures, (Listing("Trials", table, "trials.csv"),))


def _took(seconds: float, lost: float) -> str:
    """Of the workers' time, with what was lost of it where that is a second or more."""
    of_it = f", of which {duration(lost)} were lost to clocks and lost processes" if round(lost) else ""
    return f"They took {duration(seconds)} of the workers' time{of_it}."


def _begun(table: pd.DataFrame) -> str:
    """How trials ended; those that were refused never began."""
    refused = table["ending"] == "refused"
    begun, count = int((~refused).sum()), int(refused.sum())
    endings = ", ".join(f"{number} {ending}" for ending, number in table.loc[~refused, "ending"].value_counts().items())
    told = f"{counted(begun, 'trial')} {'was' if begun == 1 else 'were'} begun{': ' if endings else ''}{endings}"
    before = f"; {count} more {'was refused before it' if count == 1 else 'were refused before they'} began"
    return f"{told}{before if count else ''}."
