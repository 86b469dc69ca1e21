"""A device of your own: two measured tables become a technology, and shipped weights draw with it.

Run it: python examples/03_your_own_device.py [FOLDER [MODEL]]     (under a minute; FOLDER is by default my_device)

The tables in examples/data are invented; examples/data/make_measurements.py says how they were made.
"""

import sys
from pathlib import Path

import spingan
from spingan.measured.fit import fit_activation, fit_synapse, write_fit
from spingan.output import write_text

DATA = Path(__file__).parent / "data"
folder = Path(sys.argv[1] if len(sys.argv) > 1 else "my_device")
trained = sys.argv[2] if len(sys.argv) > 2 else "fashion-mnist"

# 1. Measured tables to files of the project; each fit is drawn beside its file.
#    On the command line: spingan fit synapse synapse.csv --position pulse --conductance conductance_us --states 64 ...
synapse = fit_synapse(DATA / "synapse.csv", "pulse", "conductance_us", states=64, conductance_unit="uS")
relu = fit_activation(DATA / "relu.csv", "current_ua", "voltage_mv", function="relu", input_unit="uA", output_unit="mV")
for fit, name in ((synapse, "synapse.csv"), (relu, "relu.csv")):
    table, picture = write_fit(fit, folder / name)
    print(f"{table}, drawn in {picture}: error {fit.rms_error:.2%} of the span")

# 2. A technology that names them. What it leaves out is ideal in function and "not counted" in a bill.
write_text(
    folder / "technology.yaml",
    """schema_version: 1
name: my-device
synapse: synapse.csv
activations: {relu: relu.csv, leaky_relu: leaky_relu_published}
encoding: differential_pair
gain: column
""",
)

# 3. The shipped generator, written into this technology's arrays, draws.
before = spingan.load_model(trained)
after = spingan.reprogram(before, folder)
for model, name in ((before, "before.png"), (after, "after.png")):
    print(spingan.sample(model, folder / name, seed=3))
    quality = spingan.evaluate(model, count=1_000)
    print(f"  {model.name}: {quality.metric} = {quality.value:.2f}, real images {quality.floor:.2f}")
