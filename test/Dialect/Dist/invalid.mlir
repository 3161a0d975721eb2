// One negative case per constraint of the dist dialect.
// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// mesh_c1
// expected-error @+1 {{expected 2 to 65536 ranks, found 1}}
dist.mesh ranks 1 zero 0

// -----

// expected-error @+1 {{expected 2 to 65536 ranks, found 4611686018427387904}}
dist.mesh ranks 4611686018427387904 zero 0

// -----

// mesh_c2
// expected-error @+1 {{expected stage 0 to 3, found 4}}
dist.mesh ranks 2 zero 4

// -----

// mesh_c3
// expected-note @+1 {{the first one is here}}
dist.mesh ranks 2 zero 0
// expected-error @+1 {{is the second one, expected one in a module}}
dist.mesh ranks 2 zero 0

// -----

// no mesh
func.func @shard(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected a dist.mesh in the module, found none}}
  %r = dist.shard %s : tensor<128xf32> -> tensor<32xf32>
  return
}

// -----

// bucket_c1, on one rank
// expected-error @+1 {{expected a positive multiple of 64 elements for 1 ranks, found 96}}
dist.bucket at 0 elements 96

// -----

// bucket_c1
dist.mesh ranks 3 zero 0
// expected-error @+1 {{expected a positive multiple of 192 elements for 3 ranks, found 128}}
dist.bucket at 0 elements 128

// -----

// bucket_c2
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
// expected-error @+1 {{expected to begin at 128, where the bucket before it ends, found 256}}
dist.bucket at 256 elements 128

// -----

// unit_c1
dist.mesh ranks 2 zero 0
// expected-error @+1 {{expected at least 1 element, found 0}}
dist.unit "model.layers.0" at 0 elements 0

// -----

// unit_c2
dist.mesh ranks 2 zero 0
dist.unit "model.layers.0" at 0 elements 128
// expected-error @+1 {{expected to begin at 128, where the unit before it ends, found 64}}
dist.unit "model.layers.1" at 64 elements 128

// -----

dist.mesh ranks 2 zero 0
func.func @range_c1(%s: tensor<128xf32>) {
  // expected-error @+1 {{128 elements from 64 on are not within a storage of 128}}
  %r = dist.range %s[64] : tensor<128xf32> -> tensor<128xf32>
  return
}

// -----

// A range whose end is beyond all numbers.
dist.mesh ranks 2 zero 0
func.func @range_far_c1(%s: tensor<128xf32>) {
  // expected-error @+1 {{128 elements from 9223372036854775807 on are not within a storage of 128}}
  %r = dist.range %s[9223372036854775807] : tensor<128xf32> -> tensor<128xf32>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @range_c2(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected elements 'f32', found 'bf16'}}
  %r = dist.range %s[0] : tensor<128xf32> -> tensor<128xbf16>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @shard_c1(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected 2 ranks' parts of 32 elements, found a whole of 128}}
  %r = dist.shard %s : tensor<128xf32> -> tensor<32xf32>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @shard_c2(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected elements 'f32', found 'bf16'}}
  %r = dist.shard %s : tensor<128xf32> -> tensor<64xbf16>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @all_reduce_start_c1(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected a result 'tensor<128xf32>', found 'tensor<64xf32>'}}
  %p = dist.all_reduce_start %s : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  return
}

// -----

