// RUN: llmc-opt %s --llmc-unroll-repeat --split-input-file --verify-diagnostics

// A count far above any model's, alone or by repeats in repeats.

model.graph @layers(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error @+1 {{'model.repeat' op repeats 2 operations 65537 times, expected at most 131072 in all}}
  %y = model.repeat 65537 named "layers" (%h = %x) : tensor<2x8x16xf32> {
    %w = model.parameter "w" : tensor<16xf32> {init = #model.ones}
    %n = model.rms_norm %h, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
    model.yield %n : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}

// -----

model.graph @nothing(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error @+1 {{'model.repeat' op repeats 0 operations 131073 times}}
  %y = model.repeat 131073 named "layers" (%h = %x) : tensor<2x8x16xf32> {
    model.yield %h : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}

// -----

model.graph @nested(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error @+1 {{'model.repeat' op repeats 2000 operations 66 times, expected at most 131072 in all}}
  %y = model.repeat 66 named "outer" (%h = %x) : tensor<2x8x16xf32> {
    %z = model.repeat 1000 named "inner" (%g = %h) : tensor<2x8x16xf32> {
      %w = model.parameter "w" : tensor<16xf32> {init = #model.ones}
      %n = model.rms_norm %g, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
      model.yield %n : tensor<2x8x16xf32>
    }
    model.yield %z : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}
