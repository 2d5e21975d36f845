"""What LightGBM and this package write is taken, and a text whose numbers lead out of its arrays is refused by name."""

import re
from typing import Any

import numpy as np
import pytest

from mthn_automl.data.encoding import Flags
from mthn_automl.errors import FormatError
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings
from mthn_automl.models.parts.booster_text import check_booster_text
from tests.contracts import zoo

ROUNDS = 4
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "categories": (zoo.only_categorical, {"leaf_rows": 0.3, "extra_trees": False, "category_smoothing": 1.0}),
    "classes": (zoo.multiclass, {"linear": True}),
    "missing numbers": (zoo.missing_values, {}),
    "linear leaves": (zoo.planted, {"linear": True}),
    "nothing to learn": (zoo.constant_target, {}),
    "nothing to learn, linear": (zoo.constant_target, {"linear": True}),
    "two classes": (zoo.binary, {}),
}


def model_of(kind: str) -> GradientBoosting:
    make, chosen = KINDS[kind]
    training, model = make(), GradientBoosting(GradientBoostingSettings(**chosen))
    model.fit(training, flags=Flags.of(training), seed=0, rounds=ROUNDS)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_what_this_package_writes_is_taken_however_often_it_was_read(kind: str) -> None:
    model = model_of(kind)
    for _ in range(2):
        again = GradientBoosting(model.settings)
        again.restore(model.state())
        assert [each.text for each in again.sums] == [each.text for each in model.sums]
        model = again


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {kind: model_of(kind).sums[0].text for kind in ("categories", "linear leaves", "classes")}


def check(text: str) -> None:
    """With the columns and outputs that an unspoilt text states, which a crafted one is not asked for."""
    columns, outputs = (re.search(f"{name}=(.*)", text) for name in ("feature_names", "num_class"))
    assert columns is not None
    assert outputs is not None
    check_booster_text(text, columns=len(columns[1].split()), outputs=int(outputs[1]))


def spoilt(text: str, line: str, change: str) -> str:
    """The first line of that name with numbers in it gets another end or beginning; sizes of trees are put right."""
    number = r"-?[0-9][^ \n]*"
    changes = {
        "more": (rf"(\n{line}= *{number})", r"\1 0"),
        "fewer": (rf"(\n{line}= *){number} ", r"\1"),
        "gone": (rf"\n{line}=[^\n]*", ""),
        "twice": (rf"(\n{line}=[^\n]*)", r"\1\1"),
    }
    pattern, new = changes.get(change, (rf"(\n{line}= *){number}", rf"\g<1>{change}"))
    made, count = re.subn(pattern, new, text, count=1)
    assert count == 1
    head, *trees = made.removesuffix("end of trees\n").split("Tree=")
    sizes = " ".join(str(len("Tree=") + len(tree)) for tree in trees)
    return made if line == "tree_sizes" else made.replace(re.findall("tree_sizes=.*", head)[0], f"tree_sizes={sizes}")


LATER = "does not point to a later split or a leaf of it"


