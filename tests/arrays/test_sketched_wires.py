"""Within `sketched_wires` a tile takes what its wires would take from a tile of equal cells."""

from collections import OrderedDict

import numpy as np

from spingan.arrays import wires as of_wires
from spingan.arrays.wires import WireRules, fold, fold_once, sketched_wires


def test_a_sketch_is_right_to_first_order_and_solves_one_tile_for_all_that_are_alike(monkeypatch):
    random, solved = np.random.default_rng(0), []
    monkeypatch.setattr(of_wires, "_kept", OrderedDict())
    monkeypatch.setattr(of_wires, "fold", lambda given, wires: solved.append(given) or fold(given, wires))
    cells = random.uniform(0.9e-5, 1.1e-5, (8, 32, 16))
    for ohm in (0.01, 1.0):
        wires = WireRules(ohm, ohm)
        with sketched_wires():
            sketches = [fold_once(tile, wires) for tile in cells]
        assert len(solved) == 1 and len(np.unique(solved.pop())) == 1
        for tile, sketch in zip(cells, sketches, strict=True):
            exact = fold_once(tile, wires)  # cells differ by 10 % from their mean, and it from the tile's by 5 %
            assert np.abs(sketch - exact).max() < 0.2 * np.abs(exact - tile).max()
        solved.clear()


def test_a_sketch_of_a_tile_without_a_conductance_is_nothing():
    with sketched_wires():
        assert not fold_once(np.zeros((3, 2)), WireRules(1.0, 1.0)).any()
