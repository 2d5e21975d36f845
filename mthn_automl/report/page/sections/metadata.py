"""What the metadata are worth."""

from typing import Final

from mthn_automl.report.page.section import Found, Listing, Section

ORDER: Final = 3


def section(found: Found) -> Section | None:
    """The ablation; None where there are no metadata."""
    if found.summary["metadata_verdict"] == "no metadata":
        return None
    table = found.table("ablation")
    how = (
        "Each variant was trained in the same folds from the same seeds as the full model (`both`): without the "
        "metadata (`embedding only`), without embeddings (`metadata only`), and with the metadata of other tasks "
        "(`permuted`). These are single networks, of one seed a fold, and not the mean of folds that the leaderboard "
        "ranks, so that their errors are higher than those there; only the differences between variants are told."
    )
    sentences = (str(found.summary["metadata_sentence"]), *([how] if len(table) else []))
    listings = (Listing("Ablation", table, "ablation.csv"),) if len(table) else ()
    return Section("Metadata", sentences, ("ablation",), listings)
