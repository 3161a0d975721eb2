"""The learning rate of a step, as programs compute it."""

import math


def cosine(step, steps, settings):
    """Of step 0 and on: warm-up, then half a cosine to `min-lr` of the peak."""
    peak, warmup = settings["lr"], settings["warmup"]
    if step < warmup:
        return peak * (step + 1) / warmup
    least = peak * settings["min-lr"]
    progress = (step - warmup) / (steps - warmup)
    return least + (peak - least) * (1 + math.cos(math.pi * progress)) / 2
