// Barriers where threads would race for shared memory, and nowhere else.
// RUN: llmc-opt %s -llmc-cuda-insert-barriers -split-input-file -verify-diagnostics | FileCheck %s

// Store, then read: one between, none at the end.
// CHECK-LABEL: cuda.kernel @store_then_read
// CHECK-NOT: cuda.barrier
// CHECK: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @store_then_read(%y: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<256xi8, 3>
  %v = cuda.load_global %y[%t] : memref<64xf32> -> vector<1xf32>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<256xi8, 3>
  %w = cuda.load_shared %s[%t] : memref<256xi8, 3> -> vector<1xf32>
  cuda.store_global %w, %y[%t] : vector<1xf32>, memref<64xf32>
  cuda.return
}

// Reads alone race with nothing, nor do accesses to other bytes or copies of
// the same ring.
// CHECK-LABEL: cuda.kernel @none
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @none(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %b = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  %c = cuda.shared {offset = 256 : i64} : memref<128xi8, 3>
  %d = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<128xi8, 3>
  %e = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.cp_async 4 %c[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_commit
  cuda.cp_async 4 %c[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.return
}

// The pipelined loop: one barrier an iteration, behind the wait and before the
// refill, for all of the iteration; one before the epilogue takes the bytes.
// CHECK-LABEL: cuda.kernel @pipeline
// CHECK-NOT: cuda.barrier
// CHECK: scf.for
// CHECK-NEXT: cuda.cp_async_wait 1
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.unroll
// CHECK-NEXT: cuda.cp_async 16
// CHECK-NOT: cuda.barrier
// CHECK: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @pipeline(%x: memref<64x64xbf16>, %v: memref<64xf32>)
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %ring = cuda.shared {offset = 0 : i64} : memref<24576xi8, 3>
  %out = cuda.shared {offset = 128 : i64} : memref<8192xi8, 3>
  %a = cuda.registers : memref<16xi32, 5>
  cuda.unroll %i to 4 {
    cuda.cp_async 16 %ring[%t], %x[%t] : memref<24576xi8, 3>, memref<64x64xbf16>
  }
  cuda.cp_async_commit
  cuda.unroll %i to 4 {
    cuda.cp_async 16 %ring[%t], %x[%t] : memref<24576xi8, 3>, memref<64x64xbf16>
  }
  cuda.cp_async_commit
  scf.for %k = %c0 to %c8 step %c1 {
    cuda.cp_async_wait 1
    cuda.unroll %i to 4 {
      cuda.cp_async 16 %ring[%t], %x[%t] : memref<24576xi8, 3>, memref<64x64xbf16>
    }
    cuda.cp_async_commit
    cuda.unroll %i to 2 {
      cuda.ldmatrix %ring[%t], %a[%c0] : memref<24576xi8, 3>, memref<16xi32, 5>
    }
  }
  %w = cuda.load_global %v[%t] : memref<64xf32> -> vector<1xf32>
  cuda.cp_async_wait 0
  cuda.store_shared %w, %out[%t] : vector<1xf32>, memref<8192xi8, 3>
  %u = cuda.load_shared %out[%t] : memref<8192xi8, 3> -> vector<1xf32>
  cuda.store_global %u, %v[%t] : vector<1xf32>, memref<64xf32>
  cuda.return
}

// -----

// Threads fill a buffer store by store, together; a copy into the same buffer
// or a store into another one in its bytes is not part of that.
// CHECK-LABEL: cuda.kernel @fill
// CHECK-NOT: cuda.barrier
// CHECK: cuda.unroll
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: }
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.cp_async
// CHECK-NOT: cuda.barrier
// CHECK: cuda.store_shared {{.*}} memref<256xi8, 3>
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared {{.*}} memref<128xi8, 3>
// CHECK-NEXT: cuda.return
cuda.kernel @fill(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<256xi8, 3>
  %a = cuda.shared {offset = 256 : i64} : memref<256xi8, 3>
  %b = cuda.shared {offset = 256 : i64} : memref<128xi8, 3>
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  cuda.unroll %i to 8 {
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<256xi8, 3>
  }
  %w = cuda.load_shared %s[%t] : memref<256xi8, 3> -> vector<1xf32>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<256xi8, 3>
  cuda.store_shared %w, %s[%t] : vector<1xf32>, memref<256xi8, 3>
  cuda.cp_async 4 %s[%t], %x[%t] : memref<256xi8, 3>, memref<64xf32>
  cuda.store_shared %v, %a[%t] : vector<1xf32>, memref<256xi8, 3>
  cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.return
}

// -----

// A group that the first wait leaves under way lands at the second.
// CHECK-LABEL: cuda.kernel @groups
// CHECK: cuda.cp_async_wait 1
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
cuda.kernel @groups(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %b = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  cuda.cp_async 4 %a[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_commit
  cuda.cp_async 4 %b[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_commit
  cuda.cp_async_wait 1
  %v = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.cp_async_wait 0
  %w = cuda.load_shared %b[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.return
}

// -----

// A wait does not cover a copy that is not committed; the next one does.
// CHECK-LABEL: cuda.kernel @uncommitted
// CHECK: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.cp_async_commit
// CHECK-NEXT: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
cuda.kernel @uncommitted(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.cp_async 4 %a[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_wait 0
  cuda.cp_async_commit
  cuda.cp_async_wait 0
  %v = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.return
}

// -----

// Two buffers in the same bytes, the second one only partly.
// CHECK-LABEL: cuda.kernel @reuse
// CHECK: cuda.load_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.return
cuda.kernel @reuse(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.shared {offset = 0 : i64} : memref<256xi8, 3>
  %b = cuda.shared {offset = 128 : i64} : memref<1024xi8, 3>
  %v = cuda.load_shared %a[%t] : memref<256xi8, 3> -> vector<1xf32>
  cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<1024xi8, 3>
  cuda.return
}

// -----

// A barrier of the program's own counts, and stays where it is.
// CHECK-LABEL: cuda.kernel @kept
// CHECK: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.return
cuda.kernel @kept(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.barrier
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.barrier
  %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.return
}

// -----

// What has landed does not land again: an empty group changes nothing.
// CHECK-LABEL: cuda.kernel @settled
// CHECK: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @settled(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.cp_async 4 %a[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_commit
  cuda.cp_async_wait 0
  %v = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.cp_async_commit
  cuda.cp_async_wait 0
  %w = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.return
}

// -----

cuda.kernel @no_offset() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{has no offset; llmc-cuda-allocate-shared sets it}}
  %s = cuda.shared : memref<128xi8, 3>
  cuda.return
}
