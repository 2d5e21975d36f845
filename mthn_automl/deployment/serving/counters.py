"""What has been asked and answered, as Prometheus reads it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Since the start.

    Attributes:
        requests, seconds: by path and status.
        rows: predicted.
    """

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: defaultdict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    rows: int = 0

    def enter(self, path: str, status: int, seconds: float) -> None:
        """A request that has been answered. path: one of few, whatever was asked for."""
        self.requests[path, status] += 1
        self.seconds[path, status] += seconds

    def text(self) -> str:
        """In the text format of Prometheus, version 0.0.4."""
        errors = sum(count for (_, status), count in self.requests.items() if status >= 400)
        lines = [
            *_head("mthn_requests_total", "Requests that were answered."),
            *(f"mthn_requests_total{_labels(*key)} {count}" for key, count in sorted(self.requests.items())),
            *_head("mthn_request_seconds_total", "Seconds from headers to answers."),
            *(f"mthn_request_seconds_total{_labels(*key)} {count:.6f}" for key, count in sorted(self.seconds.items())),
            *_head("mthn_errors_total", "Requests that were refused or failed."),
            f"mthn_errors_total {errors}",
            *_head("mthn_rows_total", "Rows that were predicted."),
            f"mthn_rows_total {self.rows}",
        ]
        return "\n".join(lines) + "\n"


def _head(name: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} counter"


def _labels(path: str, status: int) -> str:
    return f'{{path="{path}",status="{status}"}}'
