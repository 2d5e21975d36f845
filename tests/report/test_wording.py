"""Times and values as people say them; sentences of events are in tests/run/test_log.py."""

from mthn_automl.report.wording import digits, duration


def test_a_duration_is_said_as_people_do() -> None:
    said = {-3.0: "0 s", 45.4: "45 s", 59.7: "1 min 00 s", 125.0: "2 min 05 s", 3720.0: "1 h 02 min"}
    assert {seconds: duration(seconds) for seconds in said} == said


def test_a_value_has_four_digits_and_a_dash_stands_for_none() -> None:
    said = {0.0231: "0.02310", 1234.5: "1234", None: "-", float("inf"): "inf", 2e-9: "2.000e-09"}
    assert {value: digits(value) for value in said} == said
    assert (digits(float("nan")), digits(0.0512, 2)) == ("-", "0.051")
