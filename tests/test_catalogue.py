"""The registry: names, groups, files of the user's own, and what is refused."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import UsageError

OWN = """
format = 1
architecture = "mthn_automl.models.ridge:Ridge"
family = "{family}"
summary = "mine"

[parameters.alpha]
type = "float"
low = 0.1
high = 1.0
"""


def own(folder: Path, name: str, family: str = "classical") -> SpaceFile:
    path = folder / f"{name}.toml"
    path.write_text(OWN.format(family=family), encoding="utf-8")
    return catalogue.read_file(path)


def chosen(wanted: str, *mine: SpaceFile) -> list[str]:
    return [file.name for file in catalogue.select(wanted, mine)]


def test_the_file_names_are_the_registry_and_the_families_part_it() -> None:
    assert catalogue.names() == sorted(path.stem for path in catalogue.folder().glob("*.toml"))
    assert {"hypernetwork", "pooled", "ridge"} <= set(catalogue.names())
    assert sorted(catalogue.names("neural") + catalogue.names("classical")) == catalogue.names()


def test_every_file_is_whole_and_names_a_class_that_is_there() -> None:
    for file in map(catalogue.read, catalogue.names()):
        assert all((file.summary, file.paper, file.parameter_formula, file.first_trials)), file.name
        if not file.missing():
            assert file.load_class().__module__ == file.class_path.partition(":")[0]


def test_listing_imports_no_model() -> None:
    code = (
        "import sys; from mthn_automl import catalogue; [catalogue.read(name) for name in catalogue.names('neural')]; "
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'optuna', 'sklearn', 'pandas')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


ORDERS = {
    "ridge": ["ridge"],
    " ridge , ,pooled,": ["ridge", "pooled"],
    "pooled,ridge,pooled": ["pooled", "ridge"],
    "all": catalogue.names(),
    "ridge,neural": ["ridge", *catalogue.names("neural")],
    "usual": [name for name in catalogue.names() if catalogue.read(name).usual],
    "neural,classical": [*catalogue.names("neural"), *catalogue.names("classical")],
}


def test_a_list_of_names_and_groups_is_taken_in_its_order() -> None:
    assert {wanted: chosen(wanted) for wanted in ORDERS} == ORDERS


def test_an_own_file_belongs_to_its_groups_and_replaces_the_shipped_one_of_its_name(tmp_path: Path) -> None:
    mine = own(tmp_path, "mine")
    assert chosen("mine", mine) == ["mine"]
    assert chosen("classical", mine) == [*catalogue.names("classical"), "mine"]
    assert chosen("neural", mine) == catalogue.names("neural")
    assert chosen("all", mine) == [*catalogue.names(), "mine"]
    mine = own(tmp_path, "pooled")
    for wanted in ("pooled", "all", "classical"):
        assert [file.summary for file in catalogue.select(wanted, [mine]) if file.name == "pooled"] == ["mine"]
    assert "pooled" not in chosen("neural", mine)


def test_no_name_at_all_is_refused_and_an_unknown_one_gets_the_nearest() -> None:
    for wanted, message in (
        ("", "At least one architecture must be named"),
        (" ,", "At least one architecture must be named"),
        ("Hypernetwork", "did you mean 'hypernetwork'"),
        ("ridge,hyper_network", "named 'hyper_network'; did you mean 'hypernetwork'"),
        ("zzz", "No architecture is named 'zzz'; known: "),
    ):
        with pytest.raises(UsageError, match=message):
            catalogue.select(wanted)


def test_a_file_that_is_no_search_space_is_refused_by_its_name(tmp_path: Path) -> None:
    path, good, readable = tmp_path / "mine.toml", OWN.format(family="classical"), "must be a readable TOML file"
    with pytest.raises(UsageError, match=readable):
        catalogue.read_file(path)
    for content, message in (
        (good.replace("format = 1", "format = 2"), "format must be 1, however it is 2"),
        (good.replace("format = 1", ""), "format must be 1, however it is None"),
        (good.replace('"classical"', '"quantum"'), "family must be one of neural, classical, found 'quantum'"),
        (good.replace("ridge:Ridge", "ridge.Ridge"), "architecture must be written 'package.module:Class'"),
        (f'package = "this.that"\n{good}', "package must be the name of a package, without dots, found 'this.that'"),
        (f"usual = 3\n{good}", "Expected `bool`, got `int`"),
        (f"cost = [1]\n{good}", "Expected `object`, got `array`"),
        (good.replace("format = 1", "format = "), f"{readable}, however"),
        ("rungs = [50, 25]\n" + good, r"rungs must be whole numbers above 0 in rising order, found \[50, 25\]"),
        ('rungs = "50"\n' + good, "rungs must be whole numbers above 0"),
        ('problems = ["counts"]\n' + good, "problems must be some of binary, count, multiclass, ordinal, regression"),
        ("\udcff\udcfe", readable),
    ):
        path.write_text(content, encoding="utf-8", errors="surrogateescape")
        with pytest.raises(UsageError, match=message) as refused:
            catalogue.read_file(path)
        assert str(path) in str(refused.value)


def test_an_architecture_has_a_name_that_can_be_that_of_a_folder_and_stand_in_a_list(tmp_path: Path) -> None:
    for name in ("..", ".hidden", "-v", "a,b", "a b", "\x1b[2J", "all", "Ensemble"):
        path = tmp_path / f"{name}.toml"
        path.write_text(OWN.format(family="classical"), encoding="utf-8")
        with pytest.raises(UsageError, match=r"The name of a search space file must be .*; rename it"):
            catalogue.read_file(path)
    assert own(tmp_path, "my-net_2.1").name == "my-net_2.1"


def test_a_class_that_cannot_be_imported_is_refused_by_the_file_that_names_it(tmp_path: Path) -> None:
    for class_path in ("mthn_automl.models.ridge:Rigde", "no_such_package.net:Mine", ".net:Mine"):
        with pytest.raises(UsageError, match=r"must be importable as 'package\.module:Class'"):
            catalogue.class_at(class_path, tmp_path / "mine.toml")


def test_a_class_whose_module_lacks_a_package_is_refused_by_that_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lacking_something.py").write_text("import no_such_package\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match="lacking_something:Mine needs the package no_such_package, which must be"):
        catalogue.class_at("lacking_something:Mine", tmp_path / "mine.toml")


def test_what_needs_a_package_that_is_missing_is_refused_by_name_and_passed_on_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    needs = 'package = "no_such_package"\n' + OWN.format(family="classical")
    extra = "`pip install '.[it]'` in a clone of mthn-automl"
    for text, line in ((needs, "`pip install no_such_package`"), ('extra = "it"\n' + needs, extra)):
        path.write_text(text, encoding="utf-8")
        mine = catalogue.read_file(path)
        assert mine.missing() == (f"mine needs the package no_such_package, which is not installed; {line} brings it.")
        assert "mine" in chosen("all", mine)
        with pytest.raises(UsageError, match="mine needs the package no_such_package"):
            catalogue.select("ridge,mine", [mine])
    assert {name for name in catalogue.names() if catalogue.read(name).missing()}.isdisjoint(catalogue.usable())


def test_an_extra_that_is_to_be_installed_is_one_of_this_package_and_brings_what_is_needed() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    files = [each for each in map(catalogue.read, catalogue.names()) if each.extra]
    assert len(files) > 1
    for file in files:
        assert any(each.startswith(file.package) for each in project["optional-dependencies"][file.extra])


def test_what_cannot_be_trained_on_a_problem_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('problems = ["regression", "binary"]\n' + OWN.format(family="classical"), encoding="utf-8")
    mine = catalogue.read_file(path)
    assert mine.unsuited("binary") == ""
    assert mine.unsuited("multiclass") == (
        "mine can be trained on regression and binary problems only, and this is a multiclass one."
    )


def test_members_of_a_package_are_its_modules_whatever_an_editor_leaves_there(tmp_path: Path) -> None:
    for name in ("two.py", "one.py", "__init__.py", "_helper.py", ".#one.py", "one (copy).py", "one.py~", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "parts").mkdir()
    assert catalogue.members(tmp_path) == catalogue.members(tmp_path / "__init__.py") == ("one", "two")
