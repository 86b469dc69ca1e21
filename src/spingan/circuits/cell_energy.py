"""What an evaluation by one of paper S's cells costs, part by part, each with the time that it was counted over."""

from spingan.circuits.domain_wall_response import Response
from spingan.circuits.domain_wall_transfer import Transfer
from spingan.devices.wall_curve import drive_energies
from spingan.devices.wall_device import TorqueConvention, WallDevice
from spingan.errors import UserError
from spingan.spec.activation import EnergyItem

PART_SOURCE = "ngspice, cards"


def energy_items(
    transfer: Transfer,
    device: WallDevice,
    convention: TorqueConvention,
    current_a: float,
    window_s: float,
    reset_s: float | None = None,
) -> tuple[EnergyItem, ...]:
    """One evaluation at `current_a`: divider, inverters, heavy metal as the convention drives it, and the reset.

    Args:
        window_s: how long circuit and drive are on.
        reset_s: how long the circuit stays on at zero input until the wall is back; None: it is off, and costs nothing.

    Raises:
        UserError: A current outside the transfer, or a time that is not above 0.
    """
    divider_w, inverters_w = _powers(transfer, current_a)
    _must_be_positive("window", window_s)
    named = f"{PART_SOURCE} {transfer.cards}, {current_a * 1e6:g} µA"
    _, carried = drive_energies(device, current_a, convention, window_s)
    items = [
        _item("divider", divider_w, window_s, named),
        _item("inverters", inverters_w, window_s, named),
        carried.model_copy(
            update={"source": f"I² R of {device.heavy_metal_resistance_ohm:.4g} ohm, in the same window"}
        ),
    ]
    if reset_s is not None:
        _must_be_positive("reset", reset_s)
        idle_w = sum(_powers(transfer, 0.0))
        items.append(_item("reset: divider and inverters", idle_w, reset_s, f"{PART_SOURCE} {transfer.cards}, 0 µA"))
    return tuple(items)


def response_items(
    response: Response, device: WallDevice, convention: TorqueConvention, current_a: float, window_s: float
) -> tuple[EnergyItem, ...]:
    """One evaluation in time: what divider and inverters draw while the wall moves under `current_a`, and the drive.

    Args:
        window_s: from the current's jump on; `response.settled_s` is the device's own.

    Raises:
        UserError: The window is not within the response.
    """
    divider_w, inverters_w = (energy / window_s for energy in response.energies_j(window_s))
    named = f"{PART_SOURCE} {response.cards}, mean while the wall moves"
    return (
        _item("divider", divider_w, window_s, named),
        _item("inverters", inverters_w, window_s, named),
        _heavy_metal(device, convention, current_a, window_s),
    )


def windows_giving_s(
    energy_j: float, transfer: Transfer, device: WallDevice, convention: TorqueConvention, current_a: float
) -> dict[str, float]:
    """The windows, in seconds, in which what is named draws an energy: a printed energy fixes only their product.

    The heavy metal is counted by both readings of the current.

    Raises:
        UserError: A current outside the transfer, or an energy that is not above 0.
    """
    _must_be_positive("energy", energy_j)
    divider_w, inverters_w = _powers(transfer, current_a)
    cell_w = divider_w + inverters_w
    printed, carried = (item.energy_j for item in drive_energies(device, current_a, convention, window_s=1.0))
    powers = {
        "divider": divider_w,
        "divider and inverters": cell_w,
        "with the heavy metal, current as printed": cell_w + printed,
        f"with the heavy metal, current by {convention}": cell_w + carried,
    }
    return {name: energy_j / power for name, power in powers.items()}


def _powers(transfer: Transfer, current_a: float) -> tuple[float, float]:
    """Divider's and inverters' power at a current, in watts."""
    first, last = float(transfer.current_a[0]), float(transfer.current_a[-1])
    rounding = 1e-9 * (last - first)
    if not first - rounding <= current_a <= last + rounding:
        raise UserError(
            f"{current_a * 1e6:g} µA lies outside the transfer, {first * 1e6:g} to {last * 1e6:g} µA",
            "Ask for a current within it",
        )
    return transfer.at(transfer.divider_w, current_a), transfer.at(transfer.inverters_w, current_a)


def _heavy_metal(device: WallDevice, convention: TorqueConvention, current_a: float, window_s: float) -> EnergyItem:
    _, carried = drive_energies(device, current_a, convention, window_s)
    resistance = f"I² R of {device.heavy_metal_resistance_ohm:.4g} ohm, in the same window"
    return carried.model_copy(update={"source": resistance})


def _item(name: str, power_w: float, window_s: float, source: str) -> EnergyItem:
    return EnergyItem(
        name=name, energy_j=power_w * window_s, window_s=window_s, source=f"{power_w * 1e6:.3g} µW: {source}"
    )


def _must_be_positive(what: str, value: float) -> None:
    if not value > 0:
        raise UserError(f"the {what} is {value:g}", "It must be above 0")
