// Each sum over ranks gets the kernel that adds one part to another: one kernel
// for each size of a part. What is only gathered gets none.
// RUN: llmc-opt %s --llmc-schedule-sums=arch=sm_89 | FileCheck %s
// RUN: llmc-opt %s --llmc-schedule-sums=arch=sm_89 --llmc-tile-kernels | FileCheck %s --check-prefix=TILED
// RUN: not llmc-opt %s --llmc-schedule-sums=arch=sm_12 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: expected one of the architectures {{.*}}, found 'sm_12'

dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 256
plan.arena gradient @gradients bytes 4096 align 64
plan.arena communication @communication bytes 1024 align 64

// CHECK-LABEL: plan.func @last_micro_step
plan.func @last_micro_step {
  %a = plan.view @gradients[0] : memref<256xf32>
  %b = plan.view @gradients[1024] : memref<128xf32>
  %c = plan.view @gradients[2048] : memref<256xf32>
  %a_own = plan.view @gradients[0 + rank * 512] : memref<128xf32>
  %b_own = plan.view @gradients[1024 + rank * 256] : memref<64xf32>
  %large = plan.view @communication[0] : memref<128xf32>
  %small = plan.view @communication[0] : memref<64xf32>
  // CHECK: plan.start reduce_scatter {{.*}} adds @add_128 :
  %p = plan.start reduce_scatter %a into %a_own using %large : memref<256xf32>, memref<128xf32>, memref<128xf32>
  // CHECK: plan.start reduce_scatter {{.*}} adds @add_64 :
  %q = plan.start reduce_scatter %b into %b_own using %small : memref<128xf32>, memref<64xf32>, memref<64xf32>
  // CHECK: plan.start all_reduce {{.*}} adds @add_128 :
  %r = plan.start all_reduce %c into %c using %large : memref<256xf32>, memref<256xf32>, memref<128xf32>
  plan.wait %p
  plan.wait %q
  plan.wait %r
  // CHECK: plan.start all_gather %{{[0-9a-z_]+}} into %{{[0-9a-z_]+}} :
  %s = plan.start all_gather %a_own into %a : memref<128xf32>, memref<256xf32>
  plan.wait %s
}

// CHECK: tile.func @add_128(%[[PART:.*]]: tensor<128xf32>, %[[SUM:.*]]: tensor<128xf32>) attributes {{{.*}}kind = "flat"{{.*}}schedule = {block = {{[0-9]+}}
// CHECK-NEXT: train.add %[[PART]] into %[[SUM]] : tensor<128xf32>
// CHECK: tile.func @add_64(
// CHECK-NOT: tile.func

// TILED-LABEL: tile.func @add_128(
// TILED: %[[TOTAL:.*]] = arith.addf
// TILED: tile.store %[[TOTAL]]
