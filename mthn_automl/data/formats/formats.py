"""What a file format is to the door of this package; each is a `FORMAT` in a file of `readers/`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from mthn_automl.data.formats import readers
from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.table_file import TableFile


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        title: what sentences call it.
        recognises: whether this content is of the format.
        opens: the rows of such a content; what it raises is a DataError.
        heeds: fields of `Reading` that have a meaning for it.
        last: asked after all others, since it takes whatever is left.
    """

    title: str
    recognises: Callable[[Content], bool]
    opens: Callable[[Content, Reading], TableFile]
    heeds: frozenset[str] = frozenset()
    last: bool = False


def formats() -> Iterator[Format]:
    """All formats, in the order in which they are asked."""
    found: list[Format] = [import_module(f"{readers.__name__}.{name}").FORMAT for name in readers.names()]
    return iter(sorted(found, key=lambda each: each.last))
