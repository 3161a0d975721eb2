//===- BackwardOps.td - what Autodiff and decomposition create ------------===//

def Model_EmbeddingGradOp : Model_PureOp<"embedding_grad"> {
  let summary = "dweight[v,:] = sum of dy[b,t,:] over tokens[b,t] == v, in token order";
  let description = [{
    Rows of tokens that do not occur are 0. Equal tokens are added in the order
    of their positions, so that the bits do not depend on the schedule.

    Constraints:
    - (C1) grad is [b, t, C];
    - (C2) the output is [V, C];
    - (C3) the output has the element type of grad, unless it is f32 and that
      is narrower.

    Lifespan: created by Autodiff.

    ```mlir
    %dw = model.embedding_grad %tokens, %dy : (tensor<2x8xi32>, tensor<2x8x16xf32>) -> tensor<97x16xf32>
    ```
  }];
  let arguments = (ins Model_Tokens:$tokens, Model_Activation:$grad);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$tokens `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_PositionEmbeddingGradOp : Model_PureOp<"position_embedding_grad"> {
  let summary = "dweight[t,:] = sum over b of dy[b,t,:]; 0 beyond the sequence";
  let description = [{
    Sums over the batch, in order.

    Constraints:
    - (C1) grad is [b, t, C];
    - (C2) the output is [P, C];
    - (C3) the sequence is not longer than P;
    - (C4) the output has the element type of grad, unless it is f32 and that
      is narrower.

    Lifespan: created by Autodiff.

    ```mlir
    %dw = model.position_embedding_grad %dy : (tensor<2x8x16xf32>) -> tensor<32x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$grad);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LinearWeightGradOp : Model_PureOp<"linear_weight_grad"> {
  let summary = "dweight[o,i] = sum over rows of dy[r,o] x[r,i]; with `transposed` [i,o]";
  let description = [{
    The gradient of `model.linear` in its weight: a product over the rows.

    Constraints:
    - (C1) input and grad have the same leading dimensions;
    - (C2) the output is [o, i], with `transposed` [i, o];
    - (C3) grad has the input's element type, and so has the output, unless it
      is f32 and that is narrower.

    Lifespan: created by Autodiff.

    ```mlir
    %dw = model.linear_weight_grad %x, %dy : (tensor<2x8x16xf32>, tensor<2x8x32xf32>) -> tensor<32x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad, UnitAttr:$transposed);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_SumRowsOp : Model_PureOp<"sum_rows"> {
  let summary = "sum over all but the last dimension: [..,C] to [C]; with `splits` partial sums [splits,C] of consecutive, equal row ranges";
  let description = [{
    The gradient of a bias.

    Constraints:
    - (C1) the output is [C], with `splits` [splits, C];
    - (C2) `splits` is positive and divides the number of rows;
    - (C3) the output has the input's element type, unless it is f32 and that
      is narrower.

    Lifespan: created by Autodiff; llmc-decompose adds `splits` and a sum over them.

    ```mlir
    %db = model.sum_rows %dy {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormGradOp : Model_PureOp<"layer_norm_grad"> {
  let summary = "gradient of layer_norm in its input; mean and variance are computed again";
  let description = [{
    With n = (x - mean) / s, s = sqrt(variance + eps) and g = grad * weight:
    (g - mean(g) - n mean(g n)) / s.

    Constraints:
    - (C1) the weight is [C];
    - (C2) grad and output have the input's shape;
    - (C3) eps is positive;
    - (C4) weight, grad and output have the input's element type.

    Lifespan: created by Autodiff.

    ```mlir
    %dx = model.layer_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Activation:$grad, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormWeightGradOp : Model_PureOp<"layer_norm_weight_grad"> {
  let summary = "sum over rows of dy * (x - mean) / sqrt(variance + eps); `splits` as in sum_rows";
  let description = [{
    The sum over rows of grad * n, n the normalised input.

    Constraints:
    - (C1) grad has the input's shape;
    - (C2) the output is [C], with `splits` [splits, C];
    - (C3) `splits` is positive and divides the number of rows;
    - (C4) eps is positive;
    - (C5) grad has the input's element type, and so has the output, unless it
      is f32 and that is narrower.

    Lifespan: created by Autodiff; llmc-decompose adds `splits`.

    ```mlir
    %dw = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad,
                       F32Attr:$eps, OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormGradOp : Model_PureOp<"rms_norm_grad"> {
  let summary = "gradient of rms_norm in its input";
  let description = [{
    With s = sqrt(mean(x^2) + eps), n = x / s and g = grad * weight:
    (g - n mean(g n)) / s, with `head_size` for each head by itself.

    Constraints:
    - (C1) the weight is [C], with `head_size` [head_size];
    - (C2) grad and output have the input's shape;
    - (C3) eps is positive;
    - (C4) weight, grad and output have the input's element type;
    - (C5) `head_size` is positive and divides C.

    Lifespan: created by Autodiff.

    ```mlir
    %dx = model.rms_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
    %dq = model.rms_norm_grad %x, %v, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Activation:$grad, F32Attr:$eps,
                       OptionalAttr<I64Attr>:$head_size);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormWeightGradOp : Model_PureOp<"rms_norm_weight_grad"> {
  let summary = "sum over rows of dy * x / sqrt(mean(x^2) + eps); `splits` as in sum_rows";
  let description = [{
    The sum over rows of grad * n, n the normalised input; with `head_size` over
    rows and heads.

    Constraints:
    - (C1) grad has the input's shape;
    - (C2) the output is [C] or [head_size], with `splits` [splits, ..];
    - (C3) `splits` is positive and divides the number of rows;
    - (C4) eps is positive;
    - (C5) grad has the input's element type, and so has the output, unless it
      is f32 and that is narrower;
    - (C6) `head_size` is positive and divides C.

    Lifespan: created by Autodiff; llmc-decompose adds `splits`.

    ```mlir
    %dw = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
    %dv = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad,
                       F32Attr:$eps, OptionalAttr<I64Attr>:$head_size,
                       OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionGradOp : Model_PureOp<"attention_grad"> {
  let summary = "gradients of attention in query, key and value (FlashAttention-2, algorithm 2)";
  let description = [{
    `output` and `lse` are results of the forward op, `grad` is the gradient of
    its output. Key and value gradients are summed over the query heads that
    share them.

    Constraints:
    - (C1) query, key and value as in `model.attention`;
    - (C2) output and grad have the query's shape;
    - (C3) lse is [b, heads, t];
    - (C4) gradients have the shapes of query, key and value;
    - (C5) all have the query's element type but lse, which is f32.

    Lifespan: created by Autodiff; llmc-decompose takes it apart.

    ```mlir
    %dq, %dk, %dv = model.attention_grad %q, %k, %v, %a, %lse, %da {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
    ```
  }];
  let arguments = (ins Model_Activation:$query, Model_Activation:$key,
                       Model_Activation:$value, Model_Activation:$output,
                       Model_Activation:$lse, Model_Activation:$grad,
                       I64Attr:$heads, I64Attr:$kv_heads, OptionalAttr<I64Attr>:$window);
  let results = (outs Model_Activation:$queryGrad, Model_Activation:$keyGrad,
                      Model_Activation:$valueGrad);
  let assemblyFormat = "$query `,` $key `,` $value `,` $output `,` $lse `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionDeltaOp : Model_PureOp<"attention_delta"> {
  let summary = "delta[b,h,t] = sum over the head's channels of output * grad";
  let description = [{
    The row sum D of FlashAttention-2, algorithm 2.

    Constraints:
    - (C1) output is [b, t, heads * D] and grad has its shape;
    - (C2) delta is [b, heads, t];
    - (C3) grad has the element type of output, delta is f32.

    Lifespan: created by llmc-decompose.

    ```mlir
    %d = model.attention_delta %a, %da {heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x4x8xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$output, Model_Activation:$grad, I64Attr:$heads);
  let results = (outs Model_Activation:$delta);
  let assemblyFormat = "$output `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionQueryGradOp : Model_PureOp<"attention_query_grad"> {
  let summary = "the query's part of attention_grad, by blocks of queries";
  let description = [{
    FlashAttention-2, algorithm 2, with queries outside.

    Constraints:
    - (C1) query, key and value as in `model.attention`;
    - (C2) grad has the query's shape;
    - (C3) lse and delta are [b, heads, t];
    - (C4) the result has the query's shape;
    - (C5) all have the query's element type but lse and delta, which are f32.

    Lifespan: created by llmc-decompose.

    ```mlir
    %dq = model.attention_query_grad %q, %k, %v, %da, %lse, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$query, Model_Activation:$key,
                       Model_Activation:$value, Model_Activation:$grad,
                       Model_Activation:$lse, Model_Activation:$delta,
                       I64Attr:$heads, I64Attr:$kv_heads, OptionalAttr<I64Attr>:$window);
  let results = (outs Model_Activation:$queryGrad);
  let assemblyFormat = "$query `,` $key `,` $value `,` $grad `,` $lse `,` $delta attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionKeyValueGradOp : Model_PureOp<"attention_key_value_grad"> {
  let summary = "the key's and value's part of attention_grad, by blocks of keys, summed over the group's query heads";
  let description = [{
    FlashAttention-2, algorithm 2.

    Constraints:
    - (C1) query, key and value as in `model.attention`;
    - (C2) grad has the query's shape;
    - (C3) lse and delta are [b, heads, t];
    - (C4) the results have the key's shape;
    - (C5) all have the query's element type but lse and delta, which are f32.

    Lifespan: created by llmc-decompose.

    ```mlir
    %dk, %dv = model.attention_key_value_grad %q, %k, %v, %da, %lse, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
    ```
  }];
  let arguments = (ins Model_Activation:$query, Model_Activation:$key,
                       Model_Activation:$value, Model_Activation:$grad,
                       Model_Activation:$lse, Model_Activation:$delta,
                       I64Attr:$heads, I64Attr:$kv_heads, OptionalAttr<I64Attr>:$window);
  let results = (outs Model_Activation:$keyGrad, Model_Activation:$valueGrad);
  let assemblyFormat = "$query `,` $key `,` $value `,` $grad `,` $lse `,` $delta attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class Model_UnaryGradOp<string mnemonic> : Model_PureOp<mnemonic, [SameOperandsAndResultType, Elementwise]> {
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` type($output)";
}
def Model_GeluGradOp : Model_UnaryGradOp<"gelu_grad"> {
  let summary = "grad * gelu'(input)";
  let description = [{
    `input` is the forward op's input.

    Lifespan: created by Autodiff.

    ```mlir
    %d = model.gelu_grad %x, %dy : tensor<2x8x16xf32>
    ```
  }];
}
def Model_SiluGradOp : Model_UnaryGradOp<"silu_grad"> {
  let summary = "grad * silu'(input)";
  let description = [{
    `input` is the forward op's input.

    Lifespan: created by Autodiff.

    ```mlir
    %d = model.silu_grad %x, %dy : tensor<2x8x16xf32>
    ```
  }];
}

def Model_ConcatOp : Model_PureOp<"concat"> {
  let summary = "joins tensors along the last dimension: the gradient of split";
  let description = [{
    Part i follows part i - 1. All parts of one split, in order, fold to its
    input.
    Among launches it is a place, not a computation: the kernels that make the
    parts write them into their columns (Fusion/ColumnPlaces decides).

    Constraints:
    - (C1) the output has a last dimension and there is an input;
    - (C2) an input has the output's leading dimensions and a known last one;
    - (C3) the parts make up the output's last dimension;
    - (C4) the inputs have the output's element type.

    Lifespan: created by Autodiff, removed by llmc-tile-kernels or, as a place,
    by llmc-plan-memory.

    ```mlir
    %d = model.concat %dq, %dk, %dv : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x48xf32>
    ```
  }];
  let arguments = (ins Variadic<Model_Activation>:$inputs);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasVerifier = 1;
}
