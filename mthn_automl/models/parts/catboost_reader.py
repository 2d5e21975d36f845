"""Reads models of CatBoost and predicts with them in a process of its own, which may die of them in another's stead.

python -P catboost_reader.py MEMORY          runs in a folder that it may fill; 0 where all models are sound

Standard input is a line of JSON, a list with an object for each model (its `bytes`, and of `Wanted` the rest), and then
their bytes. It is run as a file, so that it imports CatBoost and nothing of this package.

Shape:
    rows of (columns,), numbers first, then categories -> (outputs,).

Example:
    >>> tree = {"splits": [{"split_index": 1}], "leaf_values": [0.5, 2.5]}
    >>> check({"features_info": {"float_features": [{"borders": [0.0]}]}, "oblivious_trees": [tree]}, {"outputs": 1})
    Traceback (most recent call last):
    ValueError: a split is of a border that is not there
"""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

ROWS = 300  # CatBoost goes through 128 at a time


def main(memory: int) -> int:
    """Exit code; what is wrong is the last line of standard error. memory: bytes of addresses that may be used."""
    _limit(memory)
    for wanted in json.loads(sys.stdin.buffer.readline()):
        try:
            _try(sys.stdin.buffer.read(wanted["bytes"]), wanted)
        except Exception as error:
            sys.stderr.write(" ".join(f"{error or type(error).__name__}".split())[:200])
            return 1
    return 0


def _limit(memory: int) -> None:
    """As far as the system knows limits; a process that dies leaves no image of itself."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _try(model: bytes, wanted: Mapping[str, Any]) -> None:
    import catboost

    fitted, text = catboost.CatBoost(), Path("model.json")
    fitted.load_model(blob=model)
    if len(fitted.feature_names_) != wanted["columns"]:
        raise ValueError(f"it has {len(fitted.feature_names_)} columns where the rows have {wanted['columns']}")
    native = list(range(wanted["numbers"], wanted["columns"]))
    if list(fitted.get_cat_feature_indices()) != native:
        raise ValueError(f"its categories are not the last {len(native)} columns")
    fitted.save_model(str(text), format="json")
    check(json.loads(text.read_text(encoding="utf-8")), wanted)
    _predict(fitted, wanted)


def check(content: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """What a prediction reads by number: values of leaves by splits, and splits by their place among all borders."""
    features = content["features_info"]
    numbers, categories = features.get("float_features", []), features.get("categorical_features", [])
    borders = [each.get("borders") or () for each in (*numbers, *(features.get("ctrs") or ()))]
    places = sum(map(len, borders)) + sum(len(each.get("values") or ()) for each in categories)
    for tree in content["oblivious_trees"]:
        splits = tree["splits"] or ()
        if not all(0 <= split["split_index"] < places for split in splits):
            raise ValueError("a split is of a border that is not there")
        if len(tree["leaf_values"]) != wanted["outputs"] * 2 ** len(splits):
            raise ValueError("a tree has more or fewer leaves than its splits make")


def _predict(fitted: Any, wanted: Mapping[str, Any]) -> None:
    """With numbers far and near, and categories known and unknown."""
    import catboost
    import numpy as np

    random, numbers = np.random.default_rng(0), wanted["numbers"]
    categories = wanted["columns"] - numbers
    values = random.normal(scale=np.geomspace(1e-3, 1e9, ROWS)[:, None], size=(ROWS, numbers)).astype(np.float32)
    values[random.random(values.shape) < 0.1] = np.nan
    codes = random.integers(-1, 30, size=(ROWS, categories)).astype(np.float64)
    known = np.array([[str(code).encode() for code in row] for row in codes], dtype=object)
    rows = catboost.FeaturesData(values if numbers else None, known.reshape(ROWS, -1) if categories else None)
    found = np.asarray(fitted.predict(catboost.Pool(rows), prediction_type="RawFormulaVal", thread_count=1))
    if found.size != ROWS * wanted["outputs"]:
        raise ValueError(f"it gives {found.size / ROWS:g} numbers a row, and not {wanted['outputs']}")
    if not np.isfinite(found).all():
        raise ValueError("it predicts what is no number")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
