"""How fast: a step, a prediction, a search."""

from all_figures import FIGURES
from figures import run

HERE = (
    "step_ratio",
    "pack_ratio",
    "gemm_share",
    "step_of_each",
    "single_row_microseconds",
    "predict_rows_per_second",
    "search_busy_share",
    "search_vs_plain_tune",
)

if __name__ == "__main__":
    run(FIGURES, HERE, __doc__)
