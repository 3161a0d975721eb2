"""Milliseconds of what PyTorch does, by events; on a CPU by the clock."""

import time

import torch


def elapsed(function, count, device):
    """Of `count` calls, all in all."""
    if device == "cpu":
        start = time.perf_counter()
        for _ in range(count):
            function()
        return (time.perf_counter() - start) * 1e3
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    for _ in range(count):
        function()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end)


def measure(function, device, least_ms=30.0):
    """Of one call, repeated for so long; the first are not counted."""
    for _ in range(2):  # the second is the first that repeats what it compiled
        function()
    once = elapsed(function, 2, device) / 2
    count = max(3, min(200, int(least_ms / max(once, 1e-3))))
    return elapsed(function, count, device) / count
