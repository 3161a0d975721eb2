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

// CHECK: plan.arena moment1 @moment1 bytes 256 align 64 sharded
plan.arena moment1 @moment1 bytes 256 align 64 sharded
plan.arena gradient @gradients bytes 256 align 64
// CHECK-LABEL: plan.func @collectives
plan.func @collectives {
  %all = plan.view @gradients[0] : memref<32xf32>
  // CHECK: %[[OWN:.*]] = plan.view @gradients[0 + rank * 64] : memref<16xf32>
  %own = plan.view @gradients[0 + rank * 64] : memref<16xf32>
  %scratch = plan.view @gradients[128] : memref<16xf32>
  // CHECK: %[[P:.*]] = plan.start reduce_scatter %{{.*}} into %[[OWN]] using %{{.*}} : memref<32xf32>, memref<16xf32>, memref<16xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<32xf32>, memref<16xf32>, memref<16xf32>
  // CHECK-NEXT: plan.wait %[[P]]
  plan.wait %p
  // CHECK: plan.start all_gather %[[OWN]] into %{{.*}} : memref<16xf32>, memref<32xf32>
  %q = plan.start all_gather %own into %all : memref<16xf32>, memref<32xf32>
  plan.wait %q
}

// -----

plan.arena gradient @gradients bytes 256 align 64
tile.func @add(%part: tensor<16xf32>, %sum: tensor<16xf32>) {
  tile.return
}
// CHECK-LABEL: plan.func @adds
plan.func @adds {
  %all = plan.view @gradients[0] : memref<32xf32>
  %own = plan.view @gradients[0 + rank * 64] : memref<16xf32>
  %scratch = plan.view @gradients[128] : memref<16xf32>
  // CHECK: plan.start reduce_scatter %{{.*}} into %{{.*}} using %{{.*}} adds @add :
  %p = plan.start reduce_scatter %all into %own using %scratch adds @add : memref<32xf32>, memref<16xf32>, memref<16xf32>
  plan.wait %p
}

// -----

plan.arena gradient @gradients bytes 256 align 64
plan.func @start_c1 {
  %a = plan.view @gradients[0] : memref<32xf32>
  %b = plan.view @gradients[0 + rank * 32] : memref<16xbf16>
  // expected-error @+1 {{expected one element type, found 'bf16' and 'f32'}}
  %p = plan.start all_gather %b into %a : memref<16xbf16>, memref<32xf32>
}

// -----

plan.arena gradient @gradients bytes 256 align 64
plan.func @start_c2 {
  %a = plan.view @gradients[0] : memref<32xf32>
  // expected-error @+1 {{expected a scratch for the other ranks' parts, found none}}
  %p = plan.start all_reduce %a into %a : memref<32xf32>, memref<32xf32>
}

// -----

plan.arena gradient @gradients bytes 256 align 64
plan.func @start_c2 {
  %a = plan.view @gradients[0] : memref<32xf32>
  %b = plan.view @gradients[0 + rank * 64] : memref<16xf32>
  // expected-error @+1 {{expected no scratch, as nothing is summed}}
  %p = plan.start all_gather %b into %a using %b : memref<16xf32>, memref<32xf32>, memref<16xf32>
}

// -----

plan.arena gradient @gradients bytes 256 align 64
plan.func @start_c3 {
  %a = plan.view @gradients[0] : memref<16xf32>
  %b = plan.view @gradients[64] : memref<16xf32>
  // expected-error @+1 {{expected one place as source and destination}}
  %p = plan.start all_reduce %a into %b using %b : memref<16xf32>, memref<16xf32>, memref<16xf32>
}

// -----

