// What would read or write a place too early is refused, as are kernels that
// reach for the host's memory.
// RUN: llmc-opt %s --llmc-verify-transfers -verify-diagnostics -split-input-file

// A sound plan: two copies and a launch at one time, on places of their own.
plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
tile.func @copy(%x: tensor<32xf32>) -> tensor<32xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<32xf32>
}
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %m1 = plan.view @moment1[128] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  %s1 = plan.view @staging[128] : memref<32xf32>
  %s2 = plan.view @staging[256] : memref<32xf32>
  %s3 = plan.view @staging[384] : memref<32xf32>
  %p = plan.copy to_device %m0 into %s0 : memref<32xf32>
  %q = plan.copy to_host %s1 into %m1 : memref<32xf32>
  plan.launch @copy(%s2, %s3) : memref<32xf32>, memref<32xf32>
  plan.wait %p
  plan.launch @copy(%s0, %s3) : memref<32xf32>, memref<32xf32>
  plan.wait %q
}

// -----

plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
tile.func @copy(%x: tensor<32xf32>) -> tensor<32xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<32xf32>
}
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  // expected-error @+1 {{works on bytes 0 and on of 'moment1', which lies in the host's memory: expected a plan.copy to the device}}
  plan.launch @copy(%m0, %s0) : memref<32xf32>, memref<32xf32>
}

// -----

// Ranks sum what is on their devices.
dist.mesh ranks 2 zero 0
plan.arena moment1 @moment1 bytes 256 align 64 host
plan.func @update {
  %all = plan.view @moment1[0] : memref<64xf32>
  %own = plan.view @moment1[0 + rank * 128] : memref<32xf32>
  // expected-error @+1 {{works on bytes 0 and on of 'moment1', which lies in the host's memory}}
  %p = plan.start all_gather %own into %all : memref<32xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// Read before it has arrived.
plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
tile.func @copy(%x: tensor<32xf32>) -> tensor<32xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<32xf32>
}
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  %s1 = plan.view @staging[64] : memref<32xf32>
  %s3 = plan.view @staging[384] : memref<32xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.copy to_device %m0 into %s0 : memref<32xf32>
  // expected-error @+1 {{touches bytes 64 to 192 of 'staging' before the copy to_device is waited for}}
  plan.launch @copy(%s1, %s3) : memref<32xf32>, memref<32xf32>
  plan.wait %p
}

// -----

// Written before it has left.
plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %m1 = plan.view @moment1[128] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.copy to_host %s0 into %m0 : memref<32xf32>
  // expected-error @+1 {{touches bytes 0 to 128 of 'staging' before the copy to_host is waited for}}
  %q = plan.copy to_device %m1 into %s0 : memref<32xf32>
  plan.wait %p
  plan.wait %q
}

// -----

// Brought back before it has gone.
plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  %s1 = plan.view @staging[128] : memref<32xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.copy to_host %s0 into %m0 : memref<32xf32>
  // expected-error @+1 {{touches bytes 0 to 128 of 'moment1' before the copy to_host is waited for}}
  %q = plan.copy to_device %m0 into %s1 : memref<32xf32>
  plan.wait %p
  plan.wait %q
}

// -----

// Columns of a place that is on its way: rows lie apart.
plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
tile.func @columns(%x: tensor<4x2xf32>) -> tensor<4x2xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<4x2xf32>
}
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<16xf32>
  %s0 = plan.view @staging[128] : memref<16xf32>
  %x = plan.view @staging[0] : memref<4x2xf32, strided<[16, 1]>>
  %y = plan.view @staging[256] : memref<4x2xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.copy to_device %m0 into %s0 : memref<16xf32>
  // expected-error @+1 {{touches bytes 0 to 200 of 'staging' before the copy to_device is waited for}}
  plan.launch @columns(%x, %y) : memref<4x2xf32, strided<[16, 1]>>, memref<4x2xf32>
  plan.wait %p
}

// -----

plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  // expected-error @+1 {{expected one plan.wait for it, found 0}}
  %p = plan.copy to_host %s0 into %m0 : memref<32xf32>
}

// -----

plan.arena moment1 @moment1 bytes 1024 align 64 host
plan.arena staging @staging bytes 512 align 64
plan.func @update {
  %m0 = plan.view @moment1[0] : memref<32xf32>
  %s0 = plan.view @staging[0] : memref<32xf32>
  // expected-error @+1 {{expected one plan.wait for it, found 2}}
  %p = plan.copy to_host %s0 into %m0 : memref<32xf32>
  plan.wait %p
  plan.wait %p
}
