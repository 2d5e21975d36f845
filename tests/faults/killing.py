"""A run whose driver is killed at random moments, and the same run undisturbed."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from mthn_automl.storage import read_json
from tests.command import Ended
from tests.faults import misbehaving
from tests.faults.misbehaving import Fit, fits
from tests.faults.runs import Started, Trials, call, call_apart, phases_begun, results, search, trials_begun

ARCHITECTURES = "ridge,kernel_ridge,slow"

Moment = tuple[float, str | None]
"""Seconds from the start of the command, or from when it began the phase that is named, or had a RESULT more."""

RESULT = "a trial's result"


@dataclass
class Killed:
    """What happened: which trials had a result at each kill and when it was written, which processes lived on for more
    than 30 s after one, and how the last resume ended.
    """

    folder: Path
    trials: int
    where: tuple[object, ...]
    slow_seconds: float = 0.5
    architectures: str = ARCHITECTURES
    results: list[dict[str, int]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    end: Ended | None = None

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def environment(self) -> dict[str, str]:
        return {"SLOW_SECONDS": str(self.slow_seconds), "FITS": str(self.folder / "fits")}

    def words(self) -> list[object]:
        """Of the search, or of its resume where the folder is now."""
        if (self.run / "config.resolved.toml").exists():
            return [
                "resume",
                self.run,
                "--trust",
                "--data",
                self.folder / "data.csv",
                "--meta",
                self.folder / "meta.csv",
            ]
        (self.folder / "fits").mkdir(parents=True, exist_ok=True)
        return search(self.folder, misbehaving.space(self.folder, "slow"), self.architectures, self.trials, *self.where)

    def started(self) -> Started:
        return Started(*self.words(), **self.environment)

    def kill(self, seconds: float, after: str | None) -> None:
        """Kill the driver at a moment, at which it must not be over."""
        before = self._happened(after)
        with self.started() as started:
            if after is not None:
                started.wait_for(lambda: self._happened(after) > before)
            time.sleep(seconds)
            assert started.process.poll() is None, "it was over before it could be killed: draw earlier moments"
            started.kill_driver()
            self.results.append(results(self.run))
            self.left += started.left()

    def _happened(self, what: str | None) -> int:
        """How often, over all sessions."""
        if what == RESULT:
            return len(results(self.run))
        return 0 if what is None else phases_begun(self.run, what)

    def finish(self) -> "Killed":
        """Go on to the end."""
        self.end = (call if "local" in self.where else call_apart)(*self.words(), **self.environment)
        return self


def killed(
    folder: Path,
    trials: int,
    moments: list[Moment],
    *where: object,
    slow_seconds: float = 0.5,
    architectures: str = ARCHITECTURES,
) -> Killed:
    """A run killed at each of the moments, then finished."""
    story = Killed(folder, trials, where, slow_seconds, architectures)
    for seconds, after in moments:
        story.kill(seconds, after)
    return story.finish()


def moments(kills: int, seed: int, longest: float, after: str | None) -> list[Moment]:
    """Drawn at random, the same for the same seed."""
    chance = random.Random(seed)
    return [(chance.uniform(0.0, longest), after) for _ in range(kills)]


def loses_and_doubles_nothing(story: Killed) -> bool:
    """Asserts that what had a result at a kill is complete once, untouched, and was not fitted again."""
    assert story.end is not None
    assert (story.end.code, story.left) == (0, []), story.end.err
    trials, now = Trials.of(story.run), results(story.run)
    assert len(set(trials.roots)) == len(trials.roots)
    assert (trials.told, trials.unfinished) == (story.trials, 0)
    for before in story.results:
        assert {name: now[name] for name in before} == before
        assert set(before) <= set(trials.complete)
    begun = trials_begun(story.run)
    assert len(set(begun)) == len(begun)
    assert fitted_again(story.run, story.folder / "fits") == []
    return True


def fitted_again(run: Path, noted: Path) -> list[Fit]:
    """Fits of the slow model that began after their trial had left its result.

    noted: the folder in which each fit has left its name.
    """
    done = results(run)
    names = [name for name in done if name.startswith("slow-")]
    settings = {name: read_json(run / "trials" / name / "params.json")["settings"] for name in names}
    written_at = {settings[name]["offset"]: done[name] for name in names}
    return [fit for fit in fits(noted) if fit.began > written_at.get(fit.offset, fit.began)]
