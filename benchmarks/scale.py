"""How far it goes: what more tasks, more rows and more workers cost in time and memory."""

from all_figures import FIGURES
from figures import run

HERE = ("step_cost_flatness", "rows_exponent", "peak_bytes", "worker_memory_share")

if __name__ == "__main__":
    run(FIGURES, HERE, __doc__)
