// Two products of one input that meet in an elementwise op are one kernel.
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels --remarks-filter=fusion --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels="max-tensors=3" --remarks-filter=fusion --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=TENSORS

// Nothing else reads the products: neither is written. The input of 1,024
// bytes is read once instead of twice.
// CHECK-LABEL: func.func @swiglu
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8x16xf32>, %[[A:[^:]*]]: tensor<32x16xf32>, %[[B:[^:]*]]: tensor<32x16xf32>
// CHECK-NEXT: %[[Y:.*]] = tile.launch @linear_silu_mul_0(%[[X]], %[[A]], %[[B]])
// CHECK-NEXT: return %[[Y]]
// CHECK: tile.func @linear_silu_mul_0{{.*}}) -> tensor<2x8x32xf32> attributes {kind = "gemm"}
// CHECK-NEXT: %[[G:.*]] = model.linear %{{.*}}, %[[WA:.*]] :
// CHECK-NEXT: %[[U:.*]] = model.linear
// CHECK-NEXT: %[[S:.*]] = model.silu %[[G]]
// CHECK-NEXT: %[[M:.*]] = model.mul %[[S]], %[[U]]
// CHECK-NEXT: tile.return %[[M]]
// REMARK: remark: [Passed] paired{{.*}}'model.linear' computed in the kernel of the 'model.linear' that it meets: saves 1024 bytes of traffic
// TENSORS: remark: [Missed] not-paired{{.*}}'model.linear' not computed in the kernel of the 'model.linear' that it meets: the kernel would have 5 tensors, the limit is 3
func.func @swiglu(%x: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %b: tensor<32x16xf32>) -> tensor<2x8x32xf32> {
  %0 = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.linear %x, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %2 = model.silu %0 : tensor<2x8x32xf32>
  %3 = model.mul %2, %1 : tensor<2x8x32xf32>
  return %3 : tensor<2x8x32xf32>
}

// -----

// Results that others need are written; the first one's epilogue may stand
// before the second. A bias each, and weights that lie differently.
// CHECK-LABEL: func.func @kept
// CHECK-NEXT: %[[Y:.*]]:3 = tile.launch @linear_gelu_add_0(
// CHECK-NEXT: return %[[Y]]#0, %[[Y]]#1, %[[Y]]#2
// CHECK: tile.func @linear_gelu_add_0
// CHECK-NEXT: %[[G:.*]] = model.linear
// CHECK-NEXT: %[[S:.*]] = model.gelu %[[G]]
// CHECK-NEXT: %[[U:.*]] = model.linear {{.*}} {transposed}
// CHECK-NEXT: %[[M:.*]] = model.add %[[U]], %[[S]]
// CHECK-NEXT: tile.return %[[G]], %[[U]], %[[M]]
// REMARK: remark: [Passed] paired
func.func @kept(%x: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %c: tensor<32xf32>, %b: tensor<16x32xf32>, %d: tensor<32xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %a, %c : (tensor<2x8x16xf32>, tensor<32x16xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
  %1 = model.gelu %0 : tensor<2x8x32xf32>
  %2 = model.linear %x, %b, %d {transposed} : (tensor<2x8x16xf32>, tensor<16x32xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
  %3 = model.add %2, %1 : tensor<2x8x32xf32>
  return %0, %2, %3 : tensor<2x8x32xf32>, tensor<2x8x32xf32>, tensor<2x8x32xf32>
}

// -----

// CHECK-LABEL: func.func @inputs_differ
// CHECK-NEXT: tile.launch @linear_0
// CHECK-NEXT: tile.launch @linear_mul_1
// REMARK: remark: [Missed] not-paired{{.*}}: they multiply different inputs
func.func @inputs_differ(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %b: tensor<32x16xf32>) -> tensor<2x8x32xf32> {
  %0 = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.linear %y, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %2 = model.mul %0, %1 : tensor<2x8x32xf32>
  return %2 : tensor<2x8x32xf32>
}

// -----

// Products of one input that never meet, such as query and key.
// CHECK-LABEL: func.func @apart
// CHECK-NEXT: tile.launch @linear_0
// CHECK-NEXT: tile.launch @linear_0
// REMARK-NOT: paired
func.func @apart(%x: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %b: tensor<32x16xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.linear %x, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  return %0, %1 : tensor<2x8x32xf32>, tensor<2x8x32xf32>
}

// -----

// A third one meets the pair by way of memory.
// CHECK-LABEL: func.func @three
// CHECK-NEXT: %[[C:.*]] = tile.launch @linear_0(
// CHECK-NEXT: tile.launch @linear_mul_add_1({{.*}}, %[[C]])
// REMARK: remark: [Passed] paired
// REMARK: remark: [Missed] not-paired{{.*}}: it has 2 products, the limit is 2
func.func @three(%x: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %b: tensor<32x16xf32>, %c: tensor<32x16xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.linear %x, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %2 = model.linear %x, %c : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %3 = model.mul %0, %1 : tensor<2x8x32xf32>
  %4 = model.add %0, %2 : tensor<2x8x32xf32>
  return %3, %4 : tensor<2x8x32xf32>, tensor<2x8x32xf32>
}

// -----

// CHECK-LABEL: func.func @rotated
// CHECK-NEXT: tile.launch @linear_rotate_0
// CHECK-NEXT: tile.launch @linear_add_1
// REMARK: remark: [Missed] not-paired{{.*}}: its epilogue already needs whole heads of 4 columns
func.func @rotated(%x: tensor<2x8x16xf32>, %a: tensor<32x16xf32>, %b: tensor<32x16xf32>, %cos: tensor<8x4xf32>, %sin: tensor<8x4xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.rotate %0, %cos, %sin {head_size = 4 : i64} : (tensor<2x8x32xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<2x8x32xf32>
  %2 = model.linear %x, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %3 = model.add %0, %2 : tensor<2x8x32xf32>
  return %1, %3 : tensor<2x8x32xf32>, tensor<2x8x32xf32>
}
