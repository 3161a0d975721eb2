// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// One case per constraint of the ops and attributes that give a model its
// structure: the label is the op and the constraint.

// expected-error@+1 {{'model.graph' op expected the body to end with 'model.return'}}
"model.graph"() <{function_type = () -> (), sym_name = "graph_c1"}> ({
  %w = model.parameter "w" : tensor<8xf32> {init = #model.ones}
}) : () -> ()

// -----

model.graph @return_c1(%t: tensor<2x8xi32>) -> tensor<f32> {
  // expected-error@+1 {{expected 1 values, one per result of the graph, found 0}}
  model.return
}

// -----

model.graph @return_type_c1(%x: tensor<2x8xf32>) -> tensor<f32> {
  // expected-error@+1 {{value 0 of type 'tensor<2x8xf32>' does not match the graph's result type 'tensor<f32>'}}
  model.return %x : tensor<2x8xf32>
}

// -----

model.graph @parameter_c1() {
  // expected-error@+1 {{expected a name, found an empty string}}
  %w = model.parameter "" : tensor<8xf32> {init = #model.ones}
  model.return
}

// -----

// As a C string, that would be "w".
model.graph @parameter_c1_control() {
  // expected-error@+1 {{expected a name without control characters}}
  %w = model.parameter "w\00.weight" : tensor<8xf32> {init = #model.ones}
  model.return
}

// -----

model.graph @parameter_c2() {
  // expected-error@+1 {{expected init to be #model.normal, #model.ones or #model.zeros, found 1 : i64}}
  %w = model.parameter "w" : tensor<8xf32> {init = 1 : i64}
  model.return
}

// -----

model.graph @parameter_c3() {
  // expected-error@+1 {{expected a static shape, found 'tensor<?xf32>'}}
  %w = model.parameter "w" : tensor<?xf32> {init = #model.zeros}
  model.return
}

// -----

model.graph @constant_c1() {
  // expected-error@+1 {{expected a name, found an empty string}}
  %w = model.constant "" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4>}
  model.return
}

// -----

model.graph @constant_c1_control() {
  // expected-error@+1 {{expected a name without control characters}}
  %w = model.constant "rope\0Acos" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4>}
  model.return
}

// -----

model.graph @constant_c2() {
  // expected-error@+1 {{expected init to be #model.rope_cos or #model.rope_sin, found #model.ones}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.ones}
  model.return
}

// -----

model.graph @constant_c3() {
  // expected-error@+1 {{expected a table of rank 2 with an even number of columns, found 'tensor<8x3xf32>'}}
  %w = model.constant "w" : tensor<8x3xf32> {init = #model.rope_sin<1.0e4>}
  model.return
}

// -----

model.graph @normal_c1() {
  // expected-error@+1 {{expected a finite deviation of at least 0, found -1}}
  %w = model.parameter "w" : tensor<8xf32> {init = #model.normal<-1.0>}
  model.return
}

// -----

model.graph @rope_cos_c1() {
  // expected-error@+1 {{expected a finite, positive theta, found 0}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.rope_cos<0.0>}
  model.return
}

// -----

model.graph @rope_sin_c1() {
  // expected-error@+1 {{expected a finite, positive theta, found -2}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.rope_sin<-2.0>}
  model.return
}

// -----

model.graph @llama3_scaling_c1() {
  // expected-error@+1 {{expected a finite factor of at least 1, found 5.000000e-01}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4, <factor = 0.5, low = 1.0, high = 4.0, positions = 8>>}
  model.return
}

// -----

model.graph @llama3_scaling_c2() {
  // expected-error@+1 {{expected finite numbers of turns, low and above it high, found 4.000000e+00 and 4.000000e+00}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4, <factor = 2.0, low = 4.0, high = 4.0, positions = 8>>}
  model.return
}

// -----

model.graph @llama3_scaling_c3() {
  // expected-error@+1 {{expected a positive number of positions, found 0}}
  %w = model.constant "w" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4, <factor = 2.0, low = 1.0, high = 4.0, positions = 0>>}
  model.return
}

// -----

model.graph @repeat_c1(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{expected a positive count, found 0}}
  %y = model.repeat 0 named "h" (%h = %x) : tensor<2x8xf32> {
    model.yield %h : tensor<2x8xf32>
  }
  model.return
}

// -----

model.graph @repeat_c2(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{expected a name after 'named', found an empty string}}
  %y = model.repeat 2 named "" (%h = %x) : tensor<2x8xf32> {
    model.yield %h : tensor<2x8xf32>
  }
  model.return
}

// -----

model.graph @repeat_c3(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{expected arguments of the inits' types ('tensor<2x8xf32>'), found ('tensor<2x9xf32>')}}
  %y = "model.repeat"(%x) <{count = 2 : i64, named = "h"}> ({
  ^bb0(%h: tensor<2x9xf32>):
    model.yield %x : tensor<2x8xf32>
  }) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  model.return
}

// -----

model.graph @repeat_yield_c4(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{expected yielded values of the inits' types ('tensor<2x8xf32>'), found ()}}
  %y = model.repeat 2 named "h" (%h = %x) : tensor<2x8xf32> {
    model.yield
  }
  model.return
}

// -----

model.graph @repeat_results_c4(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{expected results of the inits' types ('tensor<2x8xf32>'), found ('tensor<2x9xf32>')}}
  %y = "model.repeat"(%x) <{count = 2 : i64, named = "h"}> ({
  ^bb0(%h: tensor<2x8xf32>):
    model.yield %h : tensor<2x8xf32>
  }) : (tensor<2x8xf32>) -> tensor<2x9xf32>
  model.return
}

// -----

model.graph @repeat_end_c4(%x: tensor<2x8xf32>) {
  // expected-error@+1 {{'model.repeat' op expected the body to end with 'model.yield'}}
  %y = model.repeat 2 named "h" (%h = %x) : tensor<2x8xf32> {
    model.return
  }
  model.return
}
