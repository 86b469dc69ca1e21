"""The whole comparison, computed once: its live numbers take seconds."""

import pytest

from spingan.reproduction.reproduce import reproduce


@pytest.fixture(scope="session")
def comparison():
    return reproduce()
