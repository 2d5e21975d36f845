"""Whether embeddings mean something."""

from collections.abc import Iterator
from typing import Final

from mthn_automl.analysis.ablation import SIGNIFICANT
from mthn_automl.analysis.neighbourhoods import EXTRA, NEIGHBOURS
from mthn_automl.data.names import counted
from mthn_automl.errors import extra_line
from mthn_automl.report.page.section import Found, Listing, Section

ORDER: Final = 5
ALIKE: Final = 0.5
"""Of correlations, below which a description is not called stable."""

LEAST: Final = 0.01
"""R², below which a column is not said to be told, however sure that is."""

HARDLY: Final = 0.1
"""Of correlations, a difference from chance below which a description is not called stable."""


def section(found: Found) -> Section | None:
    """The map, how stable it is, and what can be told from it; None where there are no embeddings."""
    table = found.table("embeddings")
    if not len(table) or not found.summary.get("embeddings"):
        return None
    listing = Listing("Embeddings", table.drop(columns=["x_share", "y_share"]), "embeddings.csv")
    return Section("Embeddings", tuple(_said(found)), ("embeddings", "neighbourhoods", "reconstruction"), (listing,))


def _said(found: Found) -> Iterator[str]:
    known = found.summary["embeddings"]
    told, networks = known["told_metadata"], counted(known["networks"], "network")
    whose = f"{networks}, trained on other folds and seeds to look at them, that were not told any metadata"
    if told:
        whose = f"the best trial's {networks}, which were also told the metadata"
    size = counted(known["size"], "number")
    yield f"A hypernetwork describes each task by {size} that it learns. These are of {whose}."
    shown = known["alike_p_value"] < SIGNIFICANT
    stable = "that the description is stable is not shown"
    if shown:
        stable = "the description is stable"
        if known["alike"] < ALIKE:
            stable = "more alike than by chance, and far from the same"
        if known["alike"] - known["alike_by_chance"] < HARDLY:
            stable = "hardly more alike than by chance, though that little is shown"
    meaning = "that it does is shown where columns of the metadata can be told from it"
    if told:
        meaning = "whether it does was not measured, which takes networks that are told none (`mthn-automl ablate RUN`)"
    yield (
        f"Turned onto one another, their correlation is {known['alike']:.2f}, and {known['alike_by_chance']:.2f} with "
        f"the tasks permuted (p = {known['alike_p_value']:.2g}): {stable}. Networks that share most of their rows "
        "agree on what chance put into these rows, too, so that this alone does not show that it means anything; "
        f"{meaning}."
    )
    yield _maps(found)
    table = found.table("reconstruction")
    if not len(table):
        return
    sure = table[(table["p_value_holm"] < SIGNIFICANT) & (table["r2"] >= LEAST)]
    shown = sure.sort_values("r2", ascending=False).to_dict("records")
    told = ", ".join(f"{row['column']} (R² {row['r2']:.2f})" for row in shown)
    rest = len(table) - len(shown)
    if not shown:
        yield (
            "No column of the metadata can be told from the embeddings better than chance, as far as is shown, and to "
            f"any use (R² of {LEAST:g})."
        )
        return
    beside = f"; of {rest} more that is not shown" if rest else ""
    yield (
        f"From the embeddings of tasks that were left out, these columns of the metadata can be told better than "
        f"chance (p < 0.05 after Holm): {told}{beside}."
    )


def _maps(found: Found) -> str:
    """Which maps follow."""
    first = "The map is of the principal components of their mean"
    if "umap_x" in found.table("embeddings"):
        return f"{first}; behind it follows one by UMAP, which keeps neighbours together and no distances."
    return (
        f"{first}. A second one, by UMAP, is made by searches with more than {NEIGHBOURS} tasks where umap-learn is "
        f"installed: {extra_line(EXTRA)}."
    )
