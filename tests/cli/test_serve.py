"""`mthn-automl serve` as a process: it predicts, says where it can be reached, and ends well when it is told to."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from mthn_automl.deployment.model_folder import load_model, write_model
from mthn_automl.deployment.serving.server import bound
from tests.command import in_process, start
from tests.contracts import zoo
from tests.deployment.few import frame, members_of, spared

ROWS = frame(zoo.planted)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "model"
    name = "ensemble of both"
    write_model(folder, name, members_of(name, zoo.planted), spared(zoo.planted()), {})
    return folder


@contextmanager
def serving(model: Path, *options: object) -> Iterator[tuple["subprocess.Popen[str]", str, list[str]]]:
    """The process, where it can be reached, and what it said until then."""
    with start(model.parent, "serve", model, "--port", 0, *options) as process:
        try:
            assert process.stderr is not None
            said = [process.stderr.readline()]
            yield process, re.findall(r"http://\S+(?=;)", said[0])[0], said
        finally:
            if process.poll() is None:
                process.kill()


def test_rows_are_predicted_to_the_bit_and_a_signal_ends_it_when_all_is_answered(model: Path) -> None:
    with serving(model) as (process, url, said), ThreadPoolExecutor(4) as others:
        assert said == [f"The ensemble of both is served at {url}; Ctrl-C stops it.\n"]
        assert url.startswith("http://127.0.0.1:")
        asked = ROWS.to_dict("records")
        answer = httpx.post(f"{url}/predict", json=asked, timeout=60)
        assert answer.json()["predictions"] == load_model(model).predict(ROWS).to_dict("records")
        many = asked * 50
        waiting = [others.submit(httpx.post, f"{url}/predict", json=many, timeout=60) for _ in range(4)]
        while "requests_total" not in httpx.get(f"{url}/metrics").text:
            pass
        first = waiting[0].result()
        process.send_signal(signal.SIGTERM)
        assert first.status_code == 200
        answered = [each.result() for each in waiting if each.exception() is None]
        assert {each.status_code for each in answered} == {200}
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "Stopped: what had been asked has been answered.\n")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health")


def test_the_body_of_an_answer_does_not_wait_for_its_head_to_be_acknowledged() -> None:
    """Which takes clients up to 40 ms (RFC 1122, 4.2.3.2 and 4.2.3.4)."""
    with bound("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.soak)], ids=lambda number: number.name
)
def test_a_body_that_never_ends_is_given_up_in_time_and_ctrl_c_ends_it_well(
    number: signal.Signals, model: Path
) -> None:
    with serving(model, "--timeout", "1s", "--host", "0.0.0.0", "--max-rows", 5) as (process, url, _):
        assert process.stderr is not None
        assert "can be reached from other machines" in process.stderr.readline()
        port = int(url.rsplit(":", 1)[1])
        head = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n["
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.sendall(head)
            assert slow.recv(10_000).startswith(b"HTTP/1.1 503")
        answer = httpx.post(f"http://127.0.0.1:{port}/predict", json=ROWS.head(6).to_dict("records"), timeout=60)
        assert answer.status_code == 422
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "Stopped: what had been asked has been answered.\n")


def test_an_address_that_cannot_be_had_is_refused(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = in_process(model.parent, "serve", model, "--port", port)
    assert (ended.code, ended.out) == (2, "")
    assert f"must be an address of this machine that is free, however 127.0.0.1:{port} is not" in ended.err
    ended = in_process(model.parent, "serve", model, "--host", "no.such.host.invalid")
    assert (ended.code, "however no.such.host.invalid:8000 is not" in ended.err) == (2, True)
    ended = in_process(model.parent, "serve", model, "--timeout", "soon")
    assert (ended.code, "must be written like 90s" in ended.err) == (2, True)


def test_without_its_packages_it_says_how_to_get_them(model: Path) -> None:
    hidden = dict.fromkeys(("fastapi", "uvicorn"))
    with patch.dict(sys.modules, hidden), patch("importlib.util.find_spec", lambda name: None):
        ended = in_process(model.parent, "serve", model)
    assert (ended.code, ended.err) == (
        2,
        "mthn-automl: Serving needs the packages fastapi and uvicorn, however fastapi is not installed: "
        "`pip install '.[serve]'` in a clone of mthn-automl.\n",
    )
