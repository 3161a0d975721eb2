// Attention forward and backward, by blocks of queries and of keys.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// Query, key and value are parts of one tensor; 4 query heads share 2 key
// heads; 10 positions in blocks of 8 queries and 4 keys. All of the keys before
// the first query are seen: a loop without a mask, and one with it. Weights are
// powers of two of exponents that one multiply-add makes of scores, scale, change
// of base and maximum.
// CHECK-LABEL: tile.func @grouped(
// CHECK-SAME: %[[QKV:.*]]: memref<2x10x64xf32>, %[[OUT:.*]]: memref<2x10x32xf32>, %[[LSE:.*]]: memref<2x4x10xf32>)
// CHECK-DAG: %[[I:.*]] = tile.program_id 0
// CHECK-DAG: %[[H:.*]] = tile.program_id 1
// CHECK-DAG: %[[S:.*]] = tile.program_id 2
// CHECK-DAG: %[[Q0:.*]] = arith.muli %[[I]], %c8
// CHECK-DAG: %[[KV:.*]] = arith.divui %[[H]], %c2
// CHECK: %[[QV:.*]] = memref.reinterpret_cast %[[QKV]] to offset: [%{{.*}}], sizes: [10, 8], strides: [64, 1]
// CHECK: %[[HO:.*]] = arith.muli %[[KV]], %c8
// CHECK: arith.addi %[[HO]], %c32
// CHECK: arith.addi %[[HO]], %c48
// CHECK: %[[Q:.*]] = tile.load %[[QV]][%[[Q0]], %c0{{.*}}] : {{.*}} -> tensor<8x8xf32>
// CHECK: %[[BEYOND:.*]] = arith.addi %[[Q0]], %c8
// CHECK: %[[END:.*]] = arith.minui %[[BEYOND]], %c10
// CHECK: %[[F:.*]]:3 = scf.for %{{.*}} = %c0{{.*}} to %[[Q0]] step %c4
// CHECK: tile.dot %[[Q]], %{{.*}}, %{{.*}} {{{.*}}transpose_b}
// CHECK-NOT: arith.select
// CHECK: scf.yield
// CHECK: %[[R:.*]]:3 = scf.for %[[K0:[a-z0-9]+]] = %[[Q0]] to %[[END]] step %c4{{.*}} iter_args(%[[M:.*]] = %[[F]]#0, %[[L:.*]] = %[[F]]#1, %[[O:.*]] = %[[F]]#2) -> (tensor<8xf32>, tensor<8xf32>, tensor<8x8xf32>)
// CHECK: %[[DOT:.*]] = tile.dot %[[Q]], %{{.*}}, %{{.*}} {{{.*}}transpose_b}
// CHECK: %[[QI:.*]] = tile.iota %[[Q0]] axis 0 : tensor<8x4xi32>
// CHECK: %[[KI:.*]] = tile.iota %[[K0]] axis 1 : tensor<8x4xi32>
// CHECK: %[[VIS:.*]] = arith.cmpi sle, %[[KI]], %[[QI]]
// CHECK: %[[MASKED:.*]] = arith.select %[[VIS]], %[[DOT]]
// CHECK: %[[BM:.*]] = tile.reduce max %[[MASKED]] axis 1
// CHECK: %[[BE:.*]] = arith.mulf %[[BM]], %[[ROWFACTOR:.*]] : tensor<8xf32>
// CHECK: %[[NM:.*]] = arith.maximumf %[[M]], %[[BE]]
// CHECK: %[[NEG:.*]] = arith.negf %[[NM]]
// CHECK: %[[NB:.*]] = tile.broadcast %[[NEG]] axis 1
// CHECK: %[[X:.*]] = math.fma %[[MASKED]], %{{.*}}, %[[NB]] : tensor<8x4xf32>
// CHECK: %[[P:.*]] = math.exp2 %[[X]] {{.*}} : tensor<8x4xf32>
// CHECK: %[[MM:.*]] = arith.subf %[[M]], %[[NM]]
// CHECK: %[[C:.*]] = math.exp2 %[[MM]] {{.*}} : tensor<8xf32>
// CHECK: %[[LC:.*]] = arith.mulf %[[L]], %[[C]]
// CHECK: %[[NL:.*]] = arith.addf %[[LC]]
// CHECK: %[[CB:.*]] = tile.broadcast %[[C]] axis 1
// CHECK: %[[OC:.*]] = arith.mulf %[[O]], %[[CB]]
// CHECK: %[[NO:.*]] = tile.dot %[[P]], %{{.*}}, %[[OC]] : tensor<8x4xf32>, tensor<4x8xf32>
// CHECK: scf.yield %[[NM]], %[[NL]], %[[NO]]
// CHECK: %[[INV:.*]] = arith.divf %{{.*}}, %[[R]]#1 {{.*}} : tensor<8xf32>
// CHECK: %[[LB:.*]] = tile.broadcast %[[INV]] axis 1
// CHECK: %[[Y:.*]] = arith.mulf %[[R]]#2, %[[LB]]
// CHECK: tile.store %[[Y]], %{{.*}}[%[[Q0]], %c0{{.*}}]
// CHECK: %[[NATURAL:.*]] = arith.mulf %[[R]]#0, %{{.*}} : tensor<8xf32>
// CHECK: %[[LOG:.*]] = math.log %[[R]]#1
// CHECK: %[[LS:.*]] = arith.addf %[[NATURAL]], %[[LOG]]
// CHECK: tile.store %[[LS]], %{{.*}}[%[[Q0]]] : tensor<8xf32>, memref<10xf32
tile.func @grouped(%qkv: tensor<2x10x64xf32>) -> (tensor<2x10x32xf32>, tensor<2x4x10xf32>)
    attributes {kind = "attention", grid = array<i64: 2, 4, 2>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %q, %k, %v = model.split %qkv : (tensor<2x10x64xf32>) -> (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>)
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64}
      : (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>) -> (tensor<2x10x32xf32>, tensor<2x4x10xf32>)
  tile.return %o, %lse : tensor<2x10x32xf32>, tensor<2x4x10xf32>
}

