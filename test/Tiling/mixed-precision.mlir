// bf16 kernels: dots take what is stored, everything else is f32 from load to
// store, and what goes to f32 storage is never rounded.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// The value between product and activation is rounded only where it is stored.
// CHECK-LABEL: tile.func @bias_gelu(
// CHECK: tile.load {{.*}} -> tensor<8x16xbf16>
// CHECK: tile.load {{.*}} -> tensor<8x16xbf16>
// CHECK-NOT: arith.extf
// CHECK: tile.dot {{.*}} {{{.*}}transpose_b} : tensor<8x16xbf16>, tensor<8x16xbf16>, tensor<8x8xf32>
// CHECK: %[[B:.*]] = tile.load {{.*}} -> tensor<8xbf16>
// CHECK: %[[BW:.*]] = arith.extf %[[B]] : tensor<8xbf16> to tensor<8xf32>
// CHECK: tile.broadcast %[[BW]]
// CHECK: %[[LIN:.*]] = arith.addf
// CHECK-NOT: arith.truncf
// CHECK: math.tanh {{.*}} : tensor<8x8xf32>
// CHECK: %[[Y:.*]] = arith.mulf
// CHECK: %[[LR:.*]] = arith.truncf %[[LIN]]
// CHECK: tile.store %[[LR]], {{.*}} : tensor<8x8xbf16>
// CHECK: %[[YR:.*]] = arith.truncf %[[Y]]
// CHECK: tile.store %[[YR]], {{.*}} : tensor<8x8xbf16>
tile.func @bias_gelu(%x: tensor<2x8x48xbf16>, %w: tensor<40x48xbf16>, %b: tensor<40xbf16>) -> (tensor<2x8x40xbf16>, tensor<2x8x40xbf16>)
    attributes {kind = "gemm", grid = array<i64: 5, 2, 1>, schedule = {block_m = 8 : i64, block_n = 8 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w, %b : (tensor<2x8x48xbf16>, tensor<40x48xbf16>, tensor<40xbf16>) -> tensor<2x8x40xbf16>
  %1 = model.gelu %0 : tensor<2x8x40xbf16>
  tile.return %0, %1 : tensor<2x8x40xbf16>, tensor<2x8x40xbf16>
}

// f32 results and f32 storage: no rounding at all.
// CHECK-LABEL: tile.func @logits(
// CHECK-NOT: arith.truncf
// CHECK: tile.store {{.*}} : tensor<8x8xf32>
tile.func @logits(%x: tensor<1x8x48xbf16>, %w: tensor<40x48xbf16>) -> tensor<1x8x40xf32>
    attributes {kind = "gemm", grid = array<i64: 5, 1, 1>, schedule = {block_m = 8 : i64, block_n = 8 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x48xbf16>, tensor<40x48xbf16>) -> tensor<1x8x40xf32>
  tile.return %0 : tensor<1x8x40xf32>
}

// CHECK-LABEL: tile.func @weight_grad(
// CHECK: tile.dot {{.*}} {transpose_a} : tensor<16x8xbf16>, tensor<16x8xbf16>, tensor<8x8xf32>
// CHECK-NOT: arith.truncf
// CHECK: %[[OLD:.*]] = tile.load {{.*}} -> tensor<8x8xf32>
// CHECK-NEXT: %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK-NEXT: tile.store %[[NEW]], {{.*}} : tensor<8x8xf32>
tile.func @weight_grad(%x: tensor<2x8x48xbf16>, %dy: tensor<2x8x40xbf16>, %g: tensor<40x48xf32>)
    attributes {kind = "gemm", grid = array<i64: 6, 5, 1>, schedule = {block_m = 8 : i64, block_n = 8 : i64, block_k = 16 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x8x48xbf16>, tensor<2x8x40xbf16>) -> tensor<40x48xf32>
  train.accumulate %0 into %g : tensor<40x48xf32>, tensor<40x48xf32>
  tile.return
}

// Statistics and partial sums are f32, from what was extended once.
// CHECK-LABEL: tile.func @norm_grads(
// CHECK: scf.for {{.*}} -> (tensor<16xf32>)
// CHECK: tile.load {{.*}} -> tensor<2x16xbf16>
// CHECK: arith.extf {{.*}} : tensor<2x16xbf16> to tensor<2x16xf32>
// CHECK: tile.reduce add {{.*}} : tensor<2x16xf32> -> tensor<2xf32>
// CHECK: %[[DX:.*]] = arith.truncf {{.*}} : tensor<2x16xf32> to tensor<2x16xbf16>
// CHECK: tile.store %[[DX]]
// CHECK-NOT: arith.truncf
// CHECK: tile.store {{.*}} : tensor<16xf32>
tile.func @norm_grads(%x: tensor<2x4x16xbf16>, %w: tensor<16xbf16>, %dy: tensor<2x4x16xbf16>) -> (tensor<2x4x16xbf16>, tensor<4x16xf32>)
    attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_rows = 2 : i64, splits = 4 : i64}} {
  %0 = model.rms_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x4x16xbf16>, tensor<16xbf16>, tensor<2x4x16xbf16>) -> tensor<2x4x16xbf16>
  %1 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x4x16xbf16>, tensor<2x4x16xbf16>) -> tensor<4x16xf32>
  tile.return %0, %1 : tensor<2x4x16xbf16>, tensor<4x16xf32>
}

