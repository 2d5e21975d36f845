"""What stands above all else on the page of a run that goes on, and once nothing more will come."""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mthn_automl.storage import write_text


@dataclass(frozen=True)
class Banner:
    """A sentence on a page that asks for itself anew."""

    REFRESH: ClassVar = '<meta http-equiv="refresh" content="10">'
    ANCHOR: ClassVar = "running"

    sentence: str


def end_live_page(path: Path, sentence: str) -> None:
    """Say that nothing more will come, and why; nothing where there is no page, or a whole one has taken its place.

    Raises:
        OSError: it cannot be written.
    """
    if not path.is_file():
        return
    content = path.read_text(encoding="utf-8")
    if Banner.REFRESH not in content:
        return
    ended = re.sub(
        rf'(<p id="{Banner.ANCHOR}"[^>]*>).*?(</p>)',
        lambda found: f"{found[1]}{html.escape(sentence)}{found[2]}",
        content.replace(Banner.REFRESH, "", 1),
        count=1,
        flags=re.DOTALL,
    )
    write_text(path, ended, on_disk=False)
