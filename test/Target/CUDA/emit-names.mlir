// RUN: llmc-opt %s --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Names: those of cuda.name, unique, neither a keyword nor a function of the
// header; free again behind the block that they were declared in. Long lines are
// broken.

// CHECK-LABEL: names(const float *__restrict__ x, const float *__restrict__ x_1,
// CHECK-NEXT:  const float *__restrict__ float_1, float *__restrict__ x3) {
// CHECK:         const int row = thread_id();
// CHECK-NEXT:    const int row_1 = block_id_y();
// CHECK-NEXT:    const int mma_1 = row + row_1;
// CHECK-NEXT:    const int v2d_row = mma_1 * 2;
// CHECK-NEXT:    const int names_1 = mma_1 * 3;
// CHECK-NEXT:    float acc[4];
// CHECK-EMPTY:
// CHECK-NEXT:    for (int i = 0; i < row; ++i) {
// CHECK-NEXT:      for (int j = 0; j < row; ++j) {
// CHECK-NEXT:        const int column = i + j;
// CHECK-NEXT:        store_global(x3 + column, Pack<float, 1>{});
// CHECK-NEXT:        store_global(x3 + column, Pack<float, 1>{});
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    LLMC_UNROLL
// CHECK-NEXT:    for (int row_2 = 0; row_2 < 4; ++row_2) {
// CHECK-NEXT:      const float column = acc[row_2];
// CHECK-NEXT:      acc[row_2] = column * column;
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    const Pack<float, 4> v = load_global<float, 4>(x + v2d_row + names_1);
// CHECK-NEXT:    const Pack<float, 4> w = {acc[0] * v[0] + acc[3] * v[3], acc[1] * v[1] + acc[2] * v[2],
// CHECK-NEXT:        acc[2] * v[2] + acc[1] * v[1], acc[3] * v[3] + acc[0] * v[0]};
// CHECK-NEXT:    store_global(x3, w);
// CHECK-NEXT:  }
cuda.kernel @names(%x: memref<64xf32> {cuda.name = "x"}, %y: memref<64xf32> {cuda.name = "x"},
                   %z: memref<64xf32> {cuda.name = "float"}, %o: memref<64xf32>)
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : vector<1xf32>
  %t = cuda.thread_id {cuda.name = "row"}
  %b = cuda.block_id 1 {cuda.name = "row"}
  %m = arith.addi %t, %b {cuda.name = "mma"} : index
  %n = arith.muli %m, %c2 {cuda.name = "2d row"} : index
  %k = arith.muli %m, %c3 {cuda.name = "names"} : index
  %acc = cuda.registers {cuda.name = "acc"} : memref<4xf32, 5>
  scf.for %i = %c0 to %t step %c1 {
    scf.for %j = %c0 to %t step %c1 {
      %ij = arith.addi %i, %j {cuda.name = "column"} : index
      cuda.store_global %zero, %o[%ij] : vector<1xf32>, memref<64xf32>
      cuda.store_global %zero, %o[%ij] : vector<1xf32>, memref<64xf32>
    }
  }
  cuda.unroll %i to 4 attributes {cuda.name = "row"} {
    %a = memref.load %acc[%i] {cuda.name = "column"} : memref<4xf32, 5>
    %s = arith.mulf %a, %a : f32
    memref.store %s, %acc[%i] : memref<4xf32, 5>
  }
  %nk = arith.addi %n, %k : index
  %v = cuda.load_global %x[%nk] {cuda.name = "v"} : memref<64xf32> -> vector<4xf32>
  %v0 = vector.extract %v[0] : f32 from vector<4xf32>
  %v1 = vector.extract %v[1] : f32 from vector<4xf32>
  %v2 = vector.extract %v[2] : f32 from vector<4xf32>
  %v3 = vector.extract %v[3] : f32 from vector<4xf32>
  %a0 = memref.load %acc[%c0] : memref<4xf32, 5>
  %a1 = memref.load %acc[%c1] : memref<4xf32, 5>
  %a2 = memref.load %acc[%c2] : memref<4xf32, 5>
  %a3 = memref.load %acc[%c3] : memref<4xf32, 5>
  %b0 = memref.load %acc[%c0] : memref<4xf32, 5>
  %b1 = memref.load %acc[%c1] : memref<4xf32, 5>
  %b2 = memref.load %acc[%c2] : memref<4xf32, 5>
  %b3 = memref.load %acc[%c3] : memref<4xf32, 5>
  %p0 = arith.mulf %a0, %v0 : f32
  %p1 = arith.mulf %a1, %v1 : f32
  %p2 = arith.mulf %a2, %v2 : f32
  %p3 = arith.mulf %a3, %v3 : f32
  %q0 = arith.mulf %b0, %v0 : f32
  %q1 = arith.mulf %b1, %v1 : f32
  %q2 = arith.mulf %b2, %v2 : f32
  %q3 = arith.mulf %b3, %v3 : f32
  %r0 = arith.addf %p0, %q3 : f32
  %r1 = arith.addf %p1, %q2 : f32
  %r2 = arith.addf %p2, %q1 : f32
  %r3 = arith.addf %p3, %q0 : f32
  %w = vector.from_elements %r0, %r1, %r2, %r3 {cuda.name = "w"} : vector<4xf32>
  cuda.store_global %w, %o[%c0] : vector<4xf32>, memref<64xf32>
  cuda.return
}

