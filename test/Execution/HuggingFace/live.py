"""Programs and Hugging Face's transformers open each other's models.

    live.py --llmc PATH [MODEL...]      needs torch and transformers

For each model of architectures.py that transformers has a class for:
  out  the program trains from its own first weights; transformers opens its
       checkpoint without a missing, unexpected or mismatched tensor, and both
       give the same logits
  in   transformers saves a model of its own, in f32, bf16 and f16 by turns, in
       several files; the program starts from it with --init-from, gives the
       same logits and the same losses over some steps of training
For each file of models/, the names and shapes of its parameters are those of the
class that its config.json names. Prints what it measures; exits 1 when something is more than --tolerance off.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import safetensors.torch
import torch
import transformers

import architectures
import torch_training

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import make_weights  # noqa: E402

DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def program_logits(program, tokens, file, *source):
    run(
        *(program, *source, "--dump-logits", file, "--sample-tokens", "0"),
        *("--sample", " ".join(map(str, tokens.tolist()))),
    )
    return safetensors.torch.load_file(file)["logits"]


def open_strictly(folder):
    """Opens a checkpoint by its config.json, and refuses what is not exact."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True
    )
    for kind, names in info.items():
        if names:
            sys.exit(f"{folder}: {kind}: {names}")
    return model.eval()


def check(name, number, llmc, folder):
    """Yields what was compared and how far it is off."""
    text, kind = architectures.MODELS[name]
    model_file = os.path.join(folder, name + ".mlir")
    program = os.path.join(folder, name)
    data, out, saved = (program + end for end in (".data", ".out", ".saved"))
    with open(model_file, "w") as file:
        file.write(text)
    shape = ("--batch", str(torch_training.BATCH), "--seq", str(torch_training.SEQUENCE))
    run(llmc, "compile", model_file, "--target=cpu", *shape, "-o", program)
    count = torch_training.BATCH * torch_training.SEQUENCE + 1
    make_weights.write_data(data, count, architectures.VOCABULARY)
    tokens = torch_training.window()[0][0]

    run(program, "--data", data, "--out", out, *torch_training.OPTIONS)
    checkpoint = os.path.join(out, f"step_{torch_training.STEPS:06}")
    model = open_strictly(checkpoint)
    if type(model).__name__ != kind:
        sys.exit(f"{checkpoint}: {type(model).__name__}, expected {kind}")
    ours = program_logits(program, tokens, program + ".logits", "--out", out)
    theirs = torch_training.logits(model, tokens)
    yield "out: logits", (ours - theirs).abs().max().item()

    dtype = DTYPES[number % len(DTYPES)]
    model = type(model)(model.config)
    torch_training.draw(model)
    model.to(dtype).save_pretrained(saved, max_shard_size="16KB")
    files = [f for f in os.listdir(saved) if f.endswith(".safetensors")]
    model = transformers.AutoModelForCausalLM.from_pretrained(saved, dtype=torch.float32)
    ours = program_logits(program, tokens, program + ".logits", "--init-from", saved)
    theirs = torch_training.logits(model.eval(), tokens)
    what = f"in, {str(dtype)[6:]}, {len(files)} files"
    yield f"{what}: logits", (ours - theirs).abs().max().item()

    out = out + "2"
    run(program, "--data", data, "--out", out, "--init-from", saved, *torch_training.OPTIONS)
    with open(os.path.join(out, "metrics.jsonl")) as file:
        losses = [json.loads(line) for line in file]
    losses = [line["loss"] for line in losses if "loss" in line]
    curve = [step["loss"] for step in torch_training.train(model)]
    errors = [abs(a - b) for a, b in zip(losses, curve, strict=True)]
    yield f"{what}: first loss", errors[0]
    yield f"{what}: {len(curve)} losses, {curve[0]:.3f} to {curve[-1]:.3f}", max(errors)


def check_names(llmc, model_file):
    """Yields how a model differs from what transformers makes of its config."""
    text = run(llmc, "compile", model_file, "--target=cpu", "--compile-to=specialize")
    config = re.search(r'llmc\.config = "(.*?)"[,}]', text)
    if not config:
        yield "no config.json"
        return
    unescaped = re.sub(r"\\(..)", lambda m: chr(int(m[1], 16)), config[1])
    config = transformers.AutoConfig.for_model(**json.loads(unescaped))
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(config)
    theirs = {
        name.removeprefix("transformer."): list(tensor.shape)
        for name, tensor in model.named_parameters()
    }
    parameters = re.findall(r'model\.parameter "(.*?)" : tensor<(.*?)xf32>', text)
    ours = {
        name: [int(extent) for extent in shape.split("x")]
        for name, shape in parameters
    }
    for name in sorted(set(ours) | set(theirs)):
        if ours.get(name) != theirs.get(name):
            yield f"{name}: {ours.get(name)}, transformers has {theirs.get(name)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--llmc", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    names = [name for name, (_, kind) in architectures.MODELS.items() if kind]
    parser.add_argument("models", nargs="*", default=names)
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(args.models):
            for what, error in check(name, number, args.llmc, folder):
                fits = error <= args.tolerance
                bad += not fits
                print(f"{name}: {what}: {error:.1e} off{'' if fits else ', too much'}")
    models = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../models")
    for model_file in sorted(glob.glob(os.path.join(models, "*.mlir"))):
        errors = list(check_names(args.llmc, model_file))
        name = os.path.basename(model_file)
        print(f"{name}: {errors[:5] if errors else 'names and shapes agree'}")
        bad += len(errors)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
