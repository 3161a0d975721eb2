//===- Passes.td - from a model file to one flat, static graph ------------===//

#ifndef LLMC_COMPILER_SPECIALIZE_PASSES_TD
#define LLMC_COMPILER_SPECIALIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def Specialize : Pass<"llmc-specialize", "::mlir::ModuleOp"> {
  let summary = "fixes batch and sequence";
  let description = [{
    Precondition: graphs as written; in tensors `[batch, sequence, ..]` the
    first two extents may be `?`.

    Action: a `?` in the first dimension becomes `batch`, the first `?` after
    it becomes `seq`, in the graph's signature and in every value.

    Postcondition: static shapes, unless a type had further `?`, which
    llmc-verify-specialized reports.

    Errors: a batch or sequence below 1; a sequence beyond the positions of a
    `model.position_embedding`; a graph whose tokens are fixed to something
    else; an attribute that its op does not have.

    With `batch=2 seq=8`, before:
    ```mlir
    %x = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<97x40xf32>) -> tensor<?x?x40xf32>
    ```
    after:
    ```mlir
    %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x40xf32>) -> tensor<2x8x40xf32>
    ```
  }];
  let options = [
    Option<"batch", "batch", "int64_t", /*default=*/"0",
           "sequences per micro-batch, at least 1">,
    Option<"seq", "seq", "int64_t", /*default=*/"0",
           "tokens per sequence, at least 1">,
  ];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def UnrollRepeat : Pass<"llmc-unroll-repeat", "::mlir::ModuleOp"> {
  let summary = "writes every layer of a repeat out";
  let description = [{
    Precondition: none.

    Action: a `model.repeat` is replaced by `count` copies of its body; in copy
    i the names of parameters and constants get the prefix `named.i.`, and the
    other ops the attribute `model.layer`, "named.i". Inner repeats are unrolled
    first, so that prefixes read from the outside in. A count that gives more
    operations than any model has is an error.

    Postcondition: no `model.repeat`.

    Before:
    ```mlir
    %y = model.repeat 2 named "layers" (%h = %x) : tensor<2x8x40xf32> {
      %w = model.parameter "norm.weight" : tensor<40xf32> {init = #model.ones}
      %n = model.rms_norm %h, %w {eps = 1.0e-5 : f32} : (tensor<2x8x40xf32>, tensor<40xf32>) -> tensor<2x8x40xf32>
      model.yield %n : tensor<2x8x40xf32>
    }
    ```
    after:
    ```mlir
    %w0 = model.parameter "layers.0.norm.weight" : tensor<40xf32> {init = #model.ones}
    %n0 = model.rms_norm %x, %w0 {eps = 1.0e-5 : f32, model.layer = "layers.0"} : (tensor<2x8x40xf32>, tensor<40xf32>) -> tensor<2x8x40xf32>
    %w1 = model.parameter "layers.1.norm.weight" : tensor<40xf32> {init = #model.ones}
    %y = model.rms_norm %n0, %w1 {eps = 1.0e-5 : f32, model.layer = "layers.1"} : (tensor<2x8x40xf32>, tensor<40xf32>) -> tensor<2x8x40xf32>
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def DescribeArchitecture : Pass<"llmc-describe-architecture", "::mlir::ModuleOp"> {
  let summary = "finds the class of Hugging Face's transformers that a model is";
  let description = [{
    Precondition: no `model.repeat`, whose layers it looks at one by one;
    `model.rope` still there, which says theta.

    Action: reads the one graph of the module as a chain of decoder layers, with
    the names and layouts of its parameters. The module gets the attribute
    `llmc.config`, the text of the config.json with which transformers opens the
    program's checkpoints, or `llmc.no_config`, what keeps it from being one of
    GPT2LMHeadModel, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM and
    Phi3ForCausalLM. The graph does not change.

    Postcondition: one of the two attributes, if the module holds one graph.

    After, for a Llama:
    ```mlir
    module attributes {llmc.config = "{\n  \"architectures\": [\n    \"LlamaForCausalLM\"\n  ], ..."} {
    ```
    After, for a model whose embedding has a name of its own:
    ```mlir
    module attributes {llmc.no_config = "line 4: LlamaForCausalLM needs the name 'model.embed_tokens.weight', found 'embed.weight'"} {
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def PrepareRope : Pass<"llmc-prepare-rope", "::mlir::ModuleOp"> {
  let summary = "gives rotary embeddings their tables";
  let description = [{
    Precondition: a known sequence length.

    Action: `model.rope` becomes `model.rotate` with a table of cosines and a
    table of signed sines, both [T, head size], at the top of the graph; uses
    of one theta, head size, sequence length and element type share them. A
    rotation of other heads than its attention has is an error.

    Postcondition: no `model.rope`.

    Before:
    ```mlir
    %q = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x16x48xf32>
    ```
    after:
    ```mlir
    %cos = model.constant "rope.cos.10000.8" : tensor<16x8xf32> {init = #model.rope_cos<10000.0>}
    %sin = model.constant "rope.sin.10000.8" : tensor<16x8xf32> {init = #model.rope_sin<10000.0>}
    %q = model.rotate %x, %cos, %sin {head_size = 8 : i64} : (tensor<2x16x48xf32>, tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<2x16x48xf32>
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def HoistParameters : Pass<"llmc-hoist-parameters", "::mlir::ModuleOp"> {
  let summary = "moves parameters and constants to the top of the graph";
  let description = [{
    Precondition: no `model.repeat`, whose names would be relative.

    Action: moves every `model.parameter` and `model.constant` to the top of
    its graph, in order of occurrence. This order is the order of gradients.

    Postcondition: parameters and constants come first; their names differ.

    Errors: a name that occurs twice. A tied parameter is one op with several
    uses, since two ops of one name could disagree in shape or initialiser.

    Before:
    ```mlir
    %x = model.embedding %tokens, %wte : (tensor<2x8xi32>, tensor<97x40xf32>) -> tensor<2x8x40xf32>
    %w = model.parameter "ln_f.weight" : tensor<40xf32> {init = #model.ones}
    ```
    after:
    ```mlir
    %w = model.parameter "ln_f.weight" : tensor<40xf32> {init = #model.ones}
    %x = model.embedding %tokens, %wte : (tensor<2x8xi32>, tensor<97x40xf32>) -> tensor<2x8x40xf32>
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def VerifySpecialized : Pass<"llmc-verify-specialized", "::mlir::ModuleOp"> {
  let summary = "checks that one flat, static graph is left";
  let description = [{
    Changes nothing. Reports, as errors:
    - a module that does not hold exactly one `model.graph`;
    - a graph whose arguments are not tokens and targets of one shape, or which
      does not return the loss of a `model.cross_entropy` over its targets;
    - a `model.repeat` or `model.rope`, or an op of another dialect;
    - a dynamic extent;
    - a parameter or constant below another op, or a name that occurs twice;
    - a parameter of another type than f32;
    - a parameter which the loss does not depend on: it would never be trained.
  }];
}

#endif
