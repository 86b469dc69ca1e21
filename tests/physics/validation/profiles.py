"""Exact profiles of films with interfacial DMI and a local anisotropy: boundary-value problems in one dimension.

With theta the angle from the film's normal, towards +x (or outwards), the energy of Film's sign of D is that of
A theta'² + D theta' + K sin² theta across a strip, and 2 pi r times A (theta'² + sin² theta / r²)
+ D (theta' + sin theta cos theta / r) + K sin² theta around a skyrmion. A free edge asks for theta' = -D / (2 A).
Rohart and Thiaville, Phys. Rev. B 88, 184422 (2013), have the same equations with the other sign of D.
"""

import numpy as np
from scipy.integrate import solve_bvp
from scipy.optimize import brentq


def strip(film, length_m, x_m):
    """theta at places `x_m` across a strip whose middle points up."""
    width = np.sqrt(film.exchange_stiffness_j_per_m / film.anisotropy_j_per_m3)
    slope = -film.interfacial_dmi_j_per_m2 / (2 * film.exchange_stiffness_j_per_m) * width
    x = np.linspace(0, length_m / width, 2001)
    guess = slope * (np.exp(x - x[-1]) - np.exp(-x))
    solution = solve_bvp(
        lambda _, y: np.array([y[1], np.sin(y[0]) * np.cos(y[0])]),
        lambda a, b: np.array([a[1] - slope, b[1] - slope]),
        x,
        np.array([guess, np.gradient(guess, x)]),
        tol=1e-8,
        max_nodes=200_000,
    )
    assert solution.success, solution.message
    return solution.sol(x_m / width)[0]


def skyrmion(film, edge_m, radius_guess_m, free_edge):
    """theta(r) of a skyrmion with its core down in a film that points up out to `edge_m`; a function of r in metres.

    At a free edge theta' = -D / (2 A), otherwise theta = 0 there, which stands for a film without end.
    """
    width = np.sqrt(film.exchange_stiffness_j_per_m / film.anisotropy_j_per_m3)
    d = film.interfacial_dmi_j_per_m2 / film.exchange_stiffness_j_per_m * width
    start = 1e-2  # in wall widths; the next term of theta's series is smaller by its square

    def right(r, y):
        sine, cosine = np.sin(y[0]), np.cos(y[0])
        return np.array([y[1], -y[1] / r + sine * cosine * (1 + 1 / r**2) - d * sine**2 / r])

    r = np.linspace(start, edge_m / width, 4001)
    big_r = radius_guess_m / width
    guess = 2 * np.arctan(np.sinh(big_r) / np.sinh(r))
    centre = np.pi if d > 0 else -np.pi  # a positive D wants theta to fall: the wall points outwards, to the up domain
    solution = solve_bvp(
        right,
        lambda a, b: np.array([a[0] - centre - a[1] * start, b[1] + d / 2 if free_edge else b[0]]),
        r,
        np.sign(d) * np.array([guess, np.gradient(guess, r)]),
        tol=1e-7,
        max_nodes=100_000,
    )
    assert solution.success, solution.message
    return lambda r_m: solution.sol(np.maximum(np.asarray(r_m) / width, start))[0]


def radius_m(theta, edge_m):
    """Where m_z is zero."""
    return brentq(lambda r: np.cos(theta(r)), 1e-10, edge_m * 0.99)
