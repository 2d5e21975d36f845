"""JSON: an object a line, or one list of objects; each object is a row."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa

from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.python_values import as_array, as_text, nested, type_of
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.room import printable, refuse_beyond
from mthn_automl.data.formats.table_file import HeldTable, TableFile, column_name
from mthn_automl.data.formats.text import Text, lines_of
from mthn_automl.errors import DataError

BATCH_ROWS = 1 << 14
_PARSED, _OBJECT = 3, 200  # bytes of Python objects for one of JSON, and for each object in it: the most measured
_LONG = 18  # digits that 64 bits hold

Record = Mapping[str, Any]


class JsonLines(TableFile):
    """An object a line; columns are their keys in order of appearance, and a key that an object lacks is missing.

    A column has one type for all lines: numbers, truth values or text, and text where they are mixed.

    Raises:
        DataError: a line that is no object, or has a key twice. When read: no rows; more than fits in memory.
    """

    def __init__(self, text: Text) -> None:
        self._text, self._rows = text, 0
        kinds: dict[str, set[type]] = {}
        for _, record in _records(text):
            self._rows += 1
            _note_kinds(kinds, record)
        self._types, unreadable = _types(kinds)
        super().__init__(text.content.name, list(kinds), unreadable, _detected(text))

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        return pa.concat_tables(self.pieces(BATCH_ROWS, only))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        names, records = self.wanted(only), (record for _, record in _records(self._text))
        refuse_beyond(8 * min(rows, self._rows) * len(names), self.name)
        while batch := list(islice(records, rows)):
            yield _table(batch, {name: self._types[name] for name in names})

    def place(self, row: int) -> str:
        line, _ = next(islice(_records(self._text), row, None))
        return f"line {line}"


def _opened(content: Content, reading: Reading) -> TableFile:
    is_list = _beginning(content)[:1] == b"["
    text = Text.of(content, reading.encoding, bounded=not is_list)
    return _held(text) if is_list else JsonLines(text)


def _held(text: Text) -> HeldTable:
    """A list of objects, which is parsed as a whole."""
    name, remedy = text.content.name, "save it as JSON lines, one object a line"
    refuse_beyond(_PARSED * text.size, name, remedy)
    with text.characters() as characters:
        content = characters.read()
    refuse_beyond(_PARSED * text.size + _OBJECT * content.count("{"), name, remedy)
    records = _parsed(content, name)
    kinds: dict[str, set[type]] = {}
    for row, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataError(
                f"A JSON list must hold an object a row, however row {row:,} of {name} is {_name(record)}; correct it."
            )
        _note_kinds(kinds, record)
    refuse_beyond(8 * len(records) * len(kinds), name)
    types, unreadable = _types(kinds)
    return HeldTable(name, _table(records, types), list(kinds), unreadable, _detected(text))


def _records(text: Text) -> Iterator[tuple[int, Record]]:
    for number, line in lines_of(text):
        record = _parsed(line, f"line {number:,} of {text.content.name}")
        if not isinstance(record, dict):
            raise DataError(
                f"A JSON file must hold an object a line or a list of objects, however line {number:,} of "
                f"{text.content.name} is {_name(record)}; correct it."
            )
        yield number, record


def _parsed(content: str, where: str) -> Any:
    try:
        return _DECODER.decode(content)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno:,} of " if content.count("\n") > 1 else ""
        wrong = f"{at}{where} is none ({error.msg.lower()}, at letter {error.colno:,})"
    except _TwiceError as error:
        wrong = f"{where} has the key {error.args[0]!r} more than once"
    except RecursionError:
        wrong = f"{where} is nested too deeply"
    raise DataError(
        f"A JSON file must hold one object a line, or be a list of objects, however {printable(wrong)}; correct it."
    )


class _TwiceError(ValueError):
    """A key that is in an object twice."""


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if not all(map(str.isidentifier, record)) or not "".join(record).isascii():
        record = {column_name(as_text(name)): value for name, value in pairs}
    if len(record) < len(pairs):
        keys = [column_name(key) for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return record


def _whole(digits: str) -> int | str:
    """A whole number, as text where it is too long: its digits may be a name."""
    return int(digits) if len(digits) <= _LONG else digits


_DECODER = json.JSONDecoder(object_pairs_hook=_without_twins, parse_int=_whole)


def _note_kinds(kinds: dict[str, set[type]], record: Record) -> None:
    for name, value in record.items():
        if name in kinds:
            kinds[name].add(type(value))
        else:
            kinds[name] = {type(value)}


def _types(kinds: Mapping[str, set[type]]) -> tuple[dict[str, pa.DataType], dict[str, str]]:
    """The type of each column that can be read, and what the others hold."""
    words = {"dict": "objects", "list": "lists"}
    kinds = {name: found - {type(None)} for name, found in kinds.items()}
    unreadable = {name: words[nested(found)] for name, found in kinds.items() if nested(found)}
    return {name: type_of(found) for name, found in kinds.items() if name not in unreadable}, unreadable


def _table(records: Sequence[Record], types: Mapping[str, pa.DataType]) -> pa.Table:
    columns = [as_array([record.get(name) for record in records], kind) for name, kind in types.items()]
    return pa.table(columns, names=list(types))


def _detected(text: Text) -> tuple[str, ...]:
    return (*text.content.notes, *([text.note] if text.note else []))


def _name(value: Any) -> str:
    words = {list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return words.get(type(value), "a number")


def _beginning(content: Content) -> bytes:
    """The first letters that are not blank, in whatever encoding."""
    head = content.head.replace(b"\0", b"")
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        head = head.removeprefix(mark)
    return head.lstrip()


def _is_json(content: Content) -> bool:
    """Whether the first letter opens an object, or a list whose first member is one, or a list, to be refused."""
    head = _beginning(content)
    return head[:1] == b"{" or (head[:1] == b"[" and head[1:].lstrip()[:1] in (b"{", b"]", b"["))


FORMAT = Format("JSON", _is_json, _opened, heeds=frozenset({"encoding"}))
