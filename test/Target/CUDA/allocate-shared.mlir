// Places in shared memory: who may share bytes and who may not.
// RUN: llmc-opt %s -llmc-cuda-allocate-shared -split-input-file -verify-diagnostics | FileCheck %s
// RUN: not llmc-opt %s -llmc-cuda-allocate-shared="limit=200000" -split-input-file --remarks-filter=cuda --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck --check-prefix=REMARK %s

// One after the other: the same bytes. Sizes round up to 128.
// REMARK: remark: [Analysis] shared-memory{{.*}}kernel 'sequence' needs 1024 bytes of shared memory for 2 buffers, the lower bound is 1024
// CHECK-LABEL: cuda.kernel @sequence
// CHECK-SAME: shared_bytes = 1024 : i64
// CHECK: cuda.shared {offset = 0 : i64} : memref<1000xi8, 3>
// CHECK: cuda.shared {offset = 0 : i64} : memref<512xi8, 3>
cuda.kernel @sequence(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared : memref<1000xi8, 3>
  %b = cuda.shared : memref<512xi8, 3>
  cuda.store_shared %v, %a[%t] : vector<1xf32>, memref<1000xi8, 3>
  %w = cuda.load_shared %a[%t] : memref<1000xi8, 3> -> vector<1xf32>
  cuda.store_shared %w, %b[%t] : vector<1xf32>, memref<512xi8, 3>
  cuda.return
}

// -----

// A kernel without buffers needs none.
// CHECK-LABEL: cuda.kernel @none
// CHECK-SAME: shared_bytes = 0 : i64
cuda.kernel @none() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  cuda.return
}

// -----

// %a comes from outside of the loop: it lives over all iterations and %b,
// which lives within one, must be elsewhere. %c, after the loop, may be
// anywhere.
// CHECK-LABEL: cuda.kernel @loop
// CHECK-SAME: shared_bytes = 384 : i64
// CHECK: cuda.shared {offset = [[A:[0-9]+]] : i64} : memref<128xi8, 3>
// CHECK: cuda.shared {offset = 0 : i64} : memref<384xi8, 3>
// CHECK: scf.for
// CHECK-NOT: {offset = [[A]] : i64}
// CHECK: cuda.shared {offset = {{0|128}} : i64} : memref<160xi8, 3>
cuda.kernel @loop(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared : memref<128xi8, 3>
  %c = cuda.shared : memref<384xi8, 3>
  scf.for %i = %c0 to %c8 step %c1 {
    %w = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
    %b = cuda.shared : memref<160xi8, 3>
    cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<160xi8, 3>
  }
  cuda.store_shared %v, %c[%t] : vector<1xf32>, memref<384xi8, 3>
  cuda.return
}

// -----

// The same in a loop that is unrolled; two buffers of one iteration, one
// after the other, share.
// CHECK-LABEL: cuda.kernel @unrolled
// CHECK-SAME: shared_bytes = 256 : i64
// CHECK: cuda.shared {offset = [[A:[0-9]+]] : i64}
// CHECK: cuda.unroll
// CHECK-NOT: {offset = [[A]] : i64}
// CHECK: cuda.shared {offset = [[B:[0-9]+]] : i64}
// CHECK: cuda.shared {offset = [[B]] : i64}
cuda.kernel @unrolled(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared : memref<128xi8, 3>
  cuda.unroll %i to 4 {
    %w = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
    %b = cuda.shared : memref<128xi8, 3>
    %c = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %w, %b[%t] : vector<1xf32>, memref<128xi8, 3>
    cuda.store_shared %w, %c[%t] : vector<1xf32>, memref<128xi8, 3>
  }
  cuda.return
}

// -----

// A copy lives until the wait for all groups behind its commit: %b may not
// share with %a, %c may. The epilogue takes the bytes of the pipeline.
// CHECK-LABEL: cuda.kernel @copies
// CHECK-SAME: shared_bytes = 1280 : i64
// CHECK: cuda.shared {offset = 0 : i64} : memref<1024xi8, 3>
// CHECK: cuda.shared {offset = 1024 : i64} : memref<256xi8, 3>
// CHECK: cuda.shared {offset = 0 : i64} : memref<512xi8, 3>
cuda.kernel @copies(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared : memref<1024xi8, 3>
  %b = cuda.shared : memref<256xi8, 3>
  %c = cuda.shared : memref<512xi8, 3>
  scf.for %i = %c0 to %c8 step %c1 {
    cuda.cp_async_wait 1
    %w = cuda.load_shared %a[%t] : memref<1024xi8, 3> -> vector<1xf32>
    cuda.cp_async 4 %a[%t], %x[%t] : memref<1024xi8, 3>, memref<64xf32>
    cuda.cp_async_commit
  }
  cuda.cp_async_wait 1
  cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<256xi8, 3>
  cuda.cp_async_wait 0
  cuda.store_shared %v, %c[%t] : vector<1xf32>, memref<512xi8, 3>
  cuda.return
}

