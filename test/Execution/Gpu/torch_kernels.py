"""What this GPU reaches with PyTorch's kernels: ceilings and the same work.

Prints lines of JSON: {"work", "ms", "flops", "bytes"}; those of the ceilings are
a large product and a large copy. Times are by events, over repeated launches.
"""

import json

import torch
import torch.nn.functional as F

BF16 = torch.bfloat16


def measure(function, least_ms=30.0):
    function()
    torch.cuda.synchronize()

    def run(count):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(count):
            function()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)

    count = max(3, min(200, int(least_ms / max(run(2) / 2, 1e-3))))
    return run(count) / count


def fault(work, error):
    print(json.dumps({"work": work, "error": str(error).split("\n")[0][:200]}))


def report(work, function, flops=0, size=0):
    try:
        line = {"work": work, "ms": measure(function), "flops": flops, "bytes": size}
        print(json.dumps(line), flush=True)
    except Exception as error:  # the others can still be measured
        fault(work, error)


def random(*shape, dtype=BF16):
    return torch.randn(*shape, device="cuda", dtype=dtype)


def products():
    """x w, and x^T dy for the weight's gradient; a data gradient's arithmetic is
    that of x w. The shapes are GPT-2's at 16 x 1024 and Llama-2 7B's at 4096."""
    for m, n, k in (
        (4096, 4096, 4096),
        (8192, 8192, 8192),
        (16384, 2304, 768),
        (16384, 768, 768),
        (16384, 3072, 768),
        (4096, 50257, 768),
        (4096, 11008, 4096),
        (4096, 32000, 4096),
    ):
        x, w, dy = random(m, k), random(k, n), random(m, n)
        flops = 2 * m * n * k
        report(f"product {m} x {n} x {k}", lambda: x @ w, flops)
        report(f"weight_grad {m} x {n} x {k}", lambda: x.t() @ dy, flops)


def attention():
    for b, heads, t, d in ((16, 12, 1024, 64), (1, 32, 4096, 128)):
        q, k, v = (random(b, heads, t, d).requires_grad_() for _ in range(3))
        name, flops = f"{b} x {heads} x {t} x {d}", 2 * b * heads * t * t * d

        def forward():
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)

        report(f"attention {name}", forward, flops)
        y = forward()
        dy = torch.randn_like(y)
        report(
            f"attention_grad {name}",
            lambda: torch.autograd.grad(y, (q, k, v), dy, retain_graph=True),
            flops * 5 // 2,
        )


def rows():
    """By torch.compile, which fuses them."""

    def norm(x, w, b):
        return F.layer_norm(x, x.shape[-1:], w, b, 1e-5)

    x, w, b = (t.requires_grad_() for t in (random(16384, 768), random(768), random(768)))
    size = 2 * x.numel()
    compiled = torch.compile(norm)
    with torch.no_grad():
        report("layer_norm 16384 x 768", lambda: compiled(x, w, b), 0, 2 * size)
    y = compiled(x, w, b)
    dy = torch.randn_like(y)
    report(
        "layer_norm_grad 16384 x 768",
        lambda: torch.autograd.grad(y, (x, w, b), dy, retain_graph=True),
        0,
        3 * size,
    )
    logits = random(4096, 50257).requires_grad_()
    targets = torch.randint(50257, (4096,), device="cuda")

    @torch.compile
    def loss(logits, targets):
        return F.cross_entropy(logits.float(), targets)

    def both():
        return torch.autograd.grad(loss(logits, targets), logits)

    report("cross_entropy 4096 x 50257", both, 0, 2 * 2 * logits.numel())


def adamw():
    count = 124439808
    p = torch.nn.Parameter(random(count, dtype=torch.float32))
    p.grad = random(count, dtype=torch.float32)
    optimizer = torch.optim.AdamW([p], fused=True)
    report("adamw 124439808", optimizer.step, 0, 28 * count)


def main():
    source = torch.empty(1 << 30, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    report("copy 1 GiB", lambda: target.copy_(source), 0, 2 << 30)
    del source, target
    for work in (products, attention, adamw, rows):
        try:
            work()
        except Exception as error:  # such as memory that others hold
            fault(work.__name__, error)
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
