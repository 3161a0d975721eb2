// A product sums the columns of what it stores, by its blocks of rows, where a
// kernel would read all of it again for that.
// RUN: llmc-opt %s -split-input-file -llmc-schedule-kernels="target=cuda" -llmc-fuse-column-sums | FileCheck %s
// RUN: llmc-opt %s -split-input-file -llmc-schedule-kernels="target=cuda" -llmc-fuse-column-sums --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %s -split-input-file -llmc-fuse-column-sums="arch=none" 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: expected one of the architectures sm_80, sm_86, sm_89, sm_90, emulated, found 'none'

// 2048 rows of 16 ranges become 16 blocks of 128. The pitch of another result
// stays, and who adds up ranges elsewhere does so still.
// REMARK: remark: [Passed] columns-fused{{.*}}dx: sums the columns of what it stores: 8388608 bytes less to read
// CHECK-NOT: @ranges(
// CHECK: tile.func @dx({{.*}}) -> (tensor<2x1024x2048xbf16>{{.*}}, tensor<[[S:[0-9]+]]x2048xf32>
// CHECK-SAME: block_m = [[M:[0-9]+]] : i64
// CHECK-SAME: schedule_given
// CHECK: %[[DX:.*]] = model.mul
// CHECK: %[[SUM:.*]] = model.sum_rows %[[DX]] {splits = [[S]] : i64} : (tensor<2x1024x2048xbf16>) -> tensor<[[S]]x2048xf32>
// CHECK: tile.return %[[DX]], %[[SUM]]
// CHECK: tile.func @total(%{{.*}}: tensor<32x2048xf32>
// CHECK: tile.func @total_of_blocks(%[[P:.*]]: tensor<[[S]]x2048xf32>
// CHECK: model.sum_rows %[[P]] : (tensor<[[S]]x2048xf32>) -> tensor<2048xf32>
// CHECK-LABEL: func.func @step
// CHECK: %[[OUT:.*]]:2 = tile.launch @dx(
// CHECK-NEXT: tile.launch @total_of_blocks(%[[OUT]]#1,
// CHECK-NEXT: tile.launch @total(%
// CHECK-NEXT: return %[[OUT]]#0
tile.func @dx(%x: tensor<2x1024x512xbf16>, %w: tensor<2048x512xbf16>, %y: tensor<2x1024x2048xbf16>) -> (tensor<2x1024x2048xbf16> {tile.row_pitch = 2048 : i64}) attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x1024x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1024x2048xbf16>
  %1 = model.mul %0, %y : tensor<2x1024x2048xbf16>
  tile.return %1 : tensor<2x1024x2048xbf16>
}
tile.func @ranges(%x: tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32> attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 32 : i64} : (tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32>
  tile.return %0 : tensor<32x2048xf32>
}
tile.func @total(%x: tensor<32x2048xf32>, %g: tensor<2048xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<32x2048xf32>) -> tensor<2048xf32>
  train.accumulate %0 into %g : tensor<2048xf32>, tensor<2048xf32>
  tile.return
}
func.func @step(%x: tensor<2x1024x512xbf16>, %w: tensor<2048x512xbf16>, %y: tensor<2x1024x2048xbf16>, %p: tensor<32x2048xf32>, %g: tensor<2048xf32>) -> tensor<2x1024x2048xbf16> {
  %0 = tile.launch @dx(%x, %w, %y) : (tensor<2x1024x512xbf16>, tensor<2048x512xbf16>, tensor<2x1024x2048xbf16>) -> tensor<2x1024x2048xbf16>
  %1 = tile.launch @ranges(%0) : (tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32>
  tile.launch @total(%1, %g) : (tensor<32x2048xf32>, tensor<2048xf32>) -> ()
  tile.launch @total(%p, %g) : (tensor<32x2048xf32>, tensor<2048xf32>) -> ()
  return %0 : tensor<2x1024x2048xbf16>
}

// -----

// A block of rows that is not full would sum what is no row.
// REMARK: remark: [Missed] columns-not-fused{{.*}}ranges stays a kernel of its own: blocks of {{[0-9]+}} rows do not divide the 2046 of 'dx'
// CHECK: tile.func @ranges(
// CHECK: tile.launch @ranges(
tile.func @dx(%x: tensor<2x1023x512xbf16>, %w: tensor<2048x512xbf16>) -> tensor<2x1023x2048xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x1023x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1023x2048xbf16>
  tile.return %0 : tensor<2x1023x2048xbf16>
}
tile.func @ranges(%x: tensor<2x1023x2048xbf16>) -> tensor<31x2048xf32> attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 31 : i64} : (tensor<2x1023x2048xbf16>) -> tensor<31x2048xf32>
  tile.return %0 : tensor<31x2048xf32>
}
tile.func @total(%x: tensor<31x2048xf32>, %g: tensor<2048xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<31x2048xf32>) -> tensor<2048xf32>
  train.accumulate %0 into %g : tensor<2048xf32>, tensor<2048xf32>
  tile.return
}
func.func @ragged(%x: tensor<2x1023x512xbf16>, %w: tensor<2048x512xbf16>, %g: tensor<2048xf32>) -> tensor<2x1023x2048xbf16> {
  %0 = tile.launch @dx(%x, %w) : (tensor<2x1023x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1023x2048xbf16>
  %1 = tile.launch @ranges(%0) : (tensor<2x1023x2048xbf16>) -> tensor<31x2048xf32>
  tile.launch @total(%1, %g) : (tensor<31x2048xf32>, tensor<2048xf32>) -> ()
  return %0 : tensor<2x1023x2048xbf16>
}

// -----

// Nor does a product leave sums for nobody.
// REMARK: remark: [Missed] columns-not-fused{{.*}}ranges stays a kernel of its own: only 1 of the 2 launches of 'dx' are followed by such sums
// CHECK: tile.launch @ranges(
tile.func @dx(%x: tensor<2x1024x512xbf16>, %w: tensor<2048x512xbf16>) -> tensor<2x1024x2048xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x1024x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1024x2048xbf16>
  tile.return %0 : tensor<2x1024x2048xbf16>
}
tile.func @ranges(%x: tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32> attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 32 : i64} : (tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32>
  tile.return %0 : tensor<32x2048xf32>
}
tile.func @total(%x: tensor<32x2048xf32>, %g: tensor<2048xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<32x2048xf32>) -> tensor<2048xf32>
  train.accumulate %0 into %g : tensor<2048xf32>, tensor<2048xf32>
  tile.return
}
func.func @some(%x: tensor<2x1024x512xbf16>, %w: tensor<2048x512xbf16>, %g: tensor<2048xf32>) -> (tensor<2x1024x2048xbf16>, tensor<2x1024x2048xbf16>) {
  %0 = tile.launch @dx(%x, %w) : (tensor<2x1024x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1024x2048xbf16>
  %1 = tile.launch @ranges(%0) : (tensor<2x1024x2048xbf16>) -> tensor<32x2048xf32>
  tile.launch @total(%1, %g) : (tensor<32x2048xf32>, tensor<2048xf32>) -> ()
  %2 = tile.launch @dx(%x, %w) : (tensor<2x1024x512xbf16>, tensor<2048x512xbf16>) -> tensor<2x1024x2048xbf16>
  return %0, %2 : tensor<2x1024x2048xbf16>, tensor<2x1024x2048xbf16>
}

// -----

// Gradients of attention that lie side by side: each kernel leaves the sums of
// its columns beside those of the others.
// REMARK: remark: [Passed] columns-fused{{.*}}dq: sums the columns
// REMARK: remark: [Passed] columns-fused{{.*}}dkv: sums the columns
// REMARK: remark: [Passed] columns-fused{{.*}}dkv: sums the columns
// CHECK: tile.func @dq({{.*}}) -> (tensor<8x1024x256xbf16> {tile.row_pitch = 768 : i64}, tensor<[[S:[0-9]+]]x256xf32> {tile.row_pitch = 768 : i64})
// CHECK: %[[DQ:.*]] = model.attention_query_grad
// CHECK: %[[SUM:.*]] = model.sum_rows %[[DQ]] {splits = [[S]] : i64}
// CHECK: tile.return %[[DQ]], %[[SUM]]
// CHECK: tile.func @dkv({{.*}}) -> (tensor<8x1024x256xbf16> {{.*}}, tensor<8x1024x256xbf16> {{.*}}, tensor<[[S]]x256xf32> {tile.row_pitch = 768 : i64}, tensor<[[S]]x256xf32> {tile.row_pitch = 768 : i64})
// CHECK-LABEL: func.func @attention
// CHECK: %[[Q:.*]]:2 = tile.launch @dq(
// CHECK: %[[KV:.*]]:4 = tile.launch @dkv(
// CHECK: %[[ALL:.*]] = model.concat %[[Q]]#0, %[[KV]]#0, %[[KV]]#1
// CHECK: %[[SUMS:.*]] = model.concat %[[Q]]#1, %[[KV]]#2, %[[KV]]#3 : (tensor<[[S]]x256xf32>, tensor<[[S]]x256xf32>, tensor<[[S]]x256xf32>) -> tensor<[[S]]x768xf32>
// CHECK: tile.launch @total{{.*}}(%[[SUMS]], %{{.*}}) : (tensor<[[S]]x768xf32>
tile.func @dq(%x: tensor<8x1024x768xbf16>, %dy: tensor<8x1024x256xbf16>, %l: tensor<8x4x1024xf32>, %d: tensor<8x4x1024xf32>) -> (tensor<8x1024x256xbf16> {tile.row_pitch = 768 : i64}) attributes {kind = "attention_query_grad"} {
  %q, %k, %v = model.split %x : (tensor<8x1024x768xbf16>) -> (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>)
  %0 = model.attention_query_grad %q, %k, %v, %dy, %l, %d {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x4x1024xf32>, tensor<8x4x1024xf32>) -> tensor<8x1024x256xbf16>
  tile.return %0 : tensor<8x1024x256xbf16>
}
tile.func @dkv(%x: tensor<8x1024x768xbf16>, %dy: tensor<8x1024x256xbf16>, %l: tensor<8x4x1024xf32>, %d: tensor<8x4x1024xf32>) -> (tensor<8x1024x256xbf16> {tile.row_pitch = 768 : i64}, tensor<8x1024x256xbf16> {tile.row_pitch = 768 : i64}) attributes {kind = "attention_key_value_grad"} {
  %q, %k, %v = model.split %x : (tensor<8x1024x768xbf16>) -> (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>)
  %0, %1 = model.attention_key_value_grad %q, %k, %v, %dy, %l, %d {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x4x1024xf32>, tensor<8x4x1024xf32>) -> (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>)
  tile.return %0, %1 : tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>
}
tile.func @ranges(%x: tensor<8x1024x768xbf16>) -> tensor<256x768xf32> attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 256 : i64} : (tensor<8x1024x768xbf16>) -> tensor<256x768xf32>
  tile.return %0 : tensor<256x768xf32>
}
tile.func @total(%x: tensor<256x768xf32>, %g: tensor<768xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<256x768xf32>) -> tensor<768xf32>
  train.accumulate %0 into %g : tensor<768xf32>, tensor<768xf32>
  tile.return
}
tile.func @reader(%x: tensor<8x1024x768xbf16>) -> tensor<8x1024x768xbf16> attributes {kind = "rows"} {
  %0 = model.gelu %x : tensor<8x1024x768xbf16>
  tile.return %0 : tensor<8x1024x768xbf16>
}
func.func @attention(%x: tensor<8x1024x768xbf16>, %dy: tensor<8x1024x256xbf16>, %l: tensor<8x4x1024xf32>, %d: tensor<8x4x1024xf32>, %g: tensor<768xf32>) -> tensor<8x1024x768xbf16> {
  %0 = tile.launch @dq(%x, %dy, %l, %d) : (tensor<8x1024x768xbf16>, tensor<8x1024x256xbf16>, tensor<8x4x1024xf32>, tensor<8x4x1024xf32>) -> tensor<8x1024x256xbf16>
  %1:2 = tile.launch @dkv(%x, %dy, %l, %d) : (tensor<8x1024x768xbf16>, tensor<8x1024x256xbf16>, tensor<8x4x1024xf32>, tensor<8x4x1024xf32>) -> (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>)
  %2 = model.concat %0, %1#0, %1#1 : (tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>, tensor<8x1024x256xbf16>) -> tensor<8x1024x768xbf16>
  %3 = tile.launch @ranges(%2) : (tensor<8x1024x768xbf16>) -> tensor<256x768xf32>
  tile.launch @total(%3, %g) : (tensor<256x768xf32>, tensor<768xf32>) -> ()
  %4 = tile.launch @reader(%2) : (tensor<8x1024x768xbf16>) -> tensor<8x1024x768xbf16>
  return %4 : tensor<8x1024x768xbf16>
}
