// One negative case per constraint of the train dialect.
// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{storage needs static extents, found 'tensor<?x4xf32>'}}
train.variable @w "w" : tensor<?x4xf32> at 0 init #model.ones

// -----

// expected-error @+1 {{offset -4 is negative}}
train.variable @w "w" : tensor<4xf32> at -4 init #model.ones

// -----

// expected-error @+1 {{a constant is never trained, so it cannot decay}}
train.variable @w "w" : tensor<4xf32> at 0 constant decay init #model.ones

// -----

func.func @unknown() {
  // expected-error @+1 {{'w' is not a train.variable}}
  %r = train.ref value @w : tensor<4xf32>
  return
}

// -----

train.variable @w "w" : tensor<4xf32> at 0 init #model.ones
func.func @type() {
  // expected-error @+1 {{has type 'tensor<8xf32>', the variable is 'tensor<4xf32>'}}
  %r = train.ref value @w : tensor<8xf32>
  return
}

// -----

train.variable @w "w" : tensor<4xf32> at 0 constant init #model.ones
func.func @slot() {
  // expected-error @+1 {{a constant has no gradient}}
  %r = train.ref gradient @w : tensor<4xf32>
  return
}

// -----

func.func @shapes(%g: tensor<4xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{cannot add 'tensor<4xf32>' to storage 'tensor<8xf32>'}}
  train.accumulate %g into %s : tensor<4xf32>, tensor<8xf32>
  return
}

// -----

func.func @narrow_storage(%g: tensor<4xf32>, %s: tensor<4xbf16>) {
  // expected-error @+1 {{cannot add 'tensor<4xf32>' to storage 'tensor<4xbf16>'}}
  train.accumulate %g into %s : tensor<4xf32>, tensor<4xbf16>
  return
}

// -----

train.variable @w "w" : tensor<4xf32> at 0 init #model.ones
func.func @compute_type() {
  // expected-error @+1 {{has type 'tensor<4xf32>', expected the shape of the variable 'tensor<4xf32>' and narrower elements}}
  %r = train.ref compute @w : tensor<4xf32>
  return
}

// -----

train.variable @w "w" : tensor<4xf32> at 0 init #model.ones
func.func @compute_shape() {
  // expected-error @+1 {{has type 'tensor<8xbf16>', expected the shape of the variable 'tensor<4xf32>' and narrower elements}}
  %r = train.ref compute @w : tensor<8xbf16>
  return
}

// -----

train.variable @w "w" : tensor<4xf32> at 0 constant init #model.ones
func.func @compute_constant() {
  // expected-error @+1 {{a constant has no compute}}
  %r = train.ref compute @w : tensor<4xf32>
  return
}

// -----

func.func @flat_compute() {
  // expected-error @+1 {{compute copies have elements narrower than f32, found 'tensor<4xf32>'}}
  %r = train.flat compute : tensor<4xf32>
  return
}

// -----

func.func @round(%p: tensor<4xf32>, %c: tensor<4xf32>) {
  // expected-error @+1 {{cannot round 'tensor<4xf32>' to 'tensor<4xf32>', expected the same extent and narrower elements}}
  train.round %p into %c : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @adamw(%p: tensor<4xf32>, %norm: tensor<f32>, %hyper: tensor<9xf32>, %c: tensor<8xbf16>) {
  // expected-error @+1 {{cannot round 'tensor<4xf32>' to 'tensor<8xbf16>', expected the same extent and narrower elements}}
  train.adamw %p, %p, %p, %p, %norm, %hyper, %c {decay_elements = 0} : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<9xf32>, tensor<8xbf16>
  return
}

// -----

func.func @nearest(%w: tensor<4xbf16>, %p: tensor<4xf32>, %norm: tensor<f32>, %hyper: tensor<9xf32>) {
  // expected-error @+1 {{expected 'stochastic' rounding of parameters 'tensor<4xbf16>'}}
  train.adamw %w, %p, %p, %p, %norm, %hyper {decay_elements = 0} : tensor<4xbf16>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<9xf32>
  return
}

// -----

func.func @stochastic(%p: tensor<4xf32>, %norm: tensor<f32>, %hyper: tensor<9xf32>) {
  // expected-error @+1 {{expected parameters narrower than f32 for 'stochastic' rounding, found 'tensor<4xf32>'}}
  train.adamw %p, %p, %p, %p, %norm, %hyper {decay_elements = 0, stochastic} : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<9xf32>
  return
}

// -----

func.func @moments(%p: tensor<4xf32>, %m: tensor<4xbf16>, %norm: tensor<f32>, %hyper: tensor<9xf32>) {
  // expected-error @+1 {{expected two moments of one type, bf16 or the gradients', found 'tensor<4xbf16>' and 'tensor<4xf32>'}}
  train.adamw %p, %p, %m, %p, %norm, %hyper {decay_elements = 0} : tensor<4xf32>, tensor<4xf32>, tensor<4xbf16>, tensor<4xf32>, tensor<f32>, tensor<9xf32>
  return
}

// -----

func.func @half_moments(%p: tensor<4xf32>, %m: tensor<4xf16>, %norm: tensor<f32>, %hyper: tensor<9xf32>) {
  // expected-error @+1 {{expected two moments of one type, bf16 or the gradients', found 'tensor<4xf16>' and 'tensor<4xf16>'}}
  train.adamw %p, %p, %m, %m, %norm, %hyper {decay_elements = 0} : tensor<4xf32>, tensor<4xf32>, tensor<4xf16>, tensor<4xf16>, tensor<f32>, tensor<9xf32>
  return
}

// -----

func.func @place_of_nothing_rounded(%p: tensor<4xf32>, %norm: tensor<f32>, %hyper: tensor<9xf32>, %place: tensor<16xi32>) {
  // expected-error @+1 {{expected parameters or moments that are rounded by chance beside a place, which only that needs}}
  train.adamw %p, %p, %p, %p, %norm, %hyper at %place {decay_elements = 0} : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<9xf32>, tensor<16xi32>
  return
}

// -----

func.func @squares_c1_negative() {
  // expected-error @+1 {{expected a place that is a multiple of 16, found -16}}
  %s = train.squares -16 : tensor<4xf32>
  return
}

// -----

func.func @squares_c1_place() {
  // expected-error @+1 {{expected a place that is a multiple of 16, found 8}}
  %s = train.squares 8 : tensor<4xf32>
  return
}

// -----

func.func @accumulate_c3(%g: tensor<4xbf16>, %s: tensor<4xbf16>, %q: tensor<1xf32>) {
  // expected-error @+1 {{sums squares of f32 storage only, found 'tensor<4xbf16>'}}
  train.accumulate %g into %s squares %q : tensor<4xbf16>, tensor<4xbf16>, tensor<1xf32>
  return
}

// -----

func.func @accumulate_c4(%g: tensor<8x4xf32>, %s: tensor<8x4xf32>, %q: tensor<1x4xf32>) {
  // expected-error @+1 {{cannot sum squares of the rows of 'tensor<8x4xf32>' into 'tensor<1x4xf32>'}}
  train.accumulate %g into %s squares %q : tensor<8x4xf32>, tensor<8x4xf32>, tensor<1x4xf32>
  return
}

// -----

func.func @accumulate_c4_rank(%g: tensor<8xf32>, %s: tensor<8xf32>, %q: tensor<1x8xf32>) {
  // expected-error @+1 {{cannot sum squares of the rows of 'tensor<8xf32>' into 'tensor<1x8xf32>'}}
  train.accumulate %g into %s squares %q : tensor<8xf32>, tensor<8xf32>, tensor<1x8xf32>
  return
}
