"""The real ngspice for the tests that need it; no test is about how long it takes."""

import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what is marked `gpu` where there is no CUDA device; torch is only asked if such a test is there."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


@pytest.fixture(scope="session")
def ngspice():
    """Skips where ngspice is missing, except in continuous integration, which installs it."""
    if shutil.which("ngspice") is None and not os.environ.get("CI"):
        pytest.skip("ngspice is not installed: apt-get install ngspice")
