"""The models of the benchmark in PyTorch: the other side of `run`.

    torch_train.py gemm                         what PyTorch, which BLAS, how fast
    torch_train.py weights MODEL FILE           first weights, safetensors
    torch_train.py train MODEL --weights FILE --tokens SHARD --batch B --seq T ...
        a JSON object a step: {"step", "loss", "ms"}; f32, AdamW (fused) on all
        parameters, no dropout

The step is what PyTorch's users write: torch.nn.functional's linear, layer_norm,
rms_norm, scaled_dot_product_attention and cross_entropy, and --compile for
torch.compile. Weights lie as torch.nn.Linear keeps them, [outputs, inputs].
"""

import argparse
import json
import re
import struct
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from torch import nn


class GPT2Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.ModuleDict(
            {"c_attn": nn.Linear(width, 3 * width), "c_proj": nn.Linear(width, width)}
        )
        self.mlp = nn.ModuleDict(
            {
                "c_fc": nn.Linear(width, 4 * width),
                "c_proj": nn.Linear(4 * width, width),
            }
        )

    def forward(self, x):
        b, t, width = x.shape
        q, k, v = (
            part.view(b, t, self.heads, -1).transpose(1, 2)
            for part in self.attn.c_attn(self.ln_1(x)).split(width, 2)
        )
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn.c_proj(a.transpose(1, 2).reshape(b, t, width))
        h = F.gelu(self.mlp.c_fc(self.ln_2(x)), approximate="tanh")
        return x + self.mlp.c_proj(h)


class GPT2(nn.Module):
    """models/gpt2-124m.mlir; Hugging Face keeps its matrices transposed."""

    vocabulary = 50257

    def __init__(self, layers=12, width=768, heads=12, positions=1024):
        super().__init__()
        self.wte = nn.Embedding(self.vocabulary, width)
        self.wpe = nn.Embedding(positions, width)
        self.h = nn.ModuleList(GPT2Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)

    @staticmethod
    def is_transposed(name):
        return ".c_" in name and name.endswith("weight")


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-5)


class LlamaBlock(nn.Module):
    def __init__(self, width, inner, heads):
        super().__init__()
        self.heads = heads

        def linear(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=False)

        self.input_layernorm = RMSNorm(width)
        self.post_attention_layernorm = RMSNorm(width)
        self.self_attn = nn.ModuleDict(
            {c + "_proj": linear(width, width) for c in "qkvo"}
        )
        self.mlp = nn.ModuleDict(
            {
                "gate_proj": linear(width, inner),
                "up_proj": linear(width, inner),
                "down_proj": linear(inner, width),
            }
        )

    def forward(self, x, cos, sin):
        b, t, width = x.shape
        n = self.input_layernorm(x)
        q, k, v = (
            self.self_attn[c + "_proj"](n).view(b, t, self.heads, -1).transpose(1, 2)
            for c in "qkv"
        )

        def rotate(y):
            first, second = y.chunk(2, -1)
            return y * cos + torch.cat((-second, first), -1) * sin

        a = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        x = x + self.self_attn.o_proj(a.transpose(1, 2).reshape(b, t, width))
        n = self.post_attention_layernorm(x)
        h = F.silu(self.mlp.gate_proj(n)) * self.mlp.up_proj(n)
        return x + self.mlp.down_proj(h)


class Llama(nn.Module):
    """models/llama-15m.mlir."""

    vocabulary = 32000

    def __init__(self, layers=6, width=288, inner=768, heads=6, positions=1024):
        super().__init__()
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(self.vocabulary, width),
                "layers": nn.ModuleList(
                    LlamaBlock(width, inner, heads) for _ in range(layers)
                ),
                "norm": RMSNorm(width),
            }
        )
        size = width // heads
        rates = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        angles = torch.outer(torch.arange(positions, dtype=torch.float64), rates)
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, tokens):
        x = self.model.embed_tokens(tokens)
        t = tokens.shape[1]
        for block in self.model.layers:
            x = block(x, self.cos[:t], self.sin[:t])
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)

    @staticmethod
    def is_transposed(name):
        return False


MODELS = {"gpt2-124m": GPT2, "llama-15m": Llama}


