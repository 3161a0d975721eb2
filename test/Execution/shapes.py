"""Models of one or two layers in shapes that the two of Inputs/ have not.

Each is here for kernels that only it makes: `SHAPES` says which.
"""

import sys


def lines(text):
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


def activation(width):
    return f"tensor<?x?x{width}xf32>"


def linear(result, x, weight, bias=""):
    """The text of a linear layer [in] -> [out] with its parameters."""
    name, (inputs, outputs) = weight
    types = f"{activation(inputs)}, tensor<{outputs}x{inputs}xf32>"
    text = f"""
    %{result}_w = model.parameter "{name}.weight" : tensor<{outputs}x{inputs}xf32> {{init = #model.normal<0.05>}}
    """
    operand = ""
    if bias:
        text += f"""
        %{result}_b = model.parameter "{name}.bias" : tensor<{outputs}xf32> {{init = #model.normal<0.05>}}
        """
        operand, types = f", %{result}_b", f"{types}, tensor<{outputs}xf32>"
    return text + f"""
    %{result} = model.linear %{x}, %{result}_w{operand} : ({types}) -> {activation(outputs)}
    """


def norm(result, x, name, width, bias=False):
    types = f"{activation(width)}, tensor<{width}xf32>"
    text = f"""
    %{result}_w = model.parameter "{name}.weight" : tensor<{width}xf32> {{init = #model.ones}}
    """
    if not bias:
        return text + f"""
        %{result} = model.rms_norm %{x}, %{result}_w {{eps = 1.0e-5 : f32}} : ({types}) -> {activation(width)}
        """
    return text + f"""
    %{result}_b = model.parameter "{name}.bias" : tensor<{width}xf32> {{init = #model.normal<0.05>}}
    %{result} = model.layer_norm %{x}, %{result}_w, %{result}_b {{eps = 1.0e-5 : f32}} : ({types}, tensor<{width}xf32>) -> {activation(width)}
    """


def attention(result, heads, kv_heads, size, window=0):
    wide, narrow = activation(heads * size), activation(kv_heads * size)
    more = f", window = {window} : i64" if window else ""
    return f"""
    %{result} = model.attention %q, %k, %v {{heads = {heads} : i64, kv_heads = {kv_heads} : i64{more}}} : ({wide}, {narrow}, {narrow}) -> {wide}
    """


def graph(vocabulary, width, layers, body, final):
    ids, x = "tensor<?x?xi32>", activation(width)
    return lines(
        f"""
        model.graph @shape(%tokens: {ids}, %targets: {ids}) -> tensor<f32> {{
        %embed = model.parameter "embed.weight" : tensor<{vocabulary}x{width}xf32> {{init = #model.normal<0.05>}}
        %x = model.embedding %tokens, %embed : ({ids}, tensor<{vocabulary}x{width}xf32>) -> {x}
        %y = model.repeat {layers} named "layers" (%h = %x) : {x} {{
        {body}
        %h2 = model.add %h1, %m : {x}
        model.yield %h2 : {x}
        }}
        {final}
        {linear("logits", "n", ("head", (width, vocabulary)))}
        %loss = model.cross_entropy %logits, %targets : ({activation(vocabulary)}, {ids}) -> tensor<f32>
        model.return %loss : tensor<f32>
        }}
        """
    )


