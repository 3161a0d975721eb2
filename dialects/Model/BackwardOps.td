//===- BackwardOps.td - what Autodiff and decomposition create ------------===//

def Model_EmbeddingGradOp : Model_PureOp<"embedding_grad"> {
  let summary = "dweight[v,:] = sum of dy[b,t,:] over tokens[b,t] == v, in token order";
  let arguments = (ins Model_Tokens:$tokens, Model_Activation:$grad);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$tokens `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_PositionEmbeddingGradOp : Model_PureOp<"position_embedding_grad"> {
  let summary = "dweight[t,:] = sum over b of dy[b,t,:]; 0 beyond the sequence";
  let arguments = (ins Model_Activation:$grad);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LinearWeightGradOp : Model_PureOp<"linear_weight_grad"> {
  let summary = "dweight[o,i] = sum over rows of dy[r,o] x[r,i]; with `transposed` [i,o]";
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad, UnitAttr:$transposed);
  let results = (outs Model_Weight:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_SumRowsOp : Model_PureOp<"sum_rows"> {
  let summary = "sum over all but the last dimension: [..,C] to [C]; with `splits` partial sums [splits,C] of consecutive, equal row ranges";
  let arguments = (ins Model_Activation:$input, OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormGradOp : Model_PureOp<"layer_norm_grad"> {
  let summary = "gradient of layer_norm in its input; mean and variance are computed again";
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Activation:$grad, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormWeightGradOp : Model_PureOp<"layer_norm_weight_grad"> {
  let summary = "sum over rows of dy * (x - mean) / sqrt(variance + eps); `splits` as in sum_rows";
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad,
                       F32Attr:$eps, OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormGradOp : Model_PureOp<"rms_norm_grad"> {
  let summary = "gradient of rms_norm in its input";
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Activation:$grad, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormWeightGradOp : Model_PureOp<"rms_norm_weight_grad"> {
  let summary = "sum over rows of dy * x / sqrt(mean(x^2) + eps); `splits` as in sum_rows";
  let arguments = (ins Model_Activation:$input, Model_Activation:$grad,
                       F32Attr:$eps, OptionalAttr<I64Attr>:$splits);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionGradOp : Model_PureOp<"attention_grad"> {
  let summary = "gradients of attention in query, key and value (FlashAttention-2, algorithm 2)";
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
  let arguments = (ins Model_Activation:$output, Model_Activation:$grad, I64Attr:$heads);
  let results = (outs Model_Activation:$delta);
  let assemblyFormat = "$output `,` $grad attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionQueryGradOp : Model_PureOp<"attention_query_grad"> {
  let summary = "the query's part of attention_grad, by blocks of queries";
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
}
def Model_SiluGradOp : Model_UnaryGradOp<"silu_grad"> {
  let summary = "grad * silu'(input)";
}

def Model_ConcatOp : Model_PureOp<"concat"> {
  let summary = "joins tensors along the last dimension: the gradient of split";
  let arguments = (ins Variadic<Model_Activation>:$inputs);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_CrossEntropyGradOp : Model_PureOp<"cross_entropy_grad"> {
  let summary = "dlogits = (softmax(logits) - onehot(target)) / tokens";
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_TokenLossOp : Model_PureOp<"token_loss"> {
  let summary = "loss[b,t] = logsumexp(logits[b,t,:]) - logits[b,t,target]";
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_MeanOp : Model_PureOp<"mean"> {
  let summary = "mean of all elements, summed in a fixed order";
  let arguments = (ins Model_Activation:$input);
  let results = (outs Model_Loss:$output);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
