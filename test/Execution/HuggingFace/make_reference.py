"""Writes Reference/: models that transformers saved, and what they compute.

    make_reference.py [NAME...]      needs torch and transformers

NAME/ is what save_pretrained wrote (the llama in bf16 and in several files, the
phi3, whose projections are fused, and the llama3, whose rotary positions are
scaled, in f16), NAME.json the logits of one window
and the losses of some steps of training, from the weights as they were saved.
With names, only those are written again.
"""

import json
import os
import shutil
import sys

import torch
import transformers

import architectures as shape
import torch_training

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Reference")

LLAMA = {
    "vocab_size": shape.VOCABULARY,
    "hidden_size": shape.WIDTH,
    "intermediate_size": shape.INNER,
    "num_hidden_layers": shape.LAYERS,
    "num_attention_heads": shape.HEADS,
    "num_key_value_heads": shape.KV_HEADS,
    "max_position_embeddings": torch_training.SEQUENCE,
    "rms_norm_eps": 1e-6,
    "rope_theta": shape.THETA,
    "pad_token_id": None,
}
GPT2 = {
    "vocab_size": shape.VOCABULARY,
    "n_embd": shape.WIDTH,
    "n_inner": shape.INNER,
    "n_layer": shape.LAYERS,
    "n_head": shape.HEADS,
    "n_positions": shape.POSITIONS,
}
MODELS = {
    "gpt2": (transformers.GPT2Config(**GPT2), torch.float32, "1GB"),
    "llama": (transformers.LlamaConfig(**LLAMA), torch.bfloat16, "6KB"),
    "llama3": (
        transformers.LlamaConfig(
            **LLAMA,
            tie_word_embeddings=True,
            rope_scaling={
                "rope_type": "llama3",
                "factor": shape.SCALING["factor"],
                "low_freq_factor": shape.SCALING["low"],
                "high_freq_factor": shape.SCALING["high"],
                "original_max_position_embeddings": shape.SCALING["positions"],
            },
        ),
        torch.float16,
        "1GB",
    ),
    "qwen3": (
        transformers.Qwen3Config(
            **LLAMA, head_dim=shape.OWN_SIZE, tie_word_embeddings=True
        ),
        torch.bfloat16,
        "1GB",
    ),
    "phi3": (
        transformers.Phi3Config(
            **LLAMA, original_max_position_embeddings=torch_training.SEQUENCE
        ),
        torch.float16,
        "1GB",
    ),
}


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or MODELS:
        config, dtype, shard = MODELS[name]
        folder = os.path.join(FOLDER, name)
        shutil.rmtree(folder, ignore_errors=True)
        model = transformers.AutoModelForCausalLM.from_config(config)
        torch_training.draw(model)
        model.to(dtype).save_pretrained(folder, max_shard_size=shard)
        os.remove(os.path.join(folder, "generation_config.json"))
        model = type(model).from_pretrained(folder, dtype=torch.float32).eval()
        tokens = torch_training.window()[0][0]
        logits = torch_training.logits(model, tokens)
        expected = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokens": tokens.tolist(),
            "logits": [[round(x, 7) for x in row] for row in logits.tolist()],
            "curve": torch_training.train(model),
        }
        with open(folder + ".json", "w") as file:
            file.write(json.dumps(expected) + "\n")
        print(f"{name}: {sorted(os.listdir(folder))}, loss {expected['curve'][0]}")


if __name__ == "__main__":
    main()
