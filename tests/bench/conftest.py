"""A bench that serves, its computing process pretended."""

import pytest
from pretended import serving


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path) as found:
        yield found
