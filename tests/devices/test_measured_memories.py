"""The measured memories: shipped files are the module's, and their figures those that are published."""

import pytest

from spingan.devices.measured_memories import hfox_rram, pcm, pcm_array
from spingan.spec.files import read_synapse
from spingan.spec.technology import DEVICES, load_technology


@pytest.mark.parametrize("made", [hfox_rram(), pcm(), pcm_array()], ids=lambda made: made.name)
def test_the_shipped_file_is_what_the_module_gives(made):
    assert read_synapse(DEVICES / "curves" / f"{made.name}.csv") == made
    assert load_technology(made.name.replace("_", "-")).synapse == made


def test_published_ends_and_deviations():
    rram, memory = hfox_rram(), pcm()
    assert (rram.conductance[0], rram.conductance[-1]) == (1e-6, 40e-6)
    assert (memory.conductance[0], memory.conductance[-1]) == (0.25e-6, 25e-6)
    assert memory.write_error is not None
    assert 0.011 < min(memory.write_error) / 25e-6 < 0.012 and max(memory.write_error) / 25e-6 == pytest.approx(
        0.0434, abs=1e-4
    )  # 1.1 to 4.3 % of Gmax
    assert memory.step_up is None and rram.write.energy_j is None and rram.faults.stuck_at_minimum is None