@pytest.mark.parametrize(
    ("kind", "line", "change", "said"),
    [
        ("classes", "num_class", "2", "num_tree_per_iteration is '3' where the model has 2"),
        ("classes", "num_tree_per_iteration", "1", "num_tree_per_iteration is '1' where the model has 3"),
        ("classes", "max_feature_idx", "1000000", "max_feature_idx is '1000000' where the model has"),
        ("classes", "label_index", "5", "label_index is '5' where the model has 0"),
        ("classes", "tree_sizes", "9999999", "tree_sizes are not those of its trees"),
        ("classes", "objective", "gone", "its header lacks objective"),
        ("linear leaves", "num_leaves", "1000000000", "leaf_value has more or fewer values"),
        ("linear leaves", "num_leaves", "0", "num_leaves is out of range"),
        ("linear leaves", "num_leaves", "twice", "tree 0 has a line twice"),
        ("linear leaves", "split_feature", "7", "split_feature is out of range"),
        ("linear leaves", "split_feature", "-1", "split_feature is out of range"),
        ("linear leaves", "left_child", "0", f"left_child {LATER}"),
        ("linear leaves", "right_child", "-2000", f"right_child {LATER}"),
        ("linear leaves", "right_child", "1000000", "right_child is out of range"),
        ("linear leaves", "right_child", "99999999999999999999", "right_child holds what is no number of its kind"),
        ("linear leaves", "left_child", "1.0", "left_child holds what is no number of its kind"),
        ("linear leaves", "left_child", "1_0", "left_child holds what is no number of its kind"),
        ("linear leaves", "left_child", "more", "left_child has more or fewer values"),
        ("linear leaves", "leaf_value", "fewer", "leaf_value has more or fewer values"),
        ("linear leaves", "leaf_value", "nan", "leaf_value is not finite"),
        ("linear leaves", "leaf_value", "1e999", "leaf_value is not finite"),
        ("linear leaves", "threshold", "gone", "tree 0 lacks threshold"),
        ("linear leaves", "decision_type", "12", "decision_type is out of range"),
        ("linear leaves", "decision_type", "1", "threshold names a set of categories that is not there"),
        ("linear leaves", "num_features", "2000000000", "leaf_features has more or fewer values"),
        ("linear leaves", "num_features", "-1", "num_features is out of range"),
        ("linear leaves", "leaf_features", "7", "leaf_features is out of range"),
        ("linear leaves", "leaf_features", "gone", "tree 0 lacks leaf_features"),
        ("linear leaves", "leaf_coeff", "more", "leaf_coeff has more or fewer values"),
        ("linear leaves", "is_linear", "0", "leaf_const has more or fewer values"),
        ("categories", "num_cat", "0", "threshold names a set of categories that is not there"),
        ("categories", "num_cat", "1000000000", "cat_boundaries has more or fewer values"),
        ("categories", "cat_boundaries", "1", "cat_boundaries do not rise from 0"),
        ("categories", "cat_boundaries", "more", "cat_boundaries has more or fewer values"),
        ("categories", "cat_threshold", "more", "cat_threshold has more or fewer values"),
        ("categories", "cat_threshold", "4294967296", "cat_threshold is out of range"),
        ("categories", "cat_threshold", "gone", "tree 0 lacks cat_threshold"),
        ("categories", "shrinkage", "0\nmonotone=1", "has a line 'monotone', which is unknown"),
        ("categories", "shrinkage", "\r", "it holds characters that are not printable ASCII"),
        ("categories", "shrinkage", "0\nend of trees", "has a line 'end of trees', which is unknown"),
    ],
)
def test_a_crafted_text_is_refused_by_what_is_wrong(
    texts: dict[str, str], kind: str, line: str, change: str, said: str
) -> None:
    check(texts[kind])
    with pytest.raises(FormatError, match=re.escape(said)):
        check(spoilt(texts[kind], line, change))


def test_two_splits_cannot_share_a_leaf(texts: dict[str, str]) -> None:
    children = re.search(r"\nleft_child=([^\n]*)\nright_child=([^\n]*)", texts["classes"])
    assert children is not None
    left, right = (values.split() for values in children.groups())
    right[-1] = left[-1] = min(left + right, key=int)
    said = f"\nleft_child={' '.join(left)}\nright_child={' '.join(right)}"
    same_length = texts["classes"].replace(children.group(), said.ljust(len(children.group())))
    with pytest.raises(FormatError, match="two splits point to the same"):
        check(same_length)


def test_a_booster_of_another_matrix_or_for_other_targets_is_refused() -> None:
    model = model_of("linear leaves")
    state = model.state()
    narrower = {**state, "columns": {**state["columns"], "metadata_numbers": 2}}
    with pytest.raises(FormatError, match="max_feature_idx is '6' where the model has 5"):
        GradientBoosting(model.settings).restore(narrower)
    with pytest.raises(FormatError, match="must have 1 sums of trees and bounds for 1 scores, however it has 2"):
        GradientBoosting(model.settings).restore({**state, "sums": state["sums"] * 2})
    with pytest.raises(FormatError, match="bounds of shape"):
        GradientBoosting(model.settings).restore({**state, "bounds": np.zeros((2, 3))})
