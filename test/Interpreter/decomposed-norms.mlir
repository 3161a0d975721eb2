// What Fusion's decomposition makes of a backward pass, written by hand: token
// losses and their mean, weight gradients in two ranges of rows and their sum.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 32 of 32 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient rms: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient scale: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient shift: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
!act = tensor<2x2x8xf32>
!ids = tensor<2x2xi32>
model.graph @norms(%tokens: !ids, %targets: !ids) -> (tensor<f32>, !act, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %x = model.parameter "x" : !act {init = #model.normal<0.5>}
  %rms = model.parameter "rms" : tensor<8xf32> {init = #model.ones}
  %scale = model.parameter "scale" : tensor<8xf32> {init = #model.ones}
  %shift = model.parameter "shift" : tensor<8xf32> {init = #model.zeros}
  %n = model.rms_norm %x, %rms {eps = 1.0e-2 : f32} : (!act, tensor<8xf32>) -> !act
  %g = model.gelu %n : !act
  %y = model.layer_norm %g, %scale, %shift {eps = 1.0e-2 : f32} : (!act, tensor<8xf32>, tensor<8xf32>) -> !act
  %each = model.token_loss %y, %targets : (!act, !ids) -> tensor<2x2xf32>
  %loss = model.mean %each : (tensor<2x2xf32>) -> tensor<f32>

  %dy = model.cross_entropy_grad %y, %targets : (!act, !ids) -> !act
  %dshifts = model.sum_rows %dy {splits = 2 : i64} : (!act) -> tensor<2x8xf32>
  %dshift = model.sum_rows %dshifts : (tensor<2x8xf32>) -> tensor<8xf32>
  %dscales = model.layer_norm_weight_grad %g, %dy {eps = 1.0e-2 : f32, splits = 2 : i64} : (!act, !act) -> tensor<2x8xf32>
  %dscale = model.sum_rows %dscales : (tensor<2x8xf32>) -> tensor<8xf32>
  %dg = model.layer_norm_grad %g, %scale, %dy {eps = 1.0e-2 : f32} : (!act, tensor<8xf32>, !act) -> !act
  %dn = model.gelu_grad %n, %dg : !act
  %drmss = model.rms_norm_weight_grad %x, %dn {eps = 1.0e-2 : f32, splits = 2 : i64} : (!act, !act) -> tensor<2x8xf32>
  %drms = model.sum_rows %drmss : (tensor<2x8xf32>) -> tensor<8xf32>
  %dx = model.rms_norm_grad %x, %rms, %dn {eps = 1.0e-2 : f32} : (!act, tensor<8xf32>, !act) -> !act
  model.return %loss, %dx, %drms, %dscale, %dshift : tensor<f32>, !act, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
