"""A model of transformers trained as the compiled programs train: AdamW, f32."""

import math
import os
import sys

import torch

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import architectures  # noqa: E402
import formula  # noqa: E402
from torch_reference import SETTINGS, cosine  # noqa: E402

BATCH, SEQUENCE, STEPS = 3, 13, 8


def window():
    """One batch of windows, as make_weights.write_data puts them into a shard."""
    count = BATCH * SEQUENCE + 1
    tokens = torch.tensor(
        [formula.token(i, architectures.VOCABULARY) for i in range(count)]
    )
    return tokens[:-1].view(BATCH, SEQUENCE), tokens[1:].view(BATCH, SEQUENCE)


def draw(model):
    """Values for every parameter that show when one is taken for another."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            center = 1.0 if parameter.dim() == 1 and parameter[0] == 1 else 0.0
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(center + 0.2 * noise)


def logits(model, tokens):
    with torch.no_grad():
        return model(tokens[None]).logits[0]


def train(model):
    """[{"loss", "norm", "lr"}] of each step on the one batch."""
    model = model.float().eval()
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [p for p in parameters if p.dim() >= 2],
                "weight_decay": SETTINGS["weight-decay"],
            },
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ],
        betas=SETTINGS["betas"],
        eps=SETTINGS["epsilon"],
    )
    tokens, targets = window()
    curve = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = cosine(step, STEPS, SETTINGS)
        optimizer.zero_grad()
        found = model(tokens).logits
        loss = torch.nn.functional.cross_entropy(found.flatten(0, 1), targets.flatten())
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, SETTINGS["clip"])
        optimizer.step()
        assert math.isfinite(loss.item())
        curve.append(
            {"loss": loss.item(), "norm": norm.item(), "lr": cosine(step, STEPS, SETTINGS)}
        )
    return curve


# What makes a compiled program train in the same way.
OPTIONS = [
    *("--steps", str(STEPS), "--lr", str(SETTINGS["lr"])),
    *("--min-lr", str(SETTINGS["min-lr"]), "--warmup", str(SETTINGS["warmup"])),
    *("--clip", str(SETTINGS["clip"]), "--eval-every", "0"),
    *("--weight-decay", str(SETTINGS["weight-decay"])),
]
