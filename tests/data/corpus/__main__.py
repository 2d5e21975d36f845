"""Write the table of outcomes anew: `python -m tests.data.corpus`, a minute. The diff says what has changed."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.command import in_process
from tests.data.corpus.case import on_a_small_machine, outcome
from tests.data.corpus.large import peaks
from tests.data.corpus.outcomes import TABLE, cases, written

with on_a_small_machine():
    found = {}
    for key, case in cases().items():
        with TemporaryDirectory() as folder:
            found[key] = outcome(in_process(Path(folder), *case.written(Path(folder))))
found |= {f"large: {name}": each for name, (each, _) in peaks().items()}
TABLE.write_text(written(found), encoding="utf-8")
