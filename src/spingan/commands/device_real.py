"""What is real about a device: options and studies of `spingan device` with --sensitivity."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spingan.commands.device_heat import Wall
from spingan.commands.options import ConventionName, option
from spingan.commands.printing import Result, run
from spingan.progress import Progress

if TYPE_CHECKING:
    from spingan.devices.wall_device import WallDevice
    from spingan.physics.skyrmion_calibration import SkyrmionCalibration

Asked = Annotated[
    bool,
    typer.Option(
        "--sensitivity",
        help="What each real term is worth instead (read current through the heavy metal, shunting, Joule heat, TMR "
        "against bias, pinning, grains, edges, spread).",
    ),
]
LIST: dict[str, Any] = {"metavar": "LIST"}
FILE: dict[str, Any] = {"metavar": "FILE"}
REAL: dict[str, tuple[Any, Any]] = {
    "terms": option(
        str | None, "--terms", "With --sensitivity: the terms that are on, as heat,grains; else all.", **LIST
    ),
    "values": option(
        Path | None, "--values", "With --sensitivity: values of your own; its terms.yaml begins it.", **FILE
    ),
    "devices": option(
        int | None,
        "--devices",
        "With --sensitivity: instances of each random term; 20 walls, 4 synapses.",
        min=2,
        max=10_000,
    ),
}


def wall_sensitivity(
    name: Wall,
    convention: ConventionName,
    device: "WallDevice",
    full_scale_a: float,
    start_m: float,
    out: Path | None,
    json: bool,
    workers: int,
    terms: str | None = None,
    values: Path | None = None,
    devices: int = 20,
    seed: int = 0,
) -> None:
    """The compact wall of a device with one real term at a time and with all; its curve with all and their spread."""
    from dataclasses import asdict

    from spingan.devices.domain_wall import BY_NAME
    from spingan.devices.real_terms import SHIPPED, read_real_terms
    from spingan.devices.wall_sensitivity import Question, sensitivity, sensitivity_curve
    from spingan.reports.wall_sensitivity_report import sensitivity_text, write_sensitivity_report

    known = read_real_terms(values or SHIPPED)
    chosen = known if terms is None else known.only(*(word.strip() for word in terms.split(",")))
    question = Question(device, full_scale_a, start_m, chosen, convention, devices, seed)

    def work(progress: Progress) -> Result:
        found = sensitivity(question, workers, progress)
        curve = sensitivity_curve(found, BY_NAME[name].function, f"{device.name}_real")
        data = {
            "device": device.name,
            "convention": convention,
            "fidelity": found.fidelity,
            "full_scale_ua": full_scale_a * 1e6,
            "terms": {term: asdict(getattr(chosen, term)) for term in chosen.names},
            "devices": devices,
            "seed": seed,
            "window_s": dict(found.window_s),
            "rows": [effect.row() for effect in found.effects],
            "spread": found.spread.model_dump(exclude_none=True),
            "note": found.note,
        }
        notes = [
            "low, high: at minus and plus full scale. span: of the conductance from no input to full scale. slope: "
            f"below zero over above. energy: in {found.window_s[convention] * 1e9:.3g} ns, the settling without terms. "
            "±: from device to device.",
            f"torque convention: {convention}; {found.fidelity}",
            *([found.note] if found.note else []),
        ]
        return Result(
            data, sensitivity_text(found), notes,
            lambda folder: write_sensitivity_report(found, curve, data["terms"], folder),
        )  # fmt: skip

    run(work, json, out or Path(f"runs/device-{name}-sensitivity"))


def skyrmion_sensitivity(
    calibration: "SkyrmionCalibration",
    seed: int,
    workers: int,
    out: Path | None,
    json: bool,
    terms: str | None = None,
    values: Path | None = None,
    devices: int = 4,
) -> None:
    """Both synapses at their working points with one real term at a time."""
    from dataclasses import asdict

    from spingan.devices.real_terms import SYNAPSE_SHIPPED, read_synapse_terms
    from spingan.devices.skyrmion_synapse import PRINTED
    from spingan.devices.skyrmion_synapse_real import synapse_sensitivity
    from spingan.reports.synapse_sensitivity_report import synapse_sensitivity_text, write_synapse_sensitivity

    known = read_synapse_terms(values or SYNAPSE_SHIPPED)
    chosen = known if terms is None else known.only(*(word.strip() for word in terms.split(",")))

    def work(progress: Progress) -> Result:
        effects = synapse_sensitivity(
            PRINTED, calibration, chosen, devices=devices, seed=seed, workers=workers, progress=progress
        )
        data = {
            "device": PRINTED.name,
            "fidelity": f"Thiele model without heat noise; {calibration.source}",
            "terms": {term: asdict(getattr(chosen, term)) for term in chosen.names},
            "devices": devices,
            "seed": seed,
            "rows": [effect.row() for effect in effects],
        }
        notes = (
            "in, left: skyrmions under the junction after potentiation and at the end. shunt, tmr_fall: with "
            "three_terminals on. ±: from device to device.",
            "The write current runs across the stack: no convention of the spin-orbit torque and no shunt concern it.",
        )
        return Result(
            data, synapse_sensitivity_text(effects), notes,
            lambda folder: write_synapse_sensitivity(effects, data["terms"], folder),
        )  # fmt: skip

    run(work, json, out or Path("runs/device-skyrmion-synapse-sensitivity"))
