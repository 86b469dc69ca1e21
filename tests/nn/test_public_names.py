"""The packages' public names lead to what they say, and none costs anything before it is used."""

import importlib
import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["spingan.nn", "spingan.spec", "spingan.arrays"])
def test_every_public_name_is_there_and_listed_once(package):
    module = importlib.import_module(package)
    assert sorted(set(module.__all__)) == dir(module)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="attribute nothing"):
        module.__getattr__("nothing")


def test_importing_the_packages_loads_no_torch():
    code = "import sys, spingan.nn, spingan.spec, spingan.arrays; sys.exit(len({'torch', 'numpy'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
