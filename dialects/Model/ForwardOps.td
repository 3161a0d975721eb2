//===- ForwardOps.td - the operations of a forward pass -------------------===//

def Model_EmbeddingOp : Model_PureOp<"embedding"> {
  let summary = "y[b,t,:] = weight[tokens[b,t],:]";
  let description = [{
    The token embedding: row `tokens[b,t]` of the weight, `[b, t, C]`.

    Constraints:
    - (C1) the weight is [V, C];
    - (C2) the output is [b, t, C];
    - (C3) the output has the weight's element type.

    Lifespan: written by the user.

    ```mlir
    %x = model.embedding %tokens, %wte : (tensor<2x8xi32>, tensor<97x16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Tokens:$tokens, Model_Weight:$weight);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$tokens `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_PositionEmbeddingOp : Model_PureOp<"position_embedding"> {
  let summary = "y[b,t,:] = weight[t,:]; tokens give batch and sequence only";
  let description = [{
    Learned positions: row t of the weight for every sequence.

    Constraints:
    - (C1) the weight is [P, C];
    - (C2) the output is [b, t, C];
    - (C3) the sequence is not longer than P;
    - (C4) the output has the weight's element type.

    Lifespan: written by the user.

    ```mlir
    %p = model.position_embedding %tokens, %wpe : (tensor<2x8xi32>, tensor<32x16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Tokens:$tokens, Model_Weight:$weight);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$tokens `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LinearOp : Model_PureOp<"linear"> {
  let summary = "y[..,o] = sum_i x[..,i] weight[o,i] + bias[o]; with `transposed` the weight is [i,o]";
  let description = [{
    A matrix product over the last dimension; leading dimensions are rows.
    Sums are accumulated in f32. `transposed` is the layout of GPT-2's
    checkpoints.

    Constraints:
    - (C1) the weight is of rank 2;
    - (C2) the last dimension of the input is the weight's input size;
    - (C3) the bias is [o];
    - (C4) the output is the input with o as last dimension;
    - (C5) weight and bias have the input's element type, and so has the
      output, unless it is f32 and that is narrower.

    Lifespan: written by the user; Autodiff adds one for the input's gradient, with
    `transposed` toggled.

    ```mlir
    %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Optional<Model_Weight>:$bias, UnitAttr:$transposed);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight (`,` $bias^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_LayerNormOp : Model_PureOp<"layer_norm"> {
  let summary = "(x - mean) / sqrt(variance + eps) * weight + bias over the last dimension";
  let description = [{
    Ba et al., 2016; the variance is the mean of squared deviations.

    Constraints:
    - (C1) weight and bias are [C];
    - (C2) the output has the input's shape;
    - (C3) eps is positive;
    - (C4) weight, bias and output have the input's element type.

    Lifespan: written by the user.

    ```mlir
    %n = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight,
                       Model_Weight:$bias, F32Attr:$eps);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight `,` $bias attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RMSNormOp : Model_PureOp<"rms_norm"> {
  let summary = "x / sqrt(mean(x^2) + eps) * weight over the last dimension, or over each head of it";
  let description = [{
    Zhang and Sennrich, 2019, with eps inside the root. With `head_size` the last
    dimension is heads of so many channels; each has a mean of its own, and all
    have the same weight: the norm of queries and keys in Qwen3.

    Constraints:
    - (C1) the weight is [C], with `head_size` [head_size];
    - (C2) the output has the input's shape;
    - (C3) eps is positive;
    - (C4) weight and output have the input's element type;
    - (C5) `head_size` is positive and divides C.

    Lifespan: written by the user.

    ```mlir
    %n = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
    %q = model.rms_norm %x, %v {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$weight, F32Attr:$eps,
                       OptionalAttr<I64Attr>:$head_size);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_RopeOp : Model_PureOp<"rope", [SameOperandsAndResultType]> {
  let summary = "rotary position embedding, half-split pairs, on every head of [b,t,heads*head_size]";
  let description = [{
    Su et al., 2021. In each head of size D, channels c and c + D/2 are turned
    by the angle t * theta^(-2c/D), as in Hugging Face's Llama; a scaling makes
    some of these frequencies smaller, see `#model.llama3_scaling`.

    Constraints:
    - (C1) the input is [b, t, heads * head_size] with an even, positive head_size;
    - (C2) theta is positive.

    Lifespan: written by the user; llmc-prepare-rope turns it into `model.rotate`.

    ```mlir
    %r = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
    %s = model.rope %x {head_size = 8 : i64, theta = 5.0e5 : f32, scaling = #model.llama3_scaling<factor = 32.0, low = 1.0, high = 4.0, positions = 8192>} : tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, I64Attr:$head_size, F32Attr:$theta,
                       OptionalAttr<Model_Llama3ScalingAttr>:$scaling);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def Model_RotateOp : Model_PureOp<"rotate"> {
  let summary = "rope by tables: y = x * cos + swap(x) * sin, swap exchanging the halves of each head; `inverse` subtracts";
  let description = [{
    Column c of a head reads column c of the tables; the sines are negated in
    the first half of a head (see `#model.rope_sin`). `inverse` turns back,
    which is the gradient.

    Constraints:
    - (C1) the input is [b, t, heads * head_size] with an even, positive head_size;
    - (C2) cos and sin are [t, head_size];
    - (C3) the output has the input's shape;
    - (C4) the output has the input's element type; so have cos and sin,
      unless they are f32 and that is narrower.

    Lifespan: created by llmc-prepare-rope; Autodiff adds inverse ones.

    ```mlir
    %r = model.rotate %x, %cos, %sin {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$input, Model_Weight:$cos,
                       Model_Weight:$sin, I64Attr:$head_size, UnitAttr:$inverse);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$input `,` $cos `,` $sin attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_AttentionOp : Model_PureOp<"attention"> {
  let summary = "causal grouped-query attention: softmax(q k^T / sqrt(head size)) v; lse [b,heads,t] is added by Autodiff";
  let description = [{
    Query head h reads key and value head h / (heads / kv_heads). Position t
    sees positions t' <= t, with a window only those with t - t' < window.
    lse[b,h,t] is the logarithm of the softmax's denominator over the scaled
    scores, in natural units.

    Constraints:
    - (C1) the query is [b, t, heads * D];
    - (C2) kv_heads divides heads;
    - (C3) key and value are [b, t, kv_heads * D];
    - (C4) the output has the query's shape;
    - (C5) lse is [b, heads, t];
    - (C6) a window is positive;
    - (C7) key, value and output have the query's element type, lse is f32.

    Lifespan: written by the user without lse; Autodiff asks for it.

    ```mlir
    %a = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
    ```
  }];
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
  let description = [{
    The tanh form of Hendrycks and Gimpel, 2016, as in GPT-2.

    Lifespan: written by the user.

    ```mlir
    %g = model.gelu %x : tensor<2x8x16xf32>
    ```
  }];
}
def Model_SiluOp : Model_UnaryOp<"silu"> {
  let summary = "x / (1 + exp(-x))";
  let description = [{
    Also called swish; with `model.mul` the gate of SwiGLU.

    Lifespan: written by the user.

    ```mlir
    %s = model.silu %x : tensor<2x8x16xf32>
    ```
  }];
}

class Model_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Model_PureOp<mnemonic, !listconcat([SameOperandsAndResultType, Elementwise], traits)> {
  let arguments = (ins Model_Activation:$lhs, Model_Activation:$rhs);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($output)";
}
def Model_AddOp : Model_BinaryOp<"add", [Commutative]> {
  let summary = "elementwise sum of two tensors of one shape";
  let description = [{
    Nothing is broadcast: a residual connection, or a sum of gradients.

    Lifespan: written by the user, and created by Autodiff.

    ```mlir
    %s = model.add %x, %y : tensor<2x8x16xf32>
    ```
  }];
}
def Model_MulOp : Model_BinaryOp<"mul", [Commutative]> {
  let summary = "elementwise product of two tensors of one shape";
  let description = [{
    Nothing is broadcast.

    Lifespan: written by the user, and created by Autodiff.

    ```mlir
    %p = model.mul %x, %y : tensor<2x8x16xf32>
    ```
  }];
}

def Model_SplitOp : Model_PureOp<"split"> {
  let summary = "cuts the last dimension into consecutive parts";
  let description = [{
    Part i follows part i - 1: GPT-2's query, key and value in one product.

    Constraints:
    - (C1) the input has a last dimension and there is an output;
    - (C2) an output has the input's leading dimensions and a known last one;
    - (C3) the parts make up the input's last dimension;
    - (C4) the outputs have the input's element type.

    Lifespan: written by the user.

    ```mlir
    %q, %k, %v = model.split %qkv : (tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
    ```
  }];
  let arguments = (ins Model_Activation:$input);
  let results = (outs Variadic<Model_Activation>:$outputs);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Model_CrossEntropyOp : Model_PureOp<"cross_entropy"> {
  let summary = "mean over tokens of logsumexp(logits) - logits[target]";
  let description = [{
    The loss, in nats per token, computed in f32.

    Constraints:
    - (C1) the logits are [b, t, V];
    - (C2) the targets are [b, t].

    Lifespan: written by the user; llmc-decompose makes `model.token_loss` and
    `model.mean` of it.

    ```mlir
    %loss = model.cross_entropy %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets);
  let results = (outs Model_Loss:$loss);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