// Two of the 8 heads of both sequences side by side, the last queries first.
// CHECK-LABEL: tile.func @raster(
// CHECK-DAG: %[[X:.*]] = tile.program_id 0
// CHECK-DAG: %[[Y:.*]] = tile.program_id 1
// CHECK-DAG: %[[Z:.*]] = tile.program_id 2
// CHECK: %[[ROW:.*]] = arith.subi %c1, %[[Y]]
// CHECK: %[[GROUP:.*]] = arith.muli %[[Z]], %c2
// CHECK: %[[ANY:.*]] = arith.addi %[[GROUP]], %[[X]]
// CHECK: %[[Q0:.*]] = arith.muli %[[ROW]], %c8
// CHECK: %[[H:.*]] = arith.remui %[[ANY]], %c4
// CHECK: %[[S:.*]] = arith.divui %[[ANY]], %c4
// CHECK: arith.divui %[[H]], %c2
// CHECK: arith.muli %[[S]], %c640
// CHECK: tile.load %{{.*}}[%[[Q0]],
tile.func @raster(%qkv: tensor<2x10x64xf32>) -> tensor<2x10x32xf32>
    attributes {kind = "attention", grid = array<i64: 2, 2, 4>, schedule = {block_q = 8 : i64, block_k = 4 : i64, raster = 2 : i64}} {
  %q, %k, %v = model.split %qkv : (tensor<2x10x64xf32>) -> (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>)
  %o = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64}
      : (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>) -> tensor<2x10x32xf32>
  tile.return %o : tensor<2x10x32xf32>
}

