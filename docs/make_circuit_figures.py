"""Makes the pictures of the circuits in README and docs anew.

python docs/make_circuit_figures.py [--out FOLDER]

What the commands write stays in FOLDER (build/circuits). Needs ngspice, and a minute.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

FIGURES = Path(__file__).parent / "figures"
COMMANDS = {"am-dcgan-cnn": ("circuit", "am-dcgan-cnn"), "leaky-relu": ("circuit", "leaky-relu")}
PICTURES = {
    "am-dcgan-cnn/waveforms.png": "circuit_am_dcgan_waveforms.png",
    "am-dcgan-cnn/activations.png": "circuit_am_dcgan_activations.png",
    "leaky-relu/transfer.png": "circuit_leaky_relu_transfer.png",
    "leaky-relu/waveforms.png": "circuit_leaky_relu_waveforms.png",
}


def main() -> None:
    """Run the commands, then copy their pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build") / "circuits")
    arguments = parser.parse_args()
    for name, words in COMMANDS.items():
        command = [*words, "--out", str(arguments.out / name)]
        print("spingan", *command, flush=True)
        subprocess.run([sys.executable, "-m", "spingan", *command], check=True, timeout=3600)
    for source, target in PICTURES.items():
        shutil.copy(arguments.out / source, FIGURES / target)


if __name__ == "__main__":
    main()