dist.mesh ranks 3 zero 0
func.func @all_reduce_start_c2(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected equal shards for 3 ranks, found 128 elements}}
  %p = dist.all_reduce_start %s : tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @reduce_scatter_start_c1(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected 2 ranks' parts of 128 elements, found a whole of 128}}
  %p = dist.reduce_scatter_start %s : tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @reduce_scatter_start_c2(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected elements 'f32', found 'bf16'}}
  %p = dist.reduce_scatter_start %s : tensor<128xf32> -> !dist.pending<tensor<64xbf16>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @all_gather_start_c1(%r: tensor<256xf32>) {
  %s = dist.shard %r : tensor<256xf32> -> tensor<128xf32>
  // expected-error @+1 {{expected 2 ranks' parts of 128 elements, found a whole of 128}}
  %p = dist.all_gather_start %s : tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @all_gather_start_c2(%r: tensor<256xf32>) {
  %s = dist.shard %r : tensor<256xf32> -> tensor<128xf32>
  // expected-error @+1 {{expected elements 'bf16', found 'f32'}}
  %p = dist.all_gather_start %s : tensor<128xf32> -> !dist.pending<tensor<256xbf16>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @all_gather_start_c3(%s: tensor<128xf32>) {
  // expected-error @+1 {{expected a dist.shard to gather}}
  %p = dist.all_gather_start %s : tensor<128xf32> -> !dist.pending<tensor<256xf32>>
  return
}

// -----

dist.mesh ranks 2 zero 3
func.func @all_gather_start_c4(%s: tensor<128xf32>) {
  %w = dist.window "w" : tensor<512xf32>
  // expected-error @+1 {{expected a destination 'tensor<256xf32>', found 'tensor<512xf32>'}}
  %p = dist.all_gather_start %s into %w : tensor<128xf32>, tensor<512xf32> -> !dist.pending<tensor<256xf32>>
  return
}

// -----

dist.mesh ranks 2 zero 0
func.func @wait_c1(%s: tensor<128xf32>) {
  %p = dist.all_reduce_start %s : tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  // expected-error @+1 {{expected the only use of what was started, found 2 uses}}
  %a = dist.wait %p : !dist.pending<tensor<128xf32>>
  %b = dist.wait %p : !dist.pending<tensor<128xf32>>
  return
}

// -----

func.func @staging_c1() {
  // expected-error @+1 {{expected to begin at a multiple of 64 bytes, found 32}}
  %s = dist.staging 32 : tensor<64xf32>
  return
}

// -----

func.func @saved_c1() {
  // expected-error @+1 {{expected to begin at a multiple of 64 bytes, found 96}}
  %s = dist.saved 96 : tensor<2x16xf32>
  return
}

// -----

func.func @saved_is_on_the_host(%x: tensor<2x16xf32>) {
  %s = dist.saved 0 : tensor<2x16xf32>
  // expected-error @+1 {{expected a source in the host's memory}}
  %p = dist.to_device_start %x into %s : tensor<2x16xf32>
  return
}

// -----

func.func @to_device_start_c1() {
  %m = train.flat moment1 host : tensor<128xf32>
  %s = dist.staging 0 : tensor<64xf32>
  // expected-error @+1 {{requires all operands to have the same type}}
  %p = "dist.to_device_start"(%m, %s) : (tensor<128xf32>, tensor<64xf32>) -> !dist.pending<tensor<128xf32>>
  return
}

// -----

func.func @to_device_start_c1() {
  %m = train.flat moment1 host : tensor<64xf32>
  %s = dist.staging 0 : tensor<64xf32>
  // expected-error @+1 {{the result is of the source's type}}
  %p = "dist.to_device_start"(%m, %s) : (tensor<64xf32>, tensor<64xf32>) -> !dist.pending<tensor<128xf32>>
  return
}

// -----

func.func @to_device_start_c2() {
  %m = train.flat moment1 : tensor<64xf32>
  %s = dist.staging 0 : tensor<64xf32>
  // expected-error @+1 {{expected a source in the host's memory}}
  %p = dist.to_device_start %m into %s : tensor<64xf32>
  return
}

// -----

func.func @to_device_start_c2() {
  %m = train.flat moment1 host : tensor<64xf32>
  %v = train.flat moment2 host : tensor<64xf32>
  // expected-error @+1 {{expected a destination in the device's memory}}
  %p = dist.to_device_start %m into %v : tensor<64xf32>
  return
}

// -----

func.func @to_host_start_c1() {
  %m = train.flat moment1 host : tensor<128xf32>
  %s = dist.staging 0 : tensor<64xf32>
  // expected-error @+1 {{requires all operands to have the same type}}
  %p = "dist.to_host_start"(%s, %m) : (tensor<64xf32>, tensor<128xf32>) -> !dist.pending<tensor<64xf32>>
  return
}

// -----

func.func @to_host_start_c2() {
  %m = train.flat moment1 : tensor<64xf32>
  %s = dist.staging 0 : tensor<64xf32>
  // expected-error @+1 {{expected a destination in the host's memory}}
  %p = dist.to_host_start %s into %m : tensor<64xf32>
  return
}

// -----

func.func @to_host_start_c2() {
  %m = train.flat moment1 host : tensor<64xf32>
  %v = train.flat moment2 host : tensor<64xf32>
  // expected-error @+1 {{expected a source in the device's memory}}
  %p = dist.to_host_start %v into %m : tensor<64xf32>
  return
}

// -----

func.func @wait_c1_of_a_transfer() {
  %m = train.flat moment1 host : tensor<64xf32>
  %s = dist.staging 0 : tensor<64xf32>
  %p = dist.to_host_start %s into %m : tensor<64xf32>
  // expected-error @+1 {{expected the only use of what was started, found 2 uses}}
  %a = dist.wait %p : !dist.pending<tensor<64xf32>>
  %b = dist.wait %p : !dist.pending<tensor<64xf32>>
  return
}
