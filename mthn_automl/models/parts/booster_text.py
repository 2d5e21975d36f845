"""LightGBM's text of a booster, gone through before LightGBM reads it, whose reader goes wherever the numbers point.

The text is a header, one tree after another, and `end of trees`. A line is a name and its numbers: one a split, or one
a leaf. Split k of a tree points to two others, which have higher numbers, or to a leaf j as ~j. The threshold of a
split of categories is the number of a set of them, whose bits lie in `cat_threshold` between two of `cat_boundaries`.

Shape:
    one text of a booster: matrix (rows, columns) -> (rows, outputs).

Example:
    >>> check_booster_text("tree\\nversion=v4\\n\\nend of trees\\n", columns=2, outputs=1)
    Traceback (most recent call last):
    mthn_automl.errors.FormatError: A stored booster must be LightGBM's text, however its header lacks feature_infos.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.errors import FormatError

END = "end of trees\n"
AFTER_TREE = "\n\n\n"
LARGEST = 2**31 - 1
LARGEST_DECISION = 11  # categories or not, missing to the left or not, and three kinds of missing

HEADER = (
    *("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective"),
    *("feature_names", "feature_infos", "tree_sizes"),
)
FIXED = {"version": "v4", "label_index": "0"}

ALWAYS = (
    *("num_leaves", "num_cat", "is_linear", "shrinkage"),
    *("split_feature", "decision_type", "threshold", "left_child", "right_child"),
    *("leaf_value", "leaf_weight", "leaf_count"),
    *("split_gain", "internal_value", "internal_weight", "internal_count"),
)
CATEGORIES, LINEAR = ("cat_boundaries", "cat_threshold"), ("leaf_const", "num_features", "leaf_features", "leaf_coeff")

Lines = dict[str, str]


class _FaultError(ValueError):
    """What is wrong, as a clause."""


def check_booster_text(text: str, *, columns: int, outputs: int) -> None:
    """Refuse what LightGBM would not have written, or what would lead its reader or predictions out of their arrays.

    text: up to `end of trees`. columns: of the matrix that it predicts from. outputs: that it gives a row.

    Raises:
        FormatError: it says what is wrong, and in which tree.
    """
    try:
        header, bodies = _parts(text)
        _check_header(header, columns, outputs)
        _check_sizes(header["tree_sizes"], bodies, outputs)
        trees = _Trees([_tree_lines(number, body) for number, body in enumerate(bodies)])
        _check_leaves(trees, columns)
        _check_splits(trees, columns)
        _check_categories(trees)
    except _FaultError as fault:
        raise FormatError(f"A stored booster must be LightGBM's text, however {fault}.") from fault


def _parts(text: str) -> tuple[Lines, list[str]]:
    """The header, and each tree's text behind `Tree=`."""
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        raise _FaultError("it holds characters that are not printable ASCII")
    if not text.endswith(END):
        raise _FaultError("it does not end as one does")
    start, *bodies = text[: -len(END)].split("Tree=")
    kind, _, lines = start.partition("\n")
    if kind != "tree" or not lines.endswith("\n\n"):
        raise _FaultError("it does not begin as one does")
    return _lines(lines[:-2], HEADER, HEADER, "its header"), bodies


def _lines(text: str, needed: Iterable[str], allowed: Iterable[str], where: str) -> Lines:
    """The values of lines by their names, of which there are those needed, and none twice or unknown."""
    pairs = [line.partition("=") for line in text.split("\n")]
    found = {name: value for name, _, value in pairs}
    if len(found) < len(pairs):
        raise _FaultError(f"{where} has a line twice")
    if missing := set(needed) - found.keys():
        raise _FaultError(f"{where} lacks {min(missing)}")
    if unknown := found.keys() - set(allowed):
        raise _FaultError(f"{where} has a line {min(unknown)[:40]!r}, which is unknown")
    return found


def _check_header(header: Lines, columns: int, outputs: int) -> None:
    objectives = ("regression", "binary sigmoid:1", "poisson") if outputs == 1 else (f"multiclass num_class:{outputs}",)
    wanted = {**FIXED, "num_class": str(outputs), "num_tree_per_iteration": str(outputs)}
    wanted["max_feature_idx"] = str(columns - 1)
    for name, value in wanted.items():
        if header[name] != value:
            raise _FaultError(f"{name} is {header[name][:40]!r} where the model has {value}")
    if header["objective"] not in objectives:
        raise _FaultError(f"its objective is {header['objective'][:40]!r} where there are {outputs} outputs")
    for name in ("feature_names", "feature_infos"):
        if len(header[name].split(" ")) != columns or "" in header[name].split(" "):
            raise _FaultError(f"{name} are not one for each of {columns} columns")


def _check_sizes(sizes: str, bodies: Sequence[str], outputs: int) -> None:
    if sizes != " ".join(str(len("Tree=") + len(body)) for body in bodies):
        raise _FaultError("tree_sizes are not those of its trees")
    if not bodies or len(bodies) % outputs:
        raise _FaultError(f"it has {len(bodies)} trees where each round has {outputs}")


def _tree_lines(number: int, body: str) -> Lines:
    where, beginning = f"tree {number}", f"{number}\n"
    if not (body.startswith(beginning) and body.endswith(AFTER_TREE)):
        raise _FaultError(f"{where} does not begin or end as one does")
    found = _lines(body[len(beginning) : -len(AFTER_TREE)], ALWAYS, (*ALWAYS, *CATEGORIES, *LINEAR), where)
    for switch, more in (("num_cat", CATEGORIES), ("is_linear", LINEAR)):
        if found[switch] != "0" and (missing := set(more) - found.keys()):
            raise _FaultError(f"{where} lacks {min(missing)}")
    return found


