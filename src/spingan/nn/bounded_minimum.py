"""Where a function of one number is least: Brent's method."""

import math
from collections.abc import Callable

_GOLDEN = 0.5 * (3.0 - math.sqrt(5.0))
_ROUNDING = math.sqrt(2.2e-16)  # relative: two nearer places have the same value of a smooth function
_MOST = 500  # evaluations; ten to thirty are usual


def bounded_minimum(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-5) -> float:
    """The place in low..high where the function has its single minimum, to within the tolerance.

    Parabolas through the best three places, golden sections where they lead nowhere. The steps are those of scipy's
    `minimize_scalar(method="bounded")`, so that its numbers are repeated to the last digit.

    R. P. Brent, Algorithms for Minimization Without Derivatives (1973), chapter 5.
    """
    best = second = third = low + _GOLDEN * (high - low)
    least = of_second = of_third = function(best)
    step = before = 0.0
    for _ in range(_MOST - 1):
        middle = 0.5 * (low + high)
        near = _ROUNDING * abs(best) + tolerance / 3.0
        if abs(best - middle) <= 2.0 * near - 0.5 * (high - low):
            break
        golden = True
        if abs(before) > near:
            r = (best - second) * (least - of_third)
            q = (best - third) * (least - of_second)
            p = (best - third) * q - (best - second) * r
            q = 2.0 * (q - r)
            p, q = -p if q > 0.0 else p, abs(q)
            r, before = before, step
            golden = not (abs(p) < abs(0.5 * q * r) and p > q * (low - best) and p < q * (high - best))
            if not golden:
                step = p / q
                if best + step - low < 2.0 * near or high - (best + step) < 2.0 * near:
                    step = near if middle >= best else -near
        if golden:
            before = low - best if best >= middle else high - best
            step = _GOLDEN * before
        place = best + math.copysign(max(abs(step), near), step or 1.0)
        value = function(place)
        if value <= least:
            low, high = (best, high) if place >= best else (low, best)
            third, of_third, second, of_second = second, of_second, best, least
            best, least = place, value
            continue
        low, high = (place, high) if place < best else (low, place)
        if value <= of_second or second == best:
            third, of_third, second, of_second = second, of_second, place, value
        elif value <= of_third or third in (best, second):
            third, of_third = place, value
    return best
