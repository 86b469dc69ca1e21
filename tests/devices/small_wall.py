"""A wall device small enough to be solved in a second or two, and its plan."""

from dataclasses import replace

from spingan.devices.wall_characteristic import Plan
from spingan.devices.wall_device import LEAKY_RELU, AnisotropyProfile, Detector, WallDevice
from spingan.devices.wall_study import Setup

DEVICE: WallDevice = replace(
    LEAKY_RELU,
    name="small",
    length_m=64e-9,
    width_m=8e-9,
    profile=AnisotropyProfile(0.6e6, 1.25e6, 28e-9, 1.25e6, 36e-9, 64e-9),
    detectors=(Detector("left", 8e-9, 16e-9, 0.0, 8e-9), Detector("right", 44e-9, 56e-9, 0.0, 8e-9)),
)
SETUP = Setup(DEVICE, cell_m=2e-9)
# Densities as in the printed device: its currents by the ratio of the widths, 8 nm to 23 nm.
PLAN = Plan(
    start_m=32e-9,
    currents_a=(-5e-6, -2.5e-6, 0.0, 2.5e-6, 5e-6),
    probes_a=(),
    full_scale_a=5e-6,
    variant_currents_a=(5e-6,),
    sweep_a=(-5e-6, 0.0, 5e-6),
    limit_a=60e-6,
)
