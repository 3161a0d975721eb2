"""The work that PyTorch's kernels are timed at: that of kernels of ours.

Shapes are those of gpt2-124m at 16 x 1024 tokens and of llama2-7b at 1 x 4096.
`flops` and `bytes` are what a kernel has to do at least, as the compiler counts
them: all operands once, bf16 but for what says otherwise.
"""

from typing import NamedTuple

TOKENS, WIDTH, VOCABULARY = 16 * 1024, 768, 50257  # of gpt2-124m
LONG, WIDE, INNER, WORDS = 4096, 4096, 11008, 32000  # of llama2-7b
PARAMETERS = 124439808


class Work(NamedTuple):
    kind: str  # a method of torch_kernels.Kernels
    shape: tuple
    flops: int = 0
    bytes: int = 0

    def name(self):
        return f"{self.kind} {' x '.join(map(str, self.shape))}"


def product(m, n, k):
    """x w; and x^T dy for the weight's gradient, in f32. A data gradient's
    arithmetic is that of x w."""
    flops = 2 * m * n * k
    return [Work("product", (m, n, k), flops), Work("weight_grad", (m, n, k), flops)]


def attention(batch, heads, tokens, size):
    shape, flops = (batch, heads, tokens, size), 2 * batch * heads * tokens**2 * size
    return [
        Work("attention", shape, flops),
        Work("attention_grad", shape, flops * 5 // 2),
    ]


def rows(kind, count, columns, reads_and_writes):
    return Work(kind, (count, columns), 0, reads_and_writes * 2 * count * columns)


def works():
    large = [(4096, 4096, 4096), (8192, 8192, 8192)]
    gpt2 = [(TOKENS, n, k) for n, k in ((2304, WIDTH), (WIDTH, WIDTH), (3072, WIDTH))]
    llama = [(LONG, WIDE, WIDE), (LONG, INNER, WIDE), (LONG, WORDS, WIDE)]
    head = [(LONG, VOCABULARY, WIDTH)]  # in chunks of 4096 tokens
    for shape in dict.fromkeys(large + gpt2 + head + llama):
        yield from product(*shape)
    yield Work("swiglu", (LONG, INNER, WIDE), 4 * LONG * INNER * WIDE)
    yield from attention(16, 12, 1024, 64)
    yield from attention(1, 32, LONG, 128)
    yield Work("adamw", (PARAMETERS,), 0, 28 * PARAMETERS)
    yield Work("norm", (PARAMETERS,), 0, 4 * PARAMETERS)
    yield rows("layer_norm", TOKENS, WIDTH, 2)
    yield rows("layer_norm_grad", TOKENS, WIDTH, 4)
    yield rows("rms_norm", LONG, WIDE, 2)
    yield rows("rms_norm_grad", LONG, WIDE, 4)
    yield rows("rotate", LONG, WIDE, 2)
    for shape in ((TOKENS, WIDTH), (LONG, WIDE)):
        yield rows("embedding", *shape, 3)
        yield rows("embedding_grad", *shape, 3)  # some rows of f32
    for columns in (WIDTH, 2304, 3072):
        yield rows("sum_rows", TOKENS, columns, 1)
    yield rows("cross_entropy", LONG, VOCABULARY, 2)
    yield rows("cross_entropy", LONG, WORDS, 2)
