"""Every figure, with its target where it has one."""

from busy_share import search_busy_share
from each_architecture import step_of_each
from figures import Figure
from peak import GIB, peak_bytes
from plain_tune import search_vs_plain_tune
from predicting import predict_rows_per_second, single_row_microseconds
from rows import rows_exponent
from steps import gemm_share, pack_ratio, step_cost_flatness, step_ratio
from worker_memory import worker_memory_share

FIGURES = {
    each.name: each
    for each in (
        Figure("step_ratio", step_ratio, {"20": 12, "88": 30, "500": 200}),
        Figure("pack_ratio", pack_ratio, {"20": 20, "88": 60, "500": 300}),
        Figure("gemm_share", gemm_share, {"batch64": 0.10, "large": 0.20}),
        Figure("step_of_each", step_of_each, {}, at_most=True),
        Figure("step_cost_flatness", step_cost_flatness, {"": 1.3}, at_most=True),
        Figure("rows_exponent", rows_exponent, {"": 1.05}, at_most=True),
        Figure("peak_bytes", peak_bytes, {"": 2 * GIB}, at_most=True),
        Figure("worker_memory_share", worker_memory_share, {"": 0.10}, at_most=True),
        Figure("predict_rows_per_second", predict_rows_per_second, {"": 500_000}),
        Figure("single_row_microseconds", single_row_microseconds, {"": 200}, at_most=True),
        Figure("search_busy_share", search_busy_share, {"": 0.90}),
        Figure("search_vs_plain_tune", search_vs_plain_tune, {"": 10}),
    )
}
