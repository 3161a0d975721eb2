// Windows are filled a unit ahead of their use and emptied as soon as they are
// full, so that two of a kind are there at a time.
// RUN: split-file %s %t
// RUN: llmc-opt %t/sums.mlir --llmc-place-windows | FileCheck %s --check-prefix=SUMS
// RUN: llmc-opt %t/gathers.mlir --llmc-place-windows | FileCheck %s --check-prefix=GATHERS
// RUN: llmc-opt %t/sums.mlir --llmc-place-windows --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %t/gathers.mlir --llmc-place-windows --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK-GATHERS
// RUN: llmc-opt %t/blocks.mlir --llmc-place-windows --remarks-filter=distribution 2>&1 >/dev/null | FileCheck %s --check-prefix=BLOCKS
// RUN: llmc-opt %t/blocks.mlir --llmc-place-windows --remarks-filter=distribution 2>&1 >/dev/null | FileCheck %s --check-prefix=SIX
// RUN: llmc-opt %t/both.mlir --llmc-place-windows | FileCheck %s --check-prefix=BOTH
// RUN: not llmc-opt %t/unused.mlir --llmc-place-windows 2>&1 | FileCheck %s --check-prefix=UNUSED
// UNUSED: error: {{.*}}expected launches that work on parts of it and, of gradients, one that zeroes all of it
// RUN: not llmc-opt %t/no-wait.mlir --llmc-place-windows 2>&1 | FileCheck %s --check-prefix=NO-WAIT
// NO-WAIT: error: {{.*}}expected one dist.wait for it

