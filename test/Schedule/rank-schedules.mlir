// What is asked of a compiler, and what its reports decide, on a table of reports
// made up for the purpose: an RTX 4090 holds two blocks of 128 threads with up
// to 255 registers each.
// RUN: llmc-opt %s -llmc-rank-schedules | FileCheck %s
// RUN: llmc-opt %s -llmc-rank-schedules --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s -llmc-rank-schedules=decided=true | FileCheck %s --check-prefix=DECIDED

// Nothing is known: the model's choice is asked about.
// CHECK-LABEL: tile.func @unknown
// CHECK-NOT: resources
// CHECK-SAME: unmeasured = [{block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}]
tile.func @unknown(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// As expected: nothing else can be better.
// CHECK-LABEL: tile.func @confirmed
// CHECK-NOT: measured
// CHECK-SAME: resources = {registers = 215 : i64, shared_bytes = 49152 : i64, spill_bytes = 0 : i64}, schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64,
// CHECK-NOT: measured
// REMARK: [Analysis] confirmed{{.*}}confirmed: 215 registers and 49152 bytes of shared memory, expected 224 and 49152; 2 blocks per SM, {{[0-9.]+}} us; best of 1 compiled
tile.func @confirmed(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 215 : i64, spill_bytes = 0 : i64, shared_bytes = 49152 : i64}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// It spills: two others, one of them the same tile with more registers.
// CHECK-LABEL: tile.func @spills
// CHECK-SAME: measured = [{{.*}}spill_bytes = 16
// CHECK-NOT: resources
// CHECK-SAME: unmeasured = [{block_k{{[^}]*}}}, {block_k{{[^}]*}}}]
// Where that is decided, its report is all that is wanted.
// DECIDED-LABEL: tile.func @spills
// DECIDED-NOT: measured
// DECIDED-SAME: resources = {registers = 255 : i64, shared_bytes = 49152 : i64, spill_bytes = 16 : i64}
// DECIDED-NOT: measured
tile.func @spills(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 255 : i64, spill_bytes = 16 : i64, shared_bytes = 49152 : i64}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// DECIDED-LABEL: tile.func @reranked
// One does not spill.
// CHECK-LABEL: tile.func @reranked
// CHECK-SAME: grid = array<i64: 32, 32, 1>
// CHECK-SAME: predicted_us = {{9[0-9][0-9]}}.
// CHECK-SAME: resources = {registers = 150 : i64, shared_bytes = 98304 : i64, spill_bytes = 0 : i64}
// CHECK-SAME: block_k = 64 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 1 : i64
// CHECK-NOT: measured
// REMARK: [Passed] reranked{{.*}}reranked: block_k 64, block_m 128, block_n 128, min_blocks 1, {{.*}} instead of block_k 32, {{.*}}: 150 registers, 0 bytes spilled, 1 blocks per SM, {{[0-9.]+}} us instead of 255 registers, 16 bytes spilled, 2 blocks per SM, {{[0-9.]+}} us; best of 4 compiled
tile.func @reranked(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 255 : i64, spill_bytes = 16 : i64, shared_bytes = 49152 : i64}, {schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 1 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 255 : i64, spill_bytes = 8 : i64, shared_bytes = 49152 : i64}, {schedule = {block_k = 64 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 1 : i64, raster = 8 : i64, stages = 3 : i64, threads = 256 : i64, warps_m = 2 : i64, warps_n = 4 : i64}, registers = 150 : i64, spill_bytes = 0 : i64, shared_bytes = 98304 : i64}, {schedule = {block_k = 64 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 1 : i64, raster = 8 : i64, stages = 2 : i64, threads = 256 : i64, warps_m = 2 : i64, warps_n = 4 : i64}, registers = 0 : i64, spill_bytes = 0 : i64, shared_bytes = 0 : i64}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// A person's choice stays, whatever it is.
// CHECK-LABEL: tile.func @given
// CHECK-SAME: resources = {registers = 255 : i64, shared_bytes = 49152 : i64, spill_bytes = 16 : i64}
// CHECK-SAME: min_blocks = 2
tile.func @given(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, schedule_given, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 255 : i64, spill_bytes = 16 : i64, shared_bytes = 49152 : i64}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// Kernels bound by memory are left alone.
// CHECK-LABEL: tile.func @rows
// CHECK-NOT: measured
tile.func @rows(%x: tensor<4x1024x768xbf16>) -> tensor<4x1024x768xbf16> attributes {kind = "rows", schedule = {block_rows = 4 : i64, min_blocks = 2 : i64, threads = 128 : i64}} {
  %0 = model.gelu %x : tensor<4x1024x768xbf16>
  tile.return %0 : tensor<4x1024x768xbf16>
}
