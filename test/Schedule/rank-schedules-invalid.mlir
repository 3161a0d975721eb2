// RUN: llmc-opt %s -llmc-rank-schedules -split-input-file -verify-diagnostics -o /dev/null
// RUN: not llmc-opt %s -llmc-rank-schedules=arch=sm_70 -split-input-file 2>&1 | FileCheck %s
// CHECK: error: expected one of the architectures sm_80, sm_86, sm_89, sm_90, emulated, found 'sm_70'

// What cannot be ranked.

// expected-error@+1 {{expected a `schedule`, found none; it is ranked after llmc-schedule-kernels}}
tile.func @no_schedule(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// -----

// expected-error@+1 {{expected `measured` to hold dictionaries with a `schedule`, found 3 : i64}}
tile.func @no_dictionary(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [3]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// -----

// expected-error@+1 {{expected a `registers` of at least 0 in `measured`, found {}}
tile.func @no_registers(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}

// -----

// expected-error@+1 {{expected a `spill_bytes` of at least 0 in `measured`}}
tile.func @negative(%x: tensor<4x1024x4096xbf16>, %w: tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16> attributes {kind = "gemm", schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, measured = [{schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 128 : i64, min_blocks = 2 : i64, raster = 8 : i64, stages = 3 : i64, threads = 128 : i64, warps_m = 2 : i64, warps_n = 2 : i64}, registers = 215 : i64, spill_bytes = -1 : i64, shared_bytes = 49152 : i64}]} {
  %0 = model.linear %x, %w : (tensor<4x1024x4096xbf16>, tensor<4096x4096xbf16>) -> tensor<4x1024x4096xbf16>
  tile.return %0 : tensor<4x1024x4096xbf16>
}