// All key heads of one sequence; the first keys, which most queries see, first.
// CHECK-LABEL: tile.func @raster_keys(
// CHECK-DAG: %[[X:.*]] = tile.program_id 0
// CHECK-DAG: %[[Y:.*]] = tile.program_id 1
// CHECK-NOT: arith.subi
// CHECK: arith.muli %[[Y]], %c4
// CHECK: arith.muli %[[X]], %c8
tile.func @raster_keys(%q: tensor<1x10x32xf32>, %k: tensor<1x10x16xf32>, %lse: tensor<1x4x10xf32>) -> (tensor<1x10x16xf32>, tensor<1x10x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 2, 3, 1>, schedule = {block_q = 8 : i64, block_k = 4 : i64, raster = 2 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %k, %q, %lse, %lse {heads = 4 : i64, kv_heads = 2 : i64}
      : (tensor<1x10x32xf32>, tensor<1x10x16xf32>, tensor<1x10x16xf32>, tensor<1x10x32xf32>, tensor<1x4x10xf32>, tensor<1x4x10xf32>) -> (tensor<1x10x16xf32>, tensor<1x10x16xf32>)
  tile.return %dk, %dv : tensor<1x10x16xf32>, tensor<1x10x16xf32>
}

// A window of 5: keys from max(q - 4, 0) rounded down, and a second condition.
// No block of 8 x 8 is seen in full.
// CHECK-LABEL: tile.func @window
// CHECK: %[[C:.*]] = arith.maxui %[[Q0:.*]], %c4
// CHECK: %[[F:.*]] = arith.subi %[[C]], %c4
// CHECK: %[[D:.*]] = arith.divui %[[F]], %c8
// CHECK: %[[K0:.*]] = arith.muli %[[D]], %c8
// CHECK: scf.for %{{.*}} = %[[K0]] to
// CHECK: arith.cmpi sle
// CHECK: arith.cmpi slt
// CHECK: arith.andi
// CHECK-NOT: scf.for
// CHECK: tile.return
tile.func @window(%q: tensor<1x16x8xf32>, %k: tensor<1x16x8xf32>, %v: tensor<1x16x8xf32>) -> tensor<1x16x8xf32>
    attributes {kind = "attention", grid = array<i64: 2, 1, 1>, schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %o = model.attention %q, %k, %v {heads = 1 : i64, kv_heads = 1 : i64, window = 5 : i64}
      : (tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>) -> tensor<1x16x8xf32>
  tile.return %o : tensor<1x16x8xf32>
}

// A window of 12: blocks of 4 keys that its edge crosses, from max(q + 7 - 11,
// 0) rounded up those that are seen in full, up to the diagonal.
// CHECK-LABEL: tile.func @wide_window
// CHECK: %[[Q0:.*]] = arith.muli %{{.*}}, %c8
// CHECK: %[[QEND:.*]] = arith.addi %[[Q0]], %c8
// CHECK: %[[END:.*]] = arith.minui %[[QEND]], %c32
// CHECK: arith.maxui %[[Q0]], %c11
// CHECK: %[[BEGIN:.*]] = arith.muli %{{.*}}, %c4
// CHECK: %[[C:.*]] = arith.maxui %[[QEND]], %c12
// CHECK: %[[E:.*]] = arith.subi %[[C]], %c12
// CHECK: %[[UP:.*]] = arith.addi %[[E]], %c3
// CHECK: %[[D:.*]] = arith.divui %[[UP]], %c4
// CHECK: %[[RU:.*]] = arith.muli %[[D]], %c4
// CHECK: %[[AL:.*]] = arith.maxui %[[RU]], %[[BEGIN]]
// CHECK: %[[FULL:.*]] = arith.minui %[[AL]], %[[Q0]]
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[FULL]] step %c4
// CHECK: arith.select
// CHECK: scf.yield
// CHECK: scf.for %{{.*}} = %[[FULL]] to %[[Q0]] step %c4
// CHECK-NOT: arith.select
// CHECK: scf.yield
// CHECK: scf.for %{{.*}} = %[[Q0]] to %[[END]] step %c4
// CHECK: arith.select
tile.func @wide_window(%q: tensor<1x32x8xf32>, %k: tensor<1x32x8xf32>, %v: tensor<1x32x8xf32>) -> tensor<1x32x8xf32>
    attributes {kind = "attention", grid = array<i64: 4, 1, 1>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %o = model.attention %q, %k, %v {heads = 1 : i64, kv_heads = 1 : i64, window = 12 : i64}
      : (tensor<1x32x8xf32>, tensor<1x32x8xf32>, tensor<1x32x8xf32>) -> tensor<1x32x8xf32>
  tile.return %o : tensor<1x32x8xf32>
}

