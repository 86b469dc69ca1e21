"""Large blocks that are freed stay with the process."""

import resource
import subprocess
import sys

PROGRAM = """
import resource, sys
import torch
from spingan.training.machine import keep_freed_memory
told = keep_freed_memory() if sys.argv[1] == "keep" else True
for _ in range(20):
    torch.ones(20_000_000)
print(int(told), resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def _faults(how: str) -> tuple[bool, int]:
    out = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=120)
    told, faults = out.stdout.split()
    return told == "1", int(faults)


def test_a_block_that_is_asked_for_again_is_not_cleared_by_the_system_again():
    told, kept = _faults("keep")
    if not told:
        return  # another C library
    block = 80_000_000 // resource.getpagesize()
    assert _faults("leave")[1] - kept > 10 * block
