"""Edits of the files of a folder, as somebody who means ill or a failing disk makes them: one field, or one file."""

import csv
import io
import json
import os
import random
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w
from safetensors.numpy import load, save

CANARY = "folder_canary"
"""A module that must never be imported."""

VALUES: tuple[Any, ...] = (
    *("", "x", "../../outside", "/dev/zero", f"{CANARY}:Thing", "9" * 50),
    *(0, 1, -1, 2, 7, 10**9, 10**12, 2**63, -(2**40), 0.5, -0.5, 1e308, 1e-308),
    *(None, True, False, [], {}, [[]], ["x"], [1, 2, 3], {"a": 1}, {"$array": "state.0"}),
)
NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1e9, 1e38, 2.5)

Edit = tuple[str, Callable[[Path], None]]
"""What is done, and the function that does it to a folder."""


def edits(folder: Path, names: list[str], seed: int) -> Iterator[Edit]:
    """Edits without end of a folder's files: a file of those in a part of it first, then something of it, all drawn.

    names: of files and folders in it, which are drawn as often as each other, however much is in one.
    """
    draw = random.Random(seed)
    parts = [sorted(_files(folder, name)) for name in names]
    while True:
        name = draw.choice(draw.choice(parts))
        inside = BY_ENDING.get(Path(name).suffix)
        if inside is None or draw.random() < 0.15:
            what, change = draw.choice(list(WHOLE_FILES.items()))
            yield f"{name} {what}", _of_file(name, change)
        else:
            number = draw.randrange(2**32)
            yield f"{name} with edit {number}", _of_content(name, inside, number)


def _files(folder: Path, name: str) -> Iterator[str]:
    """By their paths in the folder."""
    found = [folder / name, *(folder / name).rglob("*")]
    yield from (str(path.relative_to(folder)) for path in found if path.is_file())


