// Of the launches that work on a gradient the first one stores what it computes
// in @first_micro_step, by a copy of its kernel of the same schedule; what does
// not reach all of a gradient adds to zeros.
// RUN: llmc-opt %s --split-input-file --verify-diagnostics --llmc-schedule-kernels --llmc-first-micro-step | FileCheck %s
// RUN: llmc-opt %s --split-input-file --verify-diagnostics --llmc-schedule-kernels="target=cuda" --llmc-first-micro-step="target=cuda" | FileCheck %s --check-prefix=CUDA
// RUN: not llmc-opt %s --split-input-file --llmc-schedule-kernels --llmc-first-micro-step --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %s --split-input-file --llmc-first-micro-step="target=tpu" 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: error: expected the target 'cpu' or 'cuda', found 'tpu'

train.variable @tied "tied" : tensor<97x48xf32> at 0 decay init #model.ones
train.variable @table "table" : tensor<97x48xf32> at 4672 decay init #model.ones
train.variable @p "p" : tensor<64x48xf32> at 9344 decay init #model.ones
train.variable @b "b" : tensor<48xf32> at 12416 init #model.zeros
train.variable @c "c" : tensor<48xf32> at 12480 init #model.zeros
train.variable @e "e" : tensor<48xf32> at 12544 init #model.zeros

// Kernels of @micro_step stay, and one copy serves all launches that store.
// CHECK-LABEL: tile.func @dw(
// CHECK-SAME: schedule = {[[SIZES:[^}]*]]}
// CHECK: train.accumulate %{{.*}} into
// CHECK-LABEL: tile.func @dw_first(
// CHECK-SAME: part_of = "dw", schedule = {[[SIZES]]}, schedule_given
// CHECK: train.accumulate first %{{.*}} into
tile.func @dw(%x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>, %g: tensor<97x48xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x48xf32>, tensor<2x32x97xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
// CHECK-LABEL: tile.func @embedding(
// CHECK-NOT: @embedding_first
tile.func @embedding(%t: tensor<2x32xi32>, %d: tensor<2x32x48xf32>, %g: tensor<97x48xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x32xi32>, tensor<2x32x48xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
// A table of 64 positions for a sequence of 32.
// CHECK-LABEL: tile.func @positions(
// CHECK-NOT: @positions_first
tile.func @positions(%x: tensor<2x32x48xf32>, %g: tensor<64x48xf32>) attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %x : (tensor<2x32x48xf32>) -> tensor<64x48xf32>
  train.accumulate %0 into %g : tensor<64x48xf32>, tensor<64x48xf32>
  tile.return
}
// Of two sums in one kernel the second one's gradient was stored before, or was
// not: a copy for each.
// CHECK-LABEL: tile.func @biases(
// CHECK-LABEL: tile.func @biases_first_0(
// CHECK: train.accumulate %{{.*}} into %{{.*}} :
// CHECK-NEXT: train.accumulate first %{{.*}} into %{{.*}} squares
// CHECK-LABEL: tile.func @biases_first(
// CHECK: train.accumulate first %{{.*}} into %{{.*}} :
// CHECK-NEXT: train.accumulate first %{{.*}} into %{{.*}} squares
tile.func @biases(%x: tensor<2x48xf32>, %g: tensor<48xf32>, %h: tensor<48xf32>, %s: tensor<1xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<2x48xf32>) -> tensor<48xf32>
  train.accumulate %0 into %g : tensor<48xf32>, tensor<48xf32>
  train.accumulate %0 into %h squares %s : tensor<48xf32>, tensor<48xf32>, tensor<1xf32>
  tile.return
}

// CHECK-LABEL: tile.func @zero(
// CHECK-SAME: tensor<97x48xf32>) attributes {{.*}} kind = "flat", schedule = {block = 4096 : i64}
// CHECK: train.zero
// CHECK-LABEL: tile.func @zero_1(
// CHECK-SAME: tensor<64x48xf32>) attributes

