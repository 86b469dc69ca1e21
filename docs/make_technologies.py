"""Makes the curves of the technologies skyrmion-simulated and skyrmion-designed anew, and the README's device pictures.

python docs/make_technologies.py [--out FOLDER] [--only NAME]...

Each curve comes out of one command of the command line, which is printed. What
the commands write stays in FOLDER (build/technologies).
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import spingan

CURVES = Path(spingan.__file__).parent / "devices" / "curves"
FIGURES = Path(__file__).parent / "figures"

COMMANDS = {
    "leaky-relu": ("device", "leaky-relu"),
    "relu": ("device", "relu"),
    "skyrmion-synapse": ("device", "skyrmion-synapse"),
    "design-leaky-relu": ("design", "leaky-relu", "--slope", "0.2", "--range-ua", "20"),
    "design-relu": ("design", "relu", "--range-ua", "20"),
}
PICTURES = {
    "leaky-relu/characteristic.png": "device_leaky_relu.png",
    "leaky-relu/wall.gif": "device_leaky_relu.gif",
    "relu/characteristic.png": "device_relu.png",
    "skyrmion-synapse/skyrmion_simulated_conductance.png": "device_skyrmion_synapse.png",
    "skyrmion-synapse/skyrmion_simulated_disc.png": "device_skyrmion_disc.png",
    "skyrmion-synapse/sweep.png": "device_skyrmion_sweep.png",
    "design-leaky-relu/transfer.png": "design_leaky_relu.png",
    "design-leaky-relu/wall.png": "design_leaky_relu_wall.png",
}


def main() -> None:
    """Run the commands, then copy what they wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build") / "technologies")
    parser.add_argument("--only", action="append", choices=COMMANDS, help="of the commands; may be repeated")
    arguments = parser.parse_args()
    chosen = arguments.only or list(COMMANDS)
    for name in chosen:
        command = [*COMMANDS[name], "--out", str(arguments.out / name)]
        print("spingan", *command, flush=True)
        subprocess.run([sys.executable, "-m", "spingan", *command], check=True, timeout=3600)
    for name in chosen:
        for curve in sorted((arguments.out / name).glob("*_simulated.csv")) + sorted(
            (arguments.out / name).glob("*_designed.csv")
        ):
            shutil.copy(curve, CURVES / curve.name)
            print(CURVES / curve.name)
    for source, target in PICTURES.items():
        if source.split("/")[0] in chosen:
            shutil.copy(arguments.out / source, FIGURES / target)


if __name__ == "__main__":
    main()
