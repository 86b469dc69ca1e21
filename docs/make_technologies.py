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
from spingan.spec.files import read_activation, read_synapse, write_activation, write_synapse

DEVICES = Path(spingan.__file__).parent / "devices"
FIGURES = Path(__file__).parent / "figures"

COMMANDS = {
    "leaky-relu": ("device", "leaky-relu"),
    "relu": ("device", "relu"),
    "skyrmion-synapse": ("device", "skyrmion-synapse"),
    "design-leaky-relu": ("design", "leaky-relu", "--slope", "0.2", "--range-ua", "20"),
    "design-relu": ("design", "relu", "--range-ua", "20"),
    # The cells take the curves that the commands above have made.
    "circuit-leaky-relu-simulated": ("circuit", "leaky-relu", "--curve", "simulated", "--monte-carlo", "400"),
    "circuit-relu-simulated": ("circuit", "relu", "--curve", "simulated", "--monte-carlo", "400"),
    "circuit-leaky-relu-designed": ("circuit", "leaky-relu", "--curve", "designed", "--monte-carlo", "400"),
    "circuit-relu-designed": ("circuit", "relu", "--curve", "designed", "--monte-carlo", "400"),
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
    "circuit-leaky-relu-simulated": {"*_cell.csv": "leaky_relu_simulated_cell"},
    "circuit-relu-simulated": {"*_cell.csv": "relu_simulated_cell"},
    "circuit-leaky-relu-designed": {"*_cell.csv": "leaky_relu_designed_cell"},
    "circuit-relu-designed": {"*_cell.csv": "relu_designed_cell"},
}
DESIGNS = {"design-leaky-relu": "leaky_relu_designed", "design-relu": "relu_designed"}
PICTURES = {
    "leaky-relu/characteristic.png": "device_leaky_relu.png",
    "leaky-relu/wall.gif": "device_leaky_relu.gif",
    "relu/characteristic.png": "device_relu.png",
    "skyrmion-synapse/skyrmion_simulated_conductance.png": "device_skyrmion_synapse.png",
    "skyrmion-synapse/skyrmion_simulated_disc.png": "device_skyrmion_disc.png",
    "skyrmion-synapse/sweep.png": "device_skyrmion_sweep.png",
    "design-leaky-relu/transfer.png": "design_leaky_relu.png",
    "design-leaky-relu/wall.png": "design_leaky_relu_wall.png",
    "circuit-leaky-relu-simulated/energy.png": "circuit_leaky_relu_energy.png",
    "circuit-leaky-relu-simulated/spread.png": "circuit_leaky_relu_spread.png",
    "circuit-leaky-relu-designed/transfer.png": "circuit_leaky_relu_designed.png",
    "circuit-leaky-relu-designed/spread.png": "circuit_leaky_relu_designed_spread.png",
}


def main() -> None:
    """Run the commands one after another, and copy what each wrote before the next one needs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build") / "technologies")
    parser.add_argument("--only", action="append", choices=COMMANDS, help="of the commands; may be repeated")
    parser.add_argument("--copy", action="store_true", help="only copy what is in the folder already")
    arguments = parser.parse_args()
    for name in arguments.only or list(COMMANDS):
        if not arguments.copy:
            command = [*COMMANDS[name], "--out", str(arguments.out / name)]
            print("spingan", *command, flush=True)
            subprocess.run([sys.executable, "-m", "spingan", *command], check=True, timeout=3600)
        ship(name, arguments.out / name)


def ship(name: str, folder: Path) -> None:
    """Copy curves, a design's device with its compact wall, and pictures to where the project has them."""
    curves = DEVICES / "curves"
    for source, target in CURVES[name].items():
        place = curves / f"{target}.csv"
        source_file = next(folder.glob(source))
        if target.startswith("skyrmion"):
            write_synapse(read_synapse(source_file), place)
        else:
            write_activation(read_activation(source_file).model_copy(update={"name": target}), place)
        print(place)
    if name in DESIGNS:
        shutil.copy(folder / "device.yaml", curves / f"{DESIGNS[name]}_device.yaml")
        shutil.copy(folder / "compact.yaml", curves / f"wall_calibration_{DESIGNS[name]}.yaml")
    for source, target in PICTURES.items():
        if source.split("/")[0] == name:
            shutil.copy(folder.parent / source, FIGURES / target)


if __name__ == "__main__":
    main()