// The sum is the dot's accumulator and nothing else, in both loops; it is scaled
// behind them.
// CHECK-LABEL: tile.func @query_grad
// CHECK: %[[F:.*]] = scf.for %{{.*}} = %c0{{.*}} to %[[Q0:.*]] step %c4{{.*}} iter_args(%[[ACCF:.*]] = %{{.*}}) -> (tensor<8x8xf32>)
// CHECK-NOT: arith.select
// CHECK: %[[NF:.*]] = tile.dot %{{.*}}, %{{.*}}, %[[ACCF]] : tensor<8x4xf32>
// CHECK-NEXT: scf.yield %[[NF]]
// CHECK: %[[R:.*]] = scf.for %{{.*}} = %[[Q0]] to {{.*}} iter_args(%[[ACC:.*]] = %[[F]]) -> (tensor<8x8xf32>)
// CHECK: tile.dot %{{.*}} {{{.*}}transpose_b}
// CHECK: arith.select
// CHECK: math.fma
// CHECK: %[[P:.*]] = math.exp2
// CHECK: %[[DELTA:.*]] = arith.negf
// CHECK: %[[BEGIN:.*]] = tile.broadcast %[[DELTA]] axis 1
// CHECK: %[[CENTERED:.*]] = tile.dot %{{.*}}, %[[BEGIN]] {{{.*}}transpose_b}
// CHECK: %[[DS:.*]] = arith.mulf %[[P]], %[[CENTERED]]
// CHECK: %[[N:.*]] = tile.dot %[[DS]], %{{.*}}, %[[ACC]] : tensor<8x4xf32>
// CHECK-NEXT: scf.yield %[[N]]
// CHECK: %[[SCALED:.*]] = arith.mulf %[[R]]
// CHECK: tile.store %[[SCALED]]
tile.func @query_grad(%q: tensor<2x10x32xf32>, %k: tensor<2x10x16xf32>, %v: tensor<2x10x16xf32>, %do: tensor<2x10x32xf32>,
                      %lse: tensor<2x4x10xf32>, %delta: tensor<2x4x10xf32>) -> tensor<2x10x32xf32>
    attributes {kind = "attention_query_grad", grid = array<i64: 2, 4, 2>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64}
      : (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>, tensor<2x10x32xf32>, tensor<2x4x10xf32>, tensor<2x4x10xf32>) -> tensor<2x10x32xf32>
  tile.return %dq : tensor<2x10x32xf32>
}