def _of_file(name: str, change: Callable[[Path], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        change(folder / name)

    return edit


def _of_content(name: str, inside: Callable[[bytes, random.Random], bytes], number: int) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        path.write_bytes(inside(path.read_bytes(), random.Random(number)))

    return edit


def edited(value: Any, draw: random.Random) -> Any:
    """JSON with one value changed, at any depth: another in its place, gone, there twice, or two of them exchanged."""
    value = json.loads(json.dumps(value))
    places = list(_places(value))
    if not places:
        return draw.choice(VALUES)
    holder, key = draw.choice(places)
    kind = draw.random()
    if kind < 0.15:
        del holder[key]
    elif kind < 0.25 and isinstance(holder, list):
        holder.append(holder[key])
    elif kind < 0.35:
        other = draw.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        holder[key], holder[other] = holder[other], holder[key]
    else:
        holder[key] = draw.choice(VALUES)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All holders and keys; of a long list its ends, so that large ones do not hide the others."""
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
        keys = keys if len(keys) < 6 else [*keys[:3], *keys[-2:]]
    else:
        return
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _json(content: bytes, draw: random.Random) -> bytes:
    return json.dumps(edited(json.loads(content), draw)).encode()


def _json_lines(content: bytes, draw: random.Random) -> bytes:
    lines = content.splitlines()
    if not lines:
        return b"{"
    chosen = draw.randrange(len(lines))
    kind = draw.random()
    if kind < 0.1:
        lines.insert(chosen, lines[chosen])
    elif kind < 0.2:
        del lines[chosen]
    else:
        lines[chosen] = _json(lines[chosen], draw)
    return b"".join(line + b"\n" for line in lines)


def _toml(content: bytes, draw: random.Random) -> bytes:
    while True:
        try:
            return tomli_w.dumps(edited(tomllib.loads(content.decode()), draw)).encode()
        except (TypeError, AttributeError, ValueError):  # what TOML cannot say
            continue


def _csv(content: bytes, draw: random.Random) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode())))
    chosen = draw.choice(rows)
    chosen[draw.randrange(len(chosen))] = str(draw.choice(VALUES))
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def _arrays(content: bytes, draw: random.Random) -> bytes:
    arrays = dict(load(content))
    name = draw.choice(sorted(arrays))
    if draw.random() < 0.1:
        del arrays[name]
    elif draw.random() < 0.1:
        other = draw.choice(sorted(arrays))
        arrays[name], arrays[other] = arrays[other], arrays[name]
    else:
        arrays[name] = _array_edited(arrays[name], draw)
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def _array_edited(array: np.ndarray, draw: random.Random) -> np.ndarray:
    array = array.copy()
    kind = draw.random()
    if kind < 0.5 and array.size:
        place = np.unravel_index(draw.randrange(array.size), array.shape)
        with np.errstate(all="ignore"):
            array[place] = np.array(draw.choice(NUMBERS)).astype(array.dtype)
        return array
    if kind < 0.6:
        return array[:-1] if array.ndim else array.reshape(1)
    if kind < 0.7:
        return np.concatenate([array, array]) if array.ndim else array.reshape(1, 1)
    if kind < 0.8:
        return array.reshape(-1)
    return array.astype(draw.choice(["float16", "float64", "int64", "int8", "uint8", "bool"]))


def _numpy(content: bytes, draw: random.Random) -> bytes:
    stream = io.BytesIO()
    np.save(stream, _array_edited(np.load(io.BytesIO(content)), draw))
    return stream.getvalue()


def _parquet(content: bytes, draw: random.Random) -> bytes:
    table = pd.read_parquet(io.BytesIO(content)).astype(object)
    column, kind = draw.choice(list(table.columns)), draw.random()
    if kind < 0.2:
        table = table.drop(columns=column)
    elif kind < 0.4:
        table = table.sample(frac=1.0, random_state=draw.randrange(1000))
    elif kind < 0.5:
        table = table.iloc[:-1]
    else:
        value = draw.choice([each for each in VALUES if not isinstance(each, list | dict)])
        table[column] = table[column].map(str) if isinstance(value, str) else table[column]
        table.loc[table.index[draw.randrange(len(table))], column] = value
    stream = io.BytesIO()
    try:
        table.infer_objects().to_parquet(stream, index=False)
    except (ValueError, TypeError, OverflowError):  # what Parquet cannot say
        return content[:-7]
    return stream.getvalue()


def _bytes(content: bytes, draw: random.Random) -> bytes:
    if not content:
        return b"\x00"
    found = bytearray(content)
    for _ in range(draw.choice((1, 3, 30))):
        found[draw.randrange(len(found))] = draw.randrange(256)
    return bytes(found)


def _either(inside: Callable[[bytes, random.Random], bytes]) -> Callable[[bytes, random.Random], bytes]:
    """Mostly a field; sometimes bytes anywhere."""
    return lambda content, draw: _bytes(content, draw) if draw.random() < 0.1 else inside(content, draw)


BY_ENDING = {
    ".json": _either(_json),
    ".jsonl": _either(_json_lines),
    ".journal": _either(_json_lines),
    ".toml": _either(_toml),
    ".csv": _either(_csv),
    ".safetensors": _either(_arrays),
    ".npy": _either(_numpy),
    ".parquet": _either(_parquet),
    ".lock": _either(_json),
}


def _in_place(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


WHOLE_FILES: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b"") and None,  # type: ignore[return-value]
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "a folder": _in_place(Path.mkdir),
    "a pipe": _in_place(os.mkfifo),
    "a link out": _in_place(lambda path: path.symlink_to("/etc/hosts")),
    "a link to what has no end": _in_place(lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": _in_place(lambda path: path.symlink_to("nowhere")),
    "other bytes": lambda path: path.write_bytes(b"\x80\x04\x95\xff\xfe\x00{[") and None,  # type: ignore[return-value]
    "deep": lambda path: path.write_bytes(b"[" * 10**6) and None,  # type: ignore[return-value]
}
