// Gradients of attention that a concat joins are written into their columns: the
// concat stays among the launches as a place, and rows lie a whole row apart.
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels --remarks-filter=fusion --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Kernels with and without gaps are two, even if they compute the same.
// CHECK-LABEL: func.func @joined
// CHECK: %[[DQ:.*]] = tile.launch @attention_query_grad_0(
// CHECK: %[[DKV:.*]]:2 = tile.launch @attention_key_value_grad_1(
// CHECK: %[[D:.*]] = model.concat %[[DQ]], %[[DKV]]#0, %[[DKV]]#1
// CHECK: %[[Y:.*]] = tile.launch @linear_2(%[[D]],
// CHECK: %[[ALONE:.*]] = tile.launch @attention_query_grad_3(
// CHECK: return %[[Y]], %[[ALONE]]
// CHECK: tile.func @attention_query_grad_0({{.*}}) -> (tensor<2x8x16xf32> {tile.row_pitch = 48 : i64})
// CHECK: tile.func @attention_key_value_grad_1({{.*}}) -> (tensor<2x8x16xf32> {tile.row_pitch = 48 : i64}, tensor<2x8x16xf32> {tile.row_pitch = 48 : i64})
// CHECK: tile.func @attention_query_grad_3({{.*}}) -> tensor<2x8x16xf32> attributes
// REMARK: remark: [Passed] placed{{.*}}parts are written into their columns: saves a kernel, and 6144 bytes of traffic
func.func @joined(%q: tensor<2x8x16xf32>, %k: tensor<2x8x16xf32>, %v: tensor<2x8x16xf32>, %d: tensor<2x8x16xf32>, %lse: tensor<2x2x8xf32>, %delta: tensor<2x2x8xf32>, %w: tensor<16x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %dq = model.attention_query_grad %q, %k, %v, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> tensor<2x8x16xf32>
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  %c = model.concat %dq, %dk, %dv : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x48xf32>
  %y = model.linear %c, %w : (tensor<2x8x48xf32>, tensor<16x48xf32>) -> tensor<2x8x16xf32>
  %alone = model.attention_query_grad %q, %k, %v, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> tensor<2x8x16xf32>
  return %y, %alone : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// Declined: an elementwise op makes a part.
// CHECK-LABEL: func.func @other_op
// CHECK: tile.launch @concat_
// REMARK: remark: [Missed] not-placed{{.*}}parts are copied into their columns: part 1 is made by 'model.gelu', only gradients of attention are written into columns
func.func @other_op(%q: tensor<2x8x16xf32>, %d: tensor<2x8x16xf32>, %lse: tensor<2x2x8xf32>, %delta: tensor<2x2x8xf32>, %w: tensor<16x32xf32>) -> tensor<2x8x16xf32> {
  %dq = model.attention_query_grad %q, %q, %q, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> tensor<2x8x16xf32>
  %g = model.gelu %q : tensor<2x8x16xf32>
  %c = model.concat %dq, %g : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x32xf32>
  %y = model.linear %c, %w : (tensor<2x8x32xf32>, tensor<16x32xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// -----

// Declined: an argument; a part that is read as it is, too; rows that no access
// divides; a result of the function, which is a port.
// CHECK-LABEL: func.func @argument
// CHECK: tile.launch @concat_
// REMARK: not-placed{{.*}}: part 0 is an argument of the function
func.func @argument(%a: tensor<2x8x16xf32>, %b: tensor<2x8x16xf32>, %w: tensor<16x32xf32>) -> tensor<2x8x16xf32> {
  %c = model.concat %a, %b : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x32xf32>
  %y = model.linear %c, %w : (tensor<2x8x32xf32>, tensor<16x32xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// CHECK-LABEL: func.func @read
// CHECK: tile.launch @concat_
// REMARK: not-placed{{.*}}: part 0 is read by other ops, too
func.func @read(%q: tensor<2x8x16xf32>, %d: tensor<2x8x16xf32>, %lse: tensor<2x2x8xf32>, %delta: tensor<2x2x8xf32>, %w: tensor<16x32xf32>) -> tensor<2x8x16xf32> {
  %dk, %dv = model.attention_key_value_grad %q, %q, %q, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  %c = model.concat %dk, %dk : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x32xf32>
  %y = model.linear %c, %w : (tensor<2x8x32xf32>, tensor<16x32xf32>) -> tensor<2x8x16xf32>
  return %y : tensor<2x8x16xf32>
}

// CHECK-LABEL: func.func @narrow
// CHECK: tile.launch @concat_
// REMARK: not-placed{{.*}}: a row of part 0 has 12 bytes, no multiple of the 16 that an access moves
func.func @narrow(%q: tensor<2x8x6xbf16>, %d: tensor<2x8x6xbf16>, %lse: tensor<2x1x8xf32>, %delta: tensor<2x1x8xf32>, %w: tensor<16x12xbf16>) -> tensor<2x8x16xbf16> {
  %dk, %dv = model.attention_key_value_grad %q, %q, %q, %d, %lse, %delta {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<2x8x6xbf16>, tensor<2x8x6xbf16>, tensor<2x8x6xbf16>, tensor<2x8x6xbf16>, tensor<2x1x8xf32>, tensor<2x1x8xf32>) -> (tensor<2x8x6xbf16>, tensor<2x8x6xbf16>)
  %c = model.concat %dk, %dv : (tensor<2x8x6xbf16>, tensor<2x8x6xbf16>) -> tensor<2x8x12xbf16>
  %y = model.linear %c, %w : (tensor<2x8x12xbf16>, tensor<16x12xbf16>) -> tensor<2x8x16xbf16>
  return %y : tensor<2x8x16xbf16>
}

// CHECK-LABEL: func.func @returned
// CHECK: tile.launch @concat_
// REMARK: not-placed{{.*}}: the function returns it
func.func @returned(%q: tensor<2x8x16xf32>, %d: tensor<2x8x16xf32>, %lse: tensor<2x2x8xf32>, %delta: tensor<2x2x8xf32>) -> tensor<2x8x32xf32> {
  %dk, %dv = model.attention_key_value_grad %q, %q, %q, %d, %lse, %delta {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  %c = model.concat %dk, %dv : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x32xf32>
  return %c : tensor<2x8x32xf32>
}
