"""Packed files: gzip, zstd, bzip2, xz and zip, cut, damaged, nested, empty, and those that only fill memory."""

import bz2
import gzip
import lzma
import random
from collections.abc import Callable

from tests.data.corpus.case import GOOD, Case, text
from tests.data.formats.kinds import zipped
from tests.data.formats.made import archive, one_member, stored, zstd

PLAIN = text(GOOD).encode()
NOISE = random.Random(3).randbytes(3_000)
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zstd": zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: archive(data__csv=content),
}


def _ways() -> dict[str, Case]:
    found = {}
    for name, pack in WAYS.items():
        packed = pack(PLAIN)
        found[f"{name}"] = Case(packed)
        found[f"{name} cut off"] = Case(packed[: len(packed) * 2 // 3])
        found[f"{name} with wrong bytes"] = Case(packed[:40] + NOISE[:60] + packed[100:])
        found[f"{name} of nothing"] = Case(pack(b""))
        found[f"{name} twice"] = Case(pack(packed))
    return found


CASES = {
    **_ways(),
    "gzip in two parts": Case(gzip.compress(PLAIN[:300]) + gzip.compress(PLAIN[300:])),
    "gzip with noise behind": Case(gzip.compress(PLAIN) + NOISE),
    "gzip of UTF-16": Case(gzip.compress(text(GOOD).encode("utf-16"))),
    "a mark of gzip alone": Case(b"\x1f\x8b"),
    "a mark of zstd alone": Case(b"\x28\xb5\x2f\xfd"),
    "a file called .gz that is not packed": Case(PLAIN, name="data.csv.gz"),
    "a zip of two files": Case(archive(a__csv=PLAIN, b__csv=PLAIN)),
    "a zip of no file": Case(archive()),
    "a zip of a folder": Case(archive(**{"folder/": b""})),
    "a zip of a file in a folder": Case(archive(**{"folder/data.csv": PLAIN})),
    "a zip with a Macintosh's files": Case(zipped(PLAIN)),
    "a zip of a path that leads elsewhere": Case(archive(**{"../../etc/cron.d/x": PLAIN})),
    "a zip of an absolute path": Case(archive(**{"/etc/passwd": PLAIN})),
    "a zip of a name that clears the screen": Case(archive(**{"\x1b[2J.csv": PLAIN})),
    "a zip of a zip": Case(archive(a__zip=archive(a__csv=PLAIN))),
    "a zip of a picture": Case(archive(a__png=b"\x89PNG\r\n\x1a\n")),
    "a zip with a password": Case(one_member("a").replace(b"\x00\x00\x08\x00", b"\x01\x00\x08\x00")),
    "a zip with a wrong sum": Case(stored("task,x\na,1\n").replace(b"a,1", b"a,7")),
    "a zip that lies of its size": Case(
        archive(data__csv=PLAIN).replace(len(PLAIN).to_bytes(4, "little"), b"\xff" * 4)
    ),
}
