// Round trip and constraints of the plan dialect.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// CHECK: plan.arena activation @activations bytes 128 align 64
plan.arena activation @activations bytes 128 align 64
plan.arena parameter @parameters bytes 64 align 64
// CHECK: plan.variable "w" in @parameters[0] : tensor<4xf32> decay init #model.ones
plan.variable "w" in @parameters[0] : tensor<4xf32> decay init #model.ones
// CHECK: plan.port "loss"[0] : tensor<f32>
plan.port "loss"[0] : tensor<f32>
tile.func @kernel(%x: tensor<4xf32>) -> tensor<4xf32> {
  tile.return %x : tensor<4xf32>
}
// CHECK-LABEL: plan.func @micro_step
plan.func @micro_step {
  // CHECK: %[[X:.*]] = plan.view @parameters[0] : memref<4xf32>
  %x = plan.view @parameters[0] : memref<4xf32>
  %y = plan.view @activations[64] : memref<4xf32>
  // CHECK: plan.launch @kernel(%[[X]], %{{.*}})
  plan.launch @kernel(%x, %y) : memref<4xf32>, memref<4xf32>
  // CHECK: plan.view @parameters[8] of %[[X]](memref<4xf32>) : memref<2xf32>
  %z = plan.view @parameters[8] of %x(memref<4xf32>) : memref<2xf32>
}

// -----

// expected-error @+1 {{alignment 48 is not a power of two}}
plan.arena activation @a bytes 128 align 48

// -----

// expected-error @+1 {{has -1 bytes}}
plan.arena activation @a bytes -1 align 64

// -----

plan.arena activation @a bytes 64 align 64
plan.func @f {
  // expected-error @+1 {{ends at byte 80, the arena has 64}}
  %y = plan.view @a[64] : memref<4xf32>
}

// -----

plan.func @f {
  // expected-error @+1 {{'b' is not a plan.arena}}
  %y = plan.view @b[0] : memref<4xf32>
}

// -----

plan.arena activation @a bytes 64 align 64
plan.func @f {
  %y = plan.view @a[0] : memref<4xf32>
  // expected-error @+1 {{kernel 'nothing' is not defined}}
  plan.launch @nothing(%y) : memref<4xf32>
}

// -----

plan.arena activation @a bytes 64 align 64
plan.func @f {
  %x = plan.view @a[16] : memref<4xf32>
  // expected-error @+1 {{bytes 24 to 40 of 'a' are no part of bytes 16 to 32 of 'a'}}
  %y = plan.view @a[24] of %x(memref<4xf32>) : memref<4xf32>
}

// -----

plan.arena activation @a bytes 64 align 64
plan.arena activation @b bytes 64 align 64
plan.func @f {
  %x = plan.view @a[0] : memref<4xf32>
  // expected-error @+1 {{bytes 0 to 16 of 'b' are no part of bytes 0 to 16 of 'a'}}
  %y = plan.view @b[0] of %x(memref<4xf32>) : memref<4xf32>
}
