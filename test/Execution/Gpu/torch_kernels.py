"""What this GPU reaches with PyTorch's kernels: ceilings and the same work.

    torch_kernels.py [--device cuda|cpu] [--shrink N]

Prints lines of JSON: {"work", "ms", "flops", "bytes"}, in the order of works.py,
and of a large copy; {"work", "error"} where one fails. --shrink divides every
extent, to see that all of it runs where there is no GPU.
"""

import argparse
import contextlib
import json

import torch
import torch.nn.functional as F

import works
from torch_timing import measure

BF16 = torch.bfloat16


def say(**line):
    print(json.dumps(line), flush=True)


def flash():
    """FlashAttention-2, of what scaled_dot_product_attention may choose."""
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel

        return sdpa_kernel(SDPBackend.FLASH_ATTENTION)
    except ImportError:  # before PyTorch 2.3
        return torch.backends.cuda.sdp_kernel(
            enable_flash=True, enable_math=False, enable_mem_efficient=False
        )


def rms_norm(x, w):
    wide = x.float()
    scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-5)
    return (wide * scale).to(x.dtype) * w


def rotate(x, cosine, sine):
    """Rotary embedding of heads of 128."""
    low, high = x.view(x.shape[0], -1, 128).float().chunk(2, -1)
    cosine, sine = cosine[:, None], sine[:, None]
    parts = low * cosine - high * sine, high * cosine + low * sine
    return torch.cat(parts, -1).to(x.dtype).view_as(x)


def cross_entropy(logits, targets):
    return F.cross_entropy(logits.float(), targets)


class Kernels:
    """One method for each kind of works.py: from a shape to a function."""

    def __init__(self, device):
        self.device = device

    def compile(self, function):
        """By torch.compile, which fuses; each shape as if there were no other."""
        if self.device == "cpu":  # where it would need a C++ compiler
            return function
        return torch.compile(function, dynamic=False)

    def random(self, *shape, dtype=BF16):
        return torch.randn(*shape, device=self.device, dtype=dtype)

    def leaves(self, *shapes):
        return [self.random(*shape).requires_grad_() for shape in shapes]

    def indices(self, count, most):
        return torch.randint(most, (count,), device=self.device)

    def grad(self, y, leaves):
        dy = torch.randn_like(y)
        return lambda: torch.autograd.grad(y, leaves, dy, retain_graph=True)

    def without_grad(self, function, *arguments):
        def run():
            with torch.no_grad():
                return function(*arguments)

        return run

    def copy(self, size):
        source = torch.zeros(size, device=self.device, dtype=torch.uint8)
        target = torch.empty_like(source)
        return lambda: target.copy_(source)

    def product(self, m, n, k):
        x, w = self.random(m, k), self.random(k, n)
        return lambda: x @ w

    def weight_grad(self, m, n, k):
        x, dy = self.random(m, k), self.random(m, n)
        return lambda: x.t() @ dy

    def swiglu(self, m, n, k):
        x, gate, up = self.random(m, k), self.random(k, n), self.random(k, n)
        function = self.compile(lambda: F.silu(x @ gate) * (x @ up))
        return self.without_grad(function)

    def flash(self):
        return flash() if self.device == "cuda" else contextlib.nullcontext()

    def attention(self, *shape):
        q, k, v = (self.random(*shape) for _ in range(3))

        def run():
            with self.flash():
                F.scaled_dot_product_attention(q, k, v, is_causal=True)

        return run

    def attention_grad(self, *shape):
        leaves = self.leaves(shape, shape, shape)
        with self.flash():
            y = F.scaled_dot_product_attention(*leaves, is_causal=True)
        return self.grad(y, leaves)

    def adamw(self, count):
        p = torch.nn.Parameter(self.random(count, dtype=torch.float32))
        p.grad = self.random(count, dtype=torch.float32)
        return torch.optim.AdamW([p], fused=True).step

    def norm(self, count):
        g = self.random(count, dtype=torch.float32)
        return lambda: torch.linalg.vector_norm(g)

    def layer_norm_leaves(self, count, columns):
        leaves = self.leaves((count, columns), (columns,), (columns,))
        function = self.compile(
            lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b, 1e-5)
        )
        return function, leaves

    def layer_norm(self, count, columns):
        function, leaves = self.layer_norm_leaves(count, columns)
        return self.without_grad(function, *leaves)

    def layer_norm_grad(self, count, columns):
        function, leaves = self.layer_norm_leaves(count, columns)
        return self.grad(function(*leaves), leaves)

    def rms_norm(self, count, columns):
        leaves = self.leaves((count, columns), (columns,))
        return self.without_grad(self.compile(rms_norm), *leaves)

    def rms_norm_grad(self, count, columns):
        leaves = self.leaves((count, columns), (columns,))
        return self.grad(self.compile(rms_norm)(*leaves), leaves)

    def rotate(self, count, columns):
        x = self.random(count, columns)
        tables = [self.random(count, 64, dtype=torch.float32) for _ in range(2)]
        return self.without_grad(self.compile(rotate), x, *tables)

    def embedding(self, count, columns):
        """Of tokens and positions, and the first norm."""
        words, length = works.VOCABULARY, min(1024, count)
        tokens = self.indices(count, words).view(-1, length)
        tables = self.random(words, columns), self.random(length, columns)
        w, b = self.random(columns), self.random(columns)

        def run(tokens, table, positions, w, b):
            x = F.embedding(tokens, table) + positions
            return x, F.layer_norm(x, x.shape[-1:], w, b, 1e-5)

        return self.without_grad(self.compile(run), tokens, *tables, w, b)

    def embedding_grad(self, count, columns):
        tokens = self.indices(count, works.VOCABULARY)
        table = self.random(works.VOCABULARY, columns).requires_grad_()
        return self.grad(self.compile(F.embedding)(tokens, table), [table])

    def sum_rows(self, count, columns):
        dy = self.random(count, columns)
        return self.compile(lambda: dy.sum(0, dtype=torch.float32))

    def cross_entropy(self, count, columns):
        """With the gradient of the logits."""
        logits = self.random(count, columns).requires_grad_()
        targets = self.indices(count, columns)
        function = self.compile(cross_entropy)
        return lambda: torch.autograd.grad(function(logits, targets), logits)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--shrink", type=int, default=1)
    args = parser.parse_args()
    kernels = Kernels(args.device)
    least_ms = 30.0 if args.device == "cuda" else 0.0
    copy = works.Work("copy", (1 << 30,), 0, 2 << 30)
    for work in (copy, *works.works()):
        # Heads of attention keep their size, and so do those of rotate.
        shape = [max(n // args.shrink, 128) if n > 128 else n for n in work.shape]
        try:
            ms = measure(getattr(kernels, work.kind)(*shape), args.device, least_ms)
            say(work=work.name(), ms=ms, flops=work.flops, bytes=work.bytes)
        except Exception as error:  # the others can still be measured
            say(work=work.name(), error=str(error).split("\n")[0][:200])
        if args.device == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
