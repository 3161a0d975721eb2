// Chunks of tokens are places: a slice lies within what it is cut from, parts
// are written where the joined tensor lies.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan -split-input-file -verify-diagnostics | FileCheck %s

tile.func @first(%t: tensor<2x64xi32>) -> tensor<2x64x8xbf16> attributes {kind = "rows"} {
  %w = model.constant "w" : tensor<8x8xbf16> {init = #model.rope_cos<1.0e4>}
  %y = model.embedding %t, %w : (tensor<2x64xi32>, tensor<8x8xbf16>) -> tensor<2x64x8xbf16>
  tile.return %y : tensor<2x64x8xbf16>
}
tile.func @gelu(%x: tensor<1x64x8xbf16>) -> tensor<1x64x8xbf16> attributes {kind = "rows", inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<1x64x8xbf16>
  tile.return %y : tensor<1x64x8xbf16>
}
tile.func @loss(%x: tensor<1x64x8xbf16>, %t: tensor<1x64xi32>) -> tensor<1x64xf32> attributes {kind = "rows"} {
  %y = model.token_loss %x, %t : (tensor<1x64x8xbf16>, tensor<1x64xi32>) -> tensor<1x64xf32>
  tile.return %y : tensor<1x64xf32>
}
tile.func @mean(%x: tensor<2x64xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %y = model.mean %x : (tensor<2x64xf32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}

// The chunks' tensors take turns; the slice is no argument to write over, as
// more of its tensor may be needed.
// CHECK-DAG: plan.arena activation @activations bytes 3584
// CHECK-LABEL: plan.func @evaluate
// CHECK: %[[T:.*]] = plan.view @io[512] : memref<2x64xi32>
// CHECK: %[[X:.*]] = plan.view @activations[[[#XAT:]]] : memref<2x64x8xbf16>
// CHECK: %[[X0:.*]] = plan.view @activations[[[#XAT]]] of %[[X]](memref<2x64x8xbf16>) : memref<1x64x8xbf16>
// CHECK: %[[T0:.*]] = plan.view @io[512] of %[[T]](memref<2x64xi32>) : memref<1x64xi32>
// CHECK: %[[Y0:.*]] = plan.view @activations[[[#YAT:]]] : memref<1x64x8xbf16>
// CHECK: plan.launch @gelu(%[[X0]], %[[Y0]])
// CHECK: %[[L:.*]] = plan.view @activations[[[#LAT:]]] : memref<2x64xf32>
// CHECK: %[[L0:.*]] = plan.view @activations[[[#LAT]]] of %[[L]](memref<2x64xf32>) : memref<1x64xf32>
// CHECK: plan.launch @loss(%[[Y0]], %[[T0]], %[[L0]])
// CHECK: %[[X1:.*]] = plan.view @activations[[[#XAT+1024]]] of %[[X]](memref<2x64x8xbf16>) : memref<1x64x8xbf16>
// CHECK: %[[T1:.*]] = plan.view @io[768] of %[[T]](memref<2x64xi32>) : memref<1x64xi32>
// CHECK: %[[Y1:.*]] = plan.view @activations[[[#YAT]]] : memref<1x64x8xbf16>
// CHECK: plan.launch @gelu(%[[X1]], %[[Y1]])
// CHECK: %[[L1:.*]] = plan.view @activations[[[#LAT+256]]] of %[[L]](memref<2x64xf32>) : memref<1x64xf32>
// CHECK: plan.launch @loss(%[[Y1]], %[[T1]], %[[L1]])
// CHECK: plan.launch @mean(%[[L]], %{{.*}})
func.func @evaluate(%tokens: tensor<2x64xi32>, %targets: tensor<2x64xi32>) -> tensor<f32> {
  %x = tile.launch @first(%tokens) : (tensor<2x64xi32>) -> tensor<2x64x8xbf16>
  %x0 = model.slice_tokens %x {first = 0 : i64} : (tensor<2x64x8xbf16>) -> tensor<1x64x8xbf16>
  %t0 = model.slice_tokens %targets {first = 0 : i64} : (tensor<2x64xi32>) -> tensor<1x64xi32>
  %y0 = tile.launch @gelu(%x0) : (tensor<1x64x8xbf16>) -> tensor<1x64x8xbf16>
  %l0 = tile.launch @loss(%y0, %t0) : (tensor<1x64x8xbf16>, tensor<1x64xi32>) -> tensor<1x64xf32>
  %x1 = model.slice_tokens %x {first = 64 : i64} : (tensor<2x64x8xbf16>) -> tensor<1x64x8xbf16>
  %t1 = model.slice_tokens %targets {first = 64 : i64} : (tensor<2x64xi32>) -> tensor<1x64xi32>
  %y1 = tile.launch @gelu(%x1) : (tensor<1x64x8xbf16>) -> tensor<1x64x8xbf16>
  %l1 = tile.launch @loss(%y1, %t1) : (tensor<1x64x8xbf16>, tensor<1x64xi32>) -> tensor<1x64xf32>
  %l = model.join_tokens %l0, %l1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<2x64xf32>
  %m = tile.launch @mean(%l) : (tensor<2x64xf32>) -> tensor<f32>
  return %m : tensor<f32>
}

// -----

tile.func @mean(%x: tensor<2x64xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %y = model.mean %x : (tensor<2x64xf32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}
tile.func @part() -> tensor<1x64xf32> attributes {kind = "rows"} {
  %y = model.constant "w" : tensor<1x64xf32> {init = #model.rope_cos<1.0e4>}
  tile.return %y : tensor<1x64xf32>
}
func.func @evaluate(%tokens: tensor<2x64xi32>, %targets: tensor<2x64xi32>) -> tensor<f32> {
  %l0 = tile.launch @part() : () -> tensor<1x64xf32>
  // expected-error @+1 {{expected parts that a launch makes and that are joined once}}
  %l = model.join_tokens %l0, %l0 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<2x64xf32>
  %m = tile.launch @mean(%l) : (tensor<2x64xf32>) -> tensor<f32>
  return %m : tensor<f32>
}
