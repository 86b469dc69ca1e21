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
from spingan.hardware.files import read_activation, read_synapse, write_activation, write_synapse

DEVICES = Path(spingan.__file__).parent / "devices"
FIGURES = Path(__file__).parent / "figures"

COMMANDS = {
    "leaky-relu": ("device", "leaky-relu"),
    "relu": ("device", "relu"),
    "skyrmion-synapse": ("device", "skyrmion-synapse"),
    "design-leaky-relu": ("design", "leaky-relu", "--slope", "0.2", "--range-ua", "20"),
    "design-relu": ("design", "relu", "--range-ua", "20"),
}
CURVES = {  # what a command writes, and the name that it is shipped under
    "leaky-relu": {"leaky_relu_simulated.csv": "leaky_relu_simulated"},
    "relu": {"relu_simulated.csv": "relu_simulated"},
    "skyrmion-synapse": {
        "skyrmion_simulated.csv": "skyrmion_simulated",
        "skyrmion_designed.csv": "skyrmion_designed",
    },
    "design-leaky-relu": {"leaky_relu_*.csv": "leaky_relu_designed"},
    "design-relu": {"relu*.csv": "relu_designed"},
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
        for source, target in CURVES[name].items():
            place = DEVICES / "curves" / f"{target}.csv"
            source_file = next((arguments.out / name).glob(source))
            if target.startswith("skyrmion"):
                write_synapse(read_synapse(source_file), place)
            else:
                write_activation(read_activation(source_file).model_copy(update={"name": target}), place)
            print(place)
    for source, target in PICTURES.items():
        if source.split("/")[0] in chosen:
            shutil.copy(arguments.out / source, FIGURES / target)


if __name__ == "__main__":
    main()
