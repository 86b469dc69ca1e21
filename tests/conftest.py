"""The real ngspice for the tests that need it."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def ngspice():
    """Skips where ngspice is missing, except in continuous integration, which installs it."""
    if shutil.which("ngspice") is None and not os.environ.get("CI"):
        pytest.skip("ngspice is not installed: apt-get install ngspice")
