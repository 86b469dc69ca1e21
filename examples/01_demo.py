"""The road in one call, then step by step: shipped weights to pictures, their quality and their energy bill.

Run it: python examples/01_demo.py [FOLDER]     (under a minute; everything lands in FOLDER, by default demo)
"""

import sys
from pathlib import Path

import spingan
from spingan.demo import run_demo
from spingan.papers.training_account import account_of_recipe

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
print(run_demo(folder).summary())

# The same by hand. A model knows its technology, and what became of each layer of its generator on it.
model = spingan.load_model("fashion-mnist")
print(f"\n{model.name} on {model.technology.name}:")
for row in model.conversion.rows:
    print(f"  {row.layer:6} {row.kind:8} {row.becomes}")

spingan.sample(model, folder / "sixteen.png", count=16, seed=1)
account = account_of_recipe("fashion-mnist").to_dict()
print(f"\nforward: {account['forward_energy_nj']:.4f} nJ")
print(f"to train with an image: {account['training_energy_per_image_nj']:.3f} nJ")