// What has no name is called after what it counts, after the one variable that it
// comes from, after the array that it was in, or after what it is.
// CHECK-LABEL: derived(
// CHECK:         const int thread = thread_id();
// CHECK-NEXT:    const int thread_part = thread & 31;
// CHECK-NEXT:    const int thread_offset = thread_part * 4;
// CHECK-NEXT:    const int block_x_offset = block_id_x() * 64;
// CHECK-NEXT:    const int offset = block_x_offset + thread_part + thread_offset;
// CHECK-NEXT:    const int offset_1 = thread_part + thread_offset;
// CHECK-NEXT:    const bool is_below = thread < block_x_offset;
// CHECK-NEXT:    const bool is_equal = offset_1 == block_x_offset;
// CHECK:         const int element = is_equal ? offset : offset_1;
// CHECK:         LLMC_UNROLL
// CHECK-NEXT:    for (int i = 0; i < 4; ++i) {
// CHECK-NEXT:      const int entry = (i & 1) + (i >> 1) * 2;
// CHECK-NEXT:      const float acc_value = acc[entry];
// CHECK-NEXT:      const float received = shuffle_xor(acc_value, 1);
// CHECK-NEXT:      const float term = acc_value + received;
// CHECK-NEXT:      const float result = term * term + received;
// CHECK-NEXT:      acc[entry] = result;
// CHECK-NEXT:      row[entry] = result;
cuda.kernel @derived(%x: memref<4096xf32>) attributes {threads = 32 : i64, grid = array<i64: 4, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c31 = arith.constant 31 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : vector<1xf32>
  %t = cuda.thread_id
  %lane = arith.andi %t, %c31 : index
  %four = arith.muli %lane, %c4 : index
  %block = cuda.block_id 0
  %from = arith.muli %block, %c64 : index
  %part = arith.addi %from, %lane : index
  %at = arith.addi %part, %four : index
  %other = arith.addi %lane, %four : index
  %below = arith.cmpi ult, %t, %from : index
  %same = arith.cmpi eq, %other, %from : index
  cuda.store_global %zero, %x[%at] if %below : vector<1xf32>, memref<4096xf32>
  %either = arith.select %same, %at, %other : index
  cuda.store_global %zero, %x[%either] if %below : vector<1xf32>, memref<4096xf32>
  cuda.store_global %zero, %x[%either] if %same : vector<1xf32>, memref<4096xf32>
  %acc = cuda.registers {cuda.name = "acc"} : memref<4xf32, 5>
  %row = cuda.registers {cuda.name = "row"} : memref<4xf32, 5>
  cuda.unroll %i to 4 {
    %low = arith.andi %i, %c1 : index
    %high = arith.shrui %i, %c1 : index
    %twice = arith.muli %high, %c2 : index
    %entry = arith.addi %low, %twice : index
    %a = memref.load %acc[%entry] : memref<4xf32, 5>
    %b = cuda.shuffle_xor %a 1 : f32
    %c = arith.addf %a, %b : f32
    %d = arith.mulf %c, %c : f32
    %e = arith.addf %d, %b : f32
    memref.store %e, %acc[%entry] : memref<4xf32, 5>
    memref.store %e, %row[%entry] : memref<4xf32, 5>
  }
  cuda.return
}