// Three units; the second has two buckets, of which the first is complete a
// launch earlier.
//--- sums.mlir
dist.mesh ranks 2 zero 2
tile.func @zero128(%g: tensor<128xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @zero256(%g: tensor<256xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<256xf32>
  tile.return
}
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
// SUMS-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %mine = train.flat gradient sharded : tensor<256xf32>
  %a = dist.window "a" : tensor<128xf32>
  tile.launch @zero128(%a) : (tensor<128xf32>) -> ()
  %b = dist.window "b" : tensor<256xf32>
  tile.launch @zero256(%b) : (tensor<256xf32>) -> ()
  %c = dist.window "c" : tensor<128xf32>
  tile.launch @zero128(%c) : (tensor<128xf32>) -> ()
  %ga = dist.range %a[0] : tensor<128xf32> -> tensor<64xf32>
  %gb0 = dist.range %b[0] : tensor<256xf32> -> tensor<64xf32>
  %gb1 = dist.range %b[192] : tensor<256xf32> -> tensor<64xf32>
  %gc = dist.range %c[64] : tensor<128xf32> -> tensor<64xf32>
  %x0 = tile.launch @grad(%x, %gc) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x1 = tile.launch @grad(%x0, %gb0) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x2 = tile.launch @grad(%x1, %gb1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x3 = tile.launch @grad(%x2, %ga) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %ra = dist.range %a[0] : tensor<128xf32> -> tensor<128xf32>
  %pa = dist.reduce_scatter_start %ra : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %sa = dist.wait %pa : !dist.pending<tensor<64xf32>>
  %ma = dist.range %mine[0] : tensor<256xf32> -> tensor<64xf32>
  tile.launch @add(%sa, %ma) : (tensor<64xf32>, tensor<64xf32>) -> ()
  %rb0 = dist.range %b[0] : tensor<256xf32> -> tensor<128xf32>
  %pb0 = dist.reduce_scatter_start %rb0 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %sb0 = dist.wait %pb0 : !dist.pending<tensor<64xf32>>
  %mb0 = dist.range %mine[64] : tensor<256xf32> -> tensor<64xf32>
  tile.launch @add(%sb0, %mb0) : (tensor<64xf32>, tensor<64xf32>) -> ()
  %rb1 = dist.range %b[128] : tensor<256xf32> -> tensor<128xf32>
  %pb1 = dist.reduce_scatter_start %rb1 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %sb1 = dist.wait %pb1 : !dist.pending<tensor<64xf32>>
  %mb1 = dist.range %mine[128] : tensor<256xf32> -> tensor<64xf32>
  tile.launch @add(%sb1, %mb1) : (tensor<64xf32>, tensor<64xf32>) -> ()
  %rc = dist.range %c[0] : tensor<128xf32> -> tensor<128xf32>
  %pc = dist.reduce_scatter_start %rc : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %sc = dist.wait %pc : !dist.pending<tensor<64xf32>>
  %mc = dist.range %mine[192] : tensor<256xf32> -> tensor<64xf32>
  tile.launch @add(%sc, %mc) : (tensor<64xf32>, tensor<64xf32>) -> ()
  return %x3 : tensor<64xf32>
}
// SUMS-DAG: %[[A:.*]] = dist.window "a"
// SUMS-DAG: %[[B:.*]] = dist.window "b"
// SUMS-DAG: %[[C:.*]] = dist.window "c"
// SUMS: tile.launch @zero128(%[[C]])
// SUMS-NEXT: tile.launch @grad
// SUMS-NEXT: %[[PC:.*]] = dist.reduce_scatter_start
// The second one fills while the first one is summed.
// SUMS-NEXT: tile.launch @zero256(%[[B]])
// SUMS-NEXT: tile.launch @grad
// SUMS-NEXT: %[[PB0:.*]] = dist.reduce_scatter_start
// SUMS-NEXT: tile.launch @grad
// SUMS-NEXT: %[[PB1:.*]] = dist.reduce_scatter_start
// The third takes the place of the first.
// SUMS-NEXT: %[[SC:.*]] = dist.wait %[[PC]]
// SUMS-NEXT: tile.launch @add(%[[SC]],
// SUMS-NEXT: tile.launch @zero128(%[[A]])
// SUMS-NEXT: tile.launch @grad
// SUMS-NEXT: %[[PA:.*]] = dist.reduce_scatter_start
// SUMS-NEXT: %[[SB0:.*]] = dist.wait %[[PB0]]
// SUMS-NEXT: tile.launch @add(%[[SB0]],
// SUMS-NEXT: %[[SB1:.*]] = dist.wait %[[PB1]]
// SUMS-NEXT: tile.launch @add(%[[SB1]],
// SUMS-NEXT: %[[SA:.*]] = dist.wait %[[PA]]
// SUMS-NEXT: tile.launch @add(%[[SA]],
// SUMS-NEXT: return
// REMARK-DAG: gradients 0 to 128 of 'b' are complete after launch 2 of 4
// REMARK-DAG: gradients 128 to 256 of 'b' are complete after launch 3 of 4

// Forward a, b, c, then backward c, b, a. There is nothing between the uses of
// c, and c alone, as large as b, between those of b: neither is gathered again.
//--- gathers.mlir
dist.mesh ranks 2 zero 3
tile.func @use(%x: tensor<64xf32>, %w: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
// GATHERS-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %mine = train.flat value sharded : tensor<192xf32>
  %a = dist.window "a" : tensor<128xf32>
  %ma = dist.range %mine[0] : tensor<192xf32> -> tensor<64xf32>
  %ra = dist.range %a[0] : tensor<128xf32> -> tensor<128xf32>
  %pa = dist.all_gather_start %ma into %ra : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %va = dist.wait %pa : !dist.pending<tensor<128xf32>>
  %b = dist.window "b" : tensor<128xf32>
  %mb = dist.range %mine[64] : tensor<192xf32> -> tensor<64xf32>
  %rb = dist.range %b[0] : tensor<128xf32> -> tensor<128xf32>
  %pb = dist.all_gather_start %mb into %rb : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %vb = dist.wait %pb : !dist.pending<tensor<128xf32>>
  %c = dist.window "c" : tensor<128xf32>
  %mc = dist.range %mine[128] : tensor<192xf32> -> tensor<64xf32>
  %rc = dist.range %c[0] : tensor<128xf32> -> tensor<128xf32>
  %pc = dist.all_gather_start %mc into %rc : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %vc = dist.wait %pc : !dist.pending<tensor<128xf32>>
  %wa = dist.range %a[0] : tensor<128xf32> -> tensor<64xf32>
  %wb = dist.range %b[64] : tensor<128xf32> -> tensor<64xf32>
  %wc = dist.range %c[0] : tensor<128xf32> -> tensor<64xf32>
  %x0 = tile.launch @use(%x, %wa) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x1 = tile.launch @use(%x0, %wb) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x2 = tile.launch @use(%x1, %wc) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x3 = tile.launch @use(%x2, %wc) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x4 = tile.launch @use(%x3, %wb) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x5 = tile.launch @use(%x4, %wa) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %x5 : tensor<64xf32>
}
// GATHERS-DAG: %[[A:.*]] = dist.window "a"
// GATHERS-DAG: %[[AGAIN:.*]] = dist.window "a"
// GATHERS: %[[PA:.*]] = dist.all_gather_start
// GATHERS-NEXT: %[[PB:.*]] = dist.all_gather_start
// GATHERS-NEXT: dist.wait %[[PA]]
// GATHERS-NEXT: tile.launch @use(%arg0, %[[WA:.*]])
// GATHERS-NEXT: %[[PC:.*]] = dist.all_gather_start
// With c and b in use there is as much as now.
// GATHERS-NEXT: %[[PA2:.*]] = dist.all_gather_start
// GATHERS-NEXT: dist.wait %[[PB]]
// GATHERS-NEXT: tile.launch @use(%{{.*}}, %[[WB:.*]])
// GATHERS-NEXT: dist.wait %[[PC]]
// GATHERS-NEXT: tile.launch @use(%{{.*}}, %[[WC:.*]])
// GATHERS-NEXT: tile.launch @use(%{{.*}}, %[[WC]])
// GATHERS-NEXT: tile.launch @use(%{{.*}}, %[[WB]])
// GATHERS-NEXT: dist.wait %[[PA2]]
// GATHERS-NEXT: tile.launch @use(
// GATHERS-NOT: %[[WA]]
// GATHERS: return
// REMARK-GATHERS-DAG: parameters of 'a' are gathered from launch 1 on for launches 1 to 1 of 6
// REMARK-GATHERS-DAG: parameters of 'a' are gathered from launch 2 on for launches 6 to 6 of 6
// REMARK-GATHERS-DAG: parameters of 'b' are gathered from launch 1 on for launches 2 to 5 of 6
// REMARK-GATHERS-DAG: parameters of 'c' are gathered from launch 2 on for launches 3 to 4 of 6

// The blocks of two layers, each computed again before its backward pass, and
// norms. A large block comes as soon as the one of the layer before has left its
// place, behind launch 4, and not only while the small one before it is used. The
// norms, used between two uses of a small block, do not part these.
//--- blocks.mlir
dist.mesh ranks 2 zero 3
tile.func @use(%x: tensor<64xf32>, %w: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
tile.func @norm(%x: tensor<64xf32>, %w: tensor<2xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
func.func @micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %mine = train.flat value sharded : tensor<385xf32>
  %a0 = dist.window "0.attention" : tensor<128xf32>
  %ma0 = dist.range %mine[0] : tensor<385xf32> -> tensor<64xf32>
  %ra0 = dist.range %a0[0] : tensor<128xf32> -> tensor<128xf32>
  %pa0 = dist.all_gather_start %ma0 into %ra0 : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %va0 = dist.wait %pa0 : !dist.pending<tensor<128xf32>>
  %b0 = dist.window "0.mlp" : tensor<256xf32>
  %mb0 = dist.range %mine[64] : tensor<385xf32> -> tensor<128xf32>
  %rb0 = dist.range %b0[0] : tensor<256xf32> -> tensor<256xf32>
  %pb0 = dist.all_gather_start %mb0 into %rb0 : tensor<128xf32>, tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  %vb0 = dist.wait %pb0 : !dist.pending<tensor<256xf32>>
  %a1 = dist.window "1.attention" : tensor<128xf32>
  %ma1 = dist.range %mine[192] : tensor<385xf32> -> tensor<64xf32>
  %ra1 = dist.range %a1[0] : tensor<128xf32> -> tensor<128xf32>
  %pa1 = dist.all_gather_start %ma1 into %ra1 : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %va1 = dist.wait %pa1 : !dist.pending<tensor<128xf32>>
  %b1 = dist.window "1.mlp" : tensor<256xf32>
  %mb1 = dist.range %mine[256] : tensor<385xf32> -> tensor<128xf32>
  %rb1 = dist.range %b1[0] : tensor<256xf32> -> tensor<256xf32>
  %pb1 = dist.all_gather_start %mb1 into %rb1 : tensor<128xf32>, tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  %vb1 = dist.wait %pb1 : !dist.pending<tensor<256xf32>>
  %n = dist.window "norms" : tensor<2xf32>
  %mn = dist.range %mine[384] : tensor<385xf32> -> tensor<1xf32>
  %rn = dist.range %n[0] : tensor<2xf32> -> tensor<2xf32>
  %pn = dist.all_gather_start %mn into %rn : tensor<1xf32>, tensor<2xf32> -> !dist.pending<tensor<2xf32>>
  %vn = dist.wait %pn : !dist.pending<tensor<2xf32>>
  %wa0 = dist.range %a0[0] : tensor<128xf32> -> tensor<64xf32>
  %wb0 = dist.range %b0[0] : tensor<256xf32> -> tensor<64xf32>
  %wa1 = dist.range %a1[0] : tensor<128xf32> -> tensor<64xf32>
  %wb1 = dist.range %b1[0] : tensor<256xf32> -> tensor<64xf32>
  %wn = dist.range %n[0] : tensor<2xf32> -> tensor<2xf32>
  %x0 = tile.launch @use(%x, %wa0) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x1 = tile.launch @use(%x0, %wb0) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x2 = tile.launch @norm(%x1, %wn) : (tensor<64xf32>, tensor<2xf32>) -> tensor<64xf32>
  %x3 = tile.launch @use(%x2, %wb0) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x4 = tile.launch @use(%x3, %wa0) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x5 = tile.launch @use(%x4, %wa1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x6 = tile.launch @use(%x5, %wb1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x7 = tile.launch @norm(%x6, %wn) : (tensor<64xf32>, tensor<2xf32>) -> tensor<64xf32>
  %x8 = tile.launch @use(%x7, %wb1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x9 = tile.launch @use(%x8, %wa1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %x9 : tensor<64xf32>
}
// SIX-COUNT-6: parameters of '
// SIX-NOT: parameters of '
// BLOCKS-DAG: parameters of '0.attention' are gathered from launch 1 on for launches 1 to 5 of 10
// BLOCKS-DAG: parameters of '0.mlp' are gathered from launch 1 on for launches 2 to 4 of 10
// BLOCKS-DAG: parameters of '1.attention' are gathered from launch 2 on for launches 6 to 10 of 10
// BLOCKS-DAG: parameters of 'norms' are gathered from launch 1 on for launches 3 to 3 of 10
// BLOCKS-DAG: parameters of 'norms' are gathered from launch 6 on for launches 8 to 8 of 10
// BLOCKS-DAG: parameters of '1.mlp' are gathered from launch 5 on for launches 7 to 9 of 10

// What is gathered is needed sooner than sums, and starts first.
//--- both.mlir
dist.mesh ranks 2 zero 3
tile.func @zero(%g: tensor<128xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
tile.func @use(%x: tensor<64xf32>, %w: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
tile.func @grad(%x: tensor<64xf32>, %w: tensor<64xf32>, %g: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
// BOTH-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %mine = train.flat value sharded : tensor<192xf32>
  %sums = train.flat gradient sharded : tensor<192xf32>
  %a = dist.window "a" : tensor<128xf32>
  %ma = dist.range %mine[0] : tensor<192xf32> -> tensor<64xf32>
  %ra = dist.range %a[0] : tensor<128xf32> -> tensor<128xf32>
  %pa = dist.all_gather_start %ma into %ra : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %va = dist.wait %pa : !dist.pending<tensor<128xf32>>
  %wa = dist.range %a[0] : tensor<128xf32> -> tensor<64xf32>
  %b = dist.window "b" : tensor<128xf32>
  %mb = dist.range %mine[64] : tensor<192xf32> -> tensor<64xf32>
  %rb = dist.range %b[0] : tensor<128xf32> -> tensor<128xf32>
  %pb = dist.all_gather_start %mb into %rb : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %vb = dist.wait %pb : !dist.pending<tensor<128xf32>>
  %wb = dist.range %b[0] : tensor<128xf32> -> tensor<64xf32>
  %c = dist.window "c" : tensor<128xf32>
  %mc = dist.range %mine[128] : tensor<192xf32> -> tensor<64xf32>
  %rc = dist.range %c[0] : tensor<128xf32> -> tensor<128xf32>
  %pc = dist.all_gather_start %mc into %rc : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  %vc = dist.wait %pc : !dist.pending<tensor<128xf32>>
  %wc = dist.range %c[0] : tensor<128xf32> -> tensor<64xf32>
  %g = dist.window "a" : tensor<128xf32>
  tile.launch @zero(%g) : (tensor<128xf32>) -> ()
  %ga = dist.range %g[0] : tensor<128xf32> -> tensor<64xf32>
  %x0 = tile.launch @grad(%x, %wa, %ga) : (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x1 = tile.launch @use(%x0, %wb) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %x2 = tile.launch @use(%x1, %wc) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %all = dist.range %g[0] : tensor<128xf32> -> tensor<128xf32>
  %pending = dist.reduce_scatter_start %all : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %sum = dist.wait %pending : !dist.pending<tensor<64xf32>>
  %own = dist.range %sums[0] : tensor<192xf32> -> tensor<64xf32>
  tile.launch @add(%sum, %own) : (tensor<64xf32>, tensor<64xf32>) -> ()
  return %x2 : tensor<64xf32>
}
// BOTH: tile.launch @grad
// BOTH-NEXT: dist.all_gather_start
// BOTH-NEXT: %[[SUM:.*]] = dist.reduce_scatter_start
// BOTH-NEXT: dist.wait
// BOTH-NEXT: tile.launch @use
// BOTH: dist.wait %[[SUM]]
// BOTH-NEXT: tile.launch @add

//--- unused.mlir
func.func @micro_step() {
  %a = dist.window "a" : tensor<128xf32>
  return
}

//--- no-wait.mlir
dist.mesh ranks 2 zero 3
func.func @micro_step() {
  %mine = train.flat value sharded : tensor<64xf32>
  %a = dist.window "a" : tensor<128xf32>
  %pa = dist.all_gather_start %mine into %a : tensor<64xf32>, tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  return
}
