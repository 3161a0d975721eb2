//===- StructureOps.td - graph, parameter, repeat -------------------------===//

def Model_GraphOp : Model_Op<"graph", [
    FunctionOpInterface, IsolatedFromAbove, Symbol]> {
  let summary = "the model: tokens and targets to the loss";
  let description = [{
    Holds the whole forward pass. The block's arguments are the tokens and the
    targets, `[batch, sequence]` both; the result is the mean loss. In a model
    file batch and sequence are `?`.

    Constraints:
    - (C1) the body ends with `model.return`.

    Lifespan: written by the user; Specialize makes it static and flat,
    Autodiff adds the gradients to its results, Step replaces it by functions.

    ```mlir
    model.graph @bigram(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
      %w = model.parameter "wte.weight" : tensor<97x97xf32> {init = #model.normal<0.02>}
      %x = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<97x97xf32>) -> tensor<?x?x97xf32>
      %loss = model.cross_entropy %x, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
      model.return %loss : tensor<f32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    /// The module's only graph; none or two are an error.
    static ::mlir::FailureOr<GraphOp> getOnly(::mlir::ModuleOp module);
  }];
}

def Model_ReturnOp : Model_Op<"return", [Pure, Terminator, HasParent<"GraphOp">]> {
  let summary = "ends a graph with the loss; after Autodiff also one gradient per parameter";
  let description = [{
    Constraints:
    - (C1) the operands have the types of the graph's results.

    Lifespan: written by the user, extended by Autodiff, removed by Step.

    ```mlir
    model.return %loss : tensor<f32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let hasVerifier = 1;
}

def Model_ParameterOp : Model_Op<"parameter", [Pure]> {
  let summary = "a trainable tensor, by its Hugging Face name";
  let description = [{
    Names the tensor in checkpoints and says how it begins. Inside
    `model.repeat` the name is relative: llmc-unroll-repeat puts `named.i.`
    before it. A tied parameter is one op with several uses.

    Constraints:
    - (C1) the name is not empty, and has no control characters;
    - (C2) `init` is `#model.normal`, `#model.ones` or `#model.zeros`;
    - (C3) the shape is static.

    Lifespan: written by the user; Step turns it into `train.variable`.

    ```mlir
    %w = model.parameter "wte.weight" : tensor<50257x768xf32> {init = #model.normal<0.02>}
    ```
  }];
  let arguments = (ins StrAttr:$name, AnyAttr:$init);
  let results = (outs Model_Weight:$value);
  let assemblyFormat = "$name `:` type($value) attr-dict";
  let hasVerifier = 1;
}

def Model_ConstantOp : Model_Op<"constant", [Pure]> {
  let summary = "a tensor computed once at start and never trained: rotary tables";
  let description = [{
    Constraints:
    - (C1) the name is not empty, and has no control characters;
    - (C2) `init` is `#model.rope_cos` or `#model.rope_sin`;
    - (C3) the shape is static [T, D] with D even.

    Lifespan: created by llmc-prepare-rope; Step turns it into
    `train.variable`.

    ```mlir
    %cos = model.constant "rope.cos.10000.64" : tensor<1024x64xf32> {init = #model.rope_cos<10000.0>}
    ```
  }];
  let arguments = (ins StrAttr:$name, AnyAttr:$init);
  let results = (outs Model_Weight:$value);
  let assemblyFormat = "$name `:` type($value) attr-dict";
  let hasVerifier = 1;
}

def Model_RepeatOp : Model_Op<"repeat", [
    RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "the same layers several times over; parameters inside get the prefix `named`.i.";
  let description = [{
    Runs the body `count` times. Its arguments begin as `inits` and continue as
    what the body yields; the results are what the last round yields. Each
    round has parameters of its own. Values from above may be used inside.

    Constraints:
    - (C1) `count` is positive;
    - (C2) `named` is not empty;
    - (C3) the body has one argument per init, of the init's type;
    - (C4) the body ends with `model.yield`, which has one operand per init, of
      the init's type, and so have the results.

    Lifespan: written by the user, removed by llmc-unroll-repeat.

    ```mlir
    %y = model.repeat 2 named "layers" (%h = %x) : tensor<?x?x8xf32> {
      %w = model.parameter "norm.weight" : tensor<8xf32> {init = #model.ones}
      %n = model.rms_norm %h, %w {eps = 1.0e-5 : f32} : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
      model.yield %n : tensor<?x?x8xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, StrAttr:$named,
                       Variadic<AnyRankedTensor>:$inits);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Model_YieldOp : Model_Op<"yield", [Pure, Terminator, HasParent<"RepeatOp">]> {
  let summary = "what one layer hands to the next";
  let description = [{
    Lifespan: written by the user, removed with its `model.repeat`.

    ```mlir
    model.yield %out : tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let builders = [OpBuilder<(ins), [{ }]>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}
