"""Print how many walls `skyrmion-designed` loses for each range of its activations: docs/circuits.md, "The range".

.venv/bin/python docs/make_range_losses.py

The loss of the cell's file, in the mean over what `clothes` drives its activations with (32 images, one chip).
"""

import numpy as np

import spingan
from spingan.nn.activation_inputs import activation_inputs

RANGES = (1.5, 2.0, 3.0, 4.0, 6.0, None)  # rows of that table


def main() -> None:
    for factor in RANGES:
        technology = spingan.load_technology("skyrmion-designed").model_copy(update={"activation_range_rms": factor})
        cell = technology.activations["relu"]  # the generator's rectifiers
        model = spingan.reprogram("clothes", technology)
        inputs = activation_inputs(model, "relu", images=32)
        assert cell.loss is not None
        lost = np.interp(inputs.share_of_full_scale * cell.input_full_scale, cell.loss.input, cell.loss.per_evaluation)
        share = float((inputs.weight * lost).sum())
        print(f"{'the largest' if factor is None else factor}: {share:.2%} of all evaluations")


if __name__ == "__main__":
    main()
