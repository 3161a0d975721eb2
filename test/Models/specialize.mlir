// Every model file passes the whole Specialize phase; the parameters' number,
// first and last names are those of the published checkpoints.

// DEFINE: %{specialize} = llmc-opt --llmc-specialize="batch=2 seq=19" --llmc-unroll-repeat --llmc-prepare-rope --llmc-hoist-parameters --llmc-verify-specialized
// RUN: %{specialize} %models/gpt2-124m.mlir | FileCheck %s --check-prefix=GPT2
// RUN: %{specialize} %models/gpt2-medium.mlir | FileCheck %s --check-prefix=MEDIUM
// RUN: %{specialize} %models/gpt2-large.mlir | FileCheck %s --check-prefix=LARGE
// RUN: %{specialize} %models/gpt2-xl.mlir | FileCheck %s --check-prefix=XL
// RUN: %{specialize} %models/llama2-7b.mlir | FileCheck %s --check-prefix=LLAMA7B
// RUN: %{specialize} %models/llama2-13b.mlir | FileCheck %s --check-prefix=LLAMA13B
// RUN: %{specialize} %models/llama-15m.mlir | FileCheck %s --check-prefix=LLAMA15M
// RUN: %{specialize} %models/tinyllama-1.1b.mlir | FileCheck %s --check-prefix=TINYLLAMA
// RUN: %{specialize} %models/qwen2.5-0.5b.mlir | FileCheck %s --check-prefix=QWEN
// RUN: %{specialize} %models/qwen2.5-1.5b.mlir | FileCheck %s --check-prefix=QWEN-15B
// RUN: %{specialize} %models/qwen2.5-3b.mlir | FileCheck %s --check-prefix=QWEN-3B
// RUN: %{specialize} %models/qwen2.5-7b.mlir | FileCheck %s --check-prefix=QWEN-7B
// RUN: %{specialize} %models/qwen3-0.6b.mlir | FileCheck %s --check-prefix=QWEN3-06B
// RUN: %{specialize} %models/qwen3-1.7b.mlir | FileCheck %s --check-prefix=QWEN3-17B
// RUN: %{specialize} %models/qwen3-4b.mlir | FileCheck %s --check-prefix=QWEN3-4B
// RUN: %{specialize} %models/llama3.2-1b.mlir | FileCheck %s --check-prefix=LLAMA32-1B
// RUN: %{specialize} %models/llama3.2-3b.mlir | FileCheck %s --check-prefix=LLAMA32-3B
// RUN: %{specialize} %models/llama3.1-8b.mlir | FileCheck %s --check-prefix=LLAMA31-8B
// RUN: %{specialize} %models/bible-llama.mlir | FileCheck %s --check-prefix=BIBLE
// RUN: %{specialize} %S/tiny-gpt.mlir | FileCheck %s --check-prefix=TINYGPT
// RUN: %{specialize} %S/tiny-llama.mlir | FileCheck %s --check-prefix=TINY

// GPT2-LABEL: model.graph @gpt2_124m
// GPT2: "wte.weight" : tensor<50257x768xf32>
// GPT2: "wpe.weight" : tensor<1024x768xf32>
// GPT2: "h.0.attn.c_attn.weight" : tensor<768x2304xf32>
// GPT2-COUNT-143: model.parameter
// GPT2-NOT: model.parameter

// QWEN-LABEL: model.graph @qwen2_5_0_5b
// QWEN: "model.embed_tokens.weight" : tensor<151936x896xf32>
// QWEN: "model.layers.0.self_attn.k_proj.bias" : tensor<128xf32>
// QWEN: "model.layers.23.mlp.down_proj.weight" : tensor<896x4864xf32>
// QWEN-NOT: "model.layers.24.
// QWEN: "model.norm.weight" : tensor<896xf32>
// QWEN-NOT: model.parameter

// QWEN-15B: "model.embed_tokens.weight" : tensor<151936x1536xf32>
// QWEN-15B: "model.layers.0.self_attn.k_proj.bias" : tensor<256xf32>
// QWEN-15B: "model.layers.27.mlp.down_proj.weight" : tensor<1536x8960xf32>
// QWEN-15B-NOT: "model.layers.28.
// QWEN-15B: "model.norm.weight" : tensor<1536xf32>
// QWEN-15B-NOT: model.parameter
// QWEN-3B: "model.layers.35.mlp.down_proj.weight" : tensor<2048x11008xf32>
// QWEN-3B-NOT: "model.layers.36.
// QWEN-3B: "model.norm.weight" : tensor<2048xf32>
// QWEN-3B-NOT: model.parameter
// QWEN-7B: "model.layers.0.self_attn.q_proj.bias" : tensor<3584xf32>
// QWEN-7B: "model.layers.0.self_attn.v_proj.weight" : tensor<512x3584xf32>
// QWEN-7B: "model.layers.27.mlp.down_proj.weight" : tensor<3584x18944xf32>
// QWEN-7B-NOT: "model.layers.28.
// QWEN-7B: "lm_head.weight" : tensor<152064x3584xf32>
// QWEN-7B-NOT: model.parameter

