"""Several chips of a model: each one's measures, and means with intervals that they belong to."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from scipy import stats

from spingan.arrays.conditions import ChipConditions
from spingan.data import FASHION_MNIST as fashion_mnist
from spingan.errors import UserError
from spingan.evaluation import quality
from spingan.evaluation.interval import interval
from spingan.evaluation.quality import MEASURES, evaluate_model
from spingan.nn.weights import load_model
from test_cli import run

COUNT = 200
evaluate = partial(quality.evaluate, data="fashion-mnist", count=COUNT)


def _sampler(deviation):
    images = fashion_mnist.test_sample()[0][-COUNT:].astype(float)
    images = (images + np.random.default_rng(1).normal(0, deviation, images.shape)).clip(0, 255)
    return lambda count, seed: torch.from_numpy(images[:count]).unsqueeze(1).float() / 127.5 - 1


def test_each_chip_is_judged_as_if_it_were_alone_and_the_first_is_the_headline():
    samplers = {4: _sampler(0), 5: _sampler(20), 6: _sampler(40)}
    found = evaluate(samplers[4], chip_seed=4, other_chips={seed: samplers[seed] for seed in (5, 6)})
    assert [chip.chip_seed for chip in found.chips] == [4, 5, 6]
    for chip in found.chips:
        alone = evaluate(samplers[chip.chip_seed])
        assert chip.value == alone.value
        assert (chip.precision, chip.recall, chip.density, chip.coverage) == (
            alone.variety.precision, alone.variety.recall, alone.variety.density, alone.variety.coverage,
        )  # fmt: skip
    assert found.value == found.chips[0].value


def test_the_means_and_intervals_are_those_of_the_chips_values():
    found = evaluate(_sampler(0), other_chips={1: _sampler(20), 2: _sampler(40)})
    told = json.loads(json.dumps(found.to_dict()))
    for name in MEASURES:
        values = [chip[name] for chip in told["chips"]]
        mean, half = np.mean(values), stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / 3**0.5
        assert told["means"][name] == pytest.approx(mean)
        assert told["intervals"][name] == pytest.approx([mean - half, mean + half])
    assert told["interval"] == told["intervals"]["value"] and told["mean"] == told["means"]["value"]


def test_one_chip_has_no_interval():
    told = evaluate(_sampler(0)).to_dict()
    assert not told["chips"] and "interval" not in told
    assert interval([1.0]).high == float("inf")


def test_the_chips_of_a_model_have_the_seeds_that_follow_and_a_trim_reaches_them():
    model = load_model("clothes")
    curves = {
        key: curve.model_copy(update={"spread": curve.spread.model_copy(update={"offset": 0.05})})
        for key, curve in model.technology.activations.items()
    }
    for device in (m for m in model.generator.modules() if hasattr(m, "activation")):
        device.activation = curves[device.activation.function]
    asked = {"count": 40, "variety_count": 40}
    found = evaluate_model(model, chip=3, chips=2, **asked)
    assert [chip.chip_seed for chip in found.chips] == [3, 4]
    assert found.chips[1].value == evaluate_model(model, chip=4, **asked).value != found.chips[0].value
    trimmed = evaluate_model(model, chip=ChipConditions(3, trim_bits=8), **asked)
    assert trimmed.value < 0.7 * found.chips[0].value
    with pytest.raises(UserError, match="0 chips draw nothing"):
        evaluate_model(model, chips=0)


def test_the_command_prints_the_chips_and_their_interval():
    words = ("evaluate", "clothes", "--chips", "2", "--count", "40")
    told = json.loads(run(*words, "--json").stdout)
    assert [chip["chip_seed"] for chip in told["chips"]] == [0, 1]
    assert told["interval"][0] <= told["mean"] <= told["interval"][1]
    assert {"recall", "precision", "coverage"} <= set(told["chips"][0])
    assert "chips 0 to 1, mean and its interval of 95 %: distance" in run(*words).stdout


def test_a_trim_of_devices_that_do_not_differ_is_one_clear_error():
    result = run("evaluate", "clothes", "--condition", "trim_bits=8", "--count", "40")
    assert result.exit_code == 2 and "there is no offset to trim" in result.stderr
