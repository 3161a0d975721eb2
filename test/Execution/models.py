"""The two models of this folder: what Inputs/gpt.mlir and Inputs/llama.mlir say."""

VOCABULARY = 97
LAYERS = 2
DEVIATION = 0.05


def gpt():
    width, positions = 48, 32
    yield "wte.weight", (VOCABULARY, width), DEVIATION
    yield "wpe.weight", (positions, width), DEVIATION
    for i in range(LAYERS):
        for name, shape in (
            ("ln_1.weight", (width,)),
            ("ln_1.bias", (width,)),
            ("attn.c_attn.weight", (width, 3 * width)),
            ("attn.c_attn.bias", (3 * width,)),
            ("attn.c_proj.weight", (width, width)),
            ("attn.c_proj.bias", (width,)),
            ("ln_2.weight", (width,)),
            ("ln_2.bias", (width,)),
            ("mlp.c_fc.weight", (width, 4 * width)),
            ("mlp.c_fc.bias", (4 * width,)),
            ("mlp.c_proj.weight", (4 * width, width)),
            ("mlp.c_proj.bias", (width,)),
        ):
            yield f"h.{i}.{name}", shape, initialiser(name)
    yield "ln_f.weight", (width,), "ones"
    yield "ln_f.bias", (width,), "zeros"


def llama():
    width, kv_width, inner = 64, 32, 88
    yield "model.embed_tokens.weight", (VOCABULARY, width), DEVIATION
    for i in range(LAYERS):
        for name, shape in (
            ("input_layernorm.weight", (width,)),
            ("self_attn.q_proj.weight", (width, width)),
            ("self_attn.k_proj.weight", (kv_width, width)),
            ("self_attn.v_proj.weight", (kv_width, width)),
            ("self_attn.o_proj.weight", (width, width)),
            ("post_attention_layernorm.weight", (width,)),
            ("mlp.gate_proj.weight", (inner, width)),
            ("mlp.up_proj.weight", (inner, width)),
            ("mlp.down_proj.weight", (width, inner)),
        ):
            yield f"model.layers.{i}.{name}", shape, initialiser(name)
    yield "model.norm.weight", (width,), "ones"
    yield "lm_head.weight", (VOCABULARY, width), DEVIATION


def initialiser(name):
    if name.endswith("bias"):
        return "zeros"
    return "ones" if name.startswith("ln") or "norm" in name else DEVIATION


MODELS = {"gpt": gpt, "llama": llama}