// QWEN3-06B: "model.embed_tokens.weight" : tensor<151936x1024xf32>
// QWEN3-06B: "model.layers.0.self_attn.q_proj.weight" : tensor<2048x1024xf32>
// QWEN3-06B: "model.layers.0.self_attn.k_norm.weight" : tensor<128xf32>
// QWEN3-06B: "model.layers.27.mlp.down_proj.weight" : tensor<1024x3072xf32>
// QWEN3-06B-NOT: "model.layers.28.
// QWEN3-06B: "model.norm.weight" : tensor<1024xf32>
// QWEN3-06B-NOT: model.parameter
// QWEN3-17B: "model.layers.27.mlp.down_proj.weight" : tensor<2048x6144xf32>
// QWEN3-17B-NOT: "model.layers.28.
// QWEN3-17B: "model.norm.weight" : tensor<2048xf32>
// QWEN3-17B-NOT: model.parameter
// QWEN3-4B: "model.layers.0.self_attn.o_proj.weight" : tensor<2560x4096xf32>
// QWEN3-4B: "model.layers.35.mlp.down_proj.weight" : tensor<2560x9728xf32>
// QWEN3-4B-NOT: "model.layers.36.
// QWEN3-4B: "model.norm.weight" : tensor<2560xf32>
// QWEN3-4B-NOT: model.parameter

// MEDIUM: "h.23.mlp.c_proj.weight" : tensor<4096x1024xf32>
// MEDIUM-NOT: "h.24.
// LARGE: "h.35.mlp.c_proj.weight" : tensor<5120x1280xf32>
// LARGE-NOT: "h.36.
// XL: "h.47.mlp.c_proj.weight" : tensor<6400x1600xf32>
// XL-NOT: "h.48.

// LLAMA32-1B-LABEL: model.graph @llama3_2_1b
// LLAMA32-1B: model.constant "rope.cos.500000.64.llama3.32.1.4.8192"
// LLAMA32-1B: "model.embed_tokens.weight" : tensor<128256x2048xf32>
// LLAMA32-1B: "model.layers.0.self_attn.k_proj.weight" : tensor<512x2048xf32>
// LLAMA32-1B: "model.layers.15.mlp.down_proj.weight" : tensor<2048x8192xf32>
// LLAMA32-1B-NOT: "model.layers.16.
// LLAMA32-1B: "model.norm.weight" : tensor<2048xf32>
// LLAMA32-1B-NOT: model.parameter
// LLAMA32-3B: "model.layers.27.mlp.down_proj.weight" : tensor<3072x8192xf32>
// LLAMA32-3B-NOT: "model.layers.28.
// LLAMA31-8B: model.constant "rope.cos.500000.128.llama3.8.1.4.8192"
// LLAMA31-8B: "model.layers.31.mlp.down_proj.weight" : tensor<4096x14336xf32>
// LLAMA31-8B-NOT: "model.layers.32.
// LLAMA31-8B: "lm_head.weight" : tensor<128256x4096xf32>

// LLAMA7B-LABEL: model.graph @llama2_7b
// LLAMA7B: "model.layers.31.mlp.down_proj.weight" : tensor<4096x11008xf32>
// LLAMA7B-NEXT: "model.norm.weight" : tensor<4096xf32>
// LLAMA7B-NEXT: "lm_head.weight" : tensor<32000x4096xf32>

// LLAMA13B: "model.layers.39.mlp.down_proj.weight" : tensor<5120x13824xf32>
// LLAMA13B-NEXT: "model.norm.weight" : tensor<5120xf32>

// LLAMA15M: "model.layers.5.mlp.down_proj.weight" : tensor<288x768xf32>
// LLAMA15M-NEXT: "model.norm.weight" : tensor<288xf32>
// LLAMA15M-NOT: lm_head

// TINYLLAMA: "model.layers.21.self_attn.k_proj.weight" : tensor<256x2048xf32>
// TINYLLAMA-NOT: model.layers.22.

// BIBLE: "lm_head.weight" : tensor<256x192xf32>
// TINYGPT: "wpe.weight" : tensor<35x40xf32>
// TINY: "lm_head.weight" : tensor<97x48xf32>
