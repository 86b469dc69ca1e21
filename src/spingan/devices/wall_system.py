"""What the solver needs to run a domain-wall device, and what is read off its magnetisation: place, conductance."""

import numpy as np

from spingan.devices.wall_device import CONVENTIONS, TorqueConvention, WallDevice
from spingan.errors import UserError
from spingan.physics import mtj
from spingan.physics.mesh import Array, Mesh
from spingan.physics.spin_torque import SpinTorque, slonczewski_torque, spin_orbit_torque
from spingan.physics.system import System

SMALLEST_CELL_M = 0.1e-9  # below an atom; a continuum has nothing to say there
DOMAIN = 0.5  # m_z, averaged over the width, that a domain reaches somewhere: assumed
LARGEST_STEP = 0.25  # of the anisotropy between neighbouring cells: more is a jump, not a profile; assumed


def interface_spin_density(device: WallDevice, current_a: float, convention: TorqueConvention) -> float:
    """Spin current density through the heavy metal's interface, in A/m² (units of charge), for an input `current_a`.

    The device's bias current is added. `TorqueConvention` says what the conventions mean.

    Raises:
        UserError: The convention is none of them.
    """
    current = current_a + device.bias_current_a
    heavy_metal_j = current / (device.width_m * device.heavy_metal_thickness_m)
    if convention == "textbook":
        return device.spin_hall_angle * heavy_metal_j
    if convention == "printed-formula":
        return device.spin_hall_angle * device.polarization * heavy_metal_j
    if convention == "magnet-section":
        magnet_j = current / (device.width_m * device.film.thickness_m)
        return device.spin_hall_angle * device.polarization * magnet_j
    raise UserError(f"there is no torque convention {convention!r}", f"Known: {', '.join(CONVENTIONS)}")


def mesh(device: WallDevice, cell_m: float = 1e-9, across_m: float | None = None) -> Mesh:
    """The device's mesh of cells `cell_m` long and `across_m` wide, by default as wide as they are long.

    Raises:
        UserError: Cells below 0.1 nm, or the track is not a whole number of them long and wide.
    """
    if not SMALLEST_CELL_M * (1 - 1e-9) <= cell_m <= device.length_m:
        raise UserError(
            f"the cell size is {cell_m * 1e9:g} nm, the limits are {SMALLEST_CELL_M * 1e9:g} nm and {device.name}'s "
            f"length of {device.length_m * 1e9:g} nm",
            "1 or 0.5 nm are usual",
        )
    counts = []
    across_m = across_m or cell_m
    for what, extent_m, side_m in (("length", device.length_m, cell_m), ("width", device.width_m, across_m)):
        count = round(extent_m / side_m)
        if count < 1 or abs(count * side_m - extent_m) > 1e-6 * extent_m:
            raise UserError(
                f"cells of {side_m * 1e9:g} nm do not fill {device.name}'s {what} of {extent_m * 1e9:g} nm",
                "Give a size that divides it, such as 1 or 0.5 nm",
            )
        counts.append(count)
    return Mesh(nx=counts[0], ny=counts[1], dx_m=cell_m, dy_m=across_m)


def system(
    device: WallDevice,
    current_a: float,
    convention: TorqueConvention,
    cell_m: float = 1e-9,
    read_torque: bool = False,
    across_m: float | None = None,
) -> System:
    """The solver's problem: `device` with `current_a` through its heavy metal, its bias current added.

    The spin polarisation is -y (paper S, III-B) for positive DMI and +y for negative, so that a positive current moves
    the wall to larger x in either. With `read_torque` the detectors carry the read voltage, too: at a given voltage the
    damping-like torque of a junction does not depend on its angle, see `mtj.read_current_density`.

    Raises:
        UserError: Cells that do not fill the track, or over which the anisotropy jumps; and as `System`.
    """
    grid = mesh(device, cell_m, across_m)
    density = interface_spin_density(device, current_a, convention)
    side = -1.0 if device.film.interfacial_dmi_j_per_m2 >= 0 else 1.0
    torques: tuple[SpinTorque, ...] = (
        spin_orbit_torque(
            density / device.spin_hall_angle,
            device.spin_hall_angle,
            device.film,
            np.array([0.0, side, 0.0]),
            field_like_ratio=device.field_like_ratio,
        ),
    )
    if read_torque:
        density = mtj.read_current_density(device.read_voltage_v, device.ra_parallel_ohm_m2, device.polarization)
        covered = np.zeros(grid.shape)
        for detector in device.detectors:
            covered += mtj.cell_coverage(grid, *detector.corners_m)
        fixed_layer = np.array([0.0, 0.0, float(device.left_domain)])
        torques += (slonczewski_torque(density * covered, device.polarization, device.film, fixed_layer),)
    pinned = device.exchange_bias.length_m
    left = mtj.cell_coverage(grid, 0.0, pinned, 0.0, device.width_m)
    right = mtj.cell_coverage(grid, device.length_m - pinned, device.length_m, 0.0, device.width_m)
    bias = np.zeros((3, *grid.shape))
    bias[2] = device.left_domain * device.exchange_bias.field_t * (left - right)
    return System(
        mesh=grid,
        film=device.film,
        anisotropy_j_per_m3=_anisotropy(device, grid),
        exchange_bias_field_t=bias,
        torques=torques,
    )


