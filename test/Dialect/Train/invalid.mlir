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
