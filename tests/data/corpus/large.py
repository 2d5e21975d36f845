"""Inputs that aim at memory, and what a process of its own takes for each.

python -m tests.data.corpus.large    the outcome and the peak of each, as JSON; what the test starts
"""

import gzip
import json
import os
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from tests.command import in_process
from tests.data.corpus.case import Case, changed, outcome, short_of_memory, text
from tests.data.formats.made import sheet, zstd
from tests.data.formats.made import changed as rewritten

MIB = 1 << 20
WIDE = 100_000
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def sparse(size: int) -> Case:
    """A file that is large and takes no disk: zero bytes behind the first line."""

    def write(path: Path) -> None:
        path.write_bytes(b"task,x,target\na,1,")
        os.truncate(path, size)

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
    """A Parquet file of some kilobytes and 80 million numbers."""
    part = pa.table({name: pa.repeat(1.0, 4_000_000) for name in ("task", "target")})
    with pq.ParquetWriter(path, part.schema) as writer:
        for _ in range(10):
            writer.write_table(part)


def bomb_of_batches(path: Path) -> None:
    """A Feather file of some kilobytes and 40 million numbers."""
    part = pa.record_batch({name: pa.repeat(1.0, 4_000_000) for name in ("task", "target")})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(path, part.schema, options=options) as writer:
        for _ in range(5):
            writer.write_batch(part)


def wide() -> str:
    names = ",".join(["task", "target", *(f"x{k}" for k in range(WIDE - 2))])
    rows = "".join(f"{'abc'[k % 3]},{k * 7 % 5},{','.join(str(k) * (WIDE - 2))}\n" for k in range(9))
    return f"{names}\n{rows}"


LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in zip("abcdef", "bcdefg", strict=True))
STRINGS = f"<sst>{'<si><t>word</t></si>' * 2_000_000}</sst>"
DEEP = '{"task": "a", "x": ' + "[" * 2_000_000

CASES = {
    "a line of 4 GB": sparse(1 << 32),
    "a packed line of 200 MB": packed_line(200 * MIB),
    "a line of 65 MB": Case("task,x,target\na,1," + "1" * (65 << 20)),
    "a cell of 20 MB": Case(changed(word={3: "w" * (20 << 20)})),
    "a quote that is never closed, 70 MB": Case('task,x,target\na,1,"' + "1\n" * (35 << 20)),
    "a zip file of nothing": Case(bomb_of_zeros),
    "zstd of 100 MB of one byte": Case(zstd(b"a,b\n" + b"1" * (100 << 20))),
    "six gigabytes of text in a small Parquet": Case(bomb_of_text),
    "many rows in a small Parquet": Case(bomb_of_rows),
    "many rows in a small Feather file": Case(bomb_of_batches),
    "100,000 columns": Case(wide()),
    "100,000 names above short rows": Case(",".join(f"c{k}" for k in range(WIDE)) + "\n1,2\n"),
    "100,000 equal names": Case(",".join(["x"] * WIDE) + "\n"),
    "100,000 empty names": Case("," * WIDE + "\n"),
    "100,000 keys of JSON": Case(json.dumps({f"k{k}": 1 for k in range(WIDE)})),
    "two million brackets": Case(DEEP),
    "a workbook of laughs": Case(
        rewritten(sheet(), "xl/worksheets/sheet1.xml", f'<!DOCTYPE l [<!ENTITY a "ha">{LAUGHS}]><l>&g;</l>')
    ),
    "a workbook of two million texts": Case(rewritten(sheet(), "xl/sharedStrings.xml", STRINGS)),
    "100,000 rows of one task a row": Case(
        text({"task": range(100_000), "x": range(100_000), "target": [k * 7 % 13 for k in range(100_000)]})
    ),
}


def peaks() -> dict[str, tuple[str, int]]:
    """Outcome and the most mebibytes of each, one after the other in this process."""
    found = {}
    with short_of_memory():
        for name, case in CASES.items():
            with TemporaryDirectory() as folder:
                words = case.written(Path(folder))
                RESET.write_text("5")  # the peak begins anew at what is held now
                found[name] = outcome(in_process(Path(folder), *words)), _peak() // MIB
    return found


def _peak() -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    json.dump(peaks(), sys.stdout)
