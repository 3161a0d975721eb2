// The moments come to the device a bucket ahead of AdamW and go back behind it,
// through three places.
// RUN: split-file %s %t
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=1 bucket=64" --llmc-offload-state=optimizer | FileCheck %s --check-prefix=ONE
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=1 bucket=64" --llmc-offload-state="optimizer places=2" | FileCheck %s --check-prefix=TWO-PLACES
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=2 zero=1 bucket=128" --llmc-shard-update --llmc-offload-state=optimizer | FileCheck %s --check-prefix=SHARDS
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=2 zero=2 bucket=128" --llmc-shard-update --llmc-offload-state=gradients | FileCheck %s --check-prefix=GRADIENTS
// RUN: llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=1 bucket=64" --llmc-offload-state=optimizer --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %t/bf16.mlir --llmc-bucket-parameters="ranks=1 bucket=64" --llmc-offload-state=masters | FileCheck %s --check-prefix=MASTERS
// RUN: llmc-opt %t/bf16.mlir --llmc-bucket-parameters="ranks=1" --llmc-offload-state="optimizer masters" | FileCheck %s --check-prefix=BOTH
// RUN: llmc-opt %t/narrow.mlir --llmc-bucket-parameters="ranks=1 bucket=64" --llmc-offload-state=optimizer | FileCheck %s --check-prefix=NARROW
// RUN: not llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=1" --llmc-offload-state=masters 2>&1 | FileCheck %s --check-prefix=NO-COPIES
// RUN: not llmc-opt %t/f32.mlir --llmc-offload-state=optimizer 2>&1 | FileCheck %s --check-prefix=NO-BUCKETS
// RUN: not llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=1" --llmc-offload-state="optimizer places=1" 2>&1 | FileCheck %s --check-prefix=ONE-PLACE
// RUN: not llmc-opt %t/f32.mlir --llmc-bucket-parameters="ranks=2 zero=1 bucket=128" --llmc-shard-update --llmc-offload-state=gradients 2>&1 | FileCheck %s --check-prefix=STAGE
// STAGE: error: expected a rank's own gradients to offload, as in stages 2 and 3, found stage 1, where ranks sum all of them on their devices
// NO-COPIES: error: 'train.adamw' op expected compute copies of the parameters beside masters that are offloaded, found none
// NO-BUCKETS: error: expected dist.buckets, which llmc-bucket-parameters declares
// ONE-PLACE: error: expected at least 2 places in staging, found 1

//--- f32.mlir
// Four buckets, of which the last does not decay.
train.variable @w "w" : tensor<12x16xf32> at 0 decay init #model.ones
train.variable @b "b" : tensor<15xf32> at 192 init #model.zeros
// REMARK: remark: {{.*}}@update: 2048 bytes come from the host and 2048 go back, through 1536 bytes of staging
// ONE-LABEL: func.func @update
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  // The first bucket arrives while the norm is taken.
  // ONE: %[[M:.*]] = train.flat moment1 host : tensor<256xf32>
  // ONE: train.flat moment2 host
  // ONE: %[[M0:.*]] = dist.range %[[M]][0] : tensor<256xf32> -> tensor<64xf32>
  // ONE: %[[S0:.*]] = dist.staging 0 : tensor<64xf32>
  // ONE: %[[IN0:.*]] = dist.to_device_start %[[M0]] into %[[S0]]
  // ONE: dist.staging 256 : tensor<64xf32>
  // ONE: %[[IN0V:.*]] = dist.to_device_start
  // ONE: train.gradient_norm
  // ONE: dist.staging 512 : tensor<64xf32>
  // ONE: %[[IN1:.*]] = dist.to_device_start
  // ONE: dist.to_device_start
  // ONE: %[[D0:.*]] = dist.wait %[[IN0]]
  // ONE: %[[D0V:.*]] = dist.wait %[[IN0V]]
  // ONE: train.adamw %{{.*}}, %{{.*}}, %[[D0]], %[[D0V]], {{.*}} {decay_elements = 64 : i64}
  // ONE: %[[OUT0:.*]] = dist.to_host_start %[[D0]] into %[[M0]]
  // ONE: %[[OUT0V:.*]] = dist.to_host_start
  // The third place is free.
  // ONE-NOT: dist.wait
  // ONE: dist.staging 1024 : tensor<64xf32>
  // ONE: dist.to_device_start
  // ONE: dist.wait %[[IN1]]
  // ONE: train.adamw
  // ONE: dist.to_host_start
  // The first place is free once its state has left.
  // ONE: dist.wait %[[OUT0]]
  // ONE: dist.wait %[[OUT0V]]
  // ONE: dist.staging 0 : tensor<64xf32>
  // ONE: train.adamw
  // ONE: train.adamw {{.*}} {decay_elements = 0 : i64}
  // ONE: dist.to_host_start
  // ONE: dist.to_host_start
  // ONE-COUNT-6: dist.wait
  // ONE-NEXT: return

  // Of several ranks the norm is of what comes, and goes nowhere; AdamW's comes
  // again, and is not changed.
  // GRADIENTS-LABEL: func.func @update
  // GRADIENTS: train.flat gradient sharded host
  // GRADIENTS: %[[IN:.*]] = dist.to_device_start
  // GRADIENTS: %[[D:.*]] = dist.wait %[[IN]]
  // GRADIENTS-NEXT: train.sum_of_squares %[[D]]
  // GRADIENTS-NOT: dist.to_host_start
  // GRADIENTS: train.norm
  // GRADIENTS: dist.to_device_start
  // GRADIENTS-NOT: dist.to_host_start
  // GRADIENTS: train.adamw
  // GRADIENTS-NOT: dist.to_host_start
  // GRADIENTS: return

  // TWO-PLACES-LABEL: func.func @update
  // TWO-PLACES: train.adamw
  // TWO-PLACES: %[[OUT:.*]] = dist.to_host_start
  // TWO-PLACES: dist.wait %[[OUT]]
  // TWO-PLACES: dist.staging 0 :
  // TWO-PLACES: train.adamw

  // Of what is this rank's own.
  // SHARDS-LABEL: func.func @update
  // SHARDS: %[[M:.*]] = train.flat moment1 sharded host : tensor<192xf32>
  // SHARDS: dist.range %[[M]][0] : tensor<192xf32> -> tensor<64xf32>
  // SHARDS: dist.to_device_start
  // SHARDS: train.norm
  // SHARDS: train.adamw
  // SHARDS: dist.to_host_start
  // SHARDS: dist.to_host_start
  // SHARDS-NEXT: dist.all_gather_start
  %p = train.flat value : tensor<256xf32>
  %g = train.flat gradient : tensor<256xf32>
  %m = train.flat moment1 : tensor<256xf32>
  %v = train.flat moment2 : tensor<256xf32>
  %norm = train.gradient_norm %g, %hyper : (tensor<256xf32>, tensor<10xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 192 : i64} : tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<256xf32>, tensor<f32>, tensor<10xf32>
  return %norm : tensor<f32>
}

