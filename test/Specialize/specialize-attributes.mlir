// RUN: llmc-opt %s --llmc-specialize="batch=2 seq=8" -split-input-file -verify-diagnostics

// MLIR carries attributes along that an op does not have, and nobody reads them:
// a misspelt one would train another model than was meant.

model.graph @misspelt(%q: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  // expected-error @+2 {{'model.attention' op has no attribute 'windwo'}}
  // expected-note @+1 {{it has heads, kv_heads, window}}
  %a = model.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64, windwo = 4 : i64} : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  model.return %a : tensor<?x?x32xf32>
}

// -----

// Also within a layer.

model.graph @none(%x: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %y = model.repeat 2 named "h" (%h = %x) : tensor<?x?x32xf32> {
    // expected-error @+2 {{'model.silu' op has no attribute 'beta'}}
    // expected-note @+1 {{it has none}}
    %s = model.silu %h {beta = 1.5 : f32} : tensor<?x?x32xf32>
    model.yield %s : tensor<?x?x32xf32>
  }
  model.return %y : tensor<?x?x32xf32>
}

// -----

// What a dialect has put there, such as the name of a layer, is its own affair.

model.graph @named(%x: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %s = model.silu %x {model.layer = "h.0"} : tensor<?x?x32xf32>
  model.return %s : tensor<?x?x32xf32>
}
