"""Search, look at what was found, and predict for an arm the model has never seen.

    python examples/quick_start.py

Each task is a robot arm of three links; its metadata are their lengths. From where the hand is (x, y), tell the three
joint angles (target1, target2, target3).
"""

import tempfile
from pathlib import Path

from mthn_automl import search
from mthn_automl.data.problems import robot_arm


def main() -> None:
    data, meta = robot_arm(tasks=6, rows=20)
    known = data[data["task"] != "5"]  # of the last arm, the search sees the lengths only

    with tempfile.TemporaryDirectory() as folder:
        result = search(
            known,
            meta,
            architectures="hypernetwork,pooled,ridge",
            trials=3,  # one for each; a real search takes a time limit in its place: time_limit="10m"
            folds=2,
            seeds=1,
            runner="local",
            no_ablation=True,
            output=Path(folder) / "run",
        )
        print(
            result.leaderboard[["rank", "architecture", "cv_error", "test_error", "parameters"]].to_string(index=False)
        )
        print(f"\nThe best is {result.best['architecture']}. The arm it has never seen:\n")
        new = data.loc[data["task"] == "5", ["task", "x", "y"]]
        print(result.model.predict(new).head(3).round(2).to_string(index=False))


if __name__ == "__main__":  # worker processes of Ray import this file
    main()
