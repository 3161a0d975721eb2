// One negative case per constraint of blocks that wait, named after its label.
// RUN: llmc-opt %s -verify-diagnostics -split-input-file

cuda.kernel @next_ticket_c1() attributes {threads = 32 : i64, grid = array<i64: 2, 3, 1>} {
  // expected-error @+1 {{counts 5 blocks, the grid has 6}}
  %t = cuda.next_ticket of 5 : i32
  cuda.return
}

// -----

cuda.kernel @await_turn_c1(%x: memref<4xf32>) attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{expected at least 2 turns at 1 place, found 1 at 1}}
  cuda.await_turn %t of 1 at %t of 1
  cuda.return
}

// -----

cuda.kernel @end_turn_c1(%x: memref<4xf32>) attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{expected at least 2 turns at 1 place, found 2 at 0}}
  cuda.end_turn %t of 2 at %t of 0
  cuda.return
}

// -----

cuda.kernel @end_turn_c2(%x: memref<4xf32>) attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  %t = cuda.thread_id
  cuda.await_turn %t of 2 at %t of 3
  // expected-error @+1 {{has 4 places, the kernel 3 elsewhere}}
  cuda.end_turn %t of 2 at %t of 4
  cuda.return
}
