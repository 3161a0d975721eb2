// Barriers and control flow: over back edges, before and in loops and branches.
// RUN: llmc-opt %s -llmc-cuda-insert-barriers -split-input-file -verify-diagnostics | FileCheck %s

// The next iteration's store must not overtake this one's reads.
// CHECK-LABEL: cuda.kernel @back_edge
// CHECK-NOT: cuda.barrier
// CHECK: scf.for
// CHECK: cuda.load_global
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @back_edge(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  scf.for %i = %c0 to %c8 step %c1 {
    %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  }
  cuda.return
}

// -----

// Not all threads come into the first if: the barrier stands before it, and
// what only some have written is read behind another. The second if is the
// same in all threads: its own race is settled inside.
// CHECK-LABEL: cuda.kernel @branch
// CHECK: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: scf.if
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.store_shared
// CHECK-NOT: cuda.barrier
// CHECK: }
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: scf.if
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @branch(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %c1 = arith.constant 1 : index
  %few = arith.cmpi slt, %t, %c1 : index
  %b = cuda.block_id 0
  %first = arith.cmpi slt, %b, %c1 : index
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %r = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  %u = cuda.shared {offset = 256 : i64} : memref<128xi8, 3>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  scf.if %few {
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
    cuda.store_shared %w, %r[%t] : vector<1xf32>, memref<128xi8, 3>
  }
  %w = cuda.load_shared %r[%t] : memref<128xi8, 3> -> vector<1xf32>
  scf.if %first {
    cuda.store_shared %v, %u[%t] : vector<1xf32>, memref<128xi8, 3>
    %y = cuda.load_shared %u[%t] : memref<128xi8, 3> -> vector<1xf32>
  } {cuda.uniform}
  cuda.return
}

// -----

// One before the branch serves both of its sides and what comes behind it.
// CHECK-LABEL: cuda.kernel @refill
// CHECK: cuda.cp_async_wait 0
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: scf.if
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @refill(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %c1 = arith.constant 1 : index
  %b = cuda.block_id 0
  %more = arith.cmpi slt, %b, %c1 : index
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.cp_async 4 %s[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  cuda.cp_async_commit
  cuda.cp_async_wait 0
  scf.if %more {
    cuda.cp_async 4 %s[%t], %x[%t] : memref<128xi8, 3>, memref<64xf32>
  } {cuda.uniform}
  %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.return
}

// -----

// A race between the steps of an unrolled loop is settled inside, one with
// what came before it outside.
// CHECK-LABEL: cuda.kernel @unrolled
// CHECK: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.unroll
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: }
// CHECK-NEXT: cuda.unroll
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: }
// CHECK-NEXT: cuda.return
cuda.kernel @unrolled(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.unroll %i to 4 {
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  }
  cuda.unroll %i to 4 {
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
    cuda.store_shared %w, %s[%t] : vector<1xf32>, memref<128xi8, 3>
    cuda.barrier
  }
  cuda.return
}

// -----

// The barrier which the last iteration's store makes necessary before %d
// serves %c, too, that alone would need one before itself.
// CHECK-LABEL: cuda.kernel @shared_by_two
// CHECK: scf.for
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: }
// CHECK-NEXT: cuda.return
cuda.kernel @shared_by_two(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %a = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %b = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  scf.for %i = %c0 to %c8 step %c1 {
    cuda.store_shared %v, %a[%t] : vector<1xf32>, memref<128xi8, 3>
    %d = cuda.load_shared %b[%t] : memref<128xi8, 3> -> vector<1xf32>
    %c = cuda.load_shared %a[%t] : memref<128xi8, 3> -> vector<1xf32>
    cuda.barrier
    cuda.store_shared %v, %b[%t] : vector<1xf32>, memref<128xi8, 3>
  }
  cuda.return
}

// -----

// A barrier in a loop that may not run is none; cuda.unroll does run.
// CHECK-LABEL: cuda.kernel @may_not_run
// CHECK: scf.for
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: }
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.unroll
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: }
// CHECK-NEXT: cuda.store_shared
cuda.kernel @may_not_run(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  scf.for %i = %c0 to %t step %c1 {
    cuda.barrier
  }
  %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.unroll %i to 2 {
    cuda.barrier
  }
  cuda.store_shared %w, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.return
}

// -----

cuda.kernel @race_inside(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %c1 = arith.constant 1 : index
  %few = arith.cmpi slt, %t, %c1 : index
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  scf.if %few {
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
    // expected-error @+1 {{races with another thread's access in code that not all threads may run, where no barrier can stand; mark the scf.if with 'cuda.uniform'}}
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  }
  cuda.return
}

// -----

cuda.kernel @barrier_inside() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %c1 = arith.constant 1 : index
  %few = arith.cmpi slt, %t, %c1 : index
  // expected-note @+1 {{the scf.if is here}}
  scf.if %few {
    // expected-error @+1 {{lies where not all threads may come}}
    cuda.barrier
  }
  cuda.return
}

// -----

// A loop of one iteration has no back edge: nothing races with its store.
// CHECK-LABEL: cuda.kernel @once
// CHECK-NOT: cuda.barrier
// CHECK: cuda.store_shared
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NOT: cuda.barrier
// CHECK: scf.for
// CHECK-NEXT: cuda.barrier
// CHECK: cuda.store_shared
// CHECK-NOT: cuda.barrier
// CHECK: cuda.return
cuda.kernel @once(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %r = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  cuda.unroll %i to 8 step 8 {
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
    %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  }
  scf.for %i = %c0 to %c1 step %c1 {
    cuda.barrier
    cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
    %w = cuda.load_shared %r[%t] : memref<128xi8, 3> -> vector<1xf32>
  }
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.return
}

// -----

// Who awaits a turn may meet nobody, who ends one meets all: its barrier counts.
// CHECK-LABEL: cuda.kernel @turns
// CHECK: cuda.store_shared
// CHECK-NEXT: cuda.await_turn
// CHECK-NEXT: cuda.barrier
// CHECK-NEXT: cuda.load_shared
// CHECK-NEXT: cuda.end_turn
// CHECK-NEXT: cuda.store_shared
// CHECK-NEXT: cuda.return
cuda.kernel @turns(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  %c0 = arith.constant 0 : index
  %t = cuda.thread_id
  %s = cuda.shared {offset = 0 : i64} : memref<128xi8, 3>
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  cuda.store_shared %v, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.await_turn %c0 of 2 at %c0 of 1
  %w = cuda.load_shared %s[%t] : memref<128xi8, 3> -> vector<1xf32>
  cuda.end_turn %c0 of 2 at %c0 of 1
  cuda.store_shared %w, %s[%t] : vector<1xf32>, memref<128xi8, 3>
  cuda.return
}

// -----

cuda.kernel @divergent_turn(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  %c0 = arith.constant 0 : index
  %t = cuda.thread_id
  %is = arith.cmpi eq, %t, %c0 : index
  // expected-note @+1 {{the scf.if is here}}
  scf.if %is {
    // expected-error @+1 {{lies where not all threads may come}}
    cuda.end_turn %c0 of 2 at %c0 of 1
  }
  cuda.return
}
