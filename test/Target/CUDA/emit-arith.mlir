// RUN: llmc-opt %s --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Numbers: folding, parentheses, signs, literals, bf16. The i32 results are
// stored through packs, whose elements are ints.

// Indices: x + 0 and x * 1 are x, constants of a sum meet at its end.
// CHECK-LABEL: indices(
// CHECK:         store_global(x + i * 4 + j + 12, p);
// CHECK-NEXT:    store_global(x + i, p);
// CHECK-NEXT:    store_global(x + i / 8 % 4 * 16, p);
// CHECK-NEXT:    store_global(x + ((i & 3) ^ (j >> 2)) * 8, p);
// CHECK-NEXT:    store_global(x + (i - (j - 3)) * 2, p);
// CHECK-NEXT:    store_global(x + (i + 15) / 16, p);
// CHECK-NEXT:    store_global(x + (i < j ? i : j), p);
// CHECK-NEXT:    store_global(x + (j > 7 ? j : 7) * 12, p);
// CHECK-NEXT:    store_global(x + (i < 0 ? i - 2 : i) / 3 + (i >> 3), p);
cuda.kernel @indices(%x: memref<4096xf32> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 8, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %f = arith.constant 1.0 : f32
  %i = cuda.thread_id {cuda.name = "i"}
  %j = cuda.block_id 0 {cuda.name = "j"}
  %p = vector.from_elements %f {cuda.name = "p"} : vector<1xf32>

  %s0 = arith.addi %i, %c0 : index
  %s1 = arith.muli %s0, %c4 : index
  %s2 = arith.addi %s1, %c8 : index
  %s3 = arith.addi %c4, %j : index
  %s4 = arith.addi %s2, %s3 : index
  cuda.store_global %p, %x[%s4] : vector<1xf32>, memref<4096xf32>

  %t0 = arith.muli %i, %c1 : index
  %t1 = arith.divui %t0, %c1 : index
  %t2 = arith.shli %t1, %c0 : index
  cuda.store_global %p, %x[%t2] : vector<1xf32>, memref<4096xf32>

  %u0 = arith.divui %i, %c8 : index
  %u1 = arith.remui %u0, %c4 : index
  %u2 = arith.muli %u1, %c16 : index
  cuda.store_global %p, %x[%u2] : vector<1xf32>, memref<4096xf32>

  %w0 = arith.andi %i, %c3 : index
  %w1 = arith.shrui %j, %c2 : index
  %w2 = arith.xori %w0, %w1 : index
  %w3 = arith.muli %w2, %c8 : index
  cuda.store_global %p, %x[%w3] : vector<1xf32>, memref<4096xf32>

  %a0 = arith.subi %j, %c3 : index
  %a1 = arith.subi %i, %a0 : index
  %a2 = arith.muli %a1, %c2 : index
  cuda.store_global %p, %x[%a2] : vector<1xf32>, memref<4096xf32>

  %b0 = arith.ceildivui %i, %c16 : index
  cuda.store_global %p, %x[%b0] : vector<1xf32>, memref<4096xf32>

  %d0 = arith.minsi %i, %j : index
  cuda.store_global %p, %x[%d0] : vector<1xf32>, memref<4096xf32>

  %c7 = arith.constant 7 : index
  %h0 = arith.maxsi %c7, %j : index
  %h1 = arith.muli %h0, %c3 : index
  %h2 = arith.xori %h1, %c0 : index
  %h3 = arith.muli %h2, %c4 : index
  cuda.store_global %p, %x[%h3] : vector<1xf32>, memref<4096xf32>

  %e0 = arith.floordivsi %i, %c3 : index
  %e1 = arith.floordivsi %i, %c8 : index
  %e2 = arith.addi %e0, %e1 : index
  cuda.store_global %p, %x[%e2] : vector<1xf32>, memref<4096xf32>
  cuda.return
}

