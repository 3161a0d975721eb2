// RUN: llmc-opt %s --llmc-verify-step --split-input-file --verify-diagnostics

// Accepted: all functions and attributes there, nothing of the graph left.
module attributes {llmc.name = "m", llmc.precision = "f32", llmc.batch = 2 : i64, llmc.sequence = 4 : i64, llmc.vocabulary = 8 : i64} {
  func.func private @micro_step()
  func.func private @evaluate()
  func.func private @generate()
  func.func private @update()
}

// -----

// expected-error@+5 {{expected a function @generate after Step}}
// expected-error@+4 {{expected a function @update after Step}}
// expected-error@+3 {{expected a string attribute 'llmc.name' after Step}}
// expected-error@+2 {{expected a string attribute 'llmc.precision' after Step}}
// expected-error@+1 {{expected an integer attribute 'llmc.vocabulary' after Step}}
module attributes {llmc.batch = 2 : i64, llmc.sequence = 4 : i64} {
  func.func private @micro_step()
  func.func private @evaluate()
}

// -----

module attributes {llmc.name = "m", llmc.precision = "f32", llmc.batch = 2 : i64, llmc.sequence = 4 : i64, llmc.vocabulary = 8 : i64} {
  func.func private @micro_step()
  func.func private @evaluate()
  func.func private @generate()
  func.func private @update()
  // expected-error@+1 {{'model.graph' op is left after Step}}
  model.graph @m(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
    // expected-error@+1 {{'model.parameter' op is left after Step}}
    %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
    // expected-error@+1 {{'model.constant' op is left after Step}}
    %t = model.constant "t" : tensor<8x8xf32> {init = #model.rope_cos<10000.0>}
    %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
    // expected-error@+1 {{'model.repeat' op is left after Step}}
    %y = model.repeat 2 named "h" (%h = %x) : tensor<2x4x8xf32> {
      %z = model.gelu %h : tensor<2x4x8xf32>
      model.yield %z : tensor<2x4x8xf32>
    }
    %loss = model.cross_entropy %y, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
    model.return %loss : tensor<f32>
  }
}

// -----

// Mixed precision has copies of the parameters to prepare.
// expected-error@+1 {{expected a function @prepare after Step}}
module attributes {llmc.name = "m", llmc.precision = "bf16", llmc.batch = 2 : i64, llmc.sequence = 4 : i64, llmc.vocabulary = 8 : i64} {
  func.func private @micro_step()
  func.func private @evaluate()
  func.func private @generate()
  func.func private @update()
}
