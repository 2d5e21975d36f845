"""What an option says of itself, once: the command, the Python function and the checks are made from it."""

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from inspect import Parameter
from types import NoneType
from typing import Any, Final, TypeVar, get_args

from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.received import typed

OPTION: Final = "option"

LONGEST: Final = 10 * 365.25 * 86_400
"""Seconds of ten years."""

WORDS: Final[Mapping[Any, str]] = {bool: "True or False", int: "a whole number", float: "a number", str: "text"}
"""What options may be, in words."""

Check = Callable[[str, Any], None]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """One option of `search`.

    Attributes:
        help: of the command, one or two sentences.
        panel: of the command's help in which it stands; empty: it is no option but the command's argument.
        written: type of what the command takes, or of each where it is repeatable.
        repeatable: whether it may be written several times.
        parse: makes of what people write, text or a value already, what is stored; None where that is not in a file.
        check: raises UsageError for a flag and a stored value that cannot be.
        again: the help of the same option of `resume`; empty: a resume cannot change it.
        name: of the stored field and of the argument in Python.
        stored: type of what is stored.
        default: as stored.
    """

    help: str
    panel: str
    written: Any
    repeatable: bool
    parse: Callable[[Any], Any]
    check: Check
    again: str
    name: str = ""
    stored: Any = None
    default: Any = None

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def usual(self) -> Any:
        """The default as people would write it."""
        if not isinstance(self.default, tuple):
            return self.default
        return (list(self.default) or None) if self.repeatable else ",".join(self.default)

    def type_written(self, *, optional: bool) -> Any:
        """Of what the command takes; `optional`: or None, where the option may be left out."""
        given = list[self.written] if self.repeatable else self.written  # type: ignore[name-defined]
        return given | None if optional else given

    def refuse(self, value: Any) -> None:
        """Raise UsageError for a stored value that cannot be; None is always the absence of one."""
        if value is None:
            return
        try:
            typed(value, self.stored)
        except ValueError:
            raise self._of_another_type(value) from None
        self.check(self.flag, value)

    def made_of(self, written: Any) -> Any:
        """What is stored of what people wrote.

        Raises:
            UsageError: it is of another type.
        """
        try:
            value = self.parse(written)
        except (TypeError, AttributeError):
            raise self._of_another_type(written) from None
        return value.item() if hasattr(value, "dtype") and value.ndim == 0 else value

    def _of_another_type(self, value: Any) -> UsageError:
        kinds = (each for each in get_args(self.stored) if each is not NoneType and each in WORDS)
        expected = WORDS.get(self.stored) or WORDS.get(next(kinds, None), "text")
        several = f" or a list of {expected}s" if self.repeatable else ""
        return UsageError(f"{self.flag} must be {expected}{several}, however it is {value!r:.60}.")


def as_it_is(written: Any) -> Any:
    """For what people write as it is stored."""
    return written


def anything(flag: str, value: Any) -> None:
    """For values of which all can be."""


def option(
    default: Any,
    text: str,
    panel: str = "",
    *,
    written: Any = None,
    repeatable: bool = False,
    parse: Callable[[Any], Any] = as_it_is,
    check: Check = anything,
    again: str = "",
) -> Any:
    """A field of the options; the arguments are those of `Option`, `text` its help.

    written: where it is not given, what is parsed is written as text, and all else as it is stored.
    """
    if parse is not as_it_is:
        written = written or str
    return field(default=default, metadata={OPTION: Option(text, panel, written, repeatable, parse, check, again)})


def options_of(kind: Any) -> dict[str, Option]:
    """The options that a dataclass of such fields has, by name."""
    return {each.name: _named(each.metadata[OPTION], each.name, each.type, each.default) for each in fields(kind)}


def _named(asked: Option, name: str, stored: Any, default: Any) -> Option:
    """Of `int | None`, an int is written."""
    written = asked.written or next((each for each in get_args(stored) if each is not NoneType), stored)
    return replace(asked, written=written, name=name, stored=stored, default=default)


def parsed(options: Mapping[str, Option], written: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of what people wrote; what they left out, or wrote None for, is left out.

    Raises:
        UsageError: a value that cannot be. TypeError: there is no such option, as of any unknown argument in Python.
    """
    for name in written:
        if name not in options:
            raise TypeError(f"got an unexpected keyword argument '{name}'; {did_you_mean(name, options)}")
    values = {name: options[name].made_of(value) for name, value in written.items() if value is not None}
    for name, value in values.items():
        options[name].refuse(value)
    return {name: value for name, value in values.items() if value is not None}


def arguments(options: Iterable[Option]) -> list[Parameter]:
    """The options as keyword arguments of a Python function, which takes them as text or as values."""
    return [
        Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=each.usual,
            annotation=each.type_written(optional=each.usual is None) | each.stored,
        )
        for each in options
    ]


def accepting(parameters: Iterable[Parameter]) -> Callable[[Function], Function]:
    """A decorator: for `help` and for Typer, the function names these in place of its `**` argument."""

    def named(function: Function) -> Function:
        signature = inspect.signature(function)
        kept = [each for each in signature.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        first = [each for each in kept if each.kind is not Parameter.KEYWORD_ONLY]
        last = [each for each in kept if each.kind is Parameter.KEYWORD_ONLY]
        new = [each for each in parameters if each.name not in signature.parameters]
        function.__signature__ = signature.replace(parameters=[*first, *new, *last])  # type: ignore[attr-defined]
        return function

    return named


def listed(names: Iterable[str]) -> str:
    """Such as `rows or tasks`, or `quick, default or best`."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def one_of(known: Collection[str]) -> Check:
    """Of these names."""

    def check(flag: str, value: str) -> None:
        if value not in known:
            raise UsageError(f"{flag} must be one of {', '.join(known)}; found '{value}', {did_you_mean(value, known)}")

    return check


def at_least(least: int) -> Check:
    """A finite number from `least` on."""

    def check(flag: str, value: float) -> None:
        if not least <= value < math.inf:
            raise UsageError(f"{flag} must be at least {least}, however it is {value}.")

    return check


def above_zero(flag: str, value: float) -> None:
    """A finite number above 0."""
    if not 0 < value < math.inf:
        raise UsageError(f"{flag} must be above 0, however it is {value:g}.")


def in_this_life(flag: str, value: float) -> None:
    """Seconds above 0 that a clock can count."""
    if not 0 < value <= LONGEST:
        raise UsageError(f"{flag} must be above 0 and at most ten years, however it is {value:g} seconds.")


def below_one(flag: str, value: float) -> None:
    """A share that leaves something."""
    if not 0 <= value < 1:
        raise UsageError(f"{flag} must be at least 0 and below 1, however it is {value}.")
