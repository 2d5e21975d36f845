"""An account of how tables were read, column by column: what each is, what is doubtful, and what would change it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pyarrow as pa

from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.missing import CENSORED, INFINITE
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.doubts_of_cells import doubts_of_sentinels, doubts_of_text
from mthn_automl.data.names import counted, listed, short
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source

FEW_PERCENT: Final = 0.05
"""Share of cells from which a mark that counts as missing is asked about."""


@dataclass(frozen=True)
class ColumnAccount:
    """How one column was read.

    Attributes:
        name: as it stands in the input.
        role: task, target, offset, weight, feature, metadata, id, split, group, time, or ignored; two with a comma
            between them.
        kind: number, truth, date or text.
        how: what it is taken for, in words.
        cells: how many there are.
        missing: of these.
        example: the first cell that is not missing, as it is understood.
        plain: whether it was read as nobody could read it otherwise, so that nothing need be said of it.
        questions: sentences on what might be meant otherwise, each with the option that says so.
    """

    name: str
    role: str
    kind: str
    how: str
    cells: int
    missing: int
    example: str
    plain: bool
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Roles:
    """Who is what among the columns.

    Attributes:
        task: the columns that name tasks.
        targets: those that are predicted.
        features, metadata: what a model is given.
        promoted: columns of the data that are metadata.
        offset: the column of exposures; None: there is none.
        weight: the column that says what each row counts.
        id: the column by which the user knows a row.
        splitting: what columns are to splits, by name.
        left_out: columns that the user does not want, of which nothing is asked.
    """

    task: Sequence[str]
    targets: Sequence[str]
    features: Sequence[Column]
    metadata: Sequence[Column]
    promoted: Sequence[str] = ()
    offset: str | None = None
    weight: str | None = None
    id: str | None = None
    splitting: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()


def account_of_tables(data: Source, meta: Source | None, roles: Roles) -> tuple[ColumnAccount, ...]:
    """All columns of the data, then those of the metadata but for the name of the task."""
    features, metadata = _by_source(roles.features), _by_source(roles.metadata)
    promoted = set(roles.promoted)
    found = [
        _of(data, name, "metadata", metadata) if name in promoted else _of_data(data, name, roles, features)
        for name in data.columns
    ]
    if data.id is not None and roles.id is not None and roles.id not in data.columns:
        found.append(_of_id(roles.id, data.id))
    if meta is not None:
        found += [_of(meta, name, "metadata", metadata) for name in meta.columns if name not in roles.task]
    left_out = set(roles.left_out)
    asked = (replace(each, questions=()) if each.name in left_out else each for each in found)
    return tuple(_with_splitting(each, roles) for each in asked)


def _with_splitting(account: ColumnAccount, roles: Roles) -> ColumnAccount:
    role = roles.splitting.get(account.name)
    if role is None:
        return account
    return replace(account, role=role if account.role == "ignored" else f"{role}, {account.role}")


def _by_source(columns: Sequence[Column]) -> dict[str, list[Column]]:
    """What a model is given, by the column of the input that it is made of."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        found.setdefault(column.read_from, []).append(column)
    return found


def _of_data(source: Source, name: str, roles: Roles, features: Mapping[str, Sequence[Column]]) -> ColumnAccount:
    if name in roles.task:
        return account_of(source, name, "task", ())
    if name in roles.targets:
        return account_of(source, name, "target", ())
    if name == roles.offset:
        return account_of(source, name, "offset", ())
    if name == roles.id and source.id is not None:
        return _of_id(name, source.id)
    if name == roles.weight:
        return account_of(source, name, "weight", ())
    return _of(source, name, "feature", features)


def _of_id(name: str, cells: pa.ChunkedArray) -> ColumnAccount:
    first = cells.drop_null().slice(0, 1)
    return ColumnAccount(
        name=name,
        role="id",
        kind=Kind.TEXT.value,
        how="kept as it stands, and given back with predictions",
        cells=len(cells),
        missing=cells.null_count,
        example=str(first[0].as_py()) if len(first) else "",
        plain=True,
        questions=(),
    )


def _of(source: Source, name: str, role: str, columns: Mapping[str, Sequence[Column]]) -> ColumnAccount:
    used = columns.get(name, [])
    return account_of(source, name, role if used else "ignored", used)


def with_doubts(accounts: Sequence[ColumnAccount], doubts: Sequence[str]) -> tuple[ColumnAccount, ...]:
    """With what a single target might be other than what it was taken for."""
    return tuple(
        replace(each, questions=(*each.questions, *doubts)) if each.role == "target" else each for each in accounts
    )


