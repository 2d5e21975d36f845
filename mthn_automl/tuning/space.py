"""From a search space file to Optuna distributions, settings objects and starting points."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mthn_automl.catalogue import SpaceFile, shared_target
from mthn_automl.errors import UsageError, did_you_mean

KEYS = {"type", "low", "high", "scale", "choices", "only_if", "needs", "why", "default"}


Distribution = CategoricalDistribution | FloatDistribution | IntDistribution


@dataclass(frozen=True)
class Parameter:
    """One searched number or choice.

    Attributes:
        name: of the setting.
        distribution: its range, as Optuna has it.
        only_if: by earlier parameter, the values for which this one is asked.
        needs_metadata: whether it is asked only where the data have metadata.
        default: what a first trial without it has.
        void_without_metadata: earlier parameters of `only_if` that need metadata; without any they ask for nothing.
    """

    name: str
    distribution: Distribution
    only_if: Mapping[str, tuple[Any, ...]]
    needs_metadata: bool
    default: Any = None
    void_without_metadata: frozenset[str] = frozenset()

    def asked(self, settings: Mapping[str, Any], has_metadata: bool) -> bool:
        if self.needs_metadata and not has_metadata:
            return False
        void = frozenset() if has_metadata else self.void_without_metadata
        return all(settings.get(name) in values for name, values in self.only_if.items() if name not in void)


@dataclass(frozen=True)
class SearchSpace:
    """What is searched of one architecture, for data with or without metadata.

    Attributes:
        name: of the architecture.
        parameters: in the order in which they are asked.
        training_names: of the parameters that are settings of the training.
        starts: settings of the first trials.
        has_metadata: whether the data have metadata.
    """

    name: str
    parameters: tuple[Parameter, ...]
    training_names: frozenset[str]
    starts: tuple[Mapping[str, Any], ...]
    has_metadata: bool

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Ask the trial for every parameter that applies, in the order of the file."""
        settings: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.asked(settings, self.has_metadata):
                settings[parameter.name] = _ask(trial, parameter)
        return settings

    def split(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Settings of the architecture, and settings of the training."""
        own = {name: value for name, value in settings.items() if name not in self.training_names}
        return own, {name: value for name, value in settings.items() if name in self.training_names}

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether these are settings that it asks for, each in its range."""
        ranges = {each.name: each.distribution for each in self.parameters}
        return all(name in ranges and _contains(ranges[name], value) for name, value in settings.items())

    def fingerprint(self) -> dict[str, str]:
        """A hash a parameter, so that a resume can name the one that changed."""
        return {
            each.name: hashlib.sha256(
                json.dumps([optuna.distributions.distribution_to_json(each.distribution), dict(each.only_if)]).encode()
            ).hexdigest()[:16]
            for each in self.parameters
            if self.has_metadata or not each.needs_metadata
        }


def _ask(trial: optuna.Trial, parameter: Parameter) -> Any:
    name, range_ = parameter.name, parameter.distribution
    if isinstance(range_, IntDistribution):
        return trial.suggest_int(name, range_.low, range_.high, log=range_.log)
    if isinstance(range_, FloatDistribution):
        return trial.suggest_float(name, range_.low, range_.high, log=range_.log)
    return trial.suggest_categorical(name, range_.choices)


def build_space(file: SpaceFile, has_metadata: bool, *, log_target: bool = False) -> SearchSpace:
    """Check a search space file and turn it into distributions.

    log_target: whether the logarithm of the targets is worth a search, too.

    Raises:
        UsageError: a parameter, condition or first trial that cannot be; the message names file and parameter.
    """
    file = replace(file, training={**file.training, **shared_target()}) if log_target else file
    parameters: list[Parameter] = []
    for name, table in {**file.parameters, **file.training}.items():
        parameters.append(_parameter(file, name, table, [each.name for each in parameters]))
    space = SearchSpace(file.name, tuple(parameters), frozenset(file.training), (), has_metadata)
    starts = [_start(file, space, given) for given in file.first_trials]
    unique = [start for index, start in enumerate(starts) if start not in starts[:index]]
    return SearchSpace(file.name, tuple(parameters), frozenset(file.training), tuple(unique), has_metadata)


def _parameter(file: SpaceFile, name: str, table: Mapping[str, Any], earlier: list[str]) -> Parameter:
    where = f"{file.path}: parameter '{name}'"
    unknown = sorted(set(table) - KEYS)
    if unknown:
        raise UsageError(f"{where} has an unknown key '{unknown[0]}'; {did_you_mean(unknown[0], KEYS)}")
    condition = _condition(where, table.get("only_if", {}))
    for key in condition:
        if key not in earlier:
            raise UsageError(f"{where}: only_if must name an earlier parameter, however it names '{key}'.")
    if table.get("needs", "metadata") != "metadata":
        raise UsageError(f"{where}: needs can only be 'metadata', found {table['needs']!r}.")
    distribution = _distribution(where, table)
    if "default" in table and not _contains(distribution, table["default"]):
        raise UsageError(f"{where}: default must lie within its range, however it is {table['default']!r}.")
    tables = {**file.parameters, **file.training}
    void = frozenset(key for key in condition if "needs" in tables[key])
    return Parameter(name, distribution, condition, "needs" in table, table.get("default"), void)


def _condition(where: str, given: Any) -> dict[str, tuple[Any, ...]]:
    if not isinstance(given, Mapping) or not all(isinstance(values, list) for values in given.values()):
        raise UsageError(f"{where}: only_if must give a list of values for each parameter, however it is {given!r}.")
    return {key: tuple(values) for key, values in given.items()}


def _distribution(where: str, table: Mapping[str, Any]) -> Distribution:
    log = table.get("scale", "linear") == "log"
    if table.get("scale", "linear") not in ("log", "linear"):
        raise UsageError(f"{where}: scale must be 'log' or 'linear', found {table['scale']!r}.")
    try:
        if table.get("type") == "categorical":
            return CategoricalDistribution(table["choices"])
        if table.get("type") == "int":
            return IntDistribution(table["low"], table["high"], log=log)
        if table.get("type") == "float":
            return FloatDistribution(table["low"], table["high"], log=log)
    except (KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{where} needs low < high (above 0 on a log scale) or choices, however: {error}.") from error
    raise UsageError(f"{where}: type must be 'float', 'int' or 'categorical', found {table.get('type')!r}.")


def _start(file: SpaceFile, space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any]:
    """A first trial reduced to what is asked of these data; every value checked against its range."""
    known = {each.name: each for each in space.parameters}
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{file.path}: first_trials name '{name}'; {did_you_mean(name, known)}")
        if not _contains(known[name].distribution, value):
            raise UsageError(f"{file.path}: first_trials give {name} = {value!r}, which is outside of its range.")
    return reduced_start(space, given)[0]


def reduced_start(space: SearchSpace, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Of the given values those that the space asks for, and the names of those that lie outside their ranges."""
    start: dict[str, Any] = {}
    outside: list[str] = []
    for parameter in space.parameters:
        value = given.get(parameter.name, parameter.default)
        if value is None or not parameter.asked(start, space.has_metadata):
            continue
        if _contains(parameter.distribution, value):
            start[parameter.name] = value
        else:
            outside.append(parameter.name)
    return start, outside


def _contains(distribution: Distribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    whole = isinstance(value, int) or isinstance(distribution, FloatDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float) or not whole:
        return False
    return bool(distribution.low <= value <= distribution.high)


def make_settings(settings_class: type, values: Mapping[str, Any]) -> Any:
    """A settings object of the values; what was not asked keeps its default.

    Raises:
        UsageError: a value whose name the class does not have.
    """
    known = {each.name for each in fields(settings_class)}
    for name in values:
        if name not in known:
            raise UsageError(f"{settings_class.__qualname__} has no setting '{name}'; {did_you_mean(name, known)}")
    return settings_class(**values)


def in_words(distribution: Distribution) -> str:
    """What a value must be: `1 to 3`, or `one of 8, 16`."""
    if isinstance(distribution, CategoricalDistribution):
        return f"one of {', '.join(map(str, distribution.choices))}"
    return f"{distribution.low:g} to {distribution.high:g}"
