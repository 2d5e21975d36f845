"""Whole searches on problems with a planted truth, and the sentences of their pages, to be read by a person.

    python benchmarks/planted.py --output OUT                    one seed of each problem
    python benchmarks/planted.py --output OUT --seeds 5 --problems circle,noise

OUT gets the tables and the runs. What small fits say of such problems is counted by `claims.py`.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl import search
from mthn_automl.data.problems import Frames, planted
from mthn_automl.tuning.objective import prepare_process

Array = np.ndarray


def weights(seed: int) -> Frames:
    """Two columns of metadata generate the coefficients of 30 tasks, but for little noise."""
    return planted(tasks=30, rows=12, seed=seed)


def noise(seed: int) -> Frames:
    """The same tasks, whose metadata are those of other, unrelated ones."""
    return planted(tasks=30, rows=12, seed=seed)[0], planted(tasks=30, rows=12, seed=seed + 1000)[1]


def harmful(seed: int) -> Frames:
    """29 tasks have nearly the same coefficients, one has them with the other sign."""
    rng = np.random.default_rng(seed)
    coefficients = np.array([1.0, 1.0, -1.0, 1.0]) + 0.1 * rng.normal(size=(30, 4))
    coefficients[7] *= -1
    return _linear(coefficients, 15, 0.5, rng, None)


def circle(seed: int) -> Frames:
    """The coefficients of 24 tasks lie on a circle, whose north and east are metadata beside a column of noise."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(24) / 24
    places = np.column_stack([np.cos(angle), np.sin(angle)])
    metadata = {"east": places[:, 0], "north": places[:, 1], "unrelated": rng.normal(size=24)}
    return _linear(places, 30, 0.2, rng, metadata)


def large(seed: int) -> Frames:
    """All tasks have the same three coefficients: whatever is larger than a line is larger than it need be."""
    rng = np.random.default_rng(seed)
    return _linear(np.tile([1.0, -0.5, 0.5], (20, 1)), 30, 0.5, rng, None)


PROBLEMS: dict[str, Callable[[int], Frames]] = {
    each.__name__: each for each in (weights, noise, harmful, circle, large)
}


def _linear(
    coefficients: Array, rows: int, deviation: float, rng: np.random.Generator, metadata: dict[str, Array] | None
) -> Frames:
    tasks, width = coefficients.shape
    names = np.array([f"t{number:02}" for number in range(tasks)])
    task, x = np.repeat(np.arange(tasks), rows), rng.normal(size=(tasks * rows, width))
    target = (coefficients[task] * x).sum(axis=1) + deviation * rng.normal(size=len(x))
    columns = {f"x{place + 1}": x[:, place] for place in range(width)}
    data = pd.DataFrame({"task": names[task], **columns, "target": target})
    return data, pd.DataFrame({"task": names, **(metadata or {})})


def main() -> None:
    chosen = _parser().parse_args()
    prepare_process()
    for name in chosen.problems:
        for seed in range(chosen.seeds):
            run = chosen.output / f"{name}-{seed}"
            print(f"\n# {name}, seed {seed}: {PROBLEMS[name].__doc__}")
            _search(PROBLEMS[name](seed), run, seed, chosen)
            print("\n".join(sentences((run / "report.html").read_text())))


def _search(frames: Frames, run: Path, seed: int, chosen: argparse.Namespace) -> None:
    run.parent.mkdir(parents=True, exist_ok=True)
    paths = [run.with_name(f"{run.name}-{part}.csv") for part in ("data", "meta")]
    for frame, path in zip(frames, paths, strict=True):
        frame.to_csv(path, index=False)
    options: dict[str, Any] = {"architectures": chosen.architectures} if chosen.architectures else {}
    meta = paths[1] if frames[1].shape[1] > 1 else None
    search(paths[0], meta, time_limit=chosen.time_limit, output=run, seed=seed, runner=chosen.runner, **options)


def sentences(html: str) -> Iterator[str]:
    """Headings, paragraphs and advice of a page, without those of its pictures."""
    text = re.sub(r"<(figure|script|style|table|details)\b.*?</\1>", "", html, flags=re.DOTALL)
    for kind, inside in re.findall(r"<(h2|p|li)\b[^>]*>(.*?)</\1>", text, flags=re.DOTALL):
        plain = unescape(re.sub(r"<[^>]+>", "", inside)).strip()
        if plain:
            yield f"\n## {plain}" if kind == "h2" else f"- {' '.join(plain.split())}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, metavar="OUT", help="folder that gets tables and runs")
    parser.add_argument("--problems", type=_names, default=list(PROBLEMS), metavar="NAME[,NAME]", help="these alone")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="of each problem")
    parser.add_argument("--time-limit", default="60s", metavar="TIME", help="of each search")
    parser.add_argument("--architectures", default="", metavar="NAME[,NAME]", help="as of `search`; default: all")
    parser.add_argument("--runner", default="local", choices=("local", "ray"), help="as of `search`")
    return parser


def _names(text: str) -> list[str]:
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in PROBLEMS]
    if unknown:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {', '.join(PROBLEMS)}")
    return wanted


if __name__ == "__main__":
    main()
