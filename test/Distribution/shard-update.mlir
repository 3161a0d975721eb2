// In all stages the norm is taken of this rank's shards and gathered; from
// stage 1 on AdamW runs on shards and parameters are gathered.
// RUN: split-file %s %t
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=2 zero=0 bucket=256" --llmc-shard-update="norm-splits=20" | FileCheck %s --check-prefixes=NORM,ZERO
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=2 zero=1 bucket=256" --llmc-shard-update="norm-splits=20" | FileCheck %s --check-prefixes=NORM,ONE
// RUN: llmc-opt %t/bf16.mlir --llmc-bucket-parameters="ranks=2 zero=1" --llmc-shard-update | FileCheck %s --check-prefix=BF16
// RUN: llmc-opt %t/bf16.mlir --llmc-bucket-parameters="ranks=2 zero=1" --llmc-shard-update --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %t/narrow.mlir --llmc-bucket-parameters="ranks=2 zero=3 bucket=128" --llmc-shard-update | FileCheck %s --check-prefix=NARROW
// RUN: llmc-opt %t/narrow.mlir --llmc-bucket-parameters="ranks=2 zero=0 bucket=128" --llmc-shard-update | FileCheck %s --check-prefix=NARROW-WHOLE
// RUN: not llmc-opt %t/f32.mlir --llmc-shard-update 2>&1 | FileCheck %s --check-prefix=NO-MESH
// NO-MESH: error: expected a dist.mesh and dist.buckets, which llmc-bucket-parameters declares

//--- f32.mlir
train.variable @w "w" : tensor<16x20xf32> at 0 decay init #model.ones
train.variable @b "b" : tensor<15xf32> at 320 init #model.zeros
// NORM-LABEL: func.func @update
// NORM-SAME: %[[HYPER:.*]]: tensor<10xf32>
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<384xf32>
  %g = train.flat gradient : tensor<384xf32>
  %m = train.flat moment1 : tensor<384xf32>
  %v = train.flat moment2 : tensor<384xf32>
  // NORM: %[[G:.*]] = train.flat gradient : tensor<512xf32>
  // NORM: %[[Q:.*]] = train.squares 0 : tensor<96xf32>
  // NORM: %[[MINE:.*]] = dist.shard %[[Q]] : tensor<96xf32> -> tensor<48xf32>
  // NORM: %[[R0:.*]] = dist.range %[[G]][0] : tensor<512xf32> -> tensor<256xf32>
  // NORM: %[[S0:.*]] = dist.shard %[[R0]] : tensor<256xf32> -> tensor<128xf32>
  // NORM: %[[Q0:.*]] = dist.range %[[MINE]][0] : tensor<48xf32> -> tensor<16xf32>
  // NORM: train.sum_of_squares %[[S0]] into %[[Q0]]
  // NORM: %[[R1:.*]] = dist.range %[[G]][256] : tensor<512xf32> -> tensor<128xf32>
  // NORM: %[[S1:.*]] = dist.shard %[[R1]] : tensor<128xf32> -> tensor<64xf32>
  // NORM: %[[Q1:.*]] = dist.range %[[MINE]][16] : tensor<48xf32> -> tensor<16xf32>
  // NORM: train.sum_of_squares %[[S1]] into %[[Q1]]
  // NORM: train.sum_of_squares
  // NORM: %[[P:.*]] = dist.all_gather_start %[[MINE]] : tensor<48xf32> -> !dist.pending<tensor<96xf32>>
  // NORM: %[[ALL:.*]] = dist.wait %[[P]]
  // NORM: %[[NORM:.*]] = train.norm %[[ALL]], %[[HYPER]] : (tensor<96xf32>, tensor<10xf32>) -> tensor<f32>
  %norm = train.gradient_norm %g, %hyper : (tensor<384xf32>, tensor<10xf32>) -> tensor<f32>
  // ZERO: train.adamw {{.*}} %[[NORM]], %[[HYPER]] {decay_elements = 384 : i64} : tensor<512xf32>
  // ZERO-NOT: dist.

  // ONE-NOT: train.flat moment1 :
  // ONE: %[[M:.*]] = train.flat moment1 sharded : tensor<256xf32>
  // ONE: %[[V:.*]] = train.flat moment2 sharded : tensor<256xf32>
  // ONE: %[[PR:.*]] = dist.range %{{.*}}[0] : tensor<512xf32> -> tensor<256xf32>
  // ONE: %[[PS:.*]] = dist.shard %[[PR]]
  // ONE: %[[GS:.*]] = dist.shard
  // ONE: %[[MS:.*]] = dist.range %[[M]][0] : tensor<256xf32> -> tensor<128xf32>
  // ONE: %[[VS:.*]] = dist.range %[[V]][0] : tensor<256xf32> -> tensor<128xf32>
  // ONE: train.adamw %[[PS]], %[[GS]], %[[MS]], %[[VS]], %[[NORM]], %[[HYPER]] {decay_elements = 128 : i64}
  // ONE: %[[P0:.*]] = dist.all_gather_start %[[PS]] : tensor<128xf32> -> !dist.pending<tensor<256xf32>>
  // ONE: dist.range %[[M]][128] : tensor<256xf32> -> tensor<64xf32>
  // ONE: train.adamw {{.*}} {decay_elements = 64 : i64}
  // ONE: %[[P1:.*]] = dist.all_gather_start
  // What does not decay.
  // ONE: dist.range %[[M]][192] : tensor<256xf32> -> tensor<64xf32>
  // ONE: train.adamw {{.*}} {decay_elements = 0 : i64}
  // ONE: %[[P2:.*]] = dist.all_gather_start
  // ONE-NEXT: dist.wait %[[P0]]
  // ONE-NEXT: dist.wait %[[P1]]
  // ONE-NEXT: dist.wait %[[P2]]
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 320 : i64} : tensor<384xf32>, tensor<384xf32>, tensor<384xf32>, tensor<384xf32>, tensor<f32>, tensor<10xf32>
  // NORM: return %[[NORM]]
  return %norm : tensor<f32>
}

