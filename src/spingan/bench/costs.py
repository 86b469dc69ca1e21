"""The bill of a setting, as the page stacks it."""

import tempfile
from pathlib import Path
from typing import Any

from spingan.bench.repeat import components_text
from spingan.bench.settings import Settings
from spingan.bench.worker import files_of
from spingan.bills import full_bill
from spingan.costs.account import Account
from spingan.progress import Progress


def bill(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Energy by item and layer of drawing an image and of training with one; time, power, area and what is missing."""
    settings = Settings.from_dict(request["settings"], "settings")
    technology = settings.arrays(files_of(request))
    with tempfile.TemporaryDirectory() as folder:
        components = None
        if settings.node_nm is not None:
            components = Path(folder) / "node.yaml"
            components.write_text(components_text(settings.node_nm), encoding="utf-8")
        found = full_bill(settings.model, technology, components=components)
    accounts = {"drawing": found.drawing, "training": found.training}
    return {
        "technology": found.technology,
        "programming_j": found.programming.whole.energy_j,
        "assumed": list(found.assumed),
        **{name: None if account is None else _account(account) for name, account in accounts.items()},
    }


def _account(account: Account) -> dict[str, Any]:
    items: dict[str, dict[str, Any]] = {}
    for one in account.items:
        if one.energy_j is None:
            continue
        item = items.setdefault(one.item, {"energy_j": 0.0, "low_j": 0.0, "high_j": 0.0, "layers": {}})
        item["energy_j"] += one.energy_j
        item["low_j"] += one.energy_low_j or 0.0
        item["high_j"] += one.energy_high_j or 0.0
        item["layers"][one.layer] = item["layers"].get(one.layer, 0.0) + one.energy_j
    return {
        "energy_j": account.energy_j,
        "low_j": account.total("energy_low_j"),
        "high_j": account.total("energy_high_j"),
        "time_s": account.time_s or None,
        "time_pipelined_s": account.time_pipelined_s,
        "power_w": account.power_w,
        "area_m2": account.total("area_m2") or None,
        "layers": list(account.by("layer")),
        "items": dict(sorted(items.items(), key=lambda pair: -pair[1]["energy_j"])),
        "not_counted": list(account.not_counted),
    }