// The loss is f32; the gradient takes the place of the logits.
// CHECK-LABEL: tile.func @loss(
// CHECK: arith.extf {{.*}} : tensor<2x16xbf16> to tensor<2x16xf32>
// CHECK: tile.store {{.*}} : tensor<2xf32>
// CHECK: %[[D:.*]] = arith.truncf {{.*}} : tensor<2x16xf32> to tensor<2x16xbf16>
// CHECK: tile.store %[[D]]
tile.func @loss(%x: tensor<2x4x16xbf16>, %t: tensor<2x4xi32>) -> (tensor<2x4xf32>, tensor<2x4x16xbf16>)
    attributes {kind = "rows", grid = array<i64: 4, 1, 1>, inplace = array<i64: 1, 0>, schedule = {block_rows = 2 : i64}} {
  %0 = model.token_loss %x, %t : (tensor<2x4x16xbf16>, tensor<2x4xi32>) -> tensor<2x4xf32>
  %1 = model.cross_entropy_grad %x, %t : (tensor<2x4x16xbf16>, tensor<2x4xi32>) -> tensor<2x4x16xbf16>
  tile.return %0, %1 : tensor<2x4xf32>, tensor<2x4x16xbf16>
}

// The weights of a key block are rounded for the second product only.
// CHECK-LABEL: tile.func @attention(
// CHECK: tile.dot {{.*}} {{{.*}}transpose_b} : tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<4x4xf32>
// CHECK: %[[P:.*]] = math.exp2 {{.*}} : tensor<4x4xf32>
// CHECK: tile.reduce add %[[P]] axis 1
// CHECK: %[[PR:.*]] = arith.truncf %[[P]] : tensor<4x4xf32> to tensor<4x4xbf16>
// CHECK: tile.dot %[[PR]], {{.*}} : tensor<4x4xbf16>, tensor<4x8xbf16>, tensor<4x8xf32>
// CHECK: arith.truncf {{.*}} : tensor<4x8xf32> to tensor<4x8xbf16>
// CHECK: tile.store {{.*}} : tensor<4xf32>
tile.func @attention(%q: tensor<1x8x16xbf16>, %k: tensor<1x8x16xbf16>, %v: tensor<1x8x16xbf16>) -> (tensor<1x8x16xbf16>, tensor<1x2x8xf32>)
    attributes {kind = "attention", grid = array<i64: 2, 2, 1>, schedule = {block_q = 4 : i64, block_k = 4 : i64}} {
  %o, %l = model.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<1x8x16xbf16>, tensor<1x8x16xbf16>, tensor<1x8x16xbf16>) -> (tensor<1x8x16xbf16>, tensor<1x2x8xf32>)
  tile.return %o, %l : tensor<1x8x16xbf16>, tensor<1x2x8xf32>
}