def llama(
    width, heads, kv_heads, size, inner, vocabulary, layers=1, window=0, normed=False
):
    x, wide, narrow = width, heads * size, kv_heads * size
    q, k = ("q1", "k1") if normed else ("q0", "k0")
    norms = f"""
    {norm("q1", "q0", "q_norm", wide)}
    {norm("k1", "k0", "k_norm", narrow)}
    """
    rope = f"{{head_size = {size} : i64, theta = 10000.0 : f32}}"
    body = f"""
    {norm("n1", "h", "norm_1", x)}
    {linear("q0", "n1", ("q", (x, wide)))}
    {linear("k0", "n1", ("k", (x, narrow)))}
    {linear("v", "n1", ("v", (x, narrow)))}
    {norms if normed else ""}
    %q = model.rope %{q} {rope} : {activation(wide)}
    %k = model.rope %{k} {rope} : {activation(narrow)}
    {attention("a", heads, kv_heads, size, window)}
    {linear("o", "a", ("o", (wide, x)))}
    %h1 = model.add %h, %o : {activation(x)}
    {norm("n2", "h1", "norm_2", x)}
    {linear("gate", "n2", ("gate", (x, inner)))}
    {linear("up", "n2", ("up", (x, inner)))}
    %s = model.silu %gate : {activation(inner)}
    %g = model.mul %s, %up : {activation(inner)}
    {linear("m", "g", ("down", (inner, x)))}
    """
    return graph(vocabulary, x, layers, body, norm("n", "y", "norm", x))


def gpt(width, heads, inner, vocabulary, layers=1):
    x, size = width, width // heads
    parts = f"({activation(x)}, {activation(x)}, {activation(x)})"
    body = f"""
    {norm("n1", "h", "norm_1", x, bias=True)}
    {linear("qkv", "n1", ("attn", (x, 3 * x)), bias="yes")}
    %q, %k, %v = model.split %qkv : ({activation(3 * x)}) -> {parts}
    {attention("a", heads, heads, size)}
    {linear("o", "a", ("proj", (x, x)), bias="yes")}
    %h1 = model.add %h, %o : {activation(x)}
    {norm("n2", "h1", "norm_2", x, bias=True)}
    {linear("f", "n2", ("fc", (x, inner)), bias="yes")}
    %g = model.gelu %f : {activation(inner)}
    {linear("m", "g", ("out", (inner, x)), bias="yes")}
    """
    return graph(vocabulary, x, layers, body, norm("n", "y", "norm", x, bias=True))


# Name: model, vocabulary, options of the compiler, options of the program.
SHAPES = {
    # Heads of 128, grouped; no multiple of a block of queries or keys.
    "heads-128": (
        llama(96, 2, 1, 128, 136, 257), 257, "--batch 1 --seq 83", "--accumulate 2"
    ),
    # Heads of 48, a window that begins and ends within a block.
    "heads-48": (
        llama(96, 2, 2, 48, 200, 1000, window=21), 1000, "--batch 2 --seq 43", ""
    ),
    # A window of more than a block of each: masked, unmasked and masked loops.
    "wide-window": (
        llama(32, 2, 1, 16, 40, 61, window=197), 61, "--batch 1 --seq 323", ""
    ),
    # Heads of 80 on a fifth as many.
    "heads-80": (llama(80, 5, 1, 80, 104, 61), 61, "--batch 3 --seq 33", ""),
    # Queries and keys normed before they are turned: in an evaluation, and with
    # layers computed again, one kernel.
    "normed-heads": (
        llama(96, 2, 1, 48, 104, 61, normed=True), 61,
        "--batch 3 --seq 33 --recompute=layer", "",
    ),
    # Whole tiles, pipelines of many stages, split reductions.
    "aligned": (gpt(256, 4, 1024, 1024), 1024, "--batch 1 --seq 128", ""),
    # For counts: each extent is a multiple of each block.
    "counted-gpt": (gpt(128, 2, 256, 256), 256, "--batch 1 --seq 128", ""),
    "counted-llama": (llama(256, 4, 2, 64, 512, 256), 256, "--batch 1 --seq 128", ""),
    # Rows of logits too wide for the registers of a block: a loop over columns.
    "wide-head": (gpt(64, 2, 128, 9001), 9001, "--batch 1 --seq 24", ""),
}


def main():
    """Prints a model's text."""
    print(SHAPES[sys.argv[1]][0], end="")


if __name__ == "__main__":
    main()