// i32 wraps unless nsw says that it cannot; signs are chosen by the operation.
// CHECK-LABEL: integers(
// CHECK:         const Pack<int, 1> pack = load_global<int, 1>(x);
// CHECK-NEXT:    const int id = pack[0];
// CHECK-NEXT:    const unsigned hash = (unsigned)id * 2654435769u;
// CHECK-NEXT:    store_global(x, Pack<int, 1>{(int)(hash ^ (hash >> 16))});
// CHECK-NEXT:    store_global(x, Pack<int, 1>{id + 3});
// CHECK-NEXT:    store_global(x, Pack<int, 1>{(int)((unsigned)id / 3u)});
// CHECK-NEXT:    const Pack<int, 1> packed = {(int)((unsigned)id - (unsigned)id * 4294967295u)};
// CHECK-NEXT:    store_global(x, packed);
// CHECK-NEXT:    if ((int)hash < id) {
// CHECK-NEXT:      store_global(x, pack);
// CHECK-NEXT:    }
// CHECK-NEXT:    if (hash < 7u) {
// CHECK-NEXT:      store_global(x, Pack<int, 1>{(int)(((long long)(unsigned)id * 5) >> 33)});
cuda.kernel @integers(%x: memref<1xi32> {cuda.name = "x"}) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : i32
  %c7 = arith.constant 7 : i32
  %c16 = arith.constant 16 : i32
  %minus = arith.constant -1 : i32
  %golden = arith.constant 0x9E3779B9 : i32
  %p = cuda.load_global %x[%c0] : memref<1xi32> -> vector<1xi32>
  %id = vector.extract %p[0] {cuda.name = "id"} : i32 from vector<1xi32>
  %hash = arith.muli %id, %golden {cuda.name = "hash"} : i32
  %high = arith.shrui %hash, %c16 : i32
  %mixed = arith.xori %hash, %high : i32
  %q0 = vector.from_elements %mixed : vector<1xi32>
  cuda.store_global %q0, %x[%c0] : vector<1xi32>, memref<1xi32>
  %sum = arith.addi %id, %c3 overflow<nsw> : i32
  %q1 = vector.from_elements %sum : vector<1xi32>
  cuda.store_global %q1, %x[%c0] : vector<1xi32>, memref<1xi32>
  %third = arith.divui %id, %c3 : i32
  %q2 = vector.from_elements %third : vector<1xi32>
  cuda.store_global %q2, %x[%c0] : vector<1xi32>, memref<1xi32>
  %product = arith.muli %id, %minus : i32
  %difference = arith.subi %id, %product : i32
  %q3 = vector.from_elements %difference : vector<1xi32>
  cuda.store_global %q3, %x[%c0] : vector<1xi32>, memref<1xi32>
  %less = arith.cmpi slt, %hash, %id : i32
  cuda.store_global %p, %x[%c0] if %less : vector<1xi32>, memref<1xi32>
  %below = arith.cmpi ult, %hash, %c7 : i32
  scf.if %below {
    %five = arith.constant 5 : i64
    %shift = arith.constant 33 : i64
    %wide = arith.extui %id : i32 to i64
    %big = arith.muli %wide, %five overflow<nsw> : i64
    %top = arith.shrsi %big, %shift : i64
    %narrow = arith.trunci %top : i64 to i32
    %q4 = vector.from_elements %narrow : vector<1xi32>
    cuda.store_global %q4, %x[%c0] : vector<1xi32>, memref<1xi32>
  }
  cuda.return
}

// Floats keep their order; every literal is exact; there are none of infinities.
// CHECK-LABEL: floats(
// CHECK:         r[0] = a + (b + 0.044715f);
// CHECK-NEXT:    r[1] = a - 1.5f;
// CHECK-NEXT:    r[2] = -(a * b) / 1e-5f;
// CHECK-NEXT:    r[3] = max_f32(a, __builtin_bit_cast(float, 0xff800000u));
// CHECK-NEXT:    r[4] = fma_f32(a, b, -1e30f);
// CHECK-NEXT:    r[5] = tanh_f32(exp_f32(a)) + max_f32(b, -b);
// CHECK-NEXT:    r[6] = rsqrt_f32(sqrt_f32(log_f32(exp2_f32(a))));
// CHECK-NEXT:    r[7] = !(a >= b) && (a < b || a > b) ? 16777216.0f : 0.1f;
// CHECK-NEXT:    r[0] *= b;
// CHECK-NEXT:    r[1] = b - r[1];
// CHECK-NEXT:    const int thread = thread_id();
// CHECK-NEXT:    r[2] = (float)(thread - 16) * 100.0f;
cuda.kernel @floats(%x: memref<2xf32> {cuda.name = "x"}) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %gelu = arith.constant 0.044715 : f32
  %minus = arith.constant -1.5 : f32
  %eps = arith.constant 1.0e-5 : f32
  %inf = arith.constant 0xFF800000 : f32
  %low = arith.constant -1.0e30 : f32
  %large = arith.constant 16777216.0 : f32
  %tenth = arith.constant 0.1 : f32
  %p = cuda.load_global %x[%c0] : memref<2xf32> -> vector<2xf32>
  %a = vector.extract %p[0] {cuda.name = "a"} : f32 from vector<2xf32>
  %b = vector.extract %p[1] {cuda.name = "b"} : f32 from vector<2xf32>
  %r = cuda.registers {cuda.name = "r"} : memref<8xf32, 5>
  %0 = arith.addf %b, %gelu : f32
  %1 = arith.addf %a, %0 : f32
  memref.store %1, %r[%c0] : memref<8xf32, 5>
  %2 = arith.addf %a, %minus : f32
  memref.store %2, %r[%c1] : memref<8xf32, 5>
  %3 = arith.mulf %a, %b : f32
  %4 = arith.negf %3 : f32
  %5 = arith.divf %4, %eps : f32
  memref.store %5, %r[%c2] : memref<8xf32, 5>
  %6 = arith.maximumf %a, %inf : f32
  memref.store %6, %r[%c3] : memref<8xf32, 5>
  %7 = math.fma %a, %b, %low : f32
  memref.store %7, %r[%c4] : memref<8xf32, 5>
  %8 = math.exp %a : f32
  %9 = math.tanh %8 : f32
  %10 = math.absf %b : f32
  %11 = arith.addf %9, %10 : f32
  memref.store %11, %r[%c5] : memref<8xf32, 5>
  %power = math.exp2 %a : f32
  %12 = math.log %power : f32
  %13 = math.sqrt %12 : f32
  %14 = math.rsqrt %13 : f32
  memref.store %14, %r[%c6] : memref<8xf32, 5>
  %15 = arith.cmpf ult, %a, %b : f32
  %16 = arith.cmpf one, %a, %b : f32
  %17 = arith.andi %15, %16 : i1
  %18 = arith.select %17, %large, %tenth : f32
  memref.store %18, %r[%c7] : memref<8xf32, 5>
  %19 = memref.load %r[%c0] : memref<8xf32, 5>
  %20 = arith.mulf %19, %b : f32
  memref.store %20, %r[%c0] : memref<8xf32, 5>
  %21 = memref.load %r[%c1] : memref<8xf32, 5>
  %22 = arith.subf %b, %21 : f32
  memref.store %22, %r[%c1] : memref<8xf32, 5>
  %c16 = arith.constant 16 : index
  %hundred = arith.constant 100.0 : f32
  %t = cuda.thread_id {cuda.name = "thread"}
  %23 = arith.subi %t, %c16 : index
  %24 = arith.index_cast %23 : index to i32
  %25 = arith.sitofp %24 : i32 to f32
  %26 = arith.mulf %25, %hundred : f32
  memref.store %26, %r[%c2] : memref<8xf32, 5>
  cuda.return
}

