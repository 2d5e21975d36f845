"""Which of many new rows have a target, counted over all pieces of a file, and classes that training never saw."""

from collections import Counter

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import Form
from mthn_automl.data.names import counted, listed
from mthn_automl.data.new_rows import target_forms
from mthn_automl.data.schema import Schema
from mthn_automl.data.source import Source
from mthn_automl.data.targets import encode_target
from mthn_automl.data.weights import weights_of
from mthn_automl.data.wide import long_form, wide_targets
from mthn_automl.errors import DataError

MOST_NAMED = 3


class Labels:
    """Of a file that predictions are compared with.

    Attributes:
        beyond: classes that training never saw, in order of appearance; they are numbered on from those of training.
        rows: of them by class.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema, self._targets = schema, schema.wide or schema.targets
        self.beyond: dict[str, int] = {}
        self.rows: Counter[str] = Counter()
        self._without = self._weightless = self._left = 0
        self._gaps: Counter[str] = Counter()

    @property
    def forms(self) -> dict[str, Form]:
        """Of the columns that are read beside those of rows to predict."""
        return target_forms(self._schema, self._targets)

    def of(self, source: Source) -> Source:
        """The rows of a piece that have a target and count; of a wide table in the long form, a row a target.

        Raises:
            DataError: a target is not there, or a weight that cannot be.
        """
        known = self._known(source)
        self._without += int((~known).sum())
        source = source.keep(known)
        if self._schema.wide:
            return self._long(source) if len(source) else source
        for name in self._targets if len(self._targets) > 1 else ():
            self._gaps[name] += int((~source.columns[name].known).sum())
        return self._weighted(source)

    def _known(self, source: Source) -> np.ndarray:
        schema = self._schema
        names = wide_targets(source, schema) if schema.wide else list(schema.targets)
        for name in names:
            source.require(name, "to compare predictions with")
        return np.asarray(np.any([source.columns[name].known for name in names], axis=0))

    def _long(self, source: Source) -> Source:
        return self._weighted(long_form(source, wide_targets(source, self._schema), self._schema.task))

    def _weighted(self, source: Source) -> Source:
        if self._schema.weight is not None and len(source):
            counts = weights_of(source, self._schema.weight) > 0
            self._weightless += int((~counts).sum())
            source = source.keep(counts)
        self._left += len(source)
        return source

    def encoded(self, source: Source) -> FloatArray:
        """(rows, targets) as `encode_target`, but for classes that training never saw, which are counted."""
        if not self._schema.classes:
            return encode_target(source, self._schema)
        names = source.columns[self._schema.targets[0]].names()
        known = {name: code for code, name in enumerate(self._schema.classes)}
        for name, count in zip(names.names, names.counts.tolist(), strict=True):
            if count and name not in known:
                self.beyond.setdefault(name, len(known) + len(self.beyond))
                self.rows[name] += count
        known |= self.beyond
        codes = np.array([known.get(name, -1) for name in names.names], dtype=np.float64)
        return codes[names.codes][:, None] if len(names.codes) else np.empty((0, 1))

    def refuse_none(self, name: str) -> None:
        """Raise a DataError where no row is left, asked at the end. name: of the table."""
        if self._left == 0:
            why = f"'{self._schema.weight}' is 0 in every row" if self._weightless else "no row has one"
            raise DataError(
                f"Some rows must have a target and count, however in {name} {why}: {listed(self._targets)}."
            )

    def notes(self, name: str) -> tuple[str, ...]:
        """What there is to say of the targets of all rows. name: of the table."""
        found = []
        if self._without:
            found.append(f"{counted(self._without, 'row')} without a target left out.")
        if self._weightless:
            found.append(f"{counted(self._weightless, 'row')} left out because the weight is 0.")
        gaps = [f"'{target}' in {count:,}" for target, count in self._gaps.items() if count]
        if gaps:
            found.append(f"some targets are missing, {', '.join(gaps[:10])}: a row is scored by those that it has.")
        if self.beyond:
            shown = ", ".join(f"'{each}' in {counted(n, 'row')}" for each, n in self.rows.most_common(MOST_NAMED))
            more = f" and {len(self.beyond) - MOST_NAMED:,} more" if len(self.beyond) > MOST_NAMED else ""
            found.append(
                f"{counted(self.rows.total(), 'row')} of classes that training never saw ({shown}{more}): a model is "
                "never right there; metrics that cannot count this leave these rows out, as the column rows shows."
            )
        return tuple(f"{name}: {each}" for each in found)
