// Every diagnostic of llmc-fuse-kernels.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-fuse-kernels

func.func @no_rule(%l: tensor<2x4x10xf32>, %t: tensor<2x4xi32>) -> tensor<f32> {
  // expected-error@+1 {{'model.cross_entropy' op has no fusion rule, so no kernel can hold it; expected the ops that llmc-decompose leaves}}
  %0 = model.cross_entropy %l, %t : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @dynamic(%x: tensor<?x8x16xf32>) -> tensor<?x8x16xf32> {
  // expected-error@+1 {{'model.gelu' op expected tensors of static shape, found 'tensor<?x8x16xf32>'}}
  %0 = model.gelu %x : tensor<?x8x16xf32>
  return %0 : tensor<?x8x16xf32>
}

// -----

func.func @no_splits(%x: tensor<2x8x16xf32>) -> tensor<16xf32> {
  // expected-error@+1 {{'model.rms_norm_weight_grad' op expected `splits`, found none: it sums over all rows, run llmc-decompose first}}
  %0 = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

// -----

// expected-error@+1 {{'func.func' op expected a body of one block, found 2}}
func.func @blocks(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  cf.br ^next
^next:
  return %x : tensor<2x8x16xf32>
}
