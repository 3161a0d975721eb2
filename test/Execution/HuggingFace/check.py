"""Compares what a program wrote with Reference/; exits 1 if off. No packages.

    check.py prompt EXPECTED.json                the tokens, as a prompt
    check.py logits FOUND.safetensors EXPECTED.json
        every logit within --tolerance
    check.py checkpoint DIR REFERENCE_DIR
        the names, shapes and values of DIR are those that transformers saved,
        but for element type and number of files; its config.json says the same
        of everything that changes the computation
"""

import argparse
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import safetensors  # noqa: E402

# What config.json may say, or not say, without the computation being another.
IRRELEVANT = {
    "dtype",
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "transformers_version",
    "use_cache",
    "initializer_range",
    "pretraining_tp",
    "attention_dropout",
    "attn_pdrop",
    "embd_pdrop",
    "resid_pdrop",
    "reorder_and_upcast_attn",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
}
# What a key says when it is not there.
DEFAULTS = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "partial_rotary_factor": 1.0,
    "rope_type": "default",
    "use_sliding_window": False,
    "max_window_layers": 28,
    "layer_types": lambda config: ["full_attention"] * config["num_hidden_layers"],
    "head_dim": lambda config: config["hidden_size"] // config["num_attention_heads"],
}


def load(path):
    with open(path) as file:
        return json.load(file)


def read_config(folder):
    config = load(os.path.join(folder, "config.json"))
    for key in ("rope_parameters", "rope_scaling"):
        config.update(config.pop(key, {}))
    return config


def check_config(ours, theirs):
    for key in sorted((set(ours) | set(theirs)) - IRRELEVANT):
        values = []
        for config in (ours, theirs):
            default = DEFAULTS.get(key, "missing")
            if callable(default):
                default = default(config)
            values.append(config.get(key, default))
        if values[0] != values[1]:
            yield f"config.json: {key} is {values[0]}, expected {values[1]}"


def read_weights(folder):
    tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, "model*.safetensors"))):
        tensors.update(safetensors.read(path))
    return tensors


def check_checkpoint(args):
    yield from check_config(read_config(args.found), read_config(args.expected))
    ours, theirs = read_weights(args.found), read_weights(args.expected)
    # transformers loads a GPT-2 with this prefix and without.
    if not any(name.startswith("transformer.") for name in ours):
        theirs = {n.removeprefix("transformer."): t for n, t in theirs.items()}
    if set(ours) != set(theirs):
        yield f"tensors of one side only: {sorted(set(ours) ^ set(theirs))}"
    for name in sorted(set(ours) & set(theirs)):
        (shape, x), (expected_shape, y) = ours[name], theirs[name]
        if shape != expected_shape:
            yield f"{name}: shape {shape}, expected {expected_shape}"
        elif x != y:
            yield f"{name}: values differ"
    print(f"checkpoint: {len(ours)} tensors")


def check_logits(args):
    shape, found = safetensors.read(args.found)["logits"]
    rows = load(args.expected)["logits"]
    if shape != (len(rows), len(rows[0])):
        yield f"logits {shape}, expected {(len(rows), len(rows[0]))}"
    expected = [value for row in rows for value in row]
    worst = max(abs(a - b) for a, b in zip(found, expected))
    if not worst <= args.tolerance:
        yield f"logits are {worst:.1e} off"
    print(f"logits: {len(found)}, largest error {worst:.1e}")


def print_prompt(args):
    print(" ".join(map(str, load(args.found)["tokens"])))
    return []


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = {
        "prompt": print_prompt,
        "logits": check_logits,
        "checkpoint": check_checkpoint,
    }
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("found")
    parser.add_argument("expected", nargs="?")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    args = parser.parse_args()
    errors = list(kinds[args.kind](args))
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
