// RUN: llmc-opt %s --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Memory, fragments and warps; and that nothing is read later than the IR reads
// it.

// A product's way: copies in the background, fragments, tensor cores.
// CHECK-LABEL: product(
// CHECK:         LLMC_SHARED(4224);
// CHECK:         const int a_tile = 0; // 4096 bytes of shared memory
// CHECK-NEXT:    float acc[8];
// CHECK-NEXT:    unsigned a[4];
// CHECK-NEXT:    unsigned b[4];
// CHECK-NEXT:    cp_async<16>(a_tile + thread * 16, x + thread * 8);
// CHECK-NEXT:    cp_async<4>(thread * 16 + 4096, x + thread * 8, 2);
// CHECK-NEXT:    cp_async_commit();
// CHECK-NEXT:    cp_async_wait<1>();
// CHECK-NEXT:    barrier();
// CHECK-NEXT:    ldmatrix(a, a_tile + thread * 16);
// CHECK-NEXT:    ldmatrix_trans(b, thread * 16 + 4096);
// CHECK-EMPTY:
// CHECK-NEXT:    LLMC_UNROLL
// CHECK-NEXT:    for (int i = 0; i < 2; ++i) {
// CHECK-NEXT:      mma(&acc[i * 4], a, &b[i * 2]);
// CHECK-NEXT:    }
cuda.kernel @product(%x: memref<64x64xbf16> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 4224 : i64} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64, cuda.name = "a_tile"} : memref<4096xi8, 3>
  %u = cuda.shared {offset = 4096 : i64} : memref<128xi8, 3>
  %acc = cuda.registers {cuda.name = "acc"} : memref<8xf32, 5>
  %a = cuda.registers {cuda.name = "a"} : memref<4xi32, 5>
  %b = cuda.registers {cuda.name = "b"} : memref<4xi32, 5>
  %byte = arith.muli %t, %c16 : index
  %from = arith.muli %t, %c8 : index
  cuda.cp_async 16 %s[%byte], %x[%from] : memref<4096xi8, 3>, memref<64x64xbf16>
  %byte2 = arith.muli %t, %c16 : index
  %from2 = arith.muli %t, %c8 : index
  cuda.cp_async 4 %u[%byte2], %x[%from2] of %c2 : memref<128xi8, 3>, memref<64x64xbf16>
  cuda.cp_async_commit
  cuda.cp_async_wait 1
  cuda.barrier
  %byte3 = arith.muli %t, %c16 : index
  cuda.ldmatrix %s[%byte3], %a[%c0] : memref<4096xi8, 3>, memref<4xi32, 5>
  %byte4 = arith.muli %t, %c16 : index
  cuda.ldmatrix %u[%byte4], %b[%c0] trans : memref<128xi8, 3>, memref<4xi32, 5>
  cuda.unroll %i to 2 {
    %i4 = arith.muli %i, %c4 : index
    %i2 = arith.muli %i, %c2 : index
    cuda.mma %acc[%i4], %a[%c0], %b[%i2] : memref<8xf32, 5>, memref<4xi32, 5>, memref<4xi32, 5>
  }
  cuda.return
}

// The same on f32 rounded to TF32, from words and from what ldmatrix brought.
// CHECK-LABEL: product_tf32(
// CHECK:         float acc[4];
// CHECK-NEXT:    unsigned a[4];
// CHECK-NEXT:    unsigned b[2];
// CHECK-NEXT:    ldmatrix(a, thread * 16);
// CHECK-NEXT:    a[0] = to_tf32(a[0]);
// CHECK-NEXT:    b[0] = to_tf32(load_shared<float, 1>(thread * 16)[0]);
// CHECK-NEXT:    mma_tf32(acc, a, b);
cuda.kernel @product_tf32() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 4096 : i64} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<4096xi8, 3>
  %acc = cuda.registers {cuda.name = "acc"} : memref<4xf32, 5>
  %a = cuda.registers {cuda.name = "a"} : memref<4xi32, 5>
  %b = cuda.registers {cuda.name = "b"} : memref<2xi32, 5>
  %byte = arith.muli %t, %c16 : index
  cuda.ldmatrix %s[%byte], %a[%c0] : memref<4096xi8, 3>, memref<4xi32, 5>
  %word = memref.load %a[%c0] : memref<4xi32, 5>
  %rounded = cuda.to_tf32 %word : i32
  memref.store %rounded, %a[%c0] : memref<4xi32, 5>
  %byte2 = arith.muli %t, %c16 : index
  %pack = cuda.load_shared %s[%byte2] : memref<4096xi8, 3> -> vector<1xf32>
  %value = vector.extract %pack[0] : f32 from vector<1xf32>
  %rounded2 = cuda.to_tf32 %value : f32
  memref.store %rounded2, %b[%c0] : memref<2xi32, 5>
  cuda.mma_tf32 %acc[%c0], %a[%c0], %b[%c0] : memref<4xf32, 5>, memref<4xi32, 5>, memref<2xi32, 5>
  cuda.return
}

