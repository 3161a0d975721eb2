// What is fused into one kernel and what is not, names, kinds, in-place
// results, equal kernels.
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s

// A product takes elementwise ops; what is needed outside is a result too.
// CHECK-LABEL: func.func @epilogue
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>, %[[W:.*]]: tensor<32x16xf32>
// CHECK-NEXT: %[[Y:.*]]:2 = tile.launch @linear_gelu_0(%[[X]], %[[W]])
// CHECK-NEXT: return %[[Y]]#0, %[[Y]]#1
// CHECK: tile.func @linear_gelu_0
// CHECK-SAME: kind = "gemm"
// CHECK-NEXT: %[[P:.*]] = model.linear
// CHECK-NEXT: %[[G:.*]] = model.gelu %[[P]]
// CHECK-NEXT: tile.return %[[P]], %[[G]]
func.func @epilogue(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.gelu %0 : tensor<2x8x32xf32>
  return %0, %1 : tensor<2x8x32xf32>, tensor<2x8x32xf32>
}

// -----

// A residual sum joins the latest product; its other operand may be
// overwritten. The second product of the same body is the same kernel.
// CHECK-LABEL: func.func @residual
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>, %[[W:.*]]: tensor<16x16xf32>, %[[V:.*]]: tensor<16x16xf32>
// CHECK-NEXT: %[[A:.*]] = tile.launch @linear_add_0(%[[X]], %[[W]], %[[X]])
// CHECK-NOT: tile.func
// CHECK: return
func.func @not_shared(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  return %x : tensor<2x8x16xf32>
}
