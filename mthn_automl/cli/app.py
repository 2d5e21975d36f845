"""The command line. Nothing heavy is imported before a command runs, so that --help answers at once."""

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import Annotated

import typer

from mthn_automl import __version__
from mthn_automl.catalogue import members
from mthn_automl.cli import commands
from mthn_automl.errors import MthnError, Terminated
from mthn_automl.storage import of_another_kind, refusal
from mthn_automl.terminal import inert
from mthn_automl.tuning.runners.interruption import heeded

INTERRUPTED = 130
ENDED_BY_SIGNAL = 128
"""Added to the number of a signal that ended a command."""

app = typer.Typer(
    name="mthn-automl",
    help="AutoML for many related small tabular tasks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _commands() -> Iterator[tuple[str, ModuleType]]:
    """Every file of `commands/` and the module it is: the file name is the name of the command and of its function."""
    for name in members(Path(commands.__path__[0])):
        yield name, importlib.import_module(f"{commands.__name__}.{name}")


for name, module in sorted(_commands(), key=lambda command: command[1].HELP_ORDER):
    app.command(name)(getattr(module, name))


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mthn-automl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """AutoML for many related small tabular tasks."""


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)


def main() -> None:
    """Run the command; every error ends in one sentence on stderr and an exit code that tells what kind it is."""
    _open_what_is_closed()
    for number in heeded():
        if number != signal.SIGINT:
            signal.signal(number, _terminate)
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # what Typer makes of a KeyboardInterrupt
            raise KeyboardInterrupt
        sys.stdout.flush()  # a full disk behind it is then an error like any other, and not one of Python's end
        sys.exit(code)
    except typer.TyperException as error:
        sentence = error.format_message()  # empty where the help has been shown because nothing was asked
        sys.exit(_say(sentence, error.exit_code) if sentence else error.exit_code)
    except MthnError as error:
        sys.exit(_say(str(error), error.exit_code))
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(_say(f"Interrupted{_what_then()}", INTERRUPTED))
    except Terminated as end:
        sys.exit(_say(f"Terminated{_what_then()}", ENDED_BY_SIGNAL + end.number))
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        sys.exit(_say(refusal(error) or of_another_kind(error) or _unexpected(error), 1))
    except Exception as error:
        sys.exit(_say(_unexpected(error), 1))


def _what_then() -> str:
    command = next((each for each in sys.argv[1:] if not each.startswith("-")), "")
    return "; `mthn-automl resume RUN` goes on with an unfinished run." if command in ("search", "resume") else "."


def _unexpected(error: Exception) -> str:
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _open_what_is_closed() -> None:
    """Standard streams that were closed lead to nowhere, and not into the next file that is opened."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))  # noqa: SIM115


def _drop_output() -> None:
    """What stdout has not taken, it never will; Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(sentence: str, exit_code: int) -> int:
    if "--debug" in sys.argv:
        traceback.print_exc()
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    with suppress(OSError):  # the terminal may be gone
        print(f"mthn-automl: {inert(sentence)}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    main()
