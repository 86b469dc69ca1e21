"""The machine that a training runs on: which number format is faster there, and memory that stays with the process."""

import ctypes
import sys
import time

import torch
from torch.nn import functional

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's malloc.h
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell the C library to keep large blocks that are freed, and return whether it could be told.

    glibc takes every block of over 32 MB from the system and gives it back, and each of its pages is then cleared anew
    at first use. A training asks for the same blocks in every step. Other C libraries have no such call, and nothing is
    done.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _NEVER)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))


def faster_precision(device: torch.device) -> str:
    """`bf16` where a typical layer's forward and backward pass is faster in it than in float32, else `fp32`."""
    images = torch.randn(32, 64, 14, 14, device=device).to(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(128, 64, 3, 3, device=device, requires_grad=True)
    times = {"fp32": [], "bf16": []}
    for _ in range(5):
        for name, measured in times.items():
            start = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, enabled=name == "bf16"):
                functional.conv2d(images, weight, stride=2, padding=1).float().sum().backward()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            measured.append(time.perf_counter() - start)
    return min(times, key=lambda name: min(times[name]))
