// RUN: not llmc-opt %s --llmc-specialize="batch=0 seq=8" 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not llmc-opt %s --llmc-specialize="batch=2" 2>&1 | FileCheck %s --check-prefix=SEQUENCE
// RUN: not llmc-opt %s --llmc-specialize="batch=2 seq=9" 2>&1 | FileCheck %s --check-prefix=POSITIONS
// RUN: not llmc-opt %s --llmc-specialize="batch=4 seq=8" 2>&1 | FileCheck %s --check-prefix=FIXED
// RUN: llmc-opt %s --llmc-specialize="batch=2 seq=8" -o /dev/null

// Sizes that a model cannot have; the last line shows that others are fine.

// BATCH: error: expected a batch of at least 1, found 0
// SEQUENCE: error: expected a sequence length of at least 1, found 0
// POSITIONS: specialize-invalid.mlir:[[#@LINE+6]]:{{.*}}error: sequence length 9 exceeds the 8 positions of the weight 'tensor<8x16xf32>': choose a sequence of at most 8
// FIXED: specialize-invalid.mlir:[[#@LINE+1]]:{{.*}}error: the model fixes the batch to 2 in 'tensor<2x?xi32>', but 4 was asked for
model.graph @model(%tokens: tensor<2x?xi32>, %targets: tensor<2x?xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x16xf32> {init = #model.normal<0.02>}
  %p = model.parameter "p" : tensor<8x16xf32> {init = #model.normal<0.02>}
  %t = model.embedding %tokens, %w : (tensor<2x?xi32>, tensor<97x16xf32>) -> tensor<2x?x16xf32>
  %q = model.position_embedding %tokens, %p : (tensor<2x?xi32>, tensor<8x16xf32>) -> tensor<2x?x16xf32>
  %x = model.add %t, %q : tensor<2x?x16xf32>
  %logits = model.linear %x, %w : (tensor<2x?x16xf32>, tensor<97x16xf32>) -> tensor<2x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x?x97xf32>, tensor<2x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
