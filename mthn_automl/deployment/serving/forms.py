"""The forms that requests and answers have: JSON, and streams of Arrow."""

from typing import Final

from mthn_automl.errors import RequestError

JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
FORMS: Final = (JSON, ARROW)
ANY: Final = ("", "*/*", "application/*")


def form_given(content_type: str) -> str:
    """The form of a body.

    A body must say it: what a page in a browser may send to other machines without asking them first is none of these.

    Raises:
        RequestError: another form, or none.
    """
    kind = _kind(content_type)
    if kind in FORMS:
        return kind
    found = f"it is '{kind[:80]}'" if kind else "there is none"
    raise RequestError(
        415, f"The Content-Type of a request must be {JSON} or {ARROW}, however {found}; send one of them."
    )


def form_wanted(accept: str, given: str) -> str:
    """The form of the answer: the first one accepted, or that of the body.

    Raises:
        RequestError: none of them is accepted.
    """
    for kind in map(_kind, accept.split(",")):
        if kind in FORMS:
            return kind
        if kind in ANY:
            return given
    raise RequestError(406, f"An answer can be {JSON} or {ARROW}, however Accept names neither; name one of them.")


def _kind(header: str) -> str:
    return header.split(";")[0].strip().lower()
