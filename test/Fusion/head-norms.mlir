// Norms of heads: a kernel whose blocks hold one head takes what works on heads of
// that size or element by element, and nothing that needs more of a row.
// RUN: llmc-opt %s -llmc-fuse-kernels | FileCheck %s
// RUN: llmc-opt %s -llmc-fuse-kernels --remarks-filter=fusion --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// The norm, its rotation, and what follows.
// CHECK-LABEL: func.func @forward
// CHECK: %[[Q:.*]] = tile.launch @linear_0
// CHECK: tile.launch @rms_norm_rotate_add_1(%[[Q]]
func.func @forward(%x: tensor<2x8x16xf32>, %p: tensor<32x16xf32>, %w: tensor<8xf32>, %c: tensor<8x8xf32>, %s: tensor<8x8xf32>, %r: tensor<2x8x32xf32>) -> tensor<2x8x32xf32> {
  %0 = model.linear %x, %p : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.rms_norm %0, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8xf32>) -> tensor<2x8x32xf32>
  %2 = model.rotate %1, %c, %s {head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x32xf32>
  %3 = model.add %2, %r : tensor<2x8x32xf32>
  return %3 : tensor<2x8x32xf32>
}

// The backward pass: a rotation back, the norm's gradient and its weight's.
// CHECK-LABEL: func.func @backward
// CHECK: tile.launch @rotate_rms_norm_grad_rms_norm_weight_grad_{{[0-9]+}}
// CHECK-NEXT: return
func.func @backward(%x: tensor<2x8x32xf32>, %w: tensor<8xf32>, %c: tensor<8x8xf32>, %s: tensor<8x8xf32>, %dy: tensor<2x8x32xf32>) -> (tensor<2x8x32xf32>, tensor<4x8xf32>) {
  %0 = model.rotate %dy, %c, %s {head_size = 8 : i64, inverse} : (tensor<2x8x32xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x32xf32>
  %1 = model.rms_norm_grad %x, %w, %0 {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8xf32>, tensor<2x8x32xf32>) -> tensor<2x8x32xf32>
  %2 = model.rms_norm_weight_grad %x, %0 {eps = 1.0e-5 : f32, head_size = 8 : i64, splits = 4 : i64} : (tensor<2x8x32xf32>, tensor<2x8x32xf32>) -> tensor<4x8xf32>
  return %1, %2 : tensor<2x8x32xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func.func @whole_rows
// CHECK: tile.launch @rms_norm_{{[0-9]+}}
// CHECK: tile.launch @layer_norm_{{[0-9]+}}
// REMARK: remark: [Missed] not-fused{{.*}}'model.layer_norm' not fused into the kernel of 'model.rms_norm': the kernel norms heads of 8 channels, 'model.layer_norm' needs more of a row
func.func @whole_rows(%x: tensor<2x8x32xf32>, %w: tensor<8xf32>, %g: tensor<32xf32>) -> tensor<2x8x32xf32> {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8xf32>) -> tensor<2x8x32xf32>
  %1 = model.layer_norm %0, %g, %g {eps = 1.0e-5 : f32} : (tensor<2x8x32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
  return %1 : tensor<2x8x32xf32>
}

// The other way round, and heads of another size.
// CHECK-LABEL: func.func @other_heads
// CHECK: tile.launch @rms_norm_{{[0-9]+}}
// CHECK: tile.launch @rms_norm_rotate_{{[0-9]+}}
// CHECK: tile.launch @rms_norm_{{[0-9]+}}
// REMARK: remark: [Missed] not-fused{{.*}}'model.rms_norm' not fused into the kernel of 'model.rms_norm': the kernel norms heads of 8 channels, 'model.rms_norm' needs more of a row
// REMARK: remark: [Missed] not-fused{{.*}}'model.rms_norm' not fused into the kernel of 'model.rms_norm': the kernel norms heads of 8 and of 16 channels
func.func @other_heads(%x: tensor<2x8x32xf32>, %g: tensor<32xf32>, %w: tensor<8xf32>, %v: tensor<16xf32>, %c: tensor<8x4xf32>) -> tensor<2x8x32xf32> {
  %0 = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x32xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
  %1 = model.rms_norm %0, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8xf32>) -> tensor<2x8x32xf32>
  %2 = model.rotate %1, %c, %c {head_size = 4 : i64} : (tensor<2x8x32xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<2x8x32xf32>
  %3 = model.rms_norm %2, %v {eps = 1.0e-5 : f32, head_size = 16 : i64} : (tensor<2x8x32xf32>, tensor<16xf32>) -> tensor<2x8x32xf32>
  return %3 : tensor<2x8x32xf32>
}

// A rotation of larger heads than those that are normed.
// CHECK-LABEL: func.func @larger_rotation
// CHECK: tile.launch @rms_norm_{{[0-9]+}}
// CHECK: tile.launch @rotate_{{[0-9]+}}
// REMARK: remark: [Missed] not-fused{{.*}}'model.rotate' not fused into the kernel of 'model.rms_norm': the kernel norms heads of 8 channels, 'model.rotate' needs more of a row
func.func @larger_rotation(%x: tensor<2x8x32xf32>, %w: tensor<8xf32>, %c: tensor<8x16xf32>) -> tensor<2x8x32xf32> {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x32xf32>, tensor<8xf32>) -> tensor<2x8x32xf32>
  %1 = model.rotate %0, %c, %c {head_size = 16 : i64} : (tensor<2x8x32xf32>, tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<2x8x32xf32>
  return %1 : tensor<2x8x32xf32>
}

// What is added is not rotated, and its place can be taken; what is normed is.
// CHECK: tile.func @rms_norm_rotate_add_1{{.*}} attributes {inplace = array<i64: 0, 4>, kind = "rows"}
// CHECK: tile.func @rotate_rms_norm_grad_rms_norm_weight_grad_2{{.*}} attributes {kind = "rows"}