// Conditions, and loads and stores of single elements by the memref's strides. The
// last row's padding counts up to 16 bytes.
// CHECK-LABEL: guarded(
// CHECK:         LLMC_ARGUMENT(x, 192);
// CHECK:         const bool inside = thread < 10;
// CHECK:         const float term = load_global<float, 1>(x + thread * 20 + 3)[0];
// CHECK-NEXT:    const Pack<float, 2> v = inside ? load_global<float, 2>(x + thread) : Pack<float, 2>{};
// CHECK-NEXT:    if (inside) {
// CHECK-NEXT:      store_global(x + thread, v);
// CHECK-NEXT:    }
// CHECK-NEXT:    store_global(x + thread * 20 + 4, Pack<float, 1>{term + v[1]});
// CHECK-NEXT:    if (!inside) {
// CHECK-NEXT:      store_shared(thread * 4, Pack<int, 1>{(int)pack_bf16(v[0], v[1])});
// CHECK-NEXT:    }
cuda.kernel @guarded(%x: memref<10x10xf32, strided<[20, 1]>> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 128 : i64} {
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c10 = arith.constant 10 : index
  %true = arith.constant true
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %inside = arith.cmpi ult, %t, %c10 {cuda.name = "inside"} : index
  %e = memref.load %x[%t, %c3] : memref<10x10xf32, strided<[20, 1]>>
  %v = cuda.load_global %x[%t] if %inside {cuda.name = "v"} : memref<10x10xf32, strided<[20, 1]>> -> vector<2xf32>
  cuda.store_global %v, %x[%t] if %inside : vector<2xf32>, memref<10x10xf32, strided<[20, 1]>>
  %v0 = vector.extract %v[0] : f32 from vector<2xf32>
  %v1 = vector.extract %v[1] : f32 from vector<2xf32>
  %sum = arith.addf %e, %v1 : f32
  memref.store %sum, %x[%t, %c4] : memref<10x10xf32, strided<[20, 1]>>
  %outside = arith.xori %inside, %true : i1
  %byte = arith.muli %t, %c4 : index
  %word = cuda.pack_bf16 %v0, %v1
  %p = vector.from_elements %word : vector<1xi32>
  cuda.store_shared %p, %s[%byte] if %outside : vector<1xi32>, memref<128xi8, 3>
  cuda.return
}

// What is read before a store, a barrier or a loop stays before it.
// CHECK-LABEL: order(
// CHECK:         const float r_value = r[0];
// CHECK-NEXT:    r[0] = 1.0f;
// CHECK-NEXT:    r[1] = r_value;
// CHECK-NEXT:    const Pack<float, 1> pack = load_shared<float, 1>(thread * 4);
// CHECK-NEXT:    barrier();
// CHECK-NEXT:    store_shared(thread * 4, pack);
// CHECK-NEXT:    const Pack<float, 1> pack_1 = load_global<float, 1>(x + thread);
// CHECK-EMPTY:
// CHECK-NEXT:    for (int i = 0; i < 4; ++i) {
// CHECK-NEXT:      store_global(x + i, Pack<float, 1>{});
// CHECK-NEXT:    }
// CHECK-EMPTY:
// CHECK-NEXT:    r[2] = pack_1[0];
cuda.kernel @order(%x: memref<64xf32> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 128 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %one = arith.constant 1.0 : f32
  %zero = arith.constant dense<0.0> : vector<1xf32>
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %r = cuda.registers : memref<4xf32, 5>
  %a = memref.load %r[%c0] : memref<4xf32, 5>
  memref.store %one, %r[%c0] : memref<4xf32, 5>
  memref.store %a, %r[%c1] : memref<4xf32, 5>
  %byte = arith.muli %t, %c4 : index
  %b = cuda.load_shared %s[%byte] : memref<128xi8, 3> -> vector<1xf32>
  cuda.barrier
  %byte2 = arith.muli %t, %c4 : index
  cuda.store_shared %b, %s[%byte2] : vector<1xf32>, memref<128xi8, 3>
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    cuda.store_global %zero, %x[%i] : vector<1xf32>, memref<64xf32>
  }
  %e = vector.extract %v[0] : f32 from vector<1xf32>
  memref.store %e, %r[%c2] : memref<4xf32, 5>
  cuda.return
}