// CHECK-LABEL: func.func @micro_step
// CHECK-NOT: _first
// CHECK-NOT: @zero
// CHECK-LABEL: func.func @first_micro_step
// REMARK: remark: [Passed] first-micro-step{{.*}}3 launches store gradients that they add to in later micro-steps, 2 gradients are zeroed before
func.func @micro_step(%t: tensor<2x32xi32>, %x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>, %d: tensor<2x48xf32>) {
  // CHECK: %[[TIED:.*]] = train.ref gradient @tied
  // CHECK: %[[TABLE:.*]] = train.ref gradient @table
  // CHECK: %[[P:.*]] = train.ref gradient @p
  %tied = train.ref gradient @tied : tensor<97x48xf32>
  %table = train.ref gradient @table : tensor<97x48xf32>
  %p = train.ref gradient @p : tensor<64x48xf32>
  %b = train.ref gradient @b : tensor<48xf32>
  %c = train.ref gradient @c : tensor<48xf32>
  %e = train.ref gradient @e : tensor<48xf32>
  %s = train.squares 0 : tensor<1xf32>
  // A tied head's chunks, and the embedding behind them.
  // CHECK: tile.launch @dw_first({{.*}}, %[[TIED]])
  // CHECK-NEXT: tile.launch @dw({{.*}}, %[[TIED]])
  // CHECK-NEXT: tile.launch @embedding({{.*}}, %[[TIED]])
  tile.launch @dw(%x, %dy, %tied) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  tile.launch @dw(%x, %dy, %tied) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  tile.launch @embedding(%t, %x, %tied) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  // The embedding first: nothing behind it may store.
  // CHECK-NEXT: tile.launch @zero(%[[TABLE]])
  // CHECK-NEXT: tile.launch @embedding({{.*}}, %[[TABLE]])
  // CHECK-NEXT: tile.launch @dw({{.*}}, %[[TABLE]])
  tile.launch @embedding(%t, %x, %table) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  tile.launch @dw(%x, %dy, %table) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  // CHECK-NEXT: tile.launch @zero_1(%[[P]])
  // CHECK-NEXT: tile.launch @positions({{.*}}, %[[P]])
  tile.launch @positions(%x, %p) : (tensor<2x32x48xf32>, tensor<64x48xf32>) -> ()
  // CHECK-NEXT: tile.launch @biases_first(
  // CHECK-NEXT: tile.launch @biases_first_0(
  tile.launch @biases(%d, %b, %c, %s) : (tensor<2x48xf32>, tensor<48xf32>, tensor<48xf32>, tensor<1xf32>) -> ()
  tile.launch @biases(%d, %b, %e, %s) : (tensor<2x48xf32>, tensor<48xf32>, tensor<48xf32>, tensor<1xf32>) -> ()
  return
}

// -----

// A rank's shards, to which sums over ranks are added: apart in one storage.
train.variable @w "w" : tensor<256xf32> at 0 decay init #model.ones
// CHECK-LABEL: tile.func @add_first(
// CHECK: train.add first %{{.*}} into
// CUDA-LABEL: tile.func @add(
// CUDA-SAME: bytes = 768 : i64
// CUDA-LABEL: tile.func @add_first(
// CUDA-SAME: bytes = 512 : i64
// CUDA-SAME: predicted_us
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
// CHECK-LABEL: func.func @first_micro_step
// CHECK-COUNT-2: tile.launch @add_first(
func.func @micro_step(%x: tensor<64xf32>) {
  %mine = train.flat gradient sharded : tensor<128xf32>
  %a = dist.range %mine[0] : tensor<128xf32> -> tensor<64xf32>
  %b = dist.range %mine[64] : tensor<128xf32> -> tensor<64xf32>
  tile.launch @add(%x, %a) : (tensor<64xf32>, tensor<64xf32>) -> ()
  tile.launch @add(%x, %b) : (tensor<64xf32>, tensor<64xf32>) -> ()
  return
}

// -----

// Half of it was stored, half of it was not.
train.variable @w "w" : tensor<64xf32> at 64 decay init #model.ones
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
tile.func @whole(%x: tensor<128xf32>, %g: tensor<128xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<128xf32>
  tile.return
}
func.func @micro_step(%x: tensor<64xf32>, %y: tensor<128xf32>) {
  %w = train.ref gradient @w : tensor<64xf32>
  %all = train.flat gradient : tensor<128xf32>
  tile.launch @add(%x, %w) : (tensor<64xf32>, tensor<64xf32>) -> ()
  // expected-error @+1 {{works on gradients 0 to 128, expected to find all of them written, or none, found 64 to 128 written}}
  tile.launch @whole(%y, %all) : (tensor<128xf32>, tensor<128xf32>) -> ()
  return
}

// -----

// Nothing to do without a micro-step.
// CHECK-LABEL: func.func @evaluate
// CHECK-NOT: func.func
func.func @evaluate() {
  return
}
