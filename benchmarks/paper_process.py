"""The paper's way in a process of its own, with the C library's allocator as every process finds it.

python benchmarks/paper_process.py 88 product      what that process does: for each number read, so many steps
"""

import subprocess
import sys
from itertools import islice

import torch
from measuring import HERE, Taken, timed
from paper_step import PaperWay, every_factor_expanded, product_expanded
from stepping import TRAINING, epochs, rows_of_member, synthetic, trainer_of, weights

ROWS_A_TASK = 40
BATCHES = 200
EXPANDING = {"product": product_expanded, "every_factor": every_factor_expanded}


class Elsewhere:
    """Steps in another process, asked for one round at a time, so that rounds still alternate."""

    def __init__(self, tasks: int, expanding: str) -> None:
        self.command = [sys.executable, str(HERE / "paper_process.py"), str(tasks), expanding]

    def __enter__(self) -> "Elsewhere":
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.communicate()

    def take(self, calls: int) -> Taken:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(calls, file=self.process.stdin, flush=True)
        wall, cpu = map(float, self.process.stdout.readline().split())
        return Taken(wall, cpu)


def serve(tasks: int, expanding: str) -> None:
    torch.set_num_threads(1)
    data = synthetic(tasks, ROWS_A_TASK)
    rows = [rows_of_member(each, 0).tolist() for each in islice(epochs(data, 1), BATCHES)]
    way = PaperWay(data, rows, weights(trainer_of(data, 1), 0), TRAINING, EXPANDING[expanding])
    for line in sys.stdin:
        taken = timed(way.step, int(line))
        print(taken.wall, taken.cpu, flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
