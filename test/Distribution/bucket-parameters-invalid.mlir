// What cannot be put into buckets.
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2" -verify-diagnostics -split-input-file
// RUN: not llmc-opt %s --llmc-bucket-parameters="ranks=0" 2>&1 | FileCheck %s
// CHECK: error: expected at least 1 rank, stage 0 to 3 and buckets of at least 1 element, found 0, 0 and 4194304

// expected-error @+1 {{expected a function @update with a train.adamw}}
module {
}
