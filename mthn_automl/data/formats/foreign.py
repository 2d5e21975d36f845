"""Files that are no table, or none that is read here: each is named for what it is."""

import re

from mthn_automl.data.formats.content import OFFICE, Content
from mthn_automl.errors import DataError

_CSV = "save it as CSV or Parquet"
_MAGICS: dict[bytes, tuple[str, str]] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": (
        "an Excel file of version 97 to 2003, or another old document",
        "save it as .xlsx",
    ),
    b"%PDF": ("a PDF document", "copy its tables to a CSV file"),
    b"SQLite format 3\0": ("an SQLite database", "export one table as CSV"),
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file", _CSV),
    b"FEA1": ("a Feather file of version 1", "save it as Feather version 2 or Parquet"),
    b"PARE": ("an encrypted Parquet file", "decrypt it"),
    b"ORC": ("an ORC file", _CSV),
    b"Obj\x01": ("an Avro file", _CSV),
    b"\x93NUMPY": ("a NumPy array", _CSV),
    b"$FL2": ("an SPSS file", _CSV),
    b"<stata_dta>": ("a Stata file", _CSV),
    b"MATLAB 5.0": ("a MATLAB file", _CSV),
    b"RDX": ("R data", _CSV),
    b"\x89PNG": ("a picture", "give a table"),
    b"\xff\xd8\xff": ("a picture", "give a table"),
    b"GIF8": ("a picture", "give a table"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
    b"\x1f\x8b": ("packed twice", "unpack it"),
    b"\x28\xb5\x2f\xfd": ("packed twice", "unpack it"),
    b"BZh9": ("packed twice", "unpack it"),
    b"\xfd7zXZ\0": ("packed twice", "unpack it"),
    b"\x7fELF": ("a program", "give a table"),
}
_DOCUMENTS = {
    "xl/workbook.bin": ("a binary Excel workbook (.xlsb)", "save it as .xlsx"),
    "word/document.xml": ("a Word document", "copy its table to a CSV file"),
    "ppt/presentation.xml": ("a presentation", "give a table"),
    "content.xml": ("an OpenDocument file", "save it as .xlsx or CSV"),
}
_NO_TEXT = re.compile(rb"[\x00-\x08]")  # in the head of every format whose mark may be the name of a column, too
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_MARKUP = re.compile(rb"\s*<(!doctype html|html|\?xml|head|body|table)", re.IGNORECASE)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def refuse_foreign(content: Content) -> None:
    """Raise a DataError if this is a file of a well-known kind that is not read."""
    found = _known(content)
    if found is not None:
        raise DataError(
            f"The data must be a table in CSV, Parquet, Feather, JSON or .xlsx, however {content.name} is {found[0]}; "
            f"{found[1]}."
        )


def _known(content: Content) -> tuple[str, str] | None:
    head = content.head
    if head.startswith(b"\xd0\xcf\x11\xe0") and _ENCRYPTED in content.seekable().read():
        return "an Excel workbook with a password", "save it without one"
    for magic, found in _MAGICS.items():
        if head.startswith(magic) and (not magic.isalnum() or _NO_TEXT.search(head)):
            return found
    if head[257:262] == b"ustar":
        return "a tar archive", "unpack it and give one file"
    if head[8:12] == b"DUCK":
        return "a DuckDB database", "export one table as CSV"
    if _PICKLE.match(head):
        return "a pickle of Python, which could run code when it is read", "save the table as Parquet"
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return (
            "a page of HTML or XML, as a server sends in place of a file",
            "download the file itself, or save its table as CSV",
        )
    if content.packing and content.members and not OFFICE & content.members:
        return "packed twice", "unpack it"
    return next((words for member, words in _DOCUMENTS.items() if member in content.members), None)