// bf16 is computed in f32; constants are its bits.
// CHECK-LABEL: bf16s(
// CHECK:         const Pack<bf16, 2> v = load_global<bf16, 2>(x);
// CHECK-NEXT:    const float low = to_float(v[0]);
// CHECK-NEXT:    const bf16 sum = to_bf16(to_float(v[1]) + to_float(bf16{0x3fc0}));
// CHECK-NEXT:    const Pack<bf16, 2> packed = {to_bf16(exp_approx(low) * tanh_approx(exp2_approx(low))), sum};
// CHECK-NEXT:    store_global(x, packed);
// CHECK-NEXT:    store_global(x, Pack<bf16, 2>{bf16{}, low < 0.0f ? v[0] : sum});
cuda.kernel @bf16s(%x: memref<2xbf16> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, approximate} {
  %c0 = arith.constant 0 : index
  %half = arith.constant 1.5 : bf16
  %zero = arith.constant 0.0 : bf16
  %zero32 = arith.constant 0.0 : f32
  %v = cuda.load_global %x[%c0] {cuda.name = "v"} : memref<2xbf16> -> vector<2xbf16>
  %v0 = vector.extract %v[0] : bf16 from vector<2xbf16>
  %v1 = vector.extract %v[1] : bf16 from vector<2xbf16>
  %low = arith.extf %v0 {cuda.name = "low"} : bf16 to f32
  %sum = arith.addf %v1, %half {cuda.name = "sum"} : bf16
  %e = math.exp %low : f32
  %e2 = math.exp2 %low : f32
  %t = math.tanh %e2 : f32
  %et = arith.mulf %e, %t : f32
  %r = arith.truncf %et : f32 to bf16
  %p = vector.from_elements %r, %sum : vector<2xbf16>
  cuda.store_global %p, %x[%c0] : vector<2xbf16>, memref<2xbf16>
  %c = arith.cmpf olt, %low, %zero32 : f32
  %s = arith.select %c, %v0, %sum : bf16
  %q = vector.from_elements %zero, %s : vector<2xbf16>
  cuda.store_global %q, %x[%c0] : vector<2xbf16>, memref<2xbf16>
  cuda.return
}

// Beyond 2^31 elements an index is a long long, from its start on.
// CHECK-LABEL: wide(float *__restrict__ x, const int *__restrict__ ids) {
// CHECK-NEXT:    LLMC_ARGUMENT(x, 4294967296LL);
// CHECK-NEXT:    LLMC_ARGUMENT(ids, 4);
// CHECK:         const long long block_x = block_id_x();
// CHECK-NEXT:    const int id = load_global<int, 1>(ids)[0];
// CHECK-NEXT:    store_global(x + block_x * 65536 + (long long)id, Pack<float, 1>{});
cuda.kernel @wide(%x: memref<65536x65536xf32> {cuda.name = "x"}, %ids: memref<4xi32> {cuda.name = "ids"})
    attributes {threads = 32 : i64, grid = array<i64: 65536, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c65536 = arith.constant 65536 : index
  %zero = arith.constant dense<0.0> : vector<1xf32>
  %b = cuda.block_id 0
  %id = memref.load %ids[%c0] {cuda.name = "id"} : memref<4xi32>
  %i = arith.muli %b, %c65536 : index
  %j = arith.index_cast %id : i32 to index
  %ij = arith.addi %i, %j : index
  cuda.store_global %zero, %x[%ij] : vector<1xf32>, memref<65536x65536xf32>
  cuda.return
}
