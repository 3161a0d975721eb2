// Decisions and their numbers.
// RUN: llmc-opt %s -llmc-fuse-kernels --remarks-filter=fusion --remark-format=emitRemark 2>&1 | FileCheck %s
// RUN: llmc-opt %s -llmc-fuse-kernels="max-tensors=3" --remarks-filter=fusion --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=TENSORS
// RUN: llmc-opt %s -llmc-fuse-kernels="max-ops=1" --remarks-filter=fusion --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=OPS

// 2 * 8 * 16 f32 are 1,024 bytes: neither written nor read.
// CHECK-DAG: remark: [Passed] fused{{.*}}'model.add' fused into the kernel of 'model.linear': saves 2048 bytes of traffic
// CHECK-DAG: remark: [Missed] not-fused{{.*}}'model.rms_norm_grad' not fused into the kernel of 'model.gelu': an op outside of the kernel lies between them
// CHECK-DAG: remark: [Passed] recomputed{{.*}}'model.silu' computed again by each of its users: saves 1024 bytes of storage
// TENSORS: 'model.add' not fused into the kernel of 'model.linear': the kernel would have 4 tensors, the limit is 3
// OPS: 'model.add' not fused into the kernel of 'model.linear': the kernel would have 2 ops, the limit is 1
func.func @remarks(%x: tensor<2x8x16xf32>, %g: tensor<16xf32>, %w: tensor<16x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %0 = model.gelu %x : tensor<2x8x16xf32>
  %1 = model.linear %0, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %2 = model.add %1, %x : tensor<2x8x16xf32>
  %3 = model.rms_norm_grad %0, %g, %2 {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  %4 = model.silu %3 : tensor<2x8x16xf32>
  %5 = model.mul %4, %x : tensor<2x8x16xf32>
  %6 = model.add %4, %x : tensor<2x8x16xf32>
  return %3, %5, %6 : tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>
}
