"""What a page says of tables: the summary that it needs besides, and its sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mthn_automl.report.page.section import Found, Section
from mthn_automl.report.page.sections import answer, embeddings, metadata, tasks


def said(section: str, tables: Mapping[str, pd.DataFrame], **summary: Any) -> str:
    """All sentences of one section of the page."""
    made: Section | None = SECTIONS[section].section(Found("simulated", {**SUMMARY, **summary}, tables))
    return "" if made is None else " ".join([*made.sentences, *made.advice])


SECTIONS: Mapping[str, Any] = {"answer": answer, "embeddings": embeddings, "metadata": metadata, "tasks": tasks}
SUMMARY: Mapping[str, Any] = {
    "finished": True,
    "data": {
        "rows": 100,
        "test_rows": 20,
        "tasks": 10,
        "features": 1,
        "metadata": 1,
        "targets": ["target"],
        "alarms": [],
        "split": {"training": None, "new_rows": None, "new_tasks": None, "folds": "rows within each task"},
    },
    "problem": "regression",
    "metric": "rmse",
    "average": "rows",
    "limits": {},
    "best": {
        "architecture": "hypernetwork",
        "cv_error": 1.0,
        "cv_error_se": None,
        "test_error": None,
        "test_low": None,
        "test_high": None,
        "parameters": 1,
    },
    "usual": None,
    "ensemble": None,
    "test_sentence": "",
    "intervals": None,
    "probabilities": None,
    "seeds": 1,
    "metadata_verdict": "not measured",
    "metadata_sentence": "",
    "seconds": {},
    "trials": {"COMPLETE": 20},
    "trials_by_architecture": {"hypernetwork": 20},
}