// -----

// What an iteration does not wait for may land in the next, although the
// buffer is the iteration's own; without any wait, until the end.
// CHECK-LABEL: cuda.kernel @late_copies
// CHECK-SAME: shared_bytes = 384 : i64
// CHECK: cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
// CHECK: scf.for
// CHECK: cuda.shared {offset = 0 : i64} : memref<256xi8, 3>
// CHECK: cuda.shared {offset = 256 : i64} : memref<128xi8, 3>
cuda.kernel @late_copies(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %c = cuda.shared : memref<128xi8, 3>
  scf.for %i = %c0 to %c8 step %c1 {
    %a = cuda.shared : memref<256xi8, 3>
    %b = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %v, %a[%t] : vector<1xf32>, memref<256xi8, 3>
    cuda.cp_async 4 %b[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
    cuda.cp_async_wait 0
    cuda.cp_async_commit
  }
  cuda.store_shared %v, %c[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.return
}

// -----

// Branches that run at the same time in different threads do not share, those
// of which all threads take the same one do.
// CHECK-LABEL: cuda.kernel @branches
// CHECK-SAME: shared_bytes = 256 : i64
// CHECK: scf.if
// CHECK: cuda.shared {offset = [[A:[0-9]+]] : i64}
// CHECK: else
// CHECK-NOT: {offset = [[A]] : i64}
// CHECK: scf.if
// CHECK: cuda.shared {offset = 0 : i64}
// CHECK: else
// CHECK: cuda.shared {offset = 0 : i64}
cuda.kernel @branches(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c1 = arith.constant 1 : index
  %t = cuda.thread_id
  %b = cuda.block_id 0
  %few = arith.cmpi slt, %t, %c1 : index
  %first = arith.cmpi slt, %b, %c1 : index
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  scf.if %few {
    %s = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  } else {
    %s = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  }
  scf.if %first {
    %s = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  } else {
    %s = cuda.shared : memref<128xi8, 3>
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  } {cuda.uniform}
  cuda.return
}

// -----

// REMARK: kernel 'large' needs 105472 bytes of shared memory for 3 buffers, the lower bound is 105472
// expected-error @+1 {{kernel 'large' needs 105472 bytes of shared memory, the limit is 101376; choose smaller blocks or fewer stages}}
cuda.kernel @large(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  // expected-note @+1 {{a buffer of 32768 bytes}}
  %a = cuda.shared : memref<32768xi8, 3>
  // expected-note @+1 {{a buffer of 7168 bytes}}
  %b = cuda.shared : memref<7168xi8, 3>
  // expected-note @+1 {{a buffer of 65536 bytes}}
  %c = cuda.shared : memref<65536xi8, 3>
  cuda.cp_async 4 %a[%t], %x[%t] : memref<32768xi8, 3>, memref<64xf32>
  cuda.cp_async 4 %b[%t], %x[%t] : memref<7168xi8, 3>, memref<64xf32>
  cuda.cp_async 4 %c[%t], %x[%t] : memref<65536xi8, 3>, memref<64xf32>
  cuda.return
}

// -----

cuda.kernel @through_loop() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note @+1 {{the buffer is here}}
  %a = cuda.shared : memref<128xi8, 3>
  // expected-error @+1 {{uses a buffer of shared memory, expected loads, stores, ldmatrix and cp_async only}}
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%s = %a) -> memref<128xi8, 3> {
    scf.yield %s : memref<128xi8, 3>
  }
  cuda.return
}

// -----

cuda.kernel @unknown_loop(%more: memref<1xi1>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %a = cuda.shared : memref<128xi8, 3>
  scf.while : () -> () {
    %go = memref.load %more[%c0] : memref<1xi1>
    scf.condition(%go)
  } do {
    // expected-error @+1 {{lies in 'scf.while', expected scf.for, scf.if and cuda.unroll around accesses of shared memory}}
    %v = cuda.load_shared %a[%c0] : memref<128xi8, 3> -> vector<1xf32>
    scf.yield
  }
  cuda.return
}