def _anisotropy(device: WallDevice, grid: Mesh) -> Array:
    """Anisotropy (ny, nx) at the cells' centres.

    Raises:
        UserError: It jumps from one cell to the next.
    """
    along = device.profile(grid.x_m)
    steps = np.abs(np.diff(along)) / np.minimum(along[1:], along[:-1])
    if steps.size and steps.max() > LARGEST_STEP:
        worst = int(steps.argmax())
        raise UserError(
            f"{device.name}: the anisotropy jumps from {along[worst]:.3g} to {along[worst + 1]:.3g} J/m³ between the "
            f"cells at {grid.x_m[worst] * 1e9:.4g} and {grid.x_m[worst + 1] * 1e9:.4g} nm: "
            f"{steps[worst]:.0%}, more than {LARGEST_STEP:.0%}",
            "Widen the parabola, lower its peak, or take smaller cells",
        )
    return np.tile(along, (grid.ny, 1))


def wall_position_m(m: Array, mesh: Mesh) -> float:
    """Where the wall stands along x, in metres: where m_z, averaged over the width, crosses zero.

    Between cell centres it is interpolated. With several crossings x1 < x2 < x3 it is x1 - x2 + x3: the place of one
    wall with as much of the left domain. Without a crossing, with the same domain at both ends (an even number of
    crossings), or where a current has laid the film in its plane so that no domain is left on one side (m_z within ±0.5
    all along), there is no wall between the domains any more: nan.

    Args:
        m: (3, ny, nx) magnetisation.
    """
    return crossing_m(m[2].sum(axis=0) / mesh.ny, mesh.x_m)


def crossing_m(profile: Array, x_m: Array) -> float:
    """Signed sum of the places at which `profile` (n,) over `x_m` (n,) crosses zero; see `wall_position_m`."""
    positive = profile > 0
    at = np.flatnonzero(positive[1:] != positive[:-1])
    if at.size % 2 == 0 or profile.max() < DOMAIN or profile.min() > -DOMAIN:
        return float("nan")
    share = profile[at] / (profile[at] - profile[at + 1])
    places = x_m[at] + share * (x_m[at + 1] - x_m[at])
    signs = np.where(np.arange(at.size) % 2 == 0, 1.0, -1.0)
    return float(signs @ places)


def detector_conductances_s(device: WallDevice, m: Array, mesh: Mesh) -> dict[str, float]:
    """Conductance of every detector, in siemens, by its name; the fixed layers lie along the left domain.

    Args:
        m: (3, ny, nx) magnetisation.
    """
    along_fixed = device.left_domain * m[2]
    junction = (device.ra_parallel_ohm_m2, device.polarization, device.read_voltage_v, device.half_bias_voltage_v)
    result: dict[str, float] = {}
    for detector in device.detectors:
        area = mtj.cell_coverage(mesh, *detector.corners_m) * (mesh.dx_m * mesh.dy_m)
        result[detector.name] = mtj.map_conductance_s(along_fixed, area, *junction)
    return result


def conductance_s(device: WallDevice, m: Array, mesh: Mesh) -> float:
    """Conductance of all detectors in parallel, in siemens.

    Args:
        m: (3, ny, nx) magnetisation.
    """
    return sum(detector_conductances_s(device, m, mesh).values())