// All lanes reach a shuffle: it is written into the sum, never behind a
// condition.
// CHECK-LABEL: shuffles(
// CHECK:         const float term = load_global<float, 1>(x + thread)[0];
// CHECK-NEXT:    const float sum = term + shuffle_xor(term, 16);
// CHECK-NEXT:    const float largest = max_f32(sum, shuffle_xor(sum, 8));
// CHECK-NEXT:    const float received = shuffle_xor(largest, 1);
// CHECK-NEXT:    store_global(x + thread, Pack<float, 1>{thread < 4 ? received : 0.0f});
// CHECK-NEXT:    const float received_1 = shuffle_xor(largest, 2);
// CHECK-NEXT:    if (thread < 4) {
// CHECK-NEXT:      store_global(x, Pack<float, 1>{received_1});
// CHECK-NEXT:    }
cuda.kernel @shuffles(%x: memref<64xf32> {cuda.name = "x"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %t = cuda.thread_id
  %p = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %v = vector.extract %p[0] : f32 from vector<1xf32>
  %a = cuda.shuffle_xor %v 16 : f32
  %sum = arith.addf %v, %a {cuda.name = "sum"} : f32
  %b = cuda.shuffle_xor %sum 8 : f32
  %max = arith.maximumf %sum, %b {cuda.name = "largest"} : f32
  %c = arith.cmpi ult, %t, %c4 : index
  %d = cuda.shuffle_xor %max 1 : f32
  %e = arith.select %c, %d, %zero : f32
  %q = vector.from_elements %e : vector<1xf32>
  cuda.store_global %q, %x[%t] : vector<1xf32>, memref<64xf32>
  %f = cuda.shuffle_xor %max 2 : f32
  %c2 = arith.cmpi ult, %t, %c4 : index
  scf.if %c2 {
    %w = vector.from_elements %f : vector<1xf32>
    cuda.store_global %w, %x[%c0] : vector<1xf32>, memref<64xf32>
  }
  cuda.return
}

// Elements of a pack that are rounded for it are rounded in pairs.
// CHECK-LABEL: rounded(
// CHECK:         const float term = load_global<float, 1>(x)[0];
// CHECK-NEXT:    const bf16 result = to_bf16(term);
// CHECK-NEXT:    const Pack<bf16, 2> packed = __builtin_bit_cast(Pack<bf16, 2>,
// CHECK-NEXT:        Pack<unsigned, 1>{pack_bf16(term, -term)});
// CHECK-NEXT:    store_global(y, packed);
// CHECK-NEXT:    store_global(y, Pack<bf16, 2>{result, to_bf16(1.5f)});
// CHECK-NEXT:    store_global(y, Pack<bf16, 1>{result});
cuda.kernel @rounded(%x: memref<64xf32> {cuda.name = "x"}, %y: memref<64xbf16> {cuda.name = "y"})
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %half = arith.constant 1.5 : f32
  %v = memref.load %x[%c0] : memref<64xf32>
  %w = arith.negf %v : f32
  %b = arith.truncf %v : f32 to bf16
  %c = arith.truncf %v : f32 to bf16
  %d = arith.truncf %w : f32 to bf16
  %p = vector.from_elements %c, %d : vector<2xbf16>
  cuda.store_global %p, %y[%c0] : vector<2xbf16>, memref<64xbf16>
  %e = arith.truncf %half : f32 to bf16
  %q = vector.from_elements %b, %e : vector<2xbf16>
  cuda.store_global %q, %y[%c0] : vector<2xbf16>, memref<64xbf16>
  %r = vector.from_elements %b : vector<1xbf16>
  cuda.store_global %r, %y[%c0] : vector<1xbf16>, memref<64xbf16>
  cuda.return
}
