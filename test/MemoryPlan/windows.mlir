// Windows are packed among the activations, from the first op that works on them
// to the last wait; times of collectives count.
// RUN: split-file %s %t
// RUN: llmc-opt %t/gathers.mlir --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s
// RUN: not llmc-opt %t/unused.mlir --llmc-plan-memory 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: error: 'dist.window' op expected an op that works on it

// CHECK-DAG: plan.arena parameter @parameters bytes 512 align 64 sharded
// CHECK-DAG: plan.arena activation @activations bytes 1088 align 64
//--- gathers.mlir
dist.mesh ranks 2 zero 3
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
train.variable @v "v" : tensor<64xf32> at 64 init #model.ones
train.variable @w "w" : tensor<64xf32> at 128 init #model.ones
tile.func @use(%t: tensor<2x4xi32>, %x: tensor<64xf32>) -> tensor<16xf32> attributes {kind = "rows"} {
  %y = arith.constant dense<1.0> : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @loss(%x: tensor<16xf32>, %w: tensor<64xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %y = arith.constant dense<1.0> : tensor<f32>
  tile.return %y : tensor<f32>
}
// CHECK-LABEL: plan.func @evaluate
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  // Both are there at one time.
  // CHECK: %[[MINE:.*]] = plan.view @parameters[0]
  %mine = train.flat value sharded : tensor<128xf32>
  // CHECK: %[[A:.*]] = plan.view @activations[[[AT:0|512]]] : memref<128xf32>
  %a = dist.window "a" : tensor<128xf32>
  // CHECK: %[[RA:.*]] = plan.view @activations[[[AT]]] of %[[A]](memref<128xf32>) : memref<128xf32>
  // CHECK: %[[WA:.*]] = plan.view @activations[{{256|768}}] of %[[A]](memref<128xf32>) : memref<64xf32>
  // CHECK: %[[MA:.*]] = plan.view @parameters[0] : memref<64xf32>
  %ra = dist.range %a[0] : tensor<128xf32> -> tensor<128xf32>
  %w0 = dist.range %a[64] : tensor<128xf32> -> tensor<64xf32>
  %ma = dist.range %mine[0] : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[B:.*]] = plan.view @activations[{{0|512}}] : memref<128xf32>
  %b = dist.window "b" : tensor<128xf32>
  // CHECK: %[[MB:.*]] = plan.view @parameters[256] : memref<64xf32>
  %rb = dist.range %b[0] : tensor<128xf32> -> tensor<128xf32>
  %w1 = dist.range %b[0] : tensor<128xf32> -> tensor<64xf32>
  %mb = dist.range %mine[64] : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[PA:.*]] = plan.start all_gather %[[MA]] into %[[RA]] : memref<64xf32>, memref<128xf32>
  %pa = dist.all_gather_start %ma into %ra : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  // CHECK: plan.wait %[[PA]]
  %va = dist.wait %pa : !dist.pending<tensor<128xf32>>
  // CHECK: %[[PB:.*]] = plan.start all_gather %[[MB]]
  %pb = dist.all_gather_start %mb into %rb : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  // CHECK: plan.launch @use(%{{.*}}, %[[WA]],
  %x = tile.launch @use(%tokens, %w0) : (tensor<2x4xi32>, tensor<64xf32>) -> tensor<16xf32>
  // CHECK: plan.wait %[[PB]]
  %vb = dist.wait %pb : !dist.pending<tensor<128xf32>>
  %l = tile.launch @loss(%x, %w1) : (tensor<16xf32>, tensor<64xf32>) -> tensor<f32>
  return %l : tensor<f32>
}

//--- unused.mlir
func.func @prepare() {
  %a = dist.window "a" : tensor<128xf32>
  return
}
