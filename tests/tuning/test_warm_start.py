"""What a run takes over from an earlier one, and that the earlier one stays as it is."""

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from mthn_automl.errors import UsageError
from mthn_automl.tuning.journal import open_journal
from mthn_automl.tuning.space import SearchSpace, build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.warm_start import warm_starts
from tests.tuning import toys

FILE = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"

[parameters]
kind = {{ type = "categorical", choices = ["far", "near"] }}
offset = {{ type = "float", low = 0.0, high = {high}, only_if = {{ kind = ["near"] }} }}
shift = {{ type = "int", low = 0, high = 9 }}
{more}
"""


def space(folder: Path, name: str = "toy", high: float = 1.0, more: str = "") -> SearchSpace:
    return build_space(toys.written(folder / f"{name}.toml", FILE.format(high=high, more=more)), has_metadata=True)


def study_in(journal: Path, name: str = "toy", objectives: int = 1) -> optuna.Study:
    return optuna.create_study(storage=open_journal(journal)[1], study_name=name, directions=["minimize"] * objectives)


def near(offset: float, shift: int = 1) -> dict[str, Any]:
    return {"kind": "near", "offset": offset, "shift": shift}


def tell(
    study: optuna.Study, space: SearchSpace, settings: dict[str, Any], *values: float, excess: float | None = None
) -> None:
    """A trial of these settings; with no values it is pruned."""
    study.enqueue_trial(settings)
    trial = study.ask()
    assert space.suggest(trial) == settings
    if excess is not None:
        trial.set_constraint("parameters", excess)
    study.tell(trial, list(values) or None, state=None if values else TrialState.PRUNED)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run" / "study.journal"


@pytest.fixture
def earlier(journal: Path, tmp_path: Path) -> optuna.Study:
    """Errors 0.4, 0.1, 0.3, 0.2 for the offsets 0.4, 0.1, 0.3, 0.2."""
    study = study_in(journal)
    for offset in (0.4, 0.1, 0.3, 0.2):
        tell(study, space(tmp_path), near(offset), offset)
    return study


@pytest.mark.usefixtures("earlier")
def test_the_best_settings_are_tried_first_and_no_more_than_asked_for(journal: Path, tmp_path: Path) -> None:
    starts, sentences = warm_starts(journal, {"toy": space(tmp_path)})
    assert starts == {"toy": [near(0.1), near(0.2), near(0.3)]}
    assert sentences == ["toy: 3 of the best settings of the earlier run are tried first."]
    for most, count in ((1, 1), (2, 2), (9, 4)):
        assert len(warm_starts(journal, {"toy": space(tmp_path)}, most)[0]["toy"]) == count
    studies = Studies(tmp_path / "new.journal", {"toy": space(tmp_path)}, seed=0, warm=starts)
    assert [studies["toy"].ask().settings for _ in range(3)] == starts["toy"]


def test_only_complete_trials_within_the_limits_are_taken(journal: Path, tmp_path: Path, earlier: optuna.Study) -> None:
    tell(earlier, space(tmp_path), near(0.1), 0.05)
    assert warm_starts(journal, {"toy": space(tmp_path)})[0]["toy"] == [near(0.1), near(0.2), near(0.3)]
    tell(earlier, space(tmp_path), near(0.9))
    tell(earlier, space(tmp_path), near(0.8), 0.01, excess=5.0)
    tell(earlier, space(tmp_path), near(0.7), 0.02, excess=0.0)
    earlier.tell(earlier.ask(), state=TrialState.FAIL)
    earlier.ask().suggest_int("shift", 0, 9)
    assert warm_starts(journal, {"toy": space(tmp_path)}, 1)[0]["toy"] == [near(0.7)]


def test_of_several_objectives_the_first_counts(journal: Path, tmp_path: Path) -> None:
    study = study_in(journal, objectives=2)
    tell(study, space(tmp_path), near(0.1), 0.5, 10.0)
    tell(study, space(tmp_path), near(0.2), 0.4, 20.0)
    assert warm_starts(journal, {"toy": space(tmp_path)})[0]["toy"] == [near(0.2), near(0.1)]


@pytest.mark.usefixtures("earlier")
def test_settings_outside_of_the_present_range_are_left_out_and_named(journal: Path, tmp_path: Path) -> None:
    starts, sentences = warm_starts(journal, {"toy": space(tmp_path, high=0.15)})
    assert starts["toy"] == [near(0.1)]
    assert "toy: 3 of them left out, since 'offset' lies outside of its present range." in sentences
    starts, sentences = warm_starts(journal, {"toy": space(tmp_path, high=0.05)})
    assert starts == {}
    assert sentences[0] == "toy: 0 of the best settings of the earlier run are tried first."


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(("default", "taken"), [("", {}), (", default = 4", {"extra": 4})], ids=["no default", "4"])
def test_a_parameter_that_is_new_begins_with_its_default_if_it_has_one(
    journal: Path, tmp_path: Path, default: str, taken: dict[str, Any]
) -> None:
    more = f'extra = {{ type = "int", low = 0, high = 9{default} }}'
    starts, _ = warm_starts(journal, {"toy": space(tmp_path, more=more)}, 1)
    assert starts["toy"] == [{**near(0.1), **taken}]


def test_a_parameter_that_is_gone_is_left_out_and_named(journal: Path, tmp_path: Path) -> None:
    before = space(tmp_path, more='old = { type = "int", low = 0, high = 9 }')
    tell(study_in(journal), before, {**near(0.1), "old": 3}, 0.1)
    starts, sentences = warm_starts(journal, {"toy": space(tmp_path)})
    assert starts["toy"] == [near(0.1)]
    assert "toy: 'old' is left out, since it is no parameter now." in sentences


def test_what_the_present_condition_does_not_ask_is_left_out(journal: Path, tmp_path: Path) -> None:
    study = study_in(journal)
    trial = study.ask()
    trial.suggest_categorical("kind", ["far"])
    trial.suggest_float("offset", 0.5, 0.5)
    study.tell(trial, 1.0)
    assert warm_starts(journal, {"toy": space(tmp_path)})[0]["toy"] == [{"kind": "far"}]


@pytest.mark.usefixtures("earlier")
def test_architectures_of_one_run_only_are_named(journal: Path, tmp_path: Path) -> None:
    starts, sentences = warm_starts(journal, {"other": space(tmp_path, "other")})
    assert starts == {}
    assert sentences == ["other: the earlier run has no finished trial of it.", "toy: it is not searched now."]


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("end", [b"", b'{"op_code": 4, "wor', b"\xff\xfe"], ids=["whole", "torn", "torn in a letter"])
def test_the_earlier_run_stays_as_it_is(journal: Path, tmp_path: Path, end: bytes) -> None:
    with journal.open("ab") as stream:
        stream.write(end)
    (journal.parent / "study.journal.lock").touch()
    before = {file.name: file.read_bytes() for file in journal.parent.iterdir()}
    assert len(warm_starts(journal, {"toy": space(tmp_path)})[0]["toy"]) == 3
    assert {file.name: file.read_bytes() for file in journal.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read"),
        (b"", "has none"),
        (b"task,x\n1,2\n", "is no journal of a run"),
        (b"\xff\xfe\x00\n\n", "is no journal of a run"),
        (b"[1, 2]\n", "is no journal of a run"),
        (json.dumps({"op_code": 99}).encode() + b"\n", "is no journal of a run"),
    ],
    ids=["absent", "empty", "a table", "no text", "a list", "an unknown record"],
)
def test_what_is_no_journal_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None, what: str) -> None:
    journal = tmp_path / "study.journal"
    if content is not None:
        journal.write_bytes(content)
    with pytest.raises(UsageError, match=f"--warm-start must name a run with finished trials, however .* {what}"):
        warm_starts(journal, {"toy": space(tmp_path)})


def test_a_run_that_finished_no_trial_is_refused(journal: Path, tmp_path: Path) -> None:
    study = study_in(journal)
    study.ask()
    tell(study, space(tmp_path), near(0.5), 0.1, excess=1.0)
    with pytest.raises(UsageError, match="has none"):
        warm_starts(journal, {"toy": space(tmp_path)})
