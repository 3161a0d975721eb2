"""Small models under the names that Hugging Face's transformers has for them.

    architectures.py NAME        prints the model file

Nothing is a multiple of a tile. Every parameter is drawn, norms and biases too,
so that one which is left out or mistaken for another shows in the logits.
"""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from shapes import activation, lines  # noqa: E402

VOCABULARY, POSITIONS, LAYERS = 31, 14, 2
WIDTH, HEADS, KV_HEADS, INNER = 24, 4, 2, 28
SIZE = WIDTH // HEADS
# Of a class whose heads need not make up the channels.
OWN_SIZE = 10
THETA, WINDOW = 500.0, 5
# Of the three pairs of a head one keeps its speed, one is slowed down, one is
# between.
SCALING = {"factor": 8.0, "low": 0.5, "high": 4.0, "positions": 32}
IDS, X = "tensor<?x?xi32>", activation(WIDTH)


def parameter(result, name, *shape):
    extents = "x".join(map(str, shape))
    return f"""
    %{result} = model.parameter "{name}" : tensor<{extents}xf32> {{init = #model.normal<0.3>}}
    """


def linear(result, x, name, inputs, outputs, bias=False, turned=False):
    shape = (inputs, outputs) if turned else (outputs, inputs)
    types = f"{activation(inputs)}, tensor<{shape[0]}x{shape[1]}xf32>"
    text = parameter(f"{result}_w", f"{name}.weight", *shape)
    operands = f"%{x}, %{result}_w"
    if bias:
        text += parameter(f"{result}_b", f"{name}.bias", outputs)
        operands += f", %{result}_b"
        types += f", tensor<{outputs}xf32>"
    more = " {transposed}" if turned else ""
    return text + f"""
    %{result} = model.linear {operands}{more} : ({types}) -> {activation(outputs)}
    """


def norm(result, x, name, kind="rms_norm", eps="1.0e-6"):
    operands, types = f"%{x}, %{result}_w", f"{X}, tensor<{WIDTH}xf32>"
    text = parameter(f"{result}_w", f"{name}.weight", WIDTH)
    if kind == "layer_norm":
        text += parameter(f"{result}_b", f"{name}.bias", WIDTH)
        operands += f", %{result}_b"
        types += f", tensor<{WIDTH}xf32>"
    return text + f"""
    %{result} = model.{kind} {operands} {{eps = {eps} : f32}} : ({types}) -> {X}
    """


def split(results, x, *sizes):
    types = ", ".join(activation(size) for size in sizes)
    return f"""
    {", ".join("%" + r for r in results)} = model.split %{x} : ({activation(sum(sizes))}) -> ({types})
    """


def head_norm(result, x, name, width, size):
    return parameter(f"{result}_w", f"{name}.weight", size) + f"""
    %{result} = model.rms_norm %{x}, %{result}_w {{eps = 1.0e-6 : f32, head_size = {size} : i64}} : ({activation(width)}, tensor<{size}xf32>) -> {activation(width)}
    """


def attention(result, q, k, v, kv_heads, window=None, size=SIZE):
    wide, narrow = activation(HEADS * size), activation(kv_heads * size)
    more = f", window = {window} : i64" if window else ""
    return f"""
    %{result} = model.attention %{q}, %{k}, %{v} {{heads = {HEADS} : i64, kv_heads = {kv_heads} : i64{more}}} : ({wide}, {narrow}, {narrow}) -> {wide}
    """


def graph(embedding, start, layers, body, final, head):
    """start: from %token to %x; head: its parameter, None for the embedding."""
    weight = f"tensor<{VOCABULARY}x{WIDTH}xf32>"
    own = parameter("head", head, VOCABULARY, WIDTH) if head else ""
    return lines(
        f"""
        model.graph @small(%tokens: {IDS}, %targets: {IDS}) -> tensor<f32> {{
        {parameter("embed", embedding, VOCABULARY, WIDTH)}
        %{"token" if start else "x"} = model.embedding %tokens, %embed : ({IDS}, {weight}) -> {X}
        {start}
        %y = model.repeat {LAYERS} named "{layers}" (%h = %x) : {X} {{
        {body}
        model.yield %h2 : {X}
        }}
        {final}
        {own}
        %logits = model.linear %n, %{"head" if head else "embed"} : ({X}, {weight}) -> {activation(VOCABULARY)}
        %loss = model.cross_entropy %logits, %targets : ({activation(VOCABULARY)}, {IDS}) -> tensor<f32>
        model.return %loss : tensor<f32>
        }}
        """
    )


