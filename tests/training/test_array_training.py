"""Training with wires and converters: an interrupted run goes on bit for bit, and so do its ranges and folds."""

import pytest
import torch
from same_run import assert_same_run

from spingan.nn.converters import quantisers
from spingan.nn.weights import load_model
from spingan.spec.technology import load_technology, with_settings
from spingan.training import loop

ARRAY = with_settings(
    load_technology("hfox-rram"), ["wire_resistance_ohm=2", "tile_rows=64", "tile_columns=64", "input_coding=amplitude"]
)


class _Stop(Exception):
    pass


@pytest.mark.slow
def test_an_interrupted_run_on_wired_tiles_with_converters_ends_the_same(run, tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", "fold_every=4", technology=ARRAY)
    step, done = loop.train_step, []

    def stopping(*given, **options):
        done.append(1)
        if len(done) == 8:  # between two folds and two calibrations
            raise _Stop
        return step(*given, **options)

    monkeypatch.setattr(loop, "train_step", stopping)
    with pytest.raises(_Stop):
        run(tmp_path / "halves", "fold_every=4", technology=ARRAY)
    monkeypatch.setattr(loop, "train_step", step)
    run(tmp_path / "halves", "fold_every=4", technology=ARRAY, resume=True)
    assert_same_run(tmp_path / "halves", whole)
    model = load_model(whole)
    assert all(float(one.low) < float(one.high) for one in quantisers(model.generator))
    assert bool(torch.isfinite(model.sample(2)).all())
