//===- LossOps.td - the loss and its parts, tokens in chunks ---------------===//

def Model_CrossEntropyGradOp : Model_PureOp<"cross_entropy_grad"> {
  let summary = "dlogits = (softmax(logits) - onehot(target)) / tokens";
  let description = [{
    The gradient of the mean over `tokens` tokens, which are those of the
    logits unless these are a part of all.

    Constraints:
    - (C1) the logits are [b, t, V];
    - (C2) the targets are [b, t];
    - (C3) the output has the logits' shape;
    - (C4) the output has the element type of the logits;
    - (C5) `tokens` is at least b * t.

    Lifespan: created by Autodiff; llmc-chunk-head adds `tokens`.

    ```mlir
    %dl = model.cross_entropy_grad %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x97xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets,
                       OptionalAttr<I64Attr>:$tokens);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Type":$output, "::mlir::Value":$logits,
                                 "::mlir::Value":$targets), [{
    build($_builder, $_state, output, logits, targets, ::mlir::IntegerAttr());
  }]>];
  let hasVerifier = 1;
}

def Model_TokenLossOp : Model_PureOp<"token_loss"> {
  let summary = "loss[b,t] = logsumexp(logits[b,t,:]) - logits[b,t,target]";
  let description = [{
    The loss of each token, before the mean.

    Constraints:
    - (C1) the logits are [b, t, V];
    - (C2) the targets are [b, t];
    - (C3) the output is [b, t];
    - (C4) the output is f32.

    Lifespan: created by llmc-decompose and llmc-chunk-head.

    ```mlir
    %l = model.token_loss %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
    ```
  }];
  let arguments = (ins Model_Activation:$logits, Model_Tokens:$targets);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$logits `,` $targets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_MeanOp : Model_PureOp<"mean"> {
  let summary = "mean of all elements, summed in a fixed order";
  let description = [{
    A scalar.

    Constraints:
    - (C1) the input is f32.

    Lifespan: created by llmc-decompose and llmc-chunk-head.

    ```mlir
    %m = model.mean %l : (tensor<2x8xf32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Model_Activation:$input);
  let results = (outs Model_Loss:$output);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_SliceTokensOp : Model_PureOp<"slice_tokens"> {
  let summary = "tokens first, first + 1, .. of all b * t tokens, as one sequence";
  let description = [{
    A place, not a computation: no kernel, MemoryPlan reads the input's bytes.

    Constraints:
    - (C1) the input is [b, t, ..], static, the output [1, n, ..] with the same
      further dimensions and elements;
    - (C2) tokens first to first + n are tokens of the input.

    Lifespan: created by llmc-chunk-head, removed by llmc-plan-memory.

    ```mlir
    %s = model.slice_tokens %x {first = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<1x4x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$first);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_TakeTokensOp : Model_PureOp<"take_tokens"> {
  let summary = "y[0,n,:] = input[0, positions[0,n], :]";
  let description = [{
    Rows of one sequence by numbers that are known when the program runs: what
    sampling needs of a sequence is the position behind the prompt's last token.

    Constraints:
    - (C1) the positions are [1, n], the input is [1, t, C];
    - (C2) the output is [1, n, C];
    - (C3) the output has the input's element type.

    Lifespan: created by llmc-build-step, in @generate.

    ```mlir
    %y = model.take_tokens %position, %x : (tensor<1x1xi32>, tensor<1x8x16xf32>) -> tensor<1x1x16xf32>
    ```
  }];
  let arguments = (ins Model_Tokens:$positions, Model_Activation:$input);
  let results = (outs Model_Activation:$output);
  let assemblyFormat = "$positions `,` $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Model_JoinTokensOp : Model_PureOp<"join_tokens"> {
  let summary = "chunks of tokens one after another: what slice_tokens takes apart";
  let description = [{
    A place, not a computation: the kernels that make the parts write them where
    they belong.

    Constraints:
    - (C1) the output is [b, t, ..], static, the inputs [1, n, ..] with the same
      further dimensions and elements;
    - (C2) the inputs have b * t tokens in all.

    Lifespan: created by llmc-chunk-head, removed by llmc-plan-memory.

    ```mlir
    %x = model.join_tokens %a, %b : (tensor<1x12x16xf32>, tensor<1x4x16xf32>) -> tensor<2x8x16xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$output);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
