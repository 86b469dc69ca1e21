"""What is misspelt in a recipe is told before torch is loaded, which takes seconds."""

import subprocess
import sys

import pytest

from spingan.nn.net_names import NETS

MISSPELT = [
    ("fashion-mnits",),
    ("fashion-mnist", "--set", "epoch=5"),
    ("fashion-mnist", "--set", "batch_size=-1"),
    ("fashion-mnist", "--set", "augmentation.shift=28"),
    ("fashion-mnist", "--set", "loss=hinge"),
    ("fashion-mnist", "--set", "net=fashon"),
    ("fashion-mnist", "--set", "data.name=mnits"),
    ("fashion-mnist", "--set", "technology=skyrmion-publishd"),
]


@pytest.mark.parametrize("command", ["train", "cost"])
@pytest.mark.parametrize("recipe", MISSPELT, ids=" ".join)
def test_a_refused_recipe_has_not_loaded_torch(command, recipe):
    script = (
        "import sys\nfrom spingan.cli import app\n"
        f"try: app({[command, *recipe]!r}, prog_name='spingan')\n"
        "except SystemExit as end: assert end.code == 2, end.code\n"
        "heavy = {'torch', 'lightning_fabric', 'scipy', 'numba', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_what_recipes_are_checked_against_is_what_the_families_are():
    for name in NETS:
        net = NETS[name]
        assert (net.size, set(net.losses)) == (net.family.size, set(net.family.losses)), name