def account_of(source: Source, name: str, role: str, columns: Sequence[Column]) -> ColumnAccount:
    """columns: what a model is given of the column; none of what is ignored, of a task or of a target."""
    cells = source.columns[name]
    known = cells.known
    first = int(known.argmax()) if known.any() else None
    return ColumnAccount(
        name=name,
        role=role,
        kind=cells.form.kind.value,
        how=_how(cells, columns),
        cells=len(known),
        missing=int((~known).sum()),
        example="" if first is None else _cell(cells, first),
        plain=role == "ignored" or _is_plain(cells),
        questions=tuple(_questions(source, name, cells)),
    )


def account_notes(accounts: Sequence[ColumnAccount]) -> list[str]:
    """A sentence a column that was not simply numbers or text, and one a question."""
    notes = [f"'{each.name}' is read as {each.how}." for each in accounts if not each.plain]
    return notes + [f"{question}." for each in accounts for question in each.questions]


def _is_plain(cells: Cells) -> bool:
    return not cells.missing and cells.form in (Form(Kind.NUMBER), Form(Kind.TRUTH), Form(Kind.TEXT))


def _how(cells: Cells, columns: Sequence[Column]) -> str:
    parts = [_form(cells.form)]
    if cells.form.kind is Kind.DATE and columns:
        parts.append("as " + ", ".join(column.part.name for column in columns if column.part is not None))
    if cells.text is not None:
        used = int(np.count_nonzero(cells.text.counts))
        kept = len(columns[0].categories or ()) if columns else used
        parts.append(counted(used, "value") if kept == used else f"{used:,} values, {kept:,} of them as categories")
    marks = [f"'{short(mark)}' in {counted(count, 'cell')}" for mark, count in cells.missing.items()]
    if marks:
        parts.append(f"{', '.join(marks[:5])} missing")
    return "; ".join(parts)


def _form(form: Form) -> str:
    if form.kind is Kind.NUMBER:
        return form.notation.called
    if form.kind is Kind.DATE:
        return f"dates ({form.date})" if form.date else "dates"
    return {Kind.TRUTH: "truth values", Kind.TEXT: "text"}[form.kind]


def _questions(source: Source, name: str, cells: Cells) -> list[str]:
    found = []
    for other in cells.others[:1]:
        if other.kind is Kind.NUMBER:
            mark = other.notation.thousands
            option = f"--thousands '{mark}'" if mark else f"--decimal '{other.notation.decimal}'"
            found.append(f"'{name}' may as well be {_form(other)}{_alike(source, name, other)}: {option} says so")
        elif other.kind is Kind.TEXT:
            found.append(f"'{name}' may as well be names: --categorical '{name}' keeps its cells as they are")
        else:
            found.append(f"'{name}' may as well be {_form(other)}: dates as 2020-12-31 leave no doubt")
    limits = [mark for mark in cells.missing if re.match(CENSORED, mark)]
    if limits:
        count = sum(cells.missing[mark] for mark in limits)
        found.append(
            f"{listed(limits, 3)} in {counted(count, 'cell')} of '{name}' count as missing: write the limit, or half "
            "of it, where that is nearer to the truth"
        )
    marked = {
        short(mark): count
        for mark, count in cells.missing.items()
        if mark not in (*limits, *source.missing) and mark.lower() not in INFINITE
    }
    if sum(marked.values()) > FEW_PERCENT * len(cells.known):
        found.append(
            f"{listed(list(marked), 3)} of '{name}' count as missing: --categorical '{name}' makes them values"
        )
    return [*found, *doubts_of_text(source, name), *doubts_of_sentinels(source, name)]


def _alike(source: Source, name: str, form: Form) -> str:
    """What speaks for a form: another column that has its decimal comma."""
    found = [
        each
        for each, cells in source.columns.items()
        if each != name and cells.form.notation.decimal == form.notation.decimal == ","
    ]
    return f", as '{found[0]}' has a decimal comma" if found else ""


def _cell(cells: Cells, row: int) -> str:
    if cells.text is not None:
        return short(cells.text.names[int(cells.text.codes[row])])
    if cells.dates is not None:
        date = str(np.datetime_as_string(cells.dates[row : row + 1], unit="s")[0])
        return date.removesuffix("T00:00:00")
    assert cells.numbers is not None
    value = float(cells.numbers[row])
    return str(bool(value)).lower() if cells.form.kind is Kind.TRUTH else f"{value:g}"
