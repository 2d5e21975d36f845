"""What columns of tables mean, a sentence each: shown where the heading is pointed at."""

from collections.abc import Mapping
from typing import Final

_ERRORS: Final = {
    "cv_error": "The cross-validated error: of rows that the models which predict them were not trained on.",
    "cv_error_se": "The standard error of the cross-validated error, from how much it differs from fold to fold.",
    "test_error": "The error on the test rows, which were scored once, at the end.",
    "test_low": "The lower end of the 95 % interval of the error on the test rows.",
    "test_high": "The upper end of the 95 % interval of the error on the test rows.",
    "test_error_tasks": "The error on the test rows of a task, in the mean over tasks.",
    "test_low_tasks": "The lower end of the 95 % interval of the mean over tasks.",
    "test_high_tasks": "The upper end of the 95 % interval of the mean over tasks.",
}
_COSTS: Final = {
    "parameters": "How many numbers the model has learnt, for all tasks together.",
    "parameters_per_task_network": "How many numbers predict the rows of one task, once the task is fixed.",
    "marginal_parameters": "How many numbers one more task would add.",
    "train_seconds": "Seconds that the training took, with all its folds and seeds.",
    "predict_us_per_row": "Microseconds that predicting a row takes; on the test rows where there are any. The "
    "pictures have it as it was measured in the search, in other batches, which may differ.",
}
LEADERBOARD: Final = {
    "rank": "The place by cross-validated error; those without one have no trial that could be ranked.",
    "architecture": "The family of models, of which the best configuration is told.",
    **_ERRORS,
    **_COSTS,
    "trials": "How many configurations were cross-validated to their end; of an ensemble, how many it is the mean of.",
    "note": "What else there is to say.",
}
TASKS: Final = {
    "task": "One of the problems that were learnt together.",
    "rows": "How many rows of the task models were trained on.",
    "error": "The cross-validated error of the answer on the rows of the task.",
    "test_rows": "How many rows of the task were held out as test.",
    "test_error": "The error of the answer on the test rows of the task.",
    "own_error": "The cross-validated error of a network of the task's own (single_task), which shares nothing.",
    "classical_error": "The cross-validated error of the best classical model, such as ridge or boosted trees.",
    "gain": "By how much the loss of a row is lower with the answer than with a network of the task's own.",
    "gain_low": "The lower end of the 95 % interval of the gain.",
    "gain_high": "The upper end of the 95 % interval of the gain.",
    "p_value": "How often chance alone makes so large a gain or loss, for this task by itself.",
    "q_value": "The p-value corrected for how many tasks are looked at; below 0.05 a gain or loss is called shown.",
    "helped": "Whether sharing is shown to help the task.",
    "harmed": "Whether sharing is shown to harm the task.",
}
ABLATION: Final = {
    "architecture": "The family of models whose best configuration was trained again.",
    "variant": "What the model was given: both embedding and metadata, or less, or more.",
    "tasks": "Whether models were trained on the tasks that errors are of (seen) or not (held out).",
    "tuned": "Whether the variant has settings of its own, instead of those of the best trial.",
    "changed": "Settings of the best trial that were changed so that the variant looks at what it is about.",
    "error": "The cross-validated error of the variant.",
    "se": "The standard error of it, from how much it differs from fold to fold.",
    "difference": "By how much the error of the variant is above that of the full model (both).",
    "low": "The lower end of the 95 % interval of the difference.",
    "high": "The upper end of the 95 % interval of the difference.",
    "p_value": "How often chance alone makes so large a difference.",
    "p_value_holm": "The p-value corrected for how many variants are compared (Holm).",
    "folds": "How many folds the rows were split into.",
    "seeds": "With how many starts of the random numbers each fold was trained.",
}
EMBEDDINGS: Final = {
    "task": "One of the problems that were learnt together.",
    "x": "The place of the task on the map of principal components, from left to right.",
    "y": "The place of the task on the map of principal components, from bottom to top.",
    "umap_x": "The place of the task on the map by UMAP, from left to right.",
    "umap_y": "The place of the task on the map by UMAP, from bottom to top.",
    "spread": "How far the networks disagree about the task; 1 is how far they disagree about tasks on average.",
    "nearest": "The tasks whose embeddings are nearest, the nearest first.",
}
TRIALS: Final = {
    "architecture": "The family of models that was tried.",
    "trial": "The number of the configuration among those of its architecture.",
    "ending": "How it ended: complete, failed, stopped early, or refused before it began.",
    "cv_error": _ERRORS["cv_error"],
    "parameters": _COSTS["parameters"],
    "train_seconds": _COSTS["train_seconds"],
    "ended": "Seconds from the start of the run to its end.",
    "rung_epoch": "The last epoch at which it was compared with others; trials shown to be worse are stopped there.",
    "rung_error": "Its loss there, by which trials are compared; of another unit than cv_error where that is a root.",
    "decision": "Why this architecture was given a trial then.",
    "reason": "Why it failed, was stopped or was refused.",
    "settings": "Its configuration.",
}
ARCHITECTURES: Final = {"architecture": "The family of models.", "what it is": "In one sentence."}

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "Leaderboard": LEADERBOARD,
    "Architectures": ARCHITECTURES,
    "Tasks": TASKS,
    "Ablation": ABLATION,
    "Embeddings": EMBEDDINGS,
    "Trials": TRIALS,
}
"""Of columns by the title of their table; what is not here explains itself."""


def meaning(title: str, column: str) -> str:
    """A sentence; empty where there is none."""
    return MEANINGS.get(title, {}).get(column, "")