def gpt2(prefix="", tied=True, joined=True):
    if joined:
        qkv = linear("qkv", "n1", "attn.c_attn", WIDTH, 3 * WIDTH, True, True)
        qkv += split("qkv", "qkv", WIDTH, WIDTH, WIDTH)
    else:
        qkv = "".join(
            linear(x, "n1", f"attn.{x}_proj", WIDTH, WIDTH, True, True) for x in "qkv"
        )
    body = f"""
    {norm("n1", "h", "ln_1", "layer_norm", "1.0e-5")}
    {qkv}
    {attention("a", "q", "k", "v", HEADS)}
    {linear("o", "a", "attn.c_proj", WIDTH, WIDTH, True, True)}
    %h1 = model.add %h, %o : {X}
    {norm("n2", "h1", "ln_2", "layer_norm", "1.0e-5")}
    {linear("f", "n2", "mlp.c_fc", WIDTH, INNER, True, True)}
    %g = model.gelu %f : {activation(INNER)}
    {linear("m", "g", "mlp.c_proj", INNER, WIDTH, True, True)}
    %h2 = model.add %h1, %m : {X}
    """
    start = f"""
    {parameter("wpe", prefix + "wpe.weight", POSITIONS, WIDTH)}
    %position = model.position_embedding %tokens, %wpe : ({IDS}, tensor<{POSITIONS}x{WIDTH}xf32>) -> {X}
    %x = model.add %token, %position : {X}
    """
    return graph(
        prefix + "wte.weight",
        start,
        prefix + "h",
        body,
        norm("n", "y", prefix + "ln_f", "layer_norm", "1.0e-5"),
        None if tied else "lm_head.weight",
    )


def llama(
    joined=False,
    window=None,
    biases="",
    inner_bias=False,
    tied=False,
    scaling=None,
    size=SIZE,
    normed=False,
):
    """biases: which of q, k, v and o have one; normed: heads of q and k are."""
    wide, narrow = HEADS * size, KV_HEADS * size
    if joined:
        qkv = linear("qkv", "n1", "self_attn.qkv_proj", WIDTH, wide + 2 * narrow)
        qkv += split(("q0", "k0", "v"), "qkv", wide, narrow, narrow)
        inner = linear("gate_up", "n2", "mlp.gate_up_proj", WIDTH, 2 * INNER)
        inner += split(("gate", "up"), "gate_up", INNER, INNER)
    else:
        sizes = ("q0", "q", wide), ("k0", "k", narrow), ("v", "v", narrow)
        qkv = "".join(
            linear(result, "n1", f"self_attn.{x}_proj", WIDTH, size, x in biases)
            for result, x, size in sizes
        )
        inner = "".join(
            linear(x, "n2", f"mlp.{x}_proj", WIDTH, INNER, inner_bias)
            for x in ("gate", "up")
        )
    scaled = ", ".join(f"{key} = {value}" for key, value in (scaling or {}).items())
    scaled = f", scaling = #model.llama3_scaling<{scaled}>" if scaling else ""
    rope = f"{{head_size = {size} : i64, theta = {THETA} : f32{scaled}}}"
    q, k = ("qn", "kn") if normed else ("q0", "k0")
    norms = f"""
    {head_norm("qn", "q0", "self_attn.q_norm", wide, size)}
    {head_norm("kn", "k0", "self_attn.k_norm", narrow, size)}
    """
    body = f"""
    {norm("n1", "h", "input_layernorm")}
    {qkv}
    {norms if normed else ""}
    %q = model.rope %{q} {rope} : {activation(wide)}
    %k = model.rope %{k} {rope} : {activation(narrow)}
    {attention("a", "q", "k", "v", KV_HEADS, window, size)}
    {linear("o", "a", "self_attn.o_proj", wide, WIDTH, "o" in biases)}
    %h1 = model.add %h, %o : {X}
    {norm("n2", "h1", "post_attention_layernorm")}
    {inner}
    %s = model.silu %gate : {activation(INNER)}
    %g = model.mul %up, %s : {activation(INNER)}
    {linear("m", "g", "mlp.down_proj", INNER, WIDTH, inner_bias)}
    %h2 = model.add %h1, %m : {X}
    """
    return graph(
        "model.embed_tokens.weight",
        "",
        "model.layers",
        body,
        norm("n", "y", "model.norm"),
        None if tied else "lm_head.weight",
    )


# Name: the model, and the class of transformers that it is; None: there is none.
MODELS = {
    "gpt2": (gpt2(), "GPT2LMHeadModel"),
    "gpt2-prefix": (gpt2(prefix="transformer."), "GPT2LMHeadModel"),
    "gpt2-untied": (gpt2(prefix="transformer.", tied=False), "GPT2LMHeadModel"),
    "gpt2-split": (gpt2(joined=False), None),
    "llama": (llama(), "LlamaForCausalLM"),
    "llama3": (llama(tied=True, scaling=SCALING), "LlamaForCausalLM"),
    "llama-tied": (llama(tied=True), "LlamaForCausalLM"),
    "llama-biases": (llama(biases="qkvo", inner_bias=True), "LlamaForCausalLM"),
    "mistral": (llama(window=WINDOW), "MistralForCausalLM"),
    "llama-heads": (llama(size=OWN_SIZE), "LlamaForCausalLM"),
    "mistral-heads": (llama(size=OWN_SIZE, window=WINDOW), "MistralForCausalLM"),
    "qwen2": (llama(biases="qkv", tied=True), "Qwen2ForCausalLM"),
    "qwen3": (llama(size=OWN_SIZE, normed=True, tied=True), "Qwen3ForCausalLM"),
    "qwen3-biases": (llama(biases="qkvo", normed=True), "Qwen3ForCausalLM"),
    "qwen3-window": (llama(window=WINDOW, normed=True), "Qwen3ForCausalLM"),
    "phi3": (llama(joined=True), "Phi3ForCausalLM"),
    "phi3-window": (llama(joined=True, window=WINDOW), "Phi3ForCausalLM"),
}

if __name__ == "__main__":
    print(MODELS[sys.argv[1]][0], end="")
