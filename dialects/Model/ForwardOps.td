//===- ForwardOps.td - the operations of a forward pass -------------------===//

def Model_EmbeddingOp : Model_PureOp<"embedding"> {
  let summary = "y[b,t,:] = weight[tokens[b,t],:]";
  let arguments = (ins Model_Tokens:$tokens, Model_Weight:$weight);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$tokens `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_PositionEmbeddingOp : Model_PureOp<"position_embedding"> {
  let summary = "y[b,t,:] = weight[t,:]; tokens give batch and sequence only";
  let arguments = (ins Model_Tokens:$tokens, Model_Weight:$weight);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$tokens `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LinearOp : Model_PureOp<"linear"> {
  let summary = "y[..,o] = sum_i x[..,i] weight[o,i] + bias[o]; with `transposed` the weight is [i,o]";
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Optional<Model_Weight>:$bias, UnitAttr:$transposed);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormOp : Model_PureOp<"layer_norm"> {
  let summary = "(x - mean) / sqrt(variance + eps) * weight + bias over the last dimension";
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Weight:$bias, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $bias attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormOp : Model_PureOp<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + eps) * weight over the last dimension";
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RopeOp : Model_PureOp<"rope", [SameOperandsAndResultType]> {
  let summary = "rotary position embedding, half-split pairs, on every head of [b,t,heads*head_size]";
  let arguments = (ins Model_Activation:$input, I64Attr:$head_size, F32Attr:$theta);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def Model_RotateOp : Model_PureOp<"rotate"> {
  let summary = "rope by tables: y = x * cos + swap(x) * sin, swap exchanging the halves of each head; `inverse` subtracts";
  let arguments = (ins Model_Activation:$input, Model_Weight:$cos,
                       Model_Weight:$sin, I64Attr:$head_size, UnitAttr:$inverse);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $cos `,` $sin attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionOp : Model_PureOp<"attention"> {
  let summary = "causal grouped-query attention: softmax(q k^T / sqrt(head size)) v; lse [b,heads,t] is added by Autodiff";
  let arguments = (ins Model_Activation:$query, Model_Activation:$key,
                       Model_Activation:$value, I64Attr:$heads,
                       I64Attr:$kv_heads, OptionalAttr<I64Attr>:$window);
  let results = (outs Model_Activation:$output, Optional<Model_Activation>:$lse);
  let assemblyFormat = "$query `,` $key `,` $value attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class Model_UnaryOp<string mnemonic> : Model_PureOp<mnemonic, [SameOperandsAndResultType, Elementwise]> {
  let arguments = (ins Model_Activation:$input);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
}
def Model_GeluOp : Model_UnaryOp<"gelu"> {
  let summary = "0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))";
}
def Model_SiluOp : Model_UnaryOp<"silu"> {
  let summary = "x / (1 + exp(-x))";
}

class Model_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Model_PureOp<mnemonic, !listconcat([SameOperandsAndResultType, Elementwise], traits)> {
  let arguments = (ins Model_Activation:$lhs, Model_Activation:$rhs);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($output)";
}
def Model_AddOp : Model_BinaryOp<"add", [Commutative]> {
  let summary = "elementwise sum of two tensors of one shape";
}
def Model_MulOp : Model_BinaryOp<"mul", [Commutative]> {
  let summary = "elementwise product of two tensors of one shape";
}

def Model_SplitOp : Model_PureOp<"split"> {
  let summary = "cuts the last dimension into consecutive parts";
  let arguments = (ins Model_Activation:$input);
  let results = (outs Variadic<Model_Activation>:$outputs);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_CrossEntropyOp : Model_PureOp<"cross_entropy"> {
  let summary = "mean over tokens of logsumexp(logits) - logits[target]";
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets);
  let results = (outs Model_Loss:$loss);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
