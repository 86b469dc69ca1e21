"""Devices by name, those of the package and of others, and what they give."""

import sys
from importlib.metadata import EntryPoint

import pytest

from spingan.devices import device as devices
from spingan.devices.device import SHIPPED, ActivationDevice, SynapseDevice, device, list_devices
from spingan.devices.wox_memristor import wox_memristor
from spingan.errors import UserError
from spingan.spec.activation import Activation
from spingan.spec.synapse import Synapse


class Foreign:
    name, about = "foreign", "from another package"

    def to_synapse(self):
        return wox_memristor(8)


class Nothing:
    pass


@pytest.fixture
def plugin(monkeypatch):
    def bring(value):
        points = (EntryPoint("foreign", value, devices.GROUP),)
        monkeypatch.setattr(devices, "entry_points", lambda group: points if group == devices.GROUP else ())
        monkeypatch.setitem(sys.modules, "foreign_package", sys.modules[__name__])

    return bring


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_device_gives_a_value_and_figures_with_units(name):
    found = device(name)
    assert found.name == name
    assert isinstance(found, SynapseDevice) != isinstance(found, ActivationDevice)
    if isinstance(found, SynapseDevice):
        assert isinstance(found.to_synapse(), Synapse)
    else:
        assert isinstance(found.to_activation(), Activation)
    assert all(figure.quantity and figure.unit for figure in found.figures())


def test_a_published_device_needs_no_simulation():
    found = device("wox-memristor")
    assert found.characterise() == found.to_synapse()


def test_an_installed_package_brings_a_device(plugin):
    plugin("foreign_package:Foreign")
    assert device("foreign").to_synapse().states == 8
    assert list_devices()[-1] == {
        "name": "foreign", "makes": "synapse", "about": "from another package", "from": "foreign_package:Foreign",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_package:X", "cannot be loaded"),
        ("foreign_package:absent", "absent"),
        ("foreign_package:Nothing", "no device"),
    ],
)
def test_a_plugin_that_does_not_work_is_named(plugin, value, said):
    plugin(value)
    with pytest.raises(UserError, match=said):
        device("foreign")
    assert list_devices()[-1]["makes"] == "nothing"


def test_a_name_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(UserError, match="Did you mean wox-memristor"):
        device("wox-memrister")