class _Trees:
    """The numbers of all trees behind each other.

    Attributes:
        lines: of each tree.
        leaves, splits, sets: (trees,) how many each has; sets are of categories.
        linear: (trees,) leaves that are linear: all of a tree, or none.
    """

    def __init__(self, lines: Sequence[Lines]) -> None:
        self.lines, one = lines, np.ones(len(lines), dtype=np.int64)
        self.leaves = self.integers("num_leaves", one, 1, LARGEST)
        self.sets = self.integers("num_cat", one, 0, LARGEST)
        self.linear = self.leaves * self.integers("is_linear", one, 0, 1)
        self.splits = self.leaves - 1
        self.finite("shrinkage", one)

    def integers(self, name: str, counts: IntArray, lowest: int, highest: IntArray | int) -> IntArray:
        """Values of a line, of which each tree has so many, in a range; highest: of all, or of each tree."""
        found = self.values(name, counts, np.int64)
        most = np.repeat(highest, counts) if isinstance(highest, np.ndarray) else highest
        self.refuse((found < lowest) | (found > most), counts, f"{name} is out of range")
        return found

    def finite(self, name: str, counts: IntArray) -> FloatArray:
        """Values of a line, of which each tree has so many."""
        found = self.values(name, counts, np.float64)
        self.refuse(~np.isfinite(found), counts, f"{name} is not finite")
        return found

    def values(self, name: str, counts: IntArray, kind: type) -> NDArray[Any]:
        """As `finite`, whatever their range."""
        words = [lines.get(name, "").split() for lines in self.lines]
        found = np.array([len(each) for each in words], dtype=np.int64)
        self.refuse(found != counts, np.ones_like(counts), f"{name} has more or fewer values than belong there")
        try:
            if any("_" in lines.get(name, "") for lines in self.lines):
                raise ValueError(name)  # 1_000 is a number to Python alone
            return np.array(list(chain.from_iterable(words)), dtype=kind)
        except (ValueError, OverflowError) as error:
            raise _FaultError(f"{name} holds what is no number of its kind") from error

    def refuse(self, wrong: Any, counts: IntArray, what: str) -> None:
        """wrong: whether each value is, (values,), of which each tree has so many."""
        places = np.flatnonzero(wrong)
        if len(places):
            tree = np.searchsorted(np.cumsum(counts), places[0], side="right")
            raise _FaultError(f"tree {tree} is damaged: {what}")


def _check_leaves(trees: _Trees, columns: int) -> None:
    trees.finite("leaf_value", trees.leaves)
    bare = np.array([not lines["leaf_weight"] for lines in trees.lines])  # as that of a single leaf may be
    trees.values("leaf_weight", np.where(bare & (trees.leaves == 1), 0, trees.leaves), np.float64)
    trees.integers("leaf_count", trees.leaves, 0, LARGEST)
    trees.finite("leaf_const", trees.linear)
    factors = trees.integers("num_features", trees.linear, 0, LARGEST)
    each = _sums(factors, trees.linear)
    trees.integers("leaf_features", each, 0, columns - 1)
    trees.finite("leaf_coeff", each)


def _check_splits(trees: _Trees, columns: int) -> None:
    """Each split but the first, and each leaf, must be what exactly one split points to."""
    counts = trees.splits
    for name in ("split_gain", "internal_value", "internal_weight"):
        trees.values(name, counts, np.float64)
    trees.integers("internal_count", counts, 0, LARGEST)
    trees.integers("split_feature", counts, 0, columns - 1)
    first_split, first_leaf = (np.repeat(np.cumsum(each) - each, counts) for each in (counts, trees.leaves))
    own = np.arange(counts.sum()) - first_split
    met = []
    for name in ("left_child", "right_child"):
        child = trees.integers(name, counts, -LARGEST, counts - 1)
        leaf = ~child
        wrong = np.where(child < 0, leaf >= np.repeat(trees.leaves, counts), child <= own)
        trees.refuse(wrong, counts, f"{name} does not point to a later split or a leaf of it")
        met.append(np.where(child < 0, counts.sum() + first_leaf + leaf, first_split + child))
    _, first, times = np.unique(np.concatenate(met), return_index=True, return_counts=True)
    again = np.zeros(2 * counts.sum(), dtype=bool)
    again[first] = times > 1
    trees.refuse(again.reshape(2, -1).any(axis=0), counts, "two splits point to the same")


def _check_categories(trees: _Trees) -> None:
    """A split of categories must have a set, and each set its own stretch of `cat_threshold`."""
    threshold = trees.values("threshold", trees.splits, np.float64)
    trees.refuse(np.isnan(threshold), trees.splits, "threshold is no number")  # infinite ones tell missing cells apart
    decision = trees.integers("decision_type", trees.splits, 0, LARGEST_DECISION)
    number = (threshold >= 0) & (threshold < np.repeat(trees.sets, trees.splits)) & (threshold == np.floor(threshold))
    trees.refuse((decision % 2 == 1) & ~number, trees.splits, "threshold names a set of categories that is not there")
    counts = np.where(trees.sets > 0, trees.sets + 1, 0)
    bounds = trees.integers("cat_boundaries", counts, 0, LARGEST)
    ends = np.cumsum(counts)
    steps = np.diff(bounds, prepend=0)
    begins = (ends - counts)[counts > 0]
    steps[begins] = -bounds[begins]
    trees.refuse(steps < 0, counts, "cat_boundaries do not rise from 0")
    trees.integers("cat_threshold", _sums(np.maximum(steps, 0), counts), 0, 2**32 - 1)


def _sums(values: IntArray, counts: IntArray) -> IntArray:
    """(trees,) of values, of which each tree has so many."""
    total, ends = np.append(0, np.cumsum(values)), np.cumsum(counts)
    return np.asarray(total[ends] - total[ends - counts])