def initialise(model):
    """Normal deviates of 0.02, as the model files say but for the depth's share."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, 0, 0.02)


def write_weights(model, path):
    header, bodies, offset = {}, [], 0
    for name, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        values = values.T.copy() if model.is_transposed(name) else values
        end = offset + values.nbytes
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [offset, end],
        }
        bodies.append(values)
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in bodies:
            file.write(values.tobytes())


def read_weights(model, path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = numpy.fromfile(file, dtype=numpy.uint8)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            begin, end = header[name]["data_offsets"]
            values = body[begin:end].view(numpy.float32).reshape(header[name]["shape"])
            values = values.T if model.is_transposed(name) else values
            parameter.copy_(torch.from_numpy(numpy.ascontiguousarray(values)))


def read_batch(path, batch, seq):
    """The shard holds exactly one batch of windows, which are every step's."""
    with open(path, "rb") as file:
        count = struct.unpack("<256i", file.read(1024))[2]
        tokens = numpy.fromfile(file, dtype=numpy.uint16)
    if count != batch * seq + 1 or len(tokens) != count:
        sys.exit(f"{path}: expected {batch * seq + 1} tokens, found {count}")
    tokens = torch.from_numpy(tokens.astype(numpy.int64))
    return tokens[:-1].view(batch, seq), tokens[1:].view(batch, seq)


def train(args):
    torch.set_num_threads(args.threads)
    model = MODELS[args.model]()
    read_weights(model, args.weights)
    tokens, targets = read_batch(args.tokens, args.batch, args.seq)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() >= 2]},
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ],
        lr=args.lr,
        betas=(0.9, 0.95),
        weight_decay=0.1,
        fused=not args.unfused,
    )

    def compute_loss(tokens, targets):
        logits = model(tokens)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    if args.compile:
        compute_loss = torch.compile(compute_loss)
    for step in range(1, args.steps + 1):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = compute_loss(tokens, targets)
        loss.backward()
        if args.clip > 0:
            nn.utils.clip_grad_norm_(parameters, args.clip)
        optimizer.step()
        value = loss.item()
        milliseconds = 1e3 * (time.perf_counter() - start)
        print(json.dumps({"step": step, "loss": value, "ms": milliseconds}), flush=True)


def gemm(args):
    """The rate of a product of GPT-2's shape says which kernels a BLAS picked."""
    torch.set_num_threads(args.threads)
    m, n, k = 1024, 3072, 768
    a, b, c = torch.randn(m, k), torch.randn(n, k), torch.empty(m, n)
    seconds = []
    for _ in range(12):
        start = time.perf_counter()
        torch.mm(a, b.t(), out=c)
        seconds.append(time.perf_counter() - start)
    config = torch.__config__.show()
    blas = re.findall(r"BLAS_INFO=\w+", config)
    lines = [line.strip(" -") for line in config.splitlines()]
    named = [line for line in lines if "Math Kernel" in line or "MKL-DNN" in line]
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "blas": "; ".join(named + blas),
                "capability": torch.backends.cpu.get_cpu_capability(),
                "gflops": 2e-9 * m * n * k / sorted(seconds)[len(seconds) // 2],
            }
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("gemm")
    command.add_argument("--threads", type=int, default=2)
    command.set_defaults(function=gemm)
    command = commands.add_parser("weights")
    command.add_argument("model", choices=MODELS)
    command.add_argument("file")

    def weights(args):
        model = MODELS[args.model]()
        initialise(model)
        write_weights(model, args.file)

    command.set_defaults(function=weights)
    command = commands.add_parser("train")
    command.add_argument("model", choices=MODELS)
    command.add_argument("--weights", required=True)
    command.add_argument("--tokens", required=True)
    command.add_argument("--batch", type=int, required=True)
    command.add_argument("--seq", type=int, required=True)
    command.add_argument("--steps", type=int, default=10)
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--lr", type=float, default=1e-4)
    command.add_argument("--clip", type=float, default=0.0, help="0: no clipping")
    command.add_argument("--compile", action="store_true")
    command.add_argument("--unfused", action="store_true")
    command.set_defaults(function=train)
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