//--- bf16.mlir
train.variable @w "w" : tensor<8x16xf32> at 0 decay init #model.ones
// MASTERS-LABEL: func.func @update
// BOTH-LABEL: func.func @update
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  // MASTERS: %[[P:.*]] = train.flat value host : tensor<128xf32>
  // MASTERS: train.flat moment1 : tensor<128xf32>
  // MASTERS: %[[P0:.*]] = dist.range %[[P]][0]
  // MASTERS: %[[IN:.*]] = dist.to_device_start %[[P0]]
  // MASTERS: %[[D:.*]] = dist.wait %[[IN]]
  // MASTERS: train.adamw %[[D]],
  // MASTERS: dist.to_host_start %[[D]] into %[[P0]]
  // BOTH-COUNT-3: dist.to_device_start
  // BOTH: train.adamw
  // BOTH-COUNT-3: dist.to_host_start
  %p = train.flat value : tensor<128xf32>
  %g = train.flat gradient : tensor<128xf32>
  %m = train.flat moment1 : tensor<128xf32>
  %v = train.flat moment2 : tensor<128xf32>
  %c = train.flat compute : tensor<128xbf16>
  %norm = train.gradient_norm %g, %hyper : (tensor<128xf32>, tensor<10xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %norm, %hyper, %c {decay_elements = 128 : i64} : tensor<128xf32>, tensor<128xf32>, tensor<128xf32>, tensor<128xf32>, tensor<f32>, tensor<10xf32>, tensor<128xbf16>
  return %norm : tensor<f32>
}
// Copies are made of masters that are brought and stay as they are.
// MASTERS-LABEL: func.func @prepare
func.func @prepare() {
  // MASTERS: %[[P:.*]] = train.flat value host : tensor<128xf32>
  // MASTERS: %[[IN0:.*]] = dist.to_device_start
  // MASTERS: %[[IN1:.*]] = dist.to_device_start
  // MASTERS: %[[D0:.*]] = dist.wait %[[IN0]]
  // MASTERS: train.round %[[D0]] into
  // MASTERS: %[[D1:.*]] = dist.wait %[[IN1]]
  // MASTERS: train.round %[[D1]] into
  // MASTERS-NOT: dist.to_host_start
  %p = train.flat value : tensor<128xf32>
  %c = train.flat compute : tensor<128xbf16>
  train.round %p into %c : tensor<128xf32>, tensor<128xbf16>
  return
}

// What is rounded by chance is told where each bucket begins.
//--- narrow.mlir
train.variable @w "w" : tensor<8x16xf32> at 0 decay init #model.ones
// NARROW-LABEL: func.func @update
// NARROW-SAME: (%{{.*}}: tensor<10xf32>, %[[PLACES:.*]]: tensor<32xi32>)
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<128xf32>
  %g = train.flat gradient : tensor<128xf32>
  %m = train.flat moment1 : tensor<128xbf16>
  %v = train.flat moment2 : tensor<128xbf16>
  %norm = train.gradient_norm %g, %hyper : (tensor<128xf32>, tensor<10xf32>) -> tensor<f32>
  // NARROW: %[[AT0:.*]] = dist.range %[[PLACES]][0] : tensor<32xi32> -> tensor<16xi32>
  // NARROW: train.adamw {{.*}} at %[[AT0]] {
  // NARROW: %[[AT1:.*]] = dist.range %[[PLACES]][16] : tensor<32xi32> -> tensor<16xi32>
  // NARROW: train.adamw {{.*}} at %[[AT1]] {
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 128 : i64} : tensor<128xf32>, tensor<128xf32>, tensor<128xbf16>, tensor<128xbf16>, tensor<f32>, tensor<10xf32>
  return %norm : tensor<f32>
}
