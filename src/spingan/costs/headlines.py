"""The five numbers of a whole bill that a person remembers."""

from spingan.costs.account import Account
from spingan.quantities import NOT_COUNTED, area_text, quantity_text


def energy_range(account: Account) -> str:
    """The energy of an image, and between which bounds it stands."""
    value, low, high = (account.total(name) for name in ("energy_j", "energy_low_j", "energy_high_j"))
    return (
        f"{quantity_text(value or None, 'J', 3)} ({quantity_text(low, 'J', 3)} to {quantity_text(high, 'J', 3)})"
        if value
        else NOT_COUNTED
    )


def five_numbers(account: Account) -> dict[str, str]:
    """Energy, time, power, area and the largest item; `>` where a part of a time or an area is not known."""
    item, share = account.largest
    pipelined = quantity_text(account.time_pipelined_s, "s", 3)
    more = {what: "> " if any(what in item.lacks for item in account.items) else "" for what in ("time", "area")}
    time = quantity_text(account.time_s or None, "s", 3)
    return {
        "energy": energy_range(account),
        "time": f"{more['time']}{time} ({pipelined} from image to image, pipelined)",
        "power": quantity_text(account.power_w, "W", 3),
        "area": f"{more['area']}{area_text(account.total('area_m2') or None)}",
        "largest": f"{item}, {share:.0%} of the energy",
    }