// The two query heads of the group, and for each the queries from the key
// block on: those across the diagonal, then those that see all of it. Rows are
// keys: lse and delta repeat along them, the mask compares
// columns, and no product transposes what was computed.
// CHECK-LABEL: tile.func @key_value_grad
// CHECK: %[[K:.*]] = tile.load %{{.*}}[%[[K0:.*]], %c0{{.*}}] : {{.*}} -> tensor<4x8xf32>
// CHECK: %[[V:.*]] = tile.load %{{.*}}[%[[K0]], %c0{{.*}}] : {{.*}} -> tensor<4x8xf32>
// CHECK: scf.for %[[G:[a-z0-9]+]] = %c0{{.*}} to %c2{{.*}} step %c1
// CHECK: %[[H:.*]] = arith.addi %{{.*}}, %[[G]]
// CHECK: %[[SUMS:.*]]:2 = scf.for %[[Q0:[a-z0-9]+]] = %{{.*}} to %[[FULL:[a-z0-9]+]] step %c8{{.*}} iter_args(%[[DK:.*]] = %{{.*}}, %[[DV:.*]] = %{{.*}})
// CHECK: %[[LSE:.*]] = tile.load {{.*}} -> tensor<8xf32>
// CHECK: %[[LSE2:.*]] = arith.mulf %[[LSE]]
// CHECK: %[[Q:.*]] = tile.load {{.*}} -> tensor<8x8xf32>
// CHECK: %[[DO:.*]] = tile.load {{.*}} -> tensor<8x8xf32>
// CHECK: %[[DELTA:.*]] = tile.load {{.*}} -> tensor<8xf32>
// CHECK: %[[ST:.*]] = tile.dot %[[K]], %[[Q]], %{{.*}} {{{.*}}transpose_b} : tensor<4x8xf32>, tensor<8x8xf32>, tensor<4x8xf32>
// CHECK: %[[QI:.*]] = tile.iota %[[Q0]] axis 1 : tensor<4x8xi32>
// CHECK: %[[KI:.*]] = tile.iota %[[K0]] axis 0 : tensor<4x8xi32>
// CHECK: %[[VIS:.*]] = arith.cmpi sle, %[[KI]], %[[QI]]
// CHECK: %[[S:.*]] = arith.select %[[VIS]], %[[ST]]
// CHECK: %[[NEG:.*]] = arith.negf %[[LSE2]]
// CHECK: %[[LB:.*]] = tile.broadcast %[[NEG]] axis 0 : {{.*}} -> tensor<4x8xf32>
// CHECK: %[[X:.*]] = math.fma %[[S]], %{{.*}}, %[[LB]]
// CHECK: %[[P:.*]] = math.exp2 %[[X]]
// CHECK: %[[DP:.*]] = tile.dot %[[V]], %[[DO]], %{{.*}} {transpose_b}
// CHECK: %[[DB:.*]] = tile.broadcast %[[DELTA]] axis 0
// CHECK: %[[C:.*]] = arith.subf %[[DP]], %[[DB]]
// CHECK: %[[DS:.*]] = arith.mulf %[[P]], %[[C]]
// CHECK: %[[NDK:.*]] = tile.dot %[[DS]], %[[Q]], %[[DK]] : tensor<4x8xf32>, tensor<8x8xf32>, tensor<4x8xf32>
// CHECK: %[[NDV:.*]] = tile.dot %[[P]], %[[DO]], %[[DV]] : tensor<4x8xf32>
// CHECK: scf.yield %[[NDK]], %[[NDV]]
// CHECK: scf.for %{{.*}} = %[[FULL]] to %c10{{.*}} step %c8{{.*}} iter_args(%{{.*}} = %[[SUMS]]#0, %{{.*}} = %[[SUMS]]#1)
// CHECK-NOT: arith.select
// CHECK: tile.store
// CHECK: tile.store
tile.func @key_value_grad(%q: tensor<2x10x32xf32>, %k: tensor<2x10x16xf32>, %v: tensor<2x10x16xf32>, %do: tensor<2x10x32xf32>,
                          %lse: tensor<2x4x10xf32>, %delta: tensor<2x4x10xf32>) -> (tensor<2x10x16xf32>, tensor<2x10x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 3, 2, 2>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64}
      : (tensor<2x10x32xf32>, tensor<2x10x16xf32>, tensor<2x10x16xf32>, tensor<2x10x32xf32>, tensor<2x4x10xf32>, tensor<2x4x10xf32>) -> (tensor<2x10x16xf32>, tensor<2x10x16xf32>)
  tile.return %dk, %dv : tensor<2x10x16xf32>, tensor<2x10x16xf32>
}

// Transposed, the window's second condition is the same of the same queries
// and keys.
// CHECK-LABEL: tile.func @key_value_grad_window
// CHECK: %[[QI:.*]] = tile.iota %{{.*}} axis 1 : tensor<8x8xi32>
// CHECK: %[[KI:.*]] = tile.iota %{{.*}} axis 0 : tensor<8x8xi32>
// CHECK: %[[VIS:.*]] = arith.cmpi sle, %[[KI]], %[[QI]]
// CHECK: %[[AGE:.*]] = arith.subi %[[QI]], %[[KI]]
// CHECK: %[[NEAR:.*]] = arith.cmpi slt, %[[AGE]], %{{.*}}
// CHECK: arith.andi %[[VIS]], %[[NEAR]]
tile.func @key_value_grad_window(%q: tensor<1x16x8xf32>, %k: tensor<1x16x8xf32>, %v: tensor<1x16x8xf32>, %do: tensor<1x16x8xf32>,
                                 %lse: tensor<1x1x16xf32>, %delta: tensor<1x1x16xf32>) -> (tensor<1x16x8xf32>, tensor<1x16x8xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 2, 1, 1>, schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 1 : i64, kv_heads = 1 : i64, window = 5 : i64}
      : (tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>) -> (tensor<1x16x8xf32>, tensor<1x16x8xf32>)
  tile.return %dk, %dv : tensor<1x16x8xf32>, tensor<1x16x8xf32>
}
