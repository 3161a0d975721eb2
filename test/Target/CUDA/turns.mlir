// Blocks that wait for each other: one thread takes the ticket and tells it to the
// others; the rest of the text is for all of them. What other blocks write is not
// __restrict__: it must be read behind the wait.
// RUN: llmc-opt %s --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda --canonicalize --cse --llmc-cuda-allocate-shared --llmc-cuda-insert-barriers --llmc-cuda-print-source -o /dev/null | FileCheck %s
// RUN: llmc-opt %s --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda | FileCheck %s --check-prefix=IR

// CHECK: #include "llmc_device.h"
// CHECK-EMPTY:
// CHECK-NEXT: LLMC_TURNS(turns_1, 3);
// CHECK-EMPTY:
// CHECK-NEXT: LLMC_KERNEL(32, 1) turns(float *x0) {
// CHECK: if (thread == 0) {
// CHECK-NEXT: const int next = next_ticket(turns_1, 12);
// CHECK-NEXT: store_shared(told, Pack<int, 1>{next});
// CHECK-NEXT: }
// CHECK-NEXT: barrier();
// CHECK-NEXT: const int ticket = load_shared<int, 1>(told)[0];
// CHECK: const int [[PLACE:.*]] = ticket % 3;
// CHECK: const int ticket_1 = again(ticket);
// CHECK-NEXT: const int [[TURN:.*]] = ticket_1 / 3;
// CHECK-NEXT: await_turn(turns_1, [[PLACE]], [[TURN]]);
// CHECK: store_global(
// CHECK: end_turn(turns_1, [[PLACE]], [[TURN]], 3);

// IR: %[[NEXT:.*]] = cuda.next_ticket of 12
// IR: cuda.again
// IR: cuda.await_turn %[[TURN:.*]] of 4 at %[[AT:.*]] of 3
// IR: cuda.store_global
// IR: cuda.end_turn %[[TURN]] of 4 at %[[AT]] of 3
tile.func @turns(%y: memref<3x32xf32>) attributes {schedule = {threads = 32}, grid = array<i64: 3, 2, 2>} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %n = tile.ticket
  %place = arith.remui %n, %c3 : index
  %m = tile.ticket
  %turn = arith.divui %m, %c3 : index
  tile.in_turn %turn of 4 at %place of 3 {
    %t = tile.load %y[%place, %c0] : memref<3x32xf32> -> tensor<1x32xf32>
    %u = arith.addf %t, %t : tensor<1x32xf32>
    tile.store %u, %y[%place, %c0] : tensor<1x32xf32>, memref<3x32xf32>
  }
  tile.return
}