plan.arena gradient @gradients bytes 256 align 64
tile.func @add(%part: tensor<16xf32>, %sum: tensor<16xf32>) {
  tile.return
}
plan.func @start_c4 {
  %a = plan.view @gradients[0] : memref<32xf32>
  %b = plan.view @gradients[0 + rank * 64] : memref<16xf32>
  // expected-error @+1 {{expected no kernel, as nothing is summed}}
  %p = plan.start all_gather %b into %a adds @add : memref<16xf32>, memref<32xf32>
}

// -----

plan.arena gradient @gradients bytes 256 align 64
plan.func @start_c4 {
  %a = plan.view @gradients[0] : memref<32xf32>
  %b = plan.view @gradients[128] : memref<16xf32>
  // expected-error @+1 {{kernel 'nowhere' is not defined}}
  %p = plan.start all_reduce %a into %a using %b adds @nowhere : memref<32xf32>, memref<32xf32>, memref<16xf32>
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

// -----

// CHECK: plan.arena moment1 @moment1 bytes 128 align 64 sharded host
plan.arena moment1 @moment1 bytes 128 align 64 sharded host
// CHECK: plan.arena staging @staging bytes 64 align 64{{$}}
plan.arena staging @staging bytes 64 align 64
// CHECK-LABEL: plan.func @copies
plan.func @copies {
  %m = plan.view @moment1[64] : memref<16xf32>
  %s = plan.view @staging[0] : memref<16xf32>
  // CHECK: %[[P:.*]] = plan.copy to_device %{{.*}} into %{{.*}} : memref<16xf32>
  %p = plan.copy to_device %m into %s : memref<16xf32>
  // CHECK-NEXT: plan.wait %[[P]]
  plan.wait %p
  // CHECK: plan.copy to_host
  %q = plan.copy to_host %s into %m : memref<16xf32>
  plan.wait %q
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64 host
plan.arena staging @staging bytes 64 align 64
plan.func @copy_c1 {
  %m = plan.view @moment1[0] : memref<16xf32>
  %s = plan.view @staging[0] : memref<8xf32>
  // expected-error @+1 {{requires all operands to have the same type}}
  %p = "plan.copy"(%m, %s) {direction = 0 : i32} : (memref<16xf32>, memref<8xf32>) -> !plan.pending
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64 host
plan.arena staging @staging bytes 128 align 64
plan.func @copy_c1 {
  %m = plan.view @moment1[0] : memref<2x4xf32, strided<[8, 1]>>
  %s = plan.view @staging[0] : memref<2x4xf32, strided<[8, 1]>>
  // expected-error @+1 {{expected bytes without gaps}}
  %p = plan.copy to_device %m into %s : memref<2x4xf32, strided<[8, 1]>>
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64
plan.arena staging @staging bytes 64 align 64
plan.func @copy_c2 {
  %m = plan.view @moment1[0] : memref<16xf32>
  %s = plan.view @staging[0] : memref<16xf32>
  // expected-error @+1 {{expected a source on the host, found 'moment1'}}
  %p = plan.copy to_device %m into %s : memref<16xf32>
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64 host
plan.func @copy_c2 {
  %m = plan.view @moment1[0] : memref<16xf32>
  %s = plan.view @moment1[64] : memref<16xf32>
  // expected-error @+1 {{expected a destination on the device, found 'moment1'}}
  %p = plan.copy to_device %m into %s : memref<16xf32>
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64
plan.arena staging @staging bytes 64 align 64
plan.func @copy_c2 {
  %m = plan.view @moment1[0] : memref<16xf32>
  %s = plan.view @staging[0] : memref<16xf32>
  // expected-error @+1 {{expected a destination on the host, found 'moment1'}}
  %p = plan.copy to_host %s into %m : memref<16xf32>
}

// -----

plan.arena moment1 @moment1 bytes 128 align 64 host
plan.func @copy_c2 {
  %m = plan.view @moment1[0] : memref<16xf32>
  %s = memref.alloc() : memref<16xf32>
  // expected-error @+1 {{expected plan.views as places}}
  %p = plan.copy to_device %m into %s : memref<16xf32>
}
