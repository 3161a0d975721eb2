// Round trip of the ops on chunks of tokens.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-LABEL: model.graph @chunks
model.graph @chunks(%x: tensor<2x8x16xbf16>, %t: tensor<2x8xi32>, %l: tensor<1x12x97xbf16>, %p: tensor<1x3xi32>) {
  // CHECK: model.slice_tokens %{{.*}} {first = 4 : i64} : (tensor<2x8x16xbf16>) -> tensor<1x12x16xbf16>
  %a = model.slice_tokens %x {first = 4 : i64} : (tensor<2x8x16xbf16>) -> tensor<1x12x16xbf16>
  %b = model.slice_tokens %x {first = 0 : i64} : (tensor<2x8x16xbf16>) -> tensor<1x4x16xbf16>
  // CHECK: model.slice_tokens %{{.*}} {first = 4 : i64} : (tensor<2x8xi32>) -> tensor<1x12xi32>
  %s = model.slice_tokens %t {first = 4 : i64} : (tensor<2x8xi32>) -> tensor<1x12xi32>
  // CHECK: model.join_tokens %{{.*}}, %{{.*}} : (tensor<1x4x16xbf16>, tensor<1x12x16xbf16>) -> tensor<2x8x16xbf16>
  %j = model.join_tokens %b, %a : (tensor<1x4x16xbf16>, tensor<1x12x16xbf16>) -> tensor<2x8x16xbf16>
  // CHECK: model.cross_entropy_grad {{.*}} {tokens = 16 : i64}
  %d = model.cross_entropy_grad %l, %s {tokens = 16 : i64} : (tensor<1x12x97xbf16>, tensor<1x12xi32>) -> tensor<1x12x97xbf16>
  // CHECK: model.take_tokens %{{.*}}, %{{.*}} : (tensor<1x3xi32>, tensor<1x12x16xbf16>) -> tensor<1x3x16xbf16>
  %k = model.take_tokens %p, %a : (tensor<1x3xi32>, tensor<1x12x16xbf16>) -> tensor<1x3x16xbf16>
  model.return
}
