"""Trains the two models with PyTorch; writes what the compiled programs must do.

    torch_reference.py [--steps 24]     needs torch (1.13 or newer), no GPU

For each model, in Reference/: MODEL.json with loss, gradient norm and learning
rate of each step, and MODEL-gradients.safetensors with the first step's
gradients before clipping. Weights and tokens come from formula.py; everything
is in f32. The modules below are written out with plain tensor operations, so
that they say what the model files say.
"""

import argparse
import array
import json
import math
import os
import sys

import torch
import torch.nn.functional as F

import formula
import models
import safetensors

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Gpu"))

from rates import cosine  # noqa: E402

BATCH, SEQUENCE = 3, 19
SETTINGS = {
    "lr": 1e-3,
    "min-lr": 0.1,
    "warmup": 5,
    "weight-decay": 0.1,
    "betas": [0.9, 0.95],
    "epsilon": 1e-8,
    "clip": 1.0,
}


def attention(q, k, v, heads, kv_heads):
    b, t, width = q.shape
    size = width // heads
    q = q.view(b, t, heads, size).transpose(1, 2)
    k, v = (x.view(b, t, kv_heads, size).transpose(1, 2) for x in (k, v))
    k, v = (x.repeat_interleave(heads // kv_heads, dim=1) for x in (k, v))
    scores = q @ k.transpose(2, 3) / math.sqrt(size)
    future = torch.ones(t, t, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -math.inf).softmax(-1)
    return (weights @ v).transpose(1, 2).reshape(b, t, width)


def rope(x, size, theta=10000.0):
    b, t, width = x.shape
    x = x.view(b, t, width // size, size)
    rates = theta ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.outer(torch.arange(t, dtype=torch.float64), rates)
    angles = torch.cat((angles, angles), -1)[:, None, :]
    first, second = x.chunk(2, -1)
    swapped = torch.cat((-second, first), -1)
    y = x * angles.cos().to(x.dtype) + swapped * angles.sin().to(x.dtype)
    return y.reshape(b, t, width)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gpt(p, tokens):
    x = p["wte.weight"][tokens] + p["wpe.weight"][: tokens.shape[1]]
    width = x.shape[-1]

    def norm(x, name):
        return F.layer_norm(x, (width,), p[name + ".weight"], p[name + ".bias"], 1e-5)

    def conv1d(x, name):
        return x @ p[name + ".weight"] + p[name + ".bias"]

    for i in range(models.LAYERS):
        n = norm(x, f"h.{i}.ln_1")
        q, k, v = conv1d(n, f"h.{i}.attn.c_attn").split(width, -1)
        x = x + conv1d(attention(q, k, v, 3, 3), f"h.{i}.attn.c_proj")
        n = norm(x, f"h.{i}.ln_2")
        x = x + conv1d(gelu(conv1d(n, f"h.{i}.mlp.c_fc")), f"h.{i}.mlp.c_proj")
    return norm(x, "ln_f") @ p["wte.weight"].t()


def llama(p, tokens):
    x = p["model.embed_tokens.weight"][tokens]
    for i in range(models.LAYERS):

        def linear(x, name):
            return x @ p[f"model.layers.{i}.{name}.weight"].t()

        n = rms_norm(x, p[f"model.layers.{i}.input_layernorm.weight"])
        q, k, v = (linear(n, f"self_attn.{c}_proj") for c in "qkv")
        a = attention(rope(q, 16), rope(k, 16), v, 4, 2)
        x = x + linear(a, "self_attn.o_proj")
        n = rms_norm(x, p[f"model.layers.{i}.post_attention_layernorm.weight"])
        gate = F.silu(linear(n, "mlp.gate_proj"))
        x = x + linear(gate * linear(n, "mlp.up_proj"), "mlp.down_proj")
    return rms_norm(x, p["model.norm.weight"]) @ p["lm_head.weight"].t()


FORWARD = {"gpt": gpt, "llama": llama}


def batch():
    count = BATCH * SEQUENCE + 1
    text = torch.tensor([formula.token(i, models.VOCABULARY) for i in range(count)])
    return text[:-1].view(BATCH, SEQUENCE), text[1:].view(BATCH, SEQUENCE)


def train(model, steps, dtype):
    parameters = {
        name: torch.tensor(formula.values(name, shape, init), dtype=torch.float32)
        .to(dtype)
        .view(shape)
        .requires_grad_()
        for name, shape, init in models.MODELS[model]()
    }
    matrices = [p for p in parameters.values() if p.dim() >= 2]
    vectors = [p for p in parameters.values() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": SETTINGS["weight-decay"]},
            {"params": vectors, "weight_decay": 0.0},
        ],
        betas=SETTINGS["betas"],
        eps=SETTINGS["epsilon"],
    )
    tokens, targets = batch()
    curve, gradients = [], []
    for step in range(steps):
        rate = cosine(step, steps, SETTINGS)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        logits = FORWARD[model](parameters, tokens)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        if step == 0:
            for name, p in parameters.items():
                gradient = array.array("f", p.grad.flatten().tolist())
                gradients.append((name, tuple(p.shape), gradient))
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), SETTINGS["clip"])
        optimizer.step()
        curve.append({"loss": loss.item(), "norm": norm.item(), "lr": rate})
    return curve, gradients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--f64", action="store_true", help="how far is f32 off?")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Reference")
    os.makedirs(folder, exist_ok=True)
    for model in models.MODELS:
        curve, gradients = train(model, args.steps, torch.float32)
        if args.f64:
            exact, _ = train(model, args.steps, torch.float64)
            worst = max(abs(a["loss"] / b["loss"] - 1) for a, b in zip(curve, exact))
            print(f"{model}: f32 is within {worst:.1e} of f64's loss")
            continue
        reference = {
            "torch": torch.__version__,
            "batch": BATCH,
            "sequence": SEQUENCE,
            "settings": SETTINGS,
            "curve": curve,
        }
        with open(os.path.join(folder, model + ".json"), "w") as file:
            json.dump(reference, file, indent=1)
            file.write("\n")
        safetensors.write(
            os.path.join(folder, model + "-gradients.safetensors"), gradients
        )
        print(f"{model}: loss {curve[0]['loss']:.6f} to {curve[-1]['loss']:.6f}")


if __name__ == "__main__":
    main()
