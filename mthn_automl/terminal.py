"""Text that cannot steer the terminal it is shown on, whatever names of columns, files and folders hold."""

import re

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for the tab and the end of a line, and those that turn the direction of writing."""


def inert(text: str) -> str:
    """The text with what would steer a terminal written as its code: `\\x1b` in place of an escape."""
    return STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