// CHECK-LABEL: tile.func @key_value_grad(
// CHECK: %[[P:.*]] = math.exp2 {{.*}} : tensor<4x4xf32>
// CHECK: %[[DS:.*]] = arith.truncf {{.*}} : tensor<4x4xf32> to tensor<4x4xbf16>
// CHECK: tile.dot %[[DS]], {{.*}} : tensor<4x4xbf16>, tensor<4x8xbf16>, tensor<4x8xf32>
// CHECK: %[[PR:.*]] = arith.truncf %[[P]] : tensor<4x4xf32> to tensor<4x4xbf16>
// CHECK: tile.dot %[[PR]], {{.*}} : tensor<4x4xbf16>, tensor<4x8xbf16>, tensor<4x8xf32>
// CHECK-COUNT-2: tile.store {{.*}} : tensor<4x8xbf16>
tile.func @key_value_grad(%q: tensor<1x8x16xbf16>, %k: tensor<1x8x16xbf16>, %v: tensor<1x8x16xbf16>, %dy: tensor<1x8x16xbf16>, %l: tensor<1x2x8xf32>, %d: tensor<1x2x8xf32>) -> (tensor<1x8x16xbf16>, tensor<1x8x16xbf16>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 2, 2, 1>, schedule = {block_q = 4 : i64, block_k = 4 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %dy, %l, %d {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<1x8x16xbf16>, tensor<1x8x16xbf16>, tensor<1x8x16xbf16>, tensor<1x8x16xbf16>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> (tensor<1x8x16xbf16>, tensor<1x8x16xbf16>)
  tile.return %dk, %dv : tensor<1x8x16xbf16>, tensor<1x8x16xbf16>
}

// The copy is the new parameter, rounded.
// CHECK-LABEL: tile.func @adamw(
// CHECK: tile.store %[[NEW:[0-9a-z_]+]], {{.*}} : tensor<64xf32>
// CHECK-COUNT-2: tile.store {{.*}} : tensor<64xf32>
// CHECK: %[[COPY:.*]] = arith.truncf %[[NEW]] : tensor<64xf32> to tensor<64xbf16>
// CHECK-NEXT: tile.store %[[COPY]]
tile.func @adamw(%p: tensor<1000xf32>, %g: tensor<1000xf32>, %m: tensor<1000xf32>, %v: tensor<1000xf32>, %n: tensor<f32>, %h: tensor<9xf32>, %c: tensor<1000xbf16>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.adamw %p, %g, %m, %v, %n, %h, %c {decay_elements = 100 : i64}
      : tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<f32>, tensor<9xf32>, tensor<1000xbf16>
  tile.return
}

// CHECK-LABEL: tile.func @round(
// CHECK: %[[AT:.*]] = arith.muli {{.*}}, %c64
// CHECK: %[[X:.*]] = tile.load {{.*}}[%[[AT]]] {{.*}} -> tensor<64xf32>
// CHECK: %[[Y:.*]] = arith.truncf %[[X]] : tensor<64xf32> to tensor<64xbf16>
// CHECK: tile.store %[[Y]], {{.*}}[%[[AT]]]
tile.func @round(%p: tensor<1000xf32>, %c: tensor<1000xbf16>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.round %p into %c : tensor<1000xf32>, tensor<1000xbf16>
  tile.return
}

// A chunk's gradient is of the mean over all tokens.
// CHECK-LABEL: tile.func @chunk_grad(
// CHECK: arith.constant dense<1.562500e-02> : tensor<2xf32>
tile.func @chunk_grad(%x: tensor<1x4x16xbf16>, %t: tensor<1x4xi32>) -> tensor<1x4x16xbf16>
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 2 : i64}} {
  %0 = model.cross_entropy_grad %x, %t {tokens = 64 : i64} : (tensor<1x4x16xbf16>, tensor<1x4xi32>) -> tensor<1x4x16xbf16>
  tile.return %0 : tensor<1x4x16xbf16>
}
