//===- ModelDialect.td - what a user writes: a graph of logical tensors ---===//

#ifndef LLMC_DIALECTS_MODEL_MODELDIALECT_TD
#define LLMC_DIALECTS_MODEL_MODELDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Model_Dialect : Dialect {
  let name = "model";
  let cppNamespace = "::llmc::model";
  let summary = "graphs of logical tensors: what a user writes";
  let description = [{
    A model file holds one `model.graph`. Activations are tensors
    `[batch, sequence, channels]`, of which the first two extents stay `?` in
    the file: they are compile options. Parameters carry their Hugging Face
    names and their initialisers. Nothing here says precision, memory or GPUs.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Model_Attr<string name, string attrMnemonic> : AttrDef<Model_Dialect, name> {
  let mnemonic = attrMnemonic;
}

// Numbers are printed as shortly as they can be read back exactly.

def Model_NormalAttr : Model_Attr<"Normal", "normal"> {
  let summary = "normally distributed initial values, mean 0";
  let description = "Example: `#model.normal<0.02>`. (C1) the deviation is finite and not negative.";
  let parameters = (ins APFloatParameter<"standard deviation">:$deviation);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "double":$deviation), [{
    return $_get($_ctxt, ::llvm::APFloat(deviation));
  }]>];
}
def Model_OnesAttr : Model_Attr<"Ones", "ones"> {
  let summary = "initial values 1";
}
def Model_ZerosAttr : Model_Attr<"Zeros", "zeros"> {
  let summary = "initial values 0";
}
def Model_Llama3ScalingAttr : Model_Attr<"Llama3Scaling", "llama3_scaling"> {
  let summary = "how Llama 3 slows rotary positions down for long sequences";
  let description = [{
    A pair of channels that turns fewer than `low` times in `positions`
    positions turns `factor` times slower, one that turns more than `high`
    times as fast as before; between them speeds are interpolated, linearly in
    the number of turns. Grattafiori et al., 2024; `rope_scaling` in Hugging
    Face's config.json, whose names are `factor`, `low_freq_factor`,
    `high_freq_factor` and `original_max_position_embeddings`.

    Example: `#model.llama3_scaling<factor = 32.0, low = 1.0, high = 4.0, positions = 8192>`.
    (C1) the factor is finite and at least 1; (C2) 0 < low < high, finite;
    (C3) positions is positive.
  }];
  let parameters = (ins APFloatParameter<"how many times slower">:$factor,
                        APFloatParameter<"turns below which all slow down">:$low,
                        APFloatParameter<"turns above which none does">:$high,
                        "int64_t":$positions);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

/// An attribute `#model.name<theta>` or `#model.name<theta, scaling>`.
class Model_RopeTableAttr<string name, string attrMnemonic>
    : Model_Attr<name, attrMnemonic> {
  let description = "Example: `#model." # attrMnemonic # "<10000.0>`, with a scaling "
      "`#model." # attrMnemonic # "<500000.0, <factor = 8.0, low = 1.0, high = 4.0, positions = 8192>>`."
      " (C1) theta is finite and positive.";
  let parameters = (ins APFloatParameter<"base of the angles' geometric series">:$theta,
                        OptionalParameter<"::llmc::model::Llama3ScalingAttr">:$scaling);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "double":$theta, CArg<"::llmc::model::Llama3ScalingAttr", "{}">:$scaling), [{
    return $_get($_ctxt, ::llvm::APFloat(theta), scaling);
  }]>];
}
def Model_RopeCosAttr : Model_RopeTableAttr<"RopeCos", "rope_cos"> {
  let summary = "cosines of rotary angles: [T, D], column c is cos(t * f), f the frequency of the pair c mod D/2";
}
def Model_RopeSinAttr : Model_RopeTableAttr<"RopeSin", "rope_sin"> {
  let summary = "signed sines of rotary angles: [T, D], negated for columns c < D/2";
}

#endif
