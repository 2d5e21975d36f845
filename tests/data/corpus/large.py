"""Inputs that aim at memory, and what a process of its own takes for each.

python -m tests.data.corpus.large    the outcome and the peak of each, as JSON; what the test starts
"""

import gzip
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from tests.command import in_process
from tests.data.corpus.case import Case, changed, on_a_small_machine, outcome
from tests.data.formats.made import changed as rewritten
from tests.data.formats.made import sheet, zstd

MIB = 1 << 20
WIDE = 100_000
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def sparse(size: int) -> Case:
    """A file that is large and takes no disk: zero bytes behind the first line."""

    def write(path: Path) -> None:
        path.write_bytes(b"task,x,target\na,1,")
        os.truncate(path, size)

    return Case(write)


def later(content: Callable[[], str | bytes]) -> Case:
    """A case whose content is made when it is written, and not held."""

    def write(path: Path) -> None:
        made = content()
        path.write_bytes(made.encode() if isinstance(made, str) else made)

    return Case(write)


def packed_line(size: int) -> Case:
    """A line that never ends, in little space."""

    def write(path: Path) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(b"task,x,target\na,1,")
            for _ in range(size // MIB):
                file.write(b"1" * MIB)

    return Case(write)


def bomb_of_zeros(path: Path) -> None:
    """A zip file of zero bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("a", "w") as file:
        for _ in range(70):
            file.write(bytes(MIB))


def bomb_of_text(path: Path) -> None:
    """A Parquet file of some kilobytes whose text takes six gigabytes."""
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 6_000, pa.int32()), ["w" * 1_000_000])
    rows = pa.table({"task": ["a", "b"] * 3_000, "z": words, "target": range(6_000)})
    pq.write_table(rows, path, store_schema=False)


def bomb_of_rows(path: Path) -> None:
    """A Parquet file of some kilobytes and 160 million numbers."""
    part = pa.table({f"x{k}": pa.repeat(1.0, 2_000_000) for k in range(16)})
    with pq.ParquetWriter(path, part.schema) as writer:
        for _ in range(5):
            writer.write_table(part)


def many_rows(path: Path) -> None:
    """A Parquet file of some kilobytes whose rows fit in memory, though not with their tasks numbered."""
    part = pa.table({name: pa.repeat(1.0, 4_000_000) for name in ("task", "target")})
    with pq.ParquetWriter(path, part.schema) as writer:
        for _ in range(5):
            writer.write_table(part)


def bomb_of_batches(path: Path) -> None:
    """A Feather file of some kilobytes and 160 million numbers."""
    part = pa.record_batch({f"x{k}": pa.repeat(1.0, 2_000_000) for k in range(16)})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(path, part.schema, options=options) as writer:
        for _ in range(5):
            writer.write_batch(part)


def wide(width: int) -> str:
    names = ",".join(["task", "target", *(f"x{k}" for k in range(width - 2))])
    rows = "".join(f"{'abc'[k % 3]},{k * 7 % 5},{','.join(str(k) * (width - 2))}\n" for k in range(9))
    return f"{names}\n{rows}"


LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in zip("abcdef", "bcdefg", strict=True))

CASES = {
    "a line of 4 GB": sparse(1 << 32),
    "a packed line of 200 MB": packed_line(200 * MIB),
    "a line of 65 MB": later(lambda: "task,x,target\na,1," + "1" * (65 << 20)),
    "a cell of 20 MB": later(lambda: changed(word={3: "w" * (20 << 20)})),
    "a quote that is never closed, 20 MB": later(lambda: 'task,x,target\na,1,"' + "1\n" * (10 << 20)),
    "a zip file of nothing": Case(bomb_of_zeros),
    "zstd of 100 MB of one byte": later(lambda: zstd(b"a,b\n" + b"1" * (100 << 20))),
    "six gigabytes of text in a small Parquet": Case(bomb_of_text),
    "many rows in a small Parquet": Case(bomb_of_rows),
    "many tasks in a small Parquet": Case(many_rows),
    "many rows in a small Feather file": Case(bomb_of_batches),
    "10,000 columns": later(lambda: wide(10_000)),
    "100,000 names above short rows": Case(",".join(f"c{k}" for k in range(WIDE)) + "\n1,2\n"),
    "100,000 equal names": Case(",".join(["x"] * WIDE) + "\n"),
    "100,000 empty names": Case("," * WIDE + "\n"),
    "100,000 keys of JSON": Case(json.dumps({f"k{k}": 1 for k in range(WIDE)})),
    "two million brackets": later(lambda: '{"task": "a", "x": ' + "[" * 2_000_000),
    "a workbook of laughs": Case(
        rewritten(sheet(), "xl/worksheets/sheet1.xml", f'<!DOCTYPE l [<!ENTITY a "ha">{LAUGHS}]><l>&g;</l>')
    ),
    "a workbook of two million texts": later(
        lambda: rewritten(sheet(), "xl/sharedStrings.xml", f"<sst>{'<si><t>word</t></si>' * 2_000_000}</sst>")
    ),
    "20,000 rows of one task a row": later(
        lambda: "task,x,target\n" + "".join(f"t{k},{k * 31 % 1009},{k * 7 % 13}\n" for k in range(20_000))
    ),
}


def peaks() -> dict[str, tuple[str, int]]:
    """Outcome and mebibytes of each at their most, beyond those before it; one after the other in this process."""
    found = {}
    with on_a_small_machine():
        for name, case in CASES.items():
            with TemporaryDirectory() as folder:
                words = case.written(Path(folder))
                RESET.write_text("5")  # the peak begins anew at what is held now
                held = _peak()
                found[name] = outcome(in_process(Path(folder), *words)), (_peak() - held) // MIB
    return found


def _peak() -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    json.dump(peaks(), sys.stdout)
