// Every function gathers the units that it needs, of the values or of their
// compute copies; constants are on every rank.
// RUN: split-file %s %t
// RUN: llmc-opt %t/f32.mlir --llmc-shard-parameters | FileCheck %s
// RUN: llmc-opt %t/bf16.mlir --llmc-shard-parameters | FileCheck %s --check-prefix=BF16
// RUN: llmc-opt %t/bf16.mlir --llmc-shard-parameters --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: parameters of 256 bytes sharded: 128 bytes a rank
// RUN: not llmc-opt %t/no-units.mlir --llmc-shard-parameters 2>&1 | FileCheck %s --check-prefix=NO-UNITS
// NO-UNITS: error: expected a dist.mesh and dist.units, which llmc-bucket-parameters declares

//--- f32.mlir
dist.mesh ranks 2 zero 3
dist.unit "a" at 0 elements 256
dist.unit "b" at 256 elements 128
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
dist.bucket at 256 elements 128
train.variable @v "v" : tensor<10x16xf32> at 0 decay init #model.ones
train.variable @w "w" : tensor<64xf32> at 192 decay init #model.ones
train.variable @b "b" : tensor<64xf32> at 256 init #model.zeros
train.variable @c "c" : tensor<64xf32> at 0 constant init #model.ones
// CHECK-LABEL: func.func @evaluate
func.func @evaluate() -> tensor<64xf32> {
  // CHECK: %[[MINE:.*]] = train.flat value sharded : tensor<192xf32>
  // CHECK: %[[A:.*]] = dist.window "a" : tensor<256xf32>
  // CHECK: %[[M0:.*]] = dist.range %[[MINE]][0] : tensor<192xf32> -> tensor<64xf32>
  // CHECK: %[[R0:.*]] = dist.range %[[A]][0] : tensor<256xf32> -> tensor<128xf32>
  // CHECK: %[[P0:.*]] = dist.all_gather_start %[[M0]] into %[[R0]] : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  // CHECK: %[[M1:.*]] = dist.range %[[MINE]][64] : tensor<192xf32> -> tensor<64xf32>
  // CHECK: %[[R1:.*]] = dist.range %[[A]][128] : tensor<256xf32> -> tensor<128xf32>
  // CHECK: %[[P1:.*]] = dist.all_gather_start %[[M1]] into %[[R1]]
  // CHECK: dist.wait %[[P0]]
  // CHECK: dist.wait %[[P1]]
  // CHECK: %[[B:.*]] = dist.window "b" : tensor<128xf32>
  // CHECK: dist.range %[[MINE]][128] : tensor<192xf32> -> tensor<64xf32>
  // CHECK-DAG: %[[W:.*]] = dist.range %[[A]][192] : tensor<256xf32> -> tensor<64xf32>
  // CHECK-DAG: %[[BIAS:.*]] = dist.range %[[B]][0] : tensor<128xf32> -> tensor<64xf32>
  // CHECK-DAG: %[[C:.*]] = train.ref value @c
  %w = train.ref value @w : tensor<64xf32>
  %b = train.ref value @b : tensor<64xf32>
  %c = train.ref value @c : tensor<64xf32>
  // CHECK: model.add %[[W]], %[[BIAS]]
  // CHECK: model.add %{{.*}}, %[[C]]
  %x = model.add %w, %b : tensor<64xf32>
  %y = model.add %x, %c : tensor<64xf32>
  return %y : tensor<64xf32>
}
// What a function does not need is not gathered.
// CHECK-LABEL: func.func @generate
// CHECK-NOT: dist.window "a"
// CHECK: dist.window "b"
// CHECK-NOT: dist.window "a"
func.func @generate() -> tensor<64xf32> {
  %b = train.ref value @b : tensor<64xf32>
  %x = model.add %b, %b : tensor<64xf32>
  return %x : tensor<64xf32>
}

//--- bf16.mlir
dist.mesh ranks 2 zero 3
dist.unit "w" at 0 elements 128
dist.bucket at 0 elements 128
train.variable @w "w" : tensor<64xf32> at 0 decay init #model.ones
// BF16-LABEL: func.func @evaluate
func.func @evaluate() -> tensor<64xbf16> {
  // BF16: train.flat compute sharded : tensor<64xbf16>
  // BF16: dist.window "w" : tensor<128xbf16>
  %w = train.ref compute @w : tensor<64xbf16>
  %x = model.add %w, %w : tensor<64xbf16>
  return %x : tensor<64xbf16>
}

//--- no-units.mlir
dist.mesh ranks 2 zero 3
func.func @evaluate() {
  return
}
