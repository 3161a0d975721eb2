// What the model of a GPU chooses, for shapes of gpt2-124m and llama2-7b at
// 4096 tokens on an RTX 4090 (128 SMs), and its numbers as remarks.
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" | FileCheck %s
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda arch=emulated" | FileCheck %s
// RUN: not llmc-opt %s -llmc-schedule-kernels="target=cuda arch=sm_70" 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: expected one of the architectures sm_80, sm_86, sm_89, sm_90, emulated, found 'sm_70'

// Many blocks: the largest tile of which two fit an SM, 2 x 48 KiB of 100, and
// 64 x 64 results for each of four warps. 32 x 32 blocks are 4 full waves.
// CHECK-LABEL: tile.func @llama_projection
// CHECK-SAME: fill = 1.000000e+00 : f64
// CHECK-SAME: grid = array<i64: 32, 32, 1>
// CHECK-SAME: predicted_us = {{8[0-9][0-9]}}.
// CHECK-SAME: schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = {{[0-9]+}} : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}
// REMARK: remark: [Analysis] scheduled{{.*}}llama_projection: block_k 32, block_m 128, block_n 128, min_blocks 2, {{.*}}; grid 32 x 32 x 1, 2 blocks per SM, fill 1.00, 224 registers, 49152 bytes of shared memory, {{[0-9.]+}} us
tile.func @llama_projection(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// 128 x 128 would be 192 blocks, of which half of the SMs get two and the others
// one: 128 x 96 give each SM two.
// CHECK-LABEL: tile.func @gpt2_down
// CHECK-SAME: grid = array<i64: 8, 32, 1>
// CHECK-SAME: schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 96 : i64, {{.*}}threads = 128 : i64
tile.func @gpt2_down(%x: tensor<4x1024x3072xbf16>, %w: tensor<3072x768xbf16>) -> tensor<4x1024x768xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w {transposed} : (tensor<4x1024x3072xbf16>, tensor<3072x768xbf16>) -> tensor<4x1024x768xbf16>
  tile.return %0 : tensor<4x1024x768xbf16>
}

// 96 does not divide 1024 columns. 64 x 128 give each SM three; 64 x 64 would
// fill them as well, but draw 16 bytes a cycle from L2, which gives each SM 13.
// Two warps a block would be six, two for some of the four schedulers and one for
// the others.
// CHECK-LABEL: tile.func @third_wave
// CHECK-SAME: grid = array<i64: 8, 48, 1>
// CHECK-SAME: schedule = {block_k = 64 : i64, block_m = 64 : i64, block_n = 128 : i64, {{.*}}threads = {{128|256}} : i64
tile.func @third_wave(%x: tensor<3x1024x3072xbf16>, %w: tensor<3072x1024xbf16>) -> tensor<3x1024x1024xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w {transposed} : (tensor<3x1024x3072xbf16>, tensor<3072x1024xbf16>) -> tensor<3x1024x1024xbf16>
  tile.return %0 : tensor<3x1024x1024xbf16>
}

// The head: the weight does not fit L2, so that blocks of 8 or more rows pass
// over it together.
// CHECK-LABEL: tile.func @gpt2_head
// CHECK-SAME: block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = {{8|16}} : i64
tile.func @gpt2_head(%x: tensor<4x1024x768xbf16>, %w: tensor<50257x768xbf16>) -> tensor<4x1024x50257xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x1024x768xbf16>, tensor<50257x768xbf16>) -> tensor<4x1024x50257xbf16>
  tile.return %0 : tensor<4x1024x50257xbf16>
}

// f32: a register tile of 8 x 8 for each thread, steps of 16.
// CHECK-LABEL: tile.func @f32_product
// CHECK-SAME: block_k = 16 : i64, block_m = 128 : i64, block_n = 128 : i64
// CHECK-SAME: threads = {{128|256}} : i64
tile.func @f32_product(%x: tensor<4x1024x4096xf32>, %w: tensor<4096x4096xf32>) -> tensor<4x1024x4096xf32> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xf32>, tensor<4096x4096xf32>) -> tensor<4x1024x4096xf32>
  tile.return %0 : tensor<4x1024x4096xf32>
}

// Small products of tests: some blocks at least, none larger than needed.
// CHECK-LABEL: tile.func @tiny
// CHECK-SAME: schedule = {block_k = 32 : i64, block_m = 16 : i64, block_n = 16 : i64, {{.*}}threads = 32 : i64, warps_m = 1 : i64, warps_n = 1 : i64}
tile.func @tiny(%x: tensor<4x16x32xbf16>, %w: tensor<48x32xbf16>) -> tensor<4x16x48xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x16x32xbf16>, tensor<48x32xbf16>) -> tensor<4x16x48xbf16>
  tile.return %0 : tensor<4x16x48xbf16>
}

// Whole heads of 48 columns.
// CHECK-LABEL: tile.func @rotate
// CHECK-SAME: block_n = {{48|96|192}} : i64
tile.func @rotate(%x: tensor<4x256x288xbf16>, %w: tensor<288x288xbf16>, %cos: tensor<256x48xf32>, %sin: tensor<256x48xf32>) -> tensor<4x256x288xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x256x288xbf16>, tensor<288x288xbf16>) -> tensor<4x256x288xbf16>
  %1 = model.rotate %0, %cos, %sin {head_size = 48 : i64} : (tensor<4x256x288xbf16>, tensor<256x48xf32>, tensor<256x48xf32>) -> tensor<4x256x288xbf16>
  tile.return %1 : tensor<4x256x288xbf16>
}

