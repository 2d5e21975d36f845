"""Where to write names beside points so that they cover neither one another nor the points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LETTER: Final = 5.9  # pixels a letter of 11 point bold type is wide, on average
LINE: Final = 14.0
GAP: Final = 9.0
RINGS: Final = 6
FAR: Final = 20.0  # square pixels of overlap that a name one ring nearer may cost


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, size: float) -> "Box":
        """A square with its middle there."""
        return cls(x - size / 2, y - size / 2, x + size / 2, y + size / 2)

    def overlap(self, other: "Box") -> float:
        """Shared area in square pixels."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        tall = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(wide, 0.0) * max(tall, 0.0)

    def beyond(self, width: float, height: float) -> float:
        """Area outside a picture of that size."""
        area = (self.right - self.left) * (self.bottom - self.top)
        return area - self.overlap(Box(0, 0, width, height))

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of the box nearest to (x, y)."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


def room_for(
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    width: float,
    height: float,
    avoided: Sequence[Box] = (),
) -> list[Box]:
    """The room for each text, tried on rings around its point until it covers as little as can be.

    Args:
        points: (x, y) in pixels from the upper left corner. texts: one a point.
        width, height: of the picture, which no text should leave.
        avoided: what should stay visible if possible, at a third of the weight of points and texts.
    """
    taken = [Box.around(x, y, GAP) for x, y in points]
    rooms: list[Box] = []
    for (x, y), text in zip(points, texts, strict=True):
        candidates = _around(x, y, LETTER * len(text))
        costs = [
            FAR * (rank // 6)
            + sum(box.overlap(other) for other in taken)
            + sum(box.overlap(other) for other in avoided) / 3
            + 3 * box.beyond(width, height)
            for rank, box in enumerate(candidates)
        ]
        rooms.append(candidates[costs.index(min(costs))])
        taken.append(rooms[-1])
    return rooms


def _around(x: float, y: float, length: float) -> list[Box]:
    """Candidates, six a ring, the best liked first: right, left, above, below, then farther off."""
    spots: list[tuple[float, float]] = []
    for step in (ring * LINE for ring in range(RINGS)):
        spots += [(x + GAP, y - step), (x - GAP - length, y - step), (x + GAP, y + step), (x - GAP - length, y + step)]
        spots += [(x - length / 2, y - LINE - step), (x - length / 2, y + LINE + step)]
    return [Box(left, middle - LINE / 2, left + length, middle + LINE / 2) for left, middle in spots]
