"""The C library's allocator, told to keep memory between steps instead of returning it and asking again."""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Parameters of glibc's mallopt (malloc.h)."""

LARGEST_KEPT = 32 << 20
"""The most that glibc allows as a threshold."""

KEPT_FREE = 256 << 20


def keep_memory() -> bool:
    """Whether this C library could be told. With glibc's defaults packs trained 1.3-1.6 times slower (measured)."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(TRIM_THRESHOLD, KEPT_FREE))
