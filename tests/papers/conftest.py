"""The whole comparison, computed once: its live numbers take seconds."""

import pytest

from spingan.papers.reproduce import reproduce


@pytest.fixture(scope="session")
def comparison():
    return reproduce()
