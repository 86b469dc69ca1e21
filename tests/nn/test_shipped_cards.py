"""The cards of models, shipped or saved, say what an image takes: all parts of the hardware, as counted today."""

import pytest

from spingan.errors import UserError
from spingan.nn import pretrained
from spingan.nn.model_files import shipped_files
from spingan.nn.pretrained import bill_text, card
from spingan.nn.tensor_files import read_metadata
from spingan.nn.weights import load_model
from spingan.spec.technology import Technology


@pytest.mark.parametrize("name", shipped_files())
def test_a_shipped_card_has_the_bill_of_today(name):
    """Else: python benchmarks/ship_weights.py --bills."""
    weights = shipped_files()[name]
    header = read_metadata(weights, "weights file")
    technology = Technology.from_dict(header["technology"], name)
    text = weights.with_name(f"{name}.md").read_text(encoding="utf-8")
    assert f"\n\n{bill_text(header['net'], technology, header['latent_size'])}\n\n" in text


def test_a_saved_card_has_the_five_numbers():
    model = load_model("clothes")
    assert bill_text(model.net, model.technology, model.latent_size) in card(model)
    assert "| energy | 1.28 µJ (521 nJ to 6.08 µJ) |" in card(model)


def test_a_net_that_cannot_be_counted_has_a_card_all_the_same(monkeypatch):
    def refuse(*_):
        raise UserError("nobody knows its layers")

    monkeypatch.setattr(pretrained, "bill_text", refuse)
    assert "not counted: nobody knows its layers." in card(load_model("clothes"))
