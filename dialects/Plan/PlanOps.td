//===- PlanOps.td - arenas, views, launches -------------------------------===//

#ifndef LLMC_DIALECTS_PLAN_PLANOPS_TD
#define LLMC_DIALECTS_PLAN_PLANOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Plan_Dialect : Dialect {
  let name = "plan";
  let cppNamespace = "::llmc::plan";
  let summary = "where every tensor lies and in which order kernels run";
  let description = [{
    After MemoryPlan a module holds `plan.arena`s, `plan.variable`s, the
    kernels (`tile.func`) and one `plan.func` per entry point, a straight line
    of `plan.view` and `plan.launch`.
  }];
}

class Plan_Op<string mnemonic, list<Trait> traits = []> : Op<Plan_Dialect, mnemonic, traits>;

// The order is that of LLMC_ARENA_KINDS in runtime/abi/ProgramAbi.h.
def Plan_ArenaKind : I32EnumAttr<"ArenaKind", "what an arena holds", [
    I32EnumAttrCase<"Parameter", 0, "parameter">,
    I32EnumAttrCase<"Gradient", 1, "gradient">,
    I32EnumAttrCase<"Moment1", 2, "moment1">,
    I32EnumAttrCase<"Moment2", 3, "moment2">,
    I32EnumAttrCase<"Constant", 4, "constant">,
    I32EnumAttrCase<"Activation", 5, "activation">,
    I32EnumAttrCase<"Io", 6, "io">,
    I32EnumAttrCase<"Workspace", 7, "workspace">,
    I32EnumAttrCase<"Compute", 8, "compute">,
    I32EnumAttrCase<"Squares", 9, "squares">]> {
  let cppNamespace = "::llmc::plan";
}

def Plan_ArenaOp : Plan_Op<"arena", [Symbol]> {
  let summary = "storage allocated once at start";
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_ArenaKind:$kind, I64Attr:$bytes, I64Attr:$alignment);
  let assemblyFormat = "$kind $sym_name `bytes` $bytes `align` $alignment attr-dict";
  let hasVerifier = 1;
}

def Plan_VariableOp : Plan_Op<"variable"> {
  let summary = "a named parameter or constant at a byte offset of its arena";
  let arguments = (ins StrAttr:$name, FlatSymbolRefAttr:$arena, I64Attr:$offset,
                       TypeAttrOf<AnyRankedTensor>:$type, AnyAttr:$init, UnitAttr:$decay);
  let assemblyFormat = "$name `in` $arena `[` $offset `]` `:` $type (`decay` $decay^)? `init` $init attr-dict";
}

def Plan_FuncOp : Plan_Op<"func", [Symbol, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "an entry point: a straight line of launches";
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

def Plan_ViewOp : Plan_Op<"view", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a tensor's place: bytes from the start of an arena";
  let description = [{
    `whole` is the place of a tensor that this one is a part of; the offset
    counts from the arena's start all the same. Without it, two places that
    are needed at one time share no byte.
  }];
  let arguments = (ins FlatSymbolRefAttr:$arena, I64Attr:$offset,
                       Optional<AnyMemRef>:$whole);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$arena `[` $offset `]` (`of` $whole^ `(` type($whole) `)`)? attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    /// The place that this one is a part of, itself if of none.
    ViewOp getRoot();
  }];
}

def Plan_LaunchOp : Plan_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on places: the kernel's arguments, then its results";
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$operands_);
  let assemblyFormat = "$kernel `(` $operands_ `)` attr-dict `:` type($operands_)";
}

def Plan_PortOp : Plan_Op<"port"> {
  let summary = "a named input or output (tokens, targets, loss, hyper, norm, prompt, logits) at a byte offset of the io arena";
  let arguments = (ins StrAttr:$name, I64Attr:$offset, TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$name `[` $offset `]` `:` $type attr-dict";
}

#endif
