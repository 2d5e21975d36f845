"""Search space files turned into distributions, and what is refused."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mthn_automl import catalogue
from mthn_automl.errors import UsageError
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.tuning.space import SearchSpace, build_space, make_settings
from tests.tuning.toys import written

HEAD = """
format = 1
architecture = "tests.tuning.toys:Toy"
family = "classical"
"""
WHOLE = f"""{HEAD}
[parameters]
rate = {{ type = "float", low = 1e-3, high = 1.0, scale = "log" }}
depth = {{ type = "int", low = 1, high = 3 }}
kind = {{ type = "categorical", choices = ["plain", "gated"] }}
gates = {{ type = "int", low = 1, high = 8, scale = "log", only_if = {{ kind = ["gated"] }} }}
use_metadata = {{ type = "categorical", choices = [true, false], needs = "metadata" }}

[parameters.metadata_scale]
type = "float"
low = 0
high = 2
needs = "metadata"
only_if = {{ use_metadata = [true] }}

[training]
decay = {{ type = "float", low = 0.0, high = 1.0 }}
"""
ONE = HEAD + '\n[parameters.rate]\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'


def built(tmp_path: Path, text: str, *, has_metadata: bool = True) -> SearchSpace:
    return build_space(written(tmp_path / "mine.toml", text), has_metadata)


def names_asked(space: SearchSpace, fixed: dict[str, Any]) -> list[str]:
    return list(space.suggest(optuna.trial.FixedTrial(fixed)))


EVERYTHING = {
    "rate": 0.1,
    "depth": 2,
    "kind": "gated",
    "gates": 2,
    "use_metadata": True,
    "metadata_scale": 1.0,
    "decay": 0.5,
}


def test_a_table_becomes_the_distribution_it_describes(tmp_path: Path) -> None:
    space = built(tmp_path, WHOLE)
    assert {each.name: each.distribution for each in space.parameters} == {
        "rate": FloatDistribution(1e-3, 1.0, log=True),
        "depth": IntDistribution(1, 3),
        "kind": CategoricalDistribution(["plain", "gated"]),
        "gates": IntDistribution(1, 8, log=True),
        "use_metadata": CategoricalDistribution([True, False]),
        "metadata_scale": FloatDistribution(0, 2),
        "decay": FloatDistribution(0.0, 1.0),
    }
    assert space.split({"rate": 0.1, "decay": 0.5}) == ({"rate": 0.1}, {"decay": 0.5})


def test_parameters_are_asked_in_the_order_of_the_file_and_only_where_their_condition_holds(tmp_path: Path) -> None:
    space, bare = built(tmp_path, WHOLE), built(tmp_path, WHOLE, has_metadata=False)
    assert names_asked(space, EVERYTHING) == list(EVERYTHING)
    assert set(EVERYTHING) - set(names_asked(space, EVERYTHING | {"kind": "plain"})) == {"gates"}
    assert set(EVERYTHING) - set(names_asked(space, EVERYTHING | {"use_metadata": False})) == {"metadata_scale"}
    assert set(EVERYTHING) - set(names_asked(bare, EVERYTHING)) == {"use_metadata", "metadata_scale"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE + "hihg = 2.0\n", "parameter 'rate' has an unknown key 'hihg'; did you mean 'high'?"),
        (ONE + "only_if = { later = [1] }\n", "only_if must name an earlier parameter, however it names 'later'"),
        (ONE + "only_if = { rate = [1] }\n", "only_if must name an earlier parameter, however it names 'rate'"),
        (ONE + 'needs = "gpu"\n', "needs can only be 'metadata', found 'gpu'"),
        (ONE + 'scale = "cubic"\n', "scale must be 'log' or 'linear', found 'cubic'"),
        (ONE + 'scale = "log"\n', "parameter 'rate' needs low < high .above 0 on a log scale. or choices, however"),
        (HEAD + '[parameters.a]\ntype = "int"\nlow = 3\nhigh = 1\n', "parameter 'a' needs low < high"),
        (HEAD + '[parameters.a]\ntype = "float"\nlow = 3.0\n', "parameter 'a' needs low < high .*high"),
        (HEAD + '[parameters.a]\ntype = "int"\nlow = "x"\nhigh = 1\n', "parameter 'a' needs low < high"),
        (HEAD + '[parameters.a]\ntype = "categorical"\nchoices = []\n', "parameter 'a' needs .* choices"),
        (HEAD + '[parameters.a]\ntype = "categorical"\n', "parameter 'a' needs .* or choices"),
        (HEAD + '[parameters.a]\ntype = "real"\n', "type must be 'float', 'int' or 'categorical', found 'real'"),
        (HEAD + "[parameters.a]\nlow = 1\n", "type must be 'float', 'int' or 'categorical', found None"),
        (WHOLE + "[[first_trials]]\nrat = 0.1\n", "first_trials name 'rat'; did you mean 'rate'"),
        (WHOLE + "[[first_trials]]\nrate = 2.0\n", "first_trials give rate = 2.0, which is outside of its range"),
        (ONE + "default = 2.5\n", r"parameter 'rate': default must lie within its range, however it is 2\.5"),
        (WHOLE + "[[first_trials]]\ndepth = 1.5\n", "first_trials give depth = 1.5, which is outside"),
        (WHOLE + "[[first_trials]]\ndepth = true\n", "first_trials give depth = True, which is outside"),
        (WHOLE + '[[first_trials]]\nkind = "odd"\n', "first_trials give kind = 'odd', which is outside"),
        (WHOLE + "[[first_trials]]\ndecay = -0.5\n", "first_trials give decay = -0.5, which is outside"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        built(tmp_path, text)
    assert str(tmp_path / "mine.toml") in str(refused.value)


def test_a_condition_on_what_needs_metadata_is_void_without_them(tmp_path: Path) -> None:
    both = WHOLE.replace(
        'needs = "metadata"\nonly_if = { use_metadata = [true] }', "only_if = { use_metadata = [true] }"
    )
    bare = built(tmp_path, both, has_metadata=False)
    assert "metadata_scale" in names_asked(bare, EVERYTHING)
    assert "metadata_scale" not in names_asked(built(tmp_path, both), EVERYTHING | {"use_metadata": False})


def test_first_trials_keep_only_what_is_asked_and_take_the_defaults_of_what_they_do_not_name(tmp_path: Path) -> None:
    starts = """first_trials = [
    { rate = 0.1, kind = "plain", gates = 4, use_metadata = true },
    { rate = 0.1, kind = "plain", use_metadata = false, metadata_scale = 1.0 },
]"""
    text = WHOLE.replace("[parameters]", f"{starts}\n[parameters]", 1)
    plain = {"rate": 0.1, "kind": "plain"}
    assert built(tmp_path, text).starts == (plain | {"use_metadata": True}, plain | {"use_metadata": False})
    assert built(tmp_path, text, has_metadata=False).starts == (plain,)  # they are alike then
    assert built(tmp_path, ONE + "default = 0.25\n[[first_trials]]\n").starts == ({"rate": 0.25},)


def test_the_training_of_every_neural_architecture_is_searched_though_its_file_does_not_say_so(tmp_path: Path) -> None:
    text = ONE.replace("classical", "neural") + '[training.squash]\ntype="categorical"\nchoices=[true]'
    space = built(tmp_path, text)
    assert space.training_names == {each.name for each in fields(TrainingSettings)} - set(catalogue.shared_target())
    assert next(each for each in space.parameters if each.name == "squash").distribution.choices == (True,)
    usual = {each.name: each.default for each in built(tmp_path, ONE.replace("classical", "neural")).parameters}
    expected = {name: each for name, each in vars(TrainingSettings()).items() if name not in catalogue.shared_target()}
    assert usual.items() >= expected.items()


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("high = 3", "high = 4", {"depth"}),
        ('choices = ["plain", "gated"]', 'choices = ["gated", "plain"]', {"kind"}),
        ('{ kind = ["gated"] }', '{ kind = ["plain"] }', {"gates"}),
        ("first", "none", set()),
    ],
)
def test_the_fingerprint_tells_what_changed(tmp_path: Path, before: str, after: str, changed: set[str]) -> None:
    old, new = (built(tmp_path, text).fingerprint() for text in (WHOLE, WHOLE.replace(before, after)))
    assert {name for name in old if old[name] != new[name]} == changed


@pytest.mark.parametrize("name", catalogue.names())
def test_every_shipped_file_gives_a_space_with_first_trials(name: str) -> None:
    assert len(build_space(catalogue.read(name), True).starts) >= 2
    assert build_space(catalogue.read(name), False).starts


def test_settings_that_were_not_asked_keep_their_defaults_and_one_that_the_class_lacks_is_refused() -> None:
    assert make_settings(TrainingSettings, {"learning_rate": 0.1}) == TrainingSettings(learning_rate=0.1)
    with pytest.raises(
        UsageError, match="TrainingSettings has no setting 'learningrate'; did you mean 'learning_rate'"
    ):
        make_settings(TrainingSettings, {"learningrate": 0.1})
