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

/// An attribute `#model.name<number>`; the number is printed as shortly as it
/// can be read back exactly.
class Model_NumberAttr<string name, string attrMnemonic, string number>
    : Model_Attr<name, attrMnemonic> {
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [AttrBuilder<(ins "double":$number), [{
    return $_get($_ctxt, ::llvm::APFloat(number));
  }]>];
  let extraClassDeclaration = [{
    double getValue() const { return get}] # number # [{().convertToDouble(); }
  }];
}

def Model_NormalAttr : Model_NumberAttr<"Normal", "normal", "Deviation"> {
  let summary = "normally distributed initial values, mean 0";
  let description = "Example: `#model.normal<0.02>`. (C1) the deviation is finite and not negative.";
  let parameters = (ins APFloatParameter<"standard deviation">:$deviation);
}
def Model_OnesAttr : Model_Attr<"Ones", "ones"> {
  let summary = "initial values 1";
}
def Model_ZerosAttr : Model_Attr<"Zeros", "zeros"> {
  let summary = "initial values 0";
}
def Model_RopeCosAttr : Model_NumberAttr<"RopeCos", "rope_cos", "Theta"> {
  let summary = "cosines of rotary angles: [T, D], column c is cos(t * theta^(-2 (c mod D/2) / D))";
  let description = "Example: `#model.rope_cos<10000.0>`. (C1) theta is finite and positive.";
  let parameters = (ins APFloatParameter<"base of the angles' geometric series">:$theta);
}
def Model_RopeSinAttr : Model_NumberAttr<"RopeSin", "rope_sin", "Theta"> {
  let summary = "signed sines of rotary angles: [T, D], negated for columns c < D/2";
  let description = "Example: `#model.rope_sin<10000.0>`. (C1) theta is finite and positive.";
  let parameters = (ins APFloatParameter<"base of the angles' geometric series">:$theta);
}

#endif
