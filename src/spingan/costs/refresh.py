"""Refresh: all weights are written again at an interval, before their states fade. An image bears its share of it."""

from dataclasses import replace

from spingan.costs.account import Account, Item
from spingan.costs.programming import Programming
from spingan.spec.synapse import Synapse
from spingan.spec.technology import Technology

FADED = 0.05  # of a state: what a chip may lose before it is written again; as a column may lose on its wire: assumed


def holds_s(synapse: Synapse | None) -> float | None:
    """Seconds until states have lost `FADED`; None where it is not known, or where they lose nothing on average."""
    return None if synapse is None or synapse.retention is None else synapse.retention.time_until(FADED)


def with_refresh(drawing: Account, technology: Technology, once: Programming) -> Account:
    """The drawing of one image with its share of the refresh, or with the reason why it has none.

    A chip that is refreshed every I seconds, and is written for W of them, draws for I - W. An image that takes T of
    these bears T / (I - W) refreshes, each of which costs what programming does: the states are not taken to be near
    where they were. A W that is unknown is taken as 0 in the share.

    Args:
        once: Writing all weights of the net that draws once.
    """
    synapse, every_s = technology.synapse, technology.refresh_interval_s
    if every_s is None:
        reasons = () if synapse is None else (f"refresh: {technology.name} states no refresh_interval_s",)
        return replace(drawing, not_counted=(*reasons, *drawing.not_counted))
    whole, writing_s = once.whole, once.time_s
    left_s, time_s = every_s - (writing_s or 0.0), drawing.time_s
    missing = whole.missing
    if left_s <= 0:
        missing = f"one takes {writing_s:.3g} s, and {technology.name} asks for one every {every_s:g} s"
    elif not time_s:
        missing = "how long an image takes is not known"
    if missing:
        item = Item("refresh", "all layers", whole.count, missing=missing)
        reasons = (f"refresh: {missing}", *drawing.not_counted)
        return replace(drawing, items=(*drawing.items, item), not_counted=reasons)
    pipelined_s, held_s = drawing.time_pipelined_s or time_s, holds_s(synapse)
    note = (
        f"every {every_s:g} s while images follow each other, each time as weights are first written, row by row; "
        "low: layers are pipelined"
    )
    if held_s is not None and held_s < every_s:
        note += f"; before it states lose more than {FADED:.0%}"
    lacks = (*once.lacks, *(("time",) if writing_s is None else ()))
    share, pipelined = (whole.times(seconds / left_s) for seconds in (time_s, pipelined_s))
    item = replace(
        share,
        item="refresh",
        energy_low_j=pipelined.energy_low_j,
        time_s=None if writing_s is None else writing_s * time_s / left_s,
        note=note,
        lacks=lacks,
    )
    return replace(
        drawing,
        items=(*drawing.items, item),
        not_counted=(*(f"refresh: {what}" for what in lacks), *drawing.not_counted),
        time_pipelined_s=None if drawing.time_pipelined_s is None else pipelined_s * every_s / left_s,
        saved_pipelined_j=(share.energy_j or 0.0) - (pipelined.energy_j or 0.0),
    )
