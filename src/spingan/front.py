"""Designs that no other beats in everything, and the volume that they dominate. All objectives are to be small."""

import math
from collections.abc import Sequence

Point = tuple[float, ...]


def dominates(one: Point, other: Point) -> bool:
    """Whether `one` is at least as good everywhere, and better somewhere."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def front_of(points: Sequence[Point]) -> list[int]:
    """Places of the points that no other dominates; of equal points, the first.

    In the order of the first numbers only an earlier point can dominate a later one, or be its equal.
    """
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        point = points[place]
        if not any(points[kept] == point or dominates(points[kept], point) for kept in front):
            front.append(place)
    return sorted(front)


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """The volume between the points and a reference that they dominate; points beyond it add nothing.

    Each point in turn adds what those before it do not dominate: L. While, L. Bradstreet and L. Barone, IEEE Trans.
    Evol. Comput. 16, 86 (2012), without its sorting of each slice.
    """
    inside = [point for point in points if all(a < r for a, r in zip(point, reference, strict=True))]
    kept = sorted(inside[place] for place in front_of(inside))
    return math.fsum(added(kept[:place], point, reference) for place, point in enumerate(kept))


def added(points: Sequence[Point], new: Point, reference: Point) -> float:
    """By how much `new` makes the hypervolume of the points larger; 0 beyond the reference."""
    if any(a >= r for a, r in zip(new, reference, strict=True)):
        return 0.0
    whole = math.prod(r - a for a, r in zip(new, reference, strict=True))
    shared = [tuple(map(max, new, other)) for other in points]
    return whole - hypervolume(shared, reference) if shared else whole
