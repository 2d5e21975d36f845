"""Whether `check` reads real data as their descriptions say: a table of roles, written before the look.

python benchmarks/roles.py --data DIR      DIR: a folder a data set, with data.csv and meta.csv; exits with 1 where one
                                           is read otherwise

A column of the data is a feature, and one of the metadata is metadata, of the kind that the table says. An `?` behind
what the target poses says that the description leaves it open, and that `check` must say so.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mthn_automl.data.description import Description
from mthn_automl.run.checking import check

CLASSES, NUMBERS = "multiclass", "regression"
WIDENED = "verbagg_items"
OPTION = "--problem"
"""Sentences that ask what the target poses name it."""


@dataclass(frozen=True)
class Roles:
    """A data set as its description has it.

    Attributes:
        problem: what its target poses; an `?` behind it says that this is open.
        data, meta: of each column but the task and the target, what it is.
    """

    problem: str
    data: dict[str, str]
    meta: dict[str, str]


def each(kind: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, kind)


def numbered(kind: str, name: str, count: int, first: int = 0) -> dict[str, str]:
    return each(kind, *(f"{name}{k}" for k in range(first, first + count)))


ALGORITHMS = (
    *("N", "c", "atr_bin", "atr_cat", "atr_un", "a", "b", "c.1", "d", "d_", "e", "f", "f_", "g_ln"),
    *("h_ln", "i", "j", "k_ln", "l_ln", "m_ln"),
)
FAMILIES = (
    "Kernel",
    "Tree",
    "Inductive Tree",
    "NN",
    "Stats: Non-Para",
    "Stats: Classicla",
    "Stats: Bayes",
    "Rule Classifier",
)
LAKES = ("depth", "water_temperature", "precipitation_local", "pasture", "cropland", "area", "elevation", "latitude")
WEATHER = ("month", "hour", "dep_delay", "distance", "temp", "humid", "wind_speed", "precip", "visib")
PREGNANCY = ("childAge", "motherAge", "birthOrd", "indig", "momEd", "husEd", "husEmpl", "toilet", "TV")
BLOOD = (
    "day",
    "ascites",
    "hepato",
    "spiders",
    "edema",
    "chol",
    "albumin",
    "alk.phos",
    "ast",
    "platelet",
    "protime",
    "stage",
)
MAIZE = (
    *("year_of_release", "daystoflower", "plantheight", "earheight", "population", "lodged", "moisture", "testweight"),
)
EATERS = ("SOUPTYPE", "SOUPFREQ", "COLD", "GENDER", "AGEGROUP", "LOCATION")

SETS = {
    "cubic": Roles(NUMBERS, each("number", "x"), each("number", *"abcd")),
    "robot_arm": Roles(NUMBERS, each("number", "x", "y"), numbered("number", "l", 3, first=1)),
    "algorithms": Roles(NUMBERS, each("number", *ALGORITHMS), each("number", *FAMILIES)),
    "water_quality": Roles(
        NUMBERS, numbered("number", "band_", 16), each("number", *LAKES) | numbered("number", "lake_type_", 3, first=1)
    ),
    "bodyweight": Roles(NUMBERS, each("number", "Time"), each("text", "Diet")),
    "radon": Roles(NUMBERS, each("number", "basement"), each("number", "uranium")),
    "gapminder_le": Roles(NUMBERS, each("number", "year", "log_gdp", "log_pop"), each("text", "continent")),
    "verbagg_items": Roles(
        "binary", each("number", "Anger") | each("text", "Gender", "id"), each("text", "btype", "situ", "mode")
    ),
    "verbagg_persons": Roles(
        CLASSES, each("text", "btype", "situ", "mode"), each("number", "Anger") | each("text", "Gender")
    ),
    "earthquake": Roles(NUMBERS, each("number", "soil", "log_distance"), each("number", "Richter")),
    "star_classes": Roles(
        NUMBERS,
        each("text", "sex", "ethnicity", "lunch") | each("number", "birth", "years_in_study"),
        each("text", "grade", "class_type", "degree", "ladder", "teacher_race", "school_type", "school")
        | each("number", "experience"),
    ),
    "pbc_patients": Roles(NUMBERS, each("number", *BLOOD), each("number", "age") | each("text", "sex", "trt")),
    "soup_tasters": Roles(
        f"{NUMBERS}?",
        each("text", "product", "product_id") | each("number", "day"),
        each("text", *EATERS) | each("number", "EASY"),
    ),
    "texas_maize": Roles(
        NUMBERS, each("text", "hybrid") | each("number", *MAIZE), each("number", "year") | each("text", "loc")
    ),
    "nyc_flights": Roles(
        NUMBERS,
        each("number", *WEATHER) | each("text", "carrier", "origin"),
        each("number", "lat", "lon", "alt", "tz") | each("text", "dst"),
    ),
    "guatemala_prenatal": Roles("binary", each("text", *PREGNANCY), each("number", "pcInd81", "ssDist")),
}


def described(folder: Path) -> Iterator[tuple[str, Roles, Description]]:
    """What `check` says of each, and of one of them once more as a wide table: a column an item, a row a person."""
    for name, wanted in SETS.items():
        data, meta = folder / name / "data.csv", folder / name / "meta.csv"
        if not data.exists():
            print(f"{name}: not there")
            continue
        yield name, wanted, check(data, meta)
        if name == WIDENED:
            rows = pd.read_csv(data).pivot(index=list(wanted.data), columns="task", values="target").reset_index()
            items = [column for column in rows if column not in wanted.data]
            yield f"{name}, wide", wanted, check(rows, meta, wide=True, target=items)


def differences(wanted: Roles, found: Description) -> list[str]:
    """A sentence for each column, or problem, that was read otherwise."""
    seen = {(each.name, each.role): each.kind for each in found.columns if each.role not in ("task", "target")}
    meant = {(name, "feature"): kind for name, kind in wanted.data.items()}
    meant |= {(name, "metadata"): kind for name, kind in wanted.meta.items()}
    problem, is_open = wanted.problem.removesuffix("?"), wanted.problem.endswith("?")
    wrong = [] if found.problem == problem else [f"poses {found.problem}, meant {problem}"]
    target = found.targets[0]
    if is_open and not any(f"'{target}'" in each and OPTION in each for each in found.notes):
        wrong.append(f"nothing says that '{target}' may pose another problem")
    keys = sorted(seen.keys() | meant.keys())
    return wrong + [
        f"'{name}' is {role} {seen.get((name, role), '(it is not)')}, meant {meant.get((name, role), '(not to be)')}"
        for name, role in keys
        if seen.get((name, role)) != meant.get((name, role))
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="compare what check says of real data sets with their descriptions")
    parser.add_argument("--data", type=Path, required=True, help="a folder of data sets, each a folder")
    folder: Path = parser.parse_args().data
    wrong = 0
    for name, wanted, found in described(folder):
        said = differences(wanted, found)
        wrong += len(said)
        print(f"{name}: {len(wanted.data) + len(wanted.meta)} columns, {len(said)} otherwise than described")
        print("".join(f"    {each}\n" for each in said), end="")
        for each in found.columns:
            print("".join(f"    asked: {question}\n" for question in each.questions), end="")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
