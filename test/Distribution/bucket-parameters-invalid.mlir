// What cannot be put into buckets.
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2" -verify-diagnostics -split-input-file
// RUN: not llmc-opt %s --llmc-bucket-parameters="ranks=0" 2>&1 | FileCheck %s
// CHECK: error: expected at least 1 rank, stage 0 to 3 and buckets of at least 1 element, found 0, 0 and 4194304

// expected-error @+1 {{expected a function @update with a train.adamw}}
module {
}

// -----

func.func @update(%hyper: tensor<10xf32>, %norm: tensor<f32>) {
  %p = train.flat compute : tensor<64xbf16>
  %g = train.flat gradient : tensor<64xf32>
  %m = train.flat moment1 : tensor<64xf32>
  %v = train.flat moment2 : tensor<64xf32>
  // expected-error @+1 {{updates bf16 masters, whose bits of chance follow from the place in storage: not in buckets yet}}
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 64 : i64, stochastic} : tensor<64xbf16>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<10xf32>
  return
}