// With compute copies, masters are sharded, too, and the copies are gathered.
//--- bf16.mlir
train.variable @w "w" : tensor<16x16xf32> at 0 decay init #model.ones
// BF16-LABEL: func.func @update
// REMARK: optimizer state of 3072 bytes sharded: 1536 bytes a rank
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<256xf32>
  %g = train.flat gradient : tensor<256xf32>
  %m = train.flat moment1 : tensor<256xf32>
  %v = train.flat moment2 : tensor<256xf32>
  %c = train.flat compute : tensor<256xbf16>
  %norm = train.gradient_norm %g, %hyper : (tensor<256xf32>, tensor<10xf32>) -> tensor<f32>
  // BF16-NOT: train.flat value :
  // BF16: %[[MASTERS:.*]] = train.flat value sharded : tensor<128xf32>
  // BF16: %[[MASTER:.*]] = dist.range %[[MASTERS]][0] : tensor<128xf32> -> tensor<128xf32>
  // BF16: %[[COPY:.*]] = dist.shard %{{.*}} : tensor<256xbf16> -> tensor<128xbf16>
  // BF16: train.adamw %[[MASTER]], {{.*}}, %[[COPY]] {
  // BF16: dist.all_gather_start %[[COPY]] : tensor<128xbf16> -> !dist.pending<tensor<256xbf16>>
  train.adamw %p, %g, %m, %v, %norm, %hyper, %c {decay_elements = 256 : i64} : tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<f32>, tensor<10xf32>, tensor<256xbf16>
  return %norm : tensor<f32>
}
// BF16-LABEL: func.func @prepare
func.func @prepare() {
  // BF16: train.flat value sharded : tensor<128xf32>
  // BF16: train.round %{{.*}} into %[[C:.*]] : tensor<128xf32>, tensor<128xbf16>
  // BF16: %[[PC:.*]] = dist.all_gather_start %[[C]]
  // BF16: dist.wait %[[PC]]
  %p = train.flat value : tensor<256xf32>
  %c = train.flat compute : tensor<256xbf16>
  train.round %p into %c : tensor<256xf32>, tensor<256xbf16>
  return
}

// Masters in bf16 are the weights that products read. Bits of chance follow from
// where each bucket begins, which becomes an input; a whole begins at 0.
//--- narrow.mlir
train.variable @w "w" : tensor<16x16xf32> at 0 decay init #model.ones
// NARROW-LABEL: func.func @update
// NARROW-SAME: (%{{.*}}: tensor<10xf32>, %[[PLACES:.*]]: tensor<32xi32>)
// NARROW-WHOLE-LABEL: func.func @update
// NARROW-WHOLE-SAME: (%{{[^,]*}}: tensor<10xf32>) -> tensor<f32>
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat compute : tensor<256xbf16>
  %g = train.flat gradient : tensor<256xf32>
  %m = train.flat moment1 : tensor<256xf32>
  %v = train.flat moment2 : tensor<256xf32>
  %norm = train.gradient_norm %g, %hyper : (tensor<256xf32>, tensor<10xf32>) -> tensor<f32>
  // NARROW: %[[OWN:.*]] = train.flat compute sharded : tensor<128xbf16>
  // NARROW: %[[P0:.*]] = dist.range %[[OWN]][0] : tensor<128xbf16> -> tensor<64xbf16>
  // NARROW: %[[AT0:.*]] = dist.range %[[PLACES]][0] : tensor<32xi32> -> tensor<16xi32>
  // NARROW: train.adamw %[[P0]], {{.*}} at %[[AT0]] {decay_elements = 64 : i64, stochastic}
  // NARROW: %[[P1:.*]] = dist.range %[[OWN]][64] : tensor<128xbf16> -> tensor<64xbf16>
  // NARROW: %[[AT1:.*]] = dist.range %[[PLACES]][16] : tensor<32xi32> -> tensor<16xi32>
  // NARROW: train.adamw %[[P1]], {{.*}} at %[[AT1]] {decay_elements = 64 : i64, stochastic}
  // NARROW-WHOLE: train.adamw {{.*}} {decay_elements = 256 : i64, stochastic} : tensor<256xbf16>
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 256 : i64, stochastic} : tensor<256xbf16>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<f32>, tensor<10xf32>
  return %norm : tensor<f32>
}
