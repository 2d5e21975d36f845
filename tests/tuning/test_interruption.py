"""Signals: the first asks to stop, the second stops at once, and neither outlives the work that it was meant for."""

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mthn_automl.errors import Terminated
from mthn_automl.tuning.runners.interruption import Interruption, Overdue, Stopped, heeded, let_interruptions_pass

Error = type[BaseException]
PATIENCE = 30.0
either = pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)], ids=["SIGINT", "SIGTERM"]
)


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    with Interruption() as listening:
        yield listening


def send(number: int) -> None:
    """The handler of a signal to this process runs between two of its own instructions."""
    os.kill(os.getpid(), number)
    time.sleep(0.01)


@either
def test_a_first_signal_is_noted_and_raised_when_asked(interruption: Interruption, number: int, error: Error) -> None:
    assert (interruption.number, interruption.pending) == (None, False)
    interruption.raise_if_asked()
    send(number)
    assert (interruption.number, interruption.pending) == (number, True)
    interruption.acted_upon()
    with pytest.raises(error):
        interruption.raise_if_asked()


@either
def test_a_first_signal_breaks_off_work_and_none_is_begun(
    interruption: Interruption, number: int, error: Error
) -> None:
    assert not issubclass(Stopped, Exception)  # no error that a model could handle
    done = []
    with pytest.raises(Stopped), interruption.raising():
        done += [send(number), "what follows"]
    assert (interruption.number, interruption.pending) == (number, True)
    with pytest.raises(Stopped), interruption.raising():
        done.append("more")
    assert done == []


@either
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_at_once(interruption: Interruption, first: int, number: int, error: Error) -> None:
    send(first)
    with pytest.raises(error):
        send(number)


@either
def test_once_acted_upon_work_runs_to_its_end(interruption: Interruption, number: int, error: Error) -> None:
    send(signal.SIGTERM)
    interruption.acted_upon()
    with interruption.raising(PATIENCE):
        done = True
    assert done
    assert (interruption.number, interruption.pending) == (signal.SIGTERM, False)
    with pytest.raises(error), interruption.raising():
        send(number)


@pytest.mark.parametrize("seconds", [0.05, 0.0])
def test_work_whose_time_has_passed_is_broken_off(interruption: Interruption, seconds: float) -> None:
    started = time.monotonic()
    assert not issubclass(Overdue, Exception)  # no error that a model could handle
    with pytest.raises(Overdue), interruption.raising(seconds):
        time.sleep(PATIENCE)
    assert time.monotonic() - started < PATIENCE / 2
    assert not interruption.pending


@pytest.mark.parametrize("seconds", [None, math.inf, PATIENCE])
def test_work_that_is_over_in_time_leaves_no_alarm_behind(interruption: Interruption, seconds: float | None) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with interruption.raising(seconds):
        pass
    with pytest.raises(ZeroDivisionError), interruption.raising(seconds):
        raise ZeroDivisionError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before
    send(signal.SIGINT)
    assert interruption.pending


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in (*heeded(), signal.SIGALRM)]


def test_it_listens_while_it_is_entered_and_the_handlers_of_before_come_back() -> None:
    before = handlers()
    Interruption().raise_if_asked()
    assert handlers() == before
    with Interruption():
        assert handlers() != before
    assert handlers() == before


def test_signals_that_somebody_else_took_are_taken_back(interruption: Interruption) -> None:
    kept = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    interruption.listen()
    assert signal.getsignal(signal.SIGTERM) == kept
    send(signal.SIGTERM)
    assert interruption.number == signal.SIGTERM


def test_outside_of_the_main_thread_nothing_is_taken_and_nothing_ends() -> None:
    """A search that a notebook or a server runs in a thread: only the main thread may have handlers."""
    before, found = handlers(), []

    def work() -> None:
        with Interruption() as interruption:
            interruption.listen()
            with interruption.raising(0.01):
                time.sleep(0.1)
            found.append(handlers())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)
    assert found == [before]


def test_an_interruption_that_comes_out_as_another_error_is_still_one_and_an_ordinary_error_is_none() -> None:
    wrapped = RuntimeError("dynamicLayerStack")
    wrapped.__cause__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        let_interruptions_pass(wrapped)
    let_interruptions_pass(ValueError("a model's own"))


def test_hanging_up_asks_to_stop_unless_it_was_ignored_from_the_start() -> None:
    kept = signal.getsignal(signal.SIGHUP)
    try:
        for handler, heeds in ((signal.SIG_DFL, True), (signal.SIG_IGN, False)):
            signal.signal(signal.SIGHUP, handler)
            with Interruption() as interruption:
                assert (signal.SIGHUP in heeded()) == heeds
                send(signal.SIGHUP)
            assert (interruption.number == signal.SIGHUP) == heeds
            assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, kept)
