"""The real ngspice for the tests that need it; no test is about how long it takes."""

import os
import shutil

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def ngspice():
    """Skips where ngspice is missing, except in continuous integration, which installs it."""
    if shutil.which("ngspice") is None and not os.environ.get("CI"):
        pytest.skip("ngspice is not installed: apt-get install ngspice")
