// Which parameters travel together: those of a layer, by the number in their
// names; those without a number as far as a bucket has room; all vectors.
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2 bucket=300" | FileCheck %s

// Two that fit into a bucket, and one that does not fit beside them.
// CHECK: dist.unit "front.weight" at 0 elements 256
// CHECK-NEXT: dist.unit "table.weight" at 256 elements 384
// The number of the layer counts, not those behind it; layers do not mix.
// CHECK-NEXT: dist.unit "model.layers.0" at 640 elements 512
// CHECK-NEXT: dist.unit "model.layers.1" at 1152 elements 256
// CHECK-NEXT: dist.unit "head.weight" at 1408 elements 128
// Whatever layer they are of.
// CHECK-NEXT: dist.unit "norms and biases" at 1536 elements 256
// CHECK-NOT: dist.unit
// With buckets so small that a layer has more than four of them its blocks are
// units; the other layer has fewer.
// RUN: llmc-opt %s --llmc-bucket-parameters="ranks=2 bucket=110" | FileCheck %s --check-prefix=BLOCKS
// BLOCKS: dist.unit "model.layers.0.q" at 640 elements 256
// BLOCKS-NEXT: dist.unit "model.layers.0.experts" at 896 elements 256
// BLOCKS-NEXT: dist.unit "model.layers.1" at 1152 elements 256
// A unit begins a bucket, and a large one has several.
// CHECK: dist.bucket at 0 elements 256
// CHECK-NEXT: dist.bucket at 256 elements 384
// CHECK-NEXT: dist.bucket at 640 elements 384
// CHECK-NEXT: dist.bucket at 1024 elements 128
// CHECK-NEXT: dist.bucket at 1152 elements 256
// CHECK-NEXT: dist.bucket at 1408 elements 128
// CHECK-NEXT: dist.bucket at 1536 elements 256
// CHECK: @front {{.*}} at 0 decay
// CHECK: @second {{.*}} at 128 decay
// CHECK: @table {{.*}} at 256 decay
// CHECK: @q0 {{.*}} at 640 decay
// CHECK: @e0 {{.*}} at 832 decay
// CHECK: @q1 {{.*}} at 1152 decay
// CHECK: @head {{.*}} at 1408 decay
// CHECK: @n0 {{.*}} at 1536 init
// CHECK: @n1 {{.*}} at 1600 init
// CHECK: @nf {{.*}} at 1664 init
train.variable @front "front.weight" : tensor<10x10xf32> at 0 decay init #model.ones
train.variable @second "second.weight" : tensor<10x10xf32> at 128 decay init #model.ones
train.variable @table "table.weight" : tensor<20x16xf32> at 256 decay init #model.ones
train.variable @q0 "model.layers.0.q.weight" : tensor<16x12xf32> at 576 decay init #model.ones
train.variable @e0 "model.layers.0.experts.1.weight" : tensor<16x16xf32> at 768 decay init #model.ones
train.variable @q1 "model.layers.1.q.weight" : tensor<16x12xf32> at 1024 decay init #model.ones
train.variable @head "head.weight" : tensor<10x10xf32> at 1216 decay init #model.ones
train.variable @n0 "model.layers.0.norm.weight" : tensor<12xf32> at 1344 init #model.ones
train.variable @n1 "model.layers.1.norm.weight" : tensor<12xf32> at 1408 init #model.ones
train.variable @nf "norm.weight" : tensor<12xf32> at 1472 init #model.ones
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<1536xf32>
  %g = train.flat gradient : tensor<1536xf32>
  %m = train.flat moment1 : tensor<1536xf32>
  %v = train.flat moment2 : tensor<1536xf32>
  // CHECK: train.adamw {{.*}}decay_elements = 1536
  %norm = train.gradient_norm %g, %hyper : (tensor<1536xf32>, tensor<10xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 1344 : i64} : tensor<1536xf32>, tensor<1536xf32>, tensor<1536xf32>, tensor<1536xf32>, tensor<f32>, tensor<10xf32>
  return %norm : tensor<f32>
}
