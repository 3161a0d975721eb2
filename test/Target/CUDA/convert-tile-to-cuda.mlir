// Tiles without products become packs in registers; what the kernel's text says
// after all passes.
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda --canonicalize --cse --llmc-cuda-allocate-shared --llmc-cuda-insert-barriers --llmc-cuda-print-source -o /dev/null | FileCheck %s

// A row a warp, 300 columns of 384: packs beyond the edge are not read. The sum:
// a thread's elements, then lanes by halves, then one of them stores it.
// CHECK-LABEL: LLMC_KERNEL(64, 1) rows(
// CHECK-NOT: LLMC_SHARED
// CHECK: const int column = lane * 4;
// CHECK: const bool first = (thread & 31) == 0;
// CHECK: const int [[COLUMN:[a-z_0-9]+]] = column + i / 4 * 128;
// CHECK-NEXT: const Pack<float, 4> pack = [[COLUMN]] < 300
// CHECK-NEXT: ? load_global<float, 4>(x0 + warp * 300 + [[COLUMN]]) : Pack<float, 4>{};
// CHECK: sum[0] += tile[i];
// CHECK: shuffle_xor({{own[_0-9]*}}, 1);
// CHECK: shuffle_xor({{own[_0-9]*}}, 2);
// CHECK: shuffle_xor({{own[_0-9]*}}, 4);
// CHECK: shuffle_xor({{own[_0-9]*}}, 8);
// CHECK: shuffle_xor({{own[_0-9]*}}, 16);
// CHECK-NOT: barrier
// CHECK: if (first) {
// CHECK-NEXT: store_global(x1 + warp, Pack<float, 1>
tile.func @rows(%x: memref<50x300xf32>, %s: memref<50xf32>) attributes {schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<50x300xf32> -> tensor<2x384xf32>
  %m = tile.reduce add %t axis 1 : tensor<2x384xf32> -> tensor<2xf32>
  tile.store %m, %s[%c0] : tensor<2xf32>, memref<50xf32>
  tile.return
}

// -----

// Rows in lanes and warps: lanes first, then the warps' parts through shared
// memory, added in their order by all. What is updated in place is read, pack by
// pack as it is written, by the first of the threads that hold a copy only.
// CHECK-LABEL: LLMC_KERNEL(64, 1) columns(
// CHECK: LLMC_SHARED(512);
// CHECK: const bool first = (thread & 48) == 0;
// CHECK: sum[i] = own + shuffle_xor(own, 16);
// CHECK: const bool [[FIRST:[a-z_0-9]+]] = (thread & 16) == 0;
// CHECK: if ([[FIRST]]) {
// CHECK-NEXT: store_shared(partial + ((warp * 4 + i) * 16 + {{[a-z_0-9]+}}) * 4,
// CHECK: barrier();
// CHECK: for (int j = 0; j < 2; ++j) {
// CHECK: load_shared<float, 1>(partial
// CHECK-NEXT: + ((j * 4 + i) * 16 +
// CHECK: = first ? load_global<float, 4>(x1 + column) : Pack<float, 4>{};
// CHECK: if (first) {
// CHECK-NEXT: store_global(x1 + column,
tile.func @columns(%x: memref<64x64xf32>, %s: memref<64xf32>) attributes {schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x64xf32> -> tensor<32x64xf32>
  %o = tile.load %s[%c0] : memref<64xf32> -> tensor<64xf32>
  %m = tile.reduce add %t axis 0 : tensor<32x64xf32> -> tensor<64xf32>
  %n = arith.addf %m, %o : tensor<64xf32>
  tile.store %n, %s[%c0] : tensor<64xf32>, memref<64xf32>
  tile.return
}

// -----

// A condition of a tile program is the same in all threads: a reduction over
// warps, with its barrier, may stand behind it.
// CHECK-LABEL: LLMC_KERNEL(64, 1) guarded(
// CHECK: if ({{.*}} < 3) {
// CHECK: store_shared(partial
// CHECK: barrier();
// CHECK: load_shared<float, 1>(partial
tile.func @guarded(%x: memref<256xf32>, %s: memref<4xf32>) attributes {grid = array<i64: 4, 1, 1>, schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %id = tile.program_id 0
  %few = arith.cmpi ult, %id, %c3 : index
  scf.if %few {
    %t = tile.load %x[%c0] : memref<256xf32> -> tensor<256xf32>
    %m = tile.reduce add %t axis 0 : tensor<256xf32> -> tensor<1xf32>
    tile.store %m, %s[%id] : tensor<1xf32>, memref<4xf32>
  }
  tile.return
}

// -----

// The one element of a reduction is a scalar of all threads.
// CHECK-LABEL: LLMC_KERNEL(32, 1) item(
// CHECK: const int [[COUNT:sum_value[_0-9]*]] = sum[0];
// CHECK: for (int i = 0; i < [[COUNT]]; ++i) {
tile.func @item(%x: memref<32xi32>, %y: memref<32xf32>) attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %t = tile.load %x[%c0] : memref<32xi32> -> tensor<32xi32>
  %s = tile.reduce add %t axis 0 : tensor<32xi32> -> tensor<1xi32>
  %n = tile.item %s : tensor<1xi32> -> i32
  %end = arith.index_cast %n : i32 to index
  scf.for %i = %c0 to %end step %c1 {
    tile.store %one, %y[%i] : tensor<1xf32>, memref<32xf32>
  }
  tile.return
}

// -----

// A pack a thread: no loop, and one place for tiles that lie alike.
// CHECK-LABEL: LLMC_KERNEL(32, 1) alike(
// CHECK: const int [[PLACE:[a-z_]+]] = block_id_x() * 128 + column;
// CHECK-NEXT: const bool [[INSIDE:[a-z_]+]] = [[PLACE]] < 1000;
// CHECK-EMPTY:
// CHECK-NEXT: // load [128]
// CHECK-NEXT: const Pack<float, 4> pack = [[INSIDE]] ? load_global<float, 4>(x0 + [[PLACE]])
// CHECK: // load [128]
// CHECK-NEXT: const Pack<float, 4> pack_1 = [[INSIDE]] ? load_global<float, 4>(x1 + [[PLACE]])
// CHECK: // store [128]
// CHECK-NEXT: if ([[INSIDE]]) {
// CHECK-NEXT: store_global(x2 + [[PLACE]],
tile.func @alike(%x: memref<1000xf32>, %y: memref<1000xf32>, %z: memref<1000xf32>) attributes {grid = array<i64: 8, 1, 1>, schedule = {threads = 32}} {
  %c128 = arith.constant 128 : index
  %id = tile.program_id 0
  %at = arith.muli %id, %c128 : index
  %a = tile.load %x[%at] : memref<1000xf32> -> tensor<128xf32>
  %b = tile.load %y[%at] : memref<1000xf32> -> tensor<128xf32>
  %sum = arith.addf %a, %b : tensor<128xf32>
  tile.store %sum, %z[%at] : tensor<128xf32>, memref<1000xf32>
  tile.return
}