// The keys and values of all 48 heads stay in L2: blocks are numbered across them.
// CHECK-LABEL: tile.func @attention_64
// CHECK-SAME: grid = array<i64: 48, 16, 1>
// CHECK-SAME: schedule = {block_k = 64 : i64, block_q = 64 : i64, keep_fragments = 1 : i64, min_blocks = 3 : i64, raster = 48 : i64, stages = 2 : i64, threads = 128 : i64}
tile.func @attention_64(%q: tensor<4x1024x768xbf16>) -> tensor<4x1024x768xbf16> attributes {kind = "attention"} {
  %0 = model.attention %q, %q, %q {heads = 12 : i64, kv_heads = 12 : i64} : (tensor<4x1024x768xbf16>, tensor<4x1024x768xbf16>, tensor<4x1024x768xbf16>) -> tensor<4x1024x768xbf16>
  tile.return %0 : tensor<4x1024x768xbf16>
}

// Heads too wide for two stages: each step waits for what it loads, 27 us of the
// whole.
// CHECK-LABEL: tile.func @attention_192
// CHECK-SAME: predicted_us = 2{{[78][0-9]}}.
// CHECK-SAME: stages = 1 : i64
tile.func @attention_192(%q: tensor<4x1024x768xf32>) -> tensor<4x1024x768xf32> attributes {kind = "attention"} {
  %0 = model.attention %q, %q, %q {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<4x1024x768xf32>, tensor<4x1024x768xf32>, tensor<4x1024x768xf32>) -> tensor<4x1024x768xf32>
  tile.return %0 : tensor<4x1024x768xf32>
}

// Both gradients of 64 rows of 128 columns are 128 registers of each thread:
// the queries come in blocks of fewer rows. Queries and gradients of 128 heads are
// 67 MB: half of them at a time stay in half of L2.
// CHECK-LABEL: tile.func @key_value_grad_128
// CHECK-SAME: grid = array<i64: 64, 16, 2>
// CHECK-SAME: schedule = {block_k = 64 : i64, block_q = {{16|32}} : i64, {{.*}}raster = 64 : i64, {{.*}}threads = 128 : i64}
tile.func @key_value_grad_128(%q: tensor<4x1024x4096xbf16>, %lse: tensor<4x32x1024xf32>) -> (tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>) attributes {kind = "attention_key_value_grad"} {
  %0, %1 = model.attention_key_value_grad %q, %q, %q, %q, %lse, %lse {heads = 32 : i64, kv_heads = 32 : i64} : (tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>, tensor<4x32x1024xf32>, tensor<4x32x1024xf32>) -> (tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>)
  tile.return %0, %1 : tensor<4x1024x4096xbf16>, tensor<4x1024x4096xbf16>
}

// A warp for each row.
// CHECK-LABEL: tile.func @norm
// CHECK-SAME: schedule = {block_rows = 4 : i64, min_blocks = {{[0-9]+}} : i64, threads = 128 : i64}
tile.func @norm(%x: tensor<4x1024x768xbf16>, %g: tensor<768xbf16>) -> tensor<4x1024x768xbf16> attributes {kind = "rows"} {
  %0 = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : (tensor<4x1024x768xbf16>, tensor<768xbf16>) -> tensor<4x1024x768xbf16>
  tile.return %0 : tensor<4x1024x768xbf16>
}

// 50,257 elements are too many for a block's registers.
// CHECK-LABEL: tile.func @loss
// CHECK-SAME: schedule = {block_columns = 4096 : i64, block_rows = 1 : i64, {{.*}}threads = 256 : i64}
tile.func @loss(%l: tensor<4x1024x50257xbf16>, %t: tensor<4x1024xi32>) -> tensor<4x1024xf32> attributes {kind = "rows"} {
  %0 = model.token_loss %l, %t : (tensor<4x1024x50257xbf16>, tensor<4x1024xi32>) -> tensor<4x1024xf32>
  tile.return %0 : tensor<4x1024xf32>
}

// 124 million elements, 28 bytes each at 920 GB/s: 3.8 ms.
// CHECK-LABEL: tile.func @step
// CHECK-SAME: predicted_us = 3790.
// CHECK-SAME: schedule = {block = 1024 : i64, {{.*}}threads = 256 : i64}
tile.func @step(%p: tensor<124475904xf32>, %g: tensor<124475904xf32>, %m: tensor<124475904xf32>, %v: tensor<124475904xf32>, %n: tensor<f32>, %h: tensor<9xf32>) attributes {kind = "flat"} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 2048} : tensor<124475904xf32>, tensor<124475904xf32>, tensor<124475904xf32>, tensor<124475904xf32>, tensor<f32>, tensor<9xf32>
  tile.return
}

// A tile is rows of one head of 64: 16 bytes of each operand a thread, none of
// which another thread has, too.
// CHECK-LABEL: tile.func @delta
// CHECK-SAME: schedule = {block_rows = 32 : i64, min_blocks = 4 : i64, threads = 256 : i64}
tile.func @delta(%o: tensor<16x1024x768xbf16>, %do: tensor<16x1024x768xbf16>) -> tensor<16x12x1024xf32> attributes {kind = "rows"} {
  %0 = model.attention_delta %o, %do {heads = 12 : i64} : (tensor<16x1024x768xbf16>, tensor<16x1024x768xbf16>) -> tensor<16x12x1024xf32>
  tile.return %0 : tensor<16x12x1024xf32>
}
