// RUN: llmc-opt %s --llmc-cuda-print-source -o /dev/null | FileCheck %s

// What stands around statements: the function, loops, choices, blank lines.

// CHECK-LABEL: // model.mlir:12: copy [64]
// CHECK-NEXT: #include "llmc_device.h"
// CHECK-EMPTY:
// CHECK-NEXT: LLMC_KERNEL(32, 2) copy(const float *__restrict__ x, float *__restrict__ y) {
// CHECK-NEXT:   LLMC_ARGUMENT(x, 64);
// CHECK-NEXT:   LLMC_ARGUMENT(y, 64);
// CHECK-EMPTY:
// CHECK-NEXT:   const int thread = thread_id();
// CHECK-NEXT:   store_global(y + thread, load_global<float, 1>(x + thread));
// CHECK-NEXT: }
cuda.kernel @copy(%x: memref<64xf32> {cuda.name = "x"}, %y: memref<64xf32> {cuda.name = "y"})
    attributes {threads = 32 : i64, min_blocks = 2 : i64, grid = array<i64: 2, 1, 1>,
                cuda.comment = "copy [64]"} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  cuda.store_global %v, %y[%t] : vector<1xf32>, memref<64xf32>
  cuda.return
} loc("model.mlir":12:3)

// Storage that arguments share is not restricted, and one block per SM is the
// default.
// CHECK-LABEL: LLMC_KERNEL(64, 1) aliased(const float *x0, float *x1) {
cuda.kernel @aliased(%x: memref<64xf32>, %y: memref<64xf32>)
    attributes {threads = 64 : i64, grid = array<i64: 1, 1, 1>, cuda.may_alias} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  cuda.store_global %v, %y[%t] : vector<1xf32>, memref<64xf32>
  cuda.return
}

// A row sum: variables that a loop carries, an unrolled loop over registers.
// CHECK-LABEL: row_sum(
// CHECK:         const int row = block_id_x();
// CHECK-NEXT:    float r[4];
// CHECK-EMPTY:
// CHECK-NEXT:    float total = 0.0f;
// CHECK-NEXT:    for (int k = thread_id() * 4; k < 256; k += 128) {
// CHECK-NEXT:      const Pack<float, 4> pack = load_global<float, 4>(x + row * 256 + k);
// CHECK-NEXT:      r[0] = pack[0];
// CHECK-NEXT:      r[1] = pack[1];
// CHECK-EMPTY:
// CHECK-NEXT:      LLMC_UNROLL
// CHECK-NEXT:      for (int j = 0; j < 2; ++j) {
// CHECK-NEXT:        r[j + 2] = r[j] * r[j];
// CHECK-NEXT:      }
// CHECK-EMPTY:
// CHECK-NEXT:      total += r[2] + r[3];
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    if (thread_id() == 0) {
// CHECK-NEXT:      store_global(y + row, Pack<float, 1>{total});
// CHECK-NEXT:    }
// CHECK-NEXT:  }
cuda.kernel @row_sum(%x: memref<16x256xf32> {cuda.name = "x"}, %y: memref<16xf32> {cuda.name = "y"})
    attributes {threads = 32 : i64, grid = array<i64: 16, 1, 1>} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %row = cuda.block_id 0 {cuda.name = "row"}
  %r = cuda.registers : memref<4xf32, 5>
  %t = cuda.thread_id
  %start = arith.muli %t, %c4 : index
  %sum = scf.for %k = %start to %c256 step %c128 iter_args(%s = %zero) -> (f32) {
    %base = arith.muli %row, %c256 : index
    %i = arith.addi %base, %k : index
    %v = cuda.load_global %x[%i] : memref<16x256xf32> -> vector<4xf32>
    %v0 = vector.extract %v[0] : f32 from vector<4xf32>
    %v1 = vector.extract %v[1] : f32 from vector<4xf32>
    memref.store %v0, %r[%c0] : memref<4xf32, 5>
    memref.store %v1, %r[%c1] : memref<4xf32, 5>
    cuda.unroll %j to 2 {
      %a = memref.load %r[%j] : memref<4xf32, 5>
      %b = memref.load %r[%j] : memref<4xf32, 5>
      %square = arith.mulf %a, %b : f32
      %j2 = arith.addi %j, %c2 : index
      memref.store %square, %r[%j2] : memref<4xf32, 5>
    }
    %a = memref.load %r[%c2] : memref<4xf32, 5>
    %b = memref.load %r[%c3] : memref<4xf32, 5>
    %ab = arith.addf %a, %b : f32
    %next = arith.addf %s, %ab : f32
    scf.yield %next : f32
  } {cuda.name = "k", cuda.result_names = ["total"]}
  %t2 = cuda.thread_id
  %first = arith.cmpi eq, %t2, %c0 : index
  scf.if %first {
    %p = vector.from_elements %sum : vector<1xf32>
    cuda.store_global %p, %y[%row] : vector<1xf32>, memref<16xf32>
  }
  cuda.return
}

// Results of a choice; variables that are exchanged on each turn; a loop of one
// turn is none, nor is a choice of what is always true.
// CHECK-LABEL: choices(
// CHECK:         float chosen;
// CHECK-NEXT:    if (thread < 16) {
// CHECK-NEXT:      chosen = 1.0f;
// CHECK-NEXT:    } else {
// CHECK-NEXT:      chosen = 2.0f;
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    float carried = chosen;
// CHECK-NEXT:    float carried_1 = 0.5f;
// CHECK-NEXT:    for (int i = 0; i < thread; ++i) {
// CHECK-NEXT:      const float next_carried_1 = carried + 1.0f;
// CHECK-NEXT:      carried = carried_1;
// CHECK-NEXT:      carried_1 = next_carried_1;
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    store_global(x0 + thread, Pack<float, 1>{carried + carried_1});
// CHECK-NEXT:  }
cuda.kernel @choices(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %half = arith.constant 0.5 : f32
  %t = cuda.thread_id
  %c = arith.cmpi ult, %t, %c16 : index
  %v = scf.if %c -> f32 {
    scf.yield %one : f32
  } else {
    scf.yield %two : f32
  }
  %ab:2 = scf.for %i = %c0 to %t step %c1 iter_args(%a = %v, %b = %half) -> (f32, f32) {
    %next = arith.addf %a, %one : f32
    scf.yield %b, %next : f32, f32
  }
  cuda.unroll %i to 4 step 4 {
    %true = arith.constant true
    scf.if %true {
      %at = arith.addi %t, %i : index
      %s = arith.addf %ab#0, %ab#1 : f32
      %p = vector.from_elements %s : vector<1xf32>
      cuda.store_global %p, %x[%at] : vector<1xf32>, memref<64xf32>
    }
  }
  cuda.return
}

// Comments of ops stand before their statements.
// CHECK-LABEL: comments(
// CHECK:         // the block's partial sum
// CHECK-NEXT:    const int at = thread_id();
// CHECK-EMPTY:
// CHECK-NEXT:    // two of them
// CHECK-NEXT:    // in registers
// CHECK-NEXT:    LLMC_UNROLL
// CHECK-NEXT:    for (int i = 0; i < 4; i += 2) {
cuda.kernel @comments(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id {cuda.name = "at", cuda.comment = "the block's partial sum"}
  %zero = arith.constant dense<0.0> : vector<1xf32>
  cuda.unroll %i to 4 step 2 attributes {cuda.comment = "two of them\nin registers"} {
    %j = arith.addi %t, %i : index
    cuda.store_global %zero, %x[%j] : vector<1xf32>, memref<64xf32>
  }
  cuda.return
}
