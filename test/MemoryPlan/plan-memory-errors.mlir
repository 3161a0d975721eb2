// Functions that MemoryPlan cannot place.
// RUN: llmc-opt %s --llmc-plan-memory -split-input-file -verify-diagnostics

// expected-error @+1 {{expected one of micro_step, first_micro_step, last_micro_step, only_micro_step, evaluate, generate, update, prepare}}
func.func @train(%tokens: tensor<2x4xi32>) -> tensor<2x4xi32> {
  return %tokens : tensor<2x4xi32>
}

// -----

// expected-error @+1 {{expected 2 arguments and 1 result, found 1 and 1}}
func.func @evaluate(%tokens: tensor<2x4xi32>) -> tensor<2x4xi32> {
  return %tokens : tensor<2x4xi32>
}

// -----

func.func @generate(%tokens: tensor<1x4xi32>, %position: tensor<1x1xi32>) -> tensor<1x4xi32> {
  // expected-error @+1 {{expected the result of a launch, found another value}}
  return %tokens : tensor<1x4xi32>
}

// -----

// expected-error @+1 {{expected a tensor of static shape as 'prompt', found 'tensor<1x?xi32>'}}
func.func @generate(%tokens: tensor<1x?xi32>, %position: tensor<1x1xi32>) -> tensor<1x?xi32> {
  return %tokens : tensor<1x?xi32>
}

// -----

tile.func @square(%x: tensor<8xf32>) -> tensor<f32> {
  %y = model.mean %x : (tensor<8xf32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}
func.func @update(%hyper: tensor<8xf32>) -> tensor<f32> {
  // expected-error @+1 {{expected train.ref, train.flat, train.squares, tile.launch, ops of dist or return in a function of launches}}
  %a = model.gelu %hyper : tensor<8xf32>
  %y = tile.launch @square(%a) : (tensor<8xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error @+1 {{expected 0 arguments and 0 results, found 1 and 0}}
func.func @prepare(%hyper: tensor<9xf32>) {
  return
}

// -----

train.variable @a "a" : tensor<8xf32> at 0 init #model.ones
train.variable @b "b" : tensor<8xf32> at 64 init #model.ones
func.func @prepare() {
  %a = train.ref compute @a : tensor<8xbf16>
  // expected-error @+1 {{expected copies with elements 'bf16' as of the other parameters, found 'f16'}}
  %b = train.ref compute @b : tensor<8xf16>
  return
}

// -----

tile.func @part(%t: tensor<2x4xi32>) -> (tensor<2x4x16xf32> {tile.row_pitch = 48 : i64}) attributes {kind = "rows"} {
  %x = arith.constant dense<0.0> : tensor<2x4x16xf32>
  tile.return %x : tensor<2x4x16xf32>
}
tile.func @loss(%x: tensor<2x4x32xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %l = arith.constant dense<0.0> : tensor<f32>
  tile.return %l : tensor<f32>
}
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %a = tile.launch @part(%tokens) : (tensor<2x4xi32>) -> tensor<2x4x16xf32>
  %b = tile.launch @part(%targets) : (tensor<2x4xi32>) -> tensor<2x4x16xf32>
  // expected-error @+1 {{expected 'part' to write rows 32 elements apart, found 'memref<2x4x16xf32, strided<[192, 48, 1]>>'}}
  %c = model.concat %a, %b : (tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x4x32xf32>
  %l = tile.launch @loss(%c) : (tensor<2x4x32xf32>) -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @prepare() {
  // expected-error @+1 {{expected a dist.mesh that says of how many ranks}}
  %m = train.flat moment1 sharded : tensor<64xf32>
  return
}

// -----

tile.func @part(%t: tensor<2x4xi32>) -> (tensor<2x4x16xf32> {tile.row_pitch = 32 : i64}) attributes {kind = "rows"} {
  %x = arith.constant dense<0.0> : tensor<2x4x16xf32>
  tile.return %x : tensor<2x4x16xf32>
}
tile.func @loss(%x: tensor<2x4x32xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %l = arith.constant dense<0.0> : tensor<f32>
  tile.return %l : tensor<f32>
}
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %a = tile.launch @part(%tokens) : (tensor<2x4xi32>) -> tensor<2x4x16xf32>
  // expected-error @+1 {{expected parts that a launch makes and that are joined once}}
  %c = model.concat %a, %a : (tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x4x32xf32>
  %l = tile.launch @loss(%c) : (tensor<2x4x32xf32>) -> tensor<f32>
  return %l : tensor<f32>
}

// -----

dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
train.variable @w "w" : tensor<128xf32> at 0 init #model.ones
func.func @prepare() {
  %m = train.flat moment1 sharded : tensor<64xf32>
  // expected-error @+1 {{is not sharded, but other handles on this storage are}}
  %all = train.flat moment1 : tensor<128xf32>
  return
}

// -----

dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
train.variable @w "w" : tensor<128xf32> at 0 init #model.ones
func.func @prepare() {
  %m = train.flat moment1 sharded : tensor<64xf32>
  // expected-error @+1 {{refers to a storage of which this rank has shards only}}
  %w = train.ref moment1 @w : tensor<128xf32>
  return
}

// -----

dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
train.variable @w "w" : tensor<128xf32> at 0 init #model.ones
func.func @prepare() {
  %w = train.ref value @w : tensor<128xf32>
  // expected-error @+1 {{expected a handle on storage of all ranks, found another value}}
  %s = dist.shard %w : tensor<128xf32> -> tensor<64xf32>
  return
}
