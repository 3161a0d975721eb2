// Storage is padded to whole shards, section by section, and cut into buckets;
// what does not decay moves, constants stay.
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2 zero=1 bucket=200" | FileCheck %s
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=3" | FileCheck %s --check-prefix=THREE
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2 bucket=200" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=1 bucket=200" | FileCheck %s --check-prefix=ALONE

// One rank has no mesh, and nothing to pad.
// ALONE-NOT: dist.mesh
// ALONE: dist.bucket at 0 elements 256
// ALONE-NEXT: dist.bucket at 256 elements 64
// ALONE-NEXT: dist.bucket at 320 elements 64
// ALONE: train.variable @b "b" : tensor<15xf32> at 320 init
// ALONE: train.flat value : tensor<384xf32>

// A bucket of 200 elements is rounded up to 256: two shards of 128.
// CHECK: dist.mesh ranks 2 zero 1
// CHECK-NEXT: dist.unit "w" at 0 elements 384
// CHECK-NEXT: dist.unit "norms and biases" at 384 elements 128
// CHECK-NEXT: dist.bucket at 0 elements 256
// CHECK-NEXT: dist.bucket at 256 elements 128
// CHECK-NEXT: dist.bucket at 384 elements 128
// CHECK-NOT: dist.bucket
// CHECK: train.variable @w "w" : tensor<20x15xf32> at 0 decay
// CHECK: train.variable @b "b" : tensor<15xf32> at 384 init
// CHECK: train.variable @c "c" : tensor<4xf32> at 0 constant
// CHECK-LABEL: func.func @update
// CHECK: train.flat value : tensor<512xf32>
// CHECK: train.adamw {{.*}}decay_elements = 384
// REMARK: remark: {{.*}}512 elements in 2 units and 3 buckets of at most 256 for 2 ranks, 128 of them padding

// THREE: dist.mesh ranks 3 zero 0
// THREE: dist.bucket at 0 elements 384
// THREE-NEXT: dist.bucket at 384 elements 192
// THREE: train.variable @b "b" : tensor<15xf32> at 384 init
// THREE: train.flat moment1 : tensor<576xf32>
train.variable @w "w" : tensor<20x15xf32> at 0 decay init #model.ones
train.variable @b "b" : tensor<15xf32> at 320 init #model.zeros
train.variable @c "c" : tensor<4xf32> at 0 constant init #model.ones
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<384xf32>
  %g = train.flat gradient : tensor<384xf32>
  %m = train.flat moment1 : tensor<384xf32>
  %v = train.flat moment2 : tensor<384xf32>
  %norm = train.gradient_norm %g, %hyper : (tensor<384xf32>, tensor<10xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 320 : i64} : tensor<384xf32>, tensor<384xf32>, tensor<384xf32>, tensor<384xf32>, tensor<f32>, tensor<10xf32>
  return %norm : tensor<f32>
}
