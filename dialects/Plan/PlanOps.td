//===- PlanOps.td - arenas, views, launches -------------------------------===//

#ifndef LLMC_DIALECTS_PLAN_PLANOPS_TD
#define LLMC_DIALECTS_PLAN_PLANOPS_TD

include "mlir/IR/AttrTypeBase.td"
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
    of `plan.view` and `plan.launch`, in a program for several ranks also of
    `plan.start` and `plan.wait`, and of `plan.copy` where state lies in the
    host's memory.
  }];
  let useDefaultTypePrinterParser = 1;
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
    I32EnumAttrCase<"Squares", 9, "squares">,
    I32EnumAttrCase<"Communication", 10, "communication">,
    I32EnumAttrCase<"Staging", 11, "staging">,
    I32EnumAttrCase<"Saved", 12, "saved">]> {
  let cppNamespace = "::llmc::plan";
}

def Plan_ArenaOp : Plan_Op<"arena", [Symbol]> {
  let summary = "storage allocated once at start";
  let description = [{
    A `sharded` arena holds this rank's shards of all buckets, one behind the
    other, instead of all of a storage. One of the `host` is pinned memory that
    no kernel accesses: `plan.copy` brings its contents to the device and back.

    ```mlir
    plan.arena moment1 @moment1 bytes 4096 align 64 host
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Plan_ArenaKind:$kind, I64Attr:$bytes, I64Attr:$alignment,
                       UnitAttr:$sharded, UnitAttr:$host);
  let assemblyFormat = "$kind $sym_name `bytes` $bytes `align` $alignment (`sharded` $sharded^)? (`host` $host^)? attr-dict";
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
    are needed at one time share no byte. With a `rank_stride`, the place is
    another one on each rank: its number times so many bytes further on.

    ```mlir
    %shard = plan.view @gradients[512 + rank * 256] : memref<64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$arena, I64Attr:$offset,
                       OptionalAttr<I64Attr>:$rank_stride,
                       Optional<AnyMemRef>:$whole);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$arena `[` $offset (`+` `rank` `*` $rank_stride^)? `]` (`of` $whole^ `(` type($whole) `)`)? attr-dict `:` type($result)";
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

def Plan_PendingType : TypeDef<Plan_Dialect, "Pending"> {
  let mnemonic = "pending";
  let summary = "a collective or a copy that was started";
}

// The order is that of LLMC_COLLECTIVE_KINDS in runtime/abi/ProgramAbi.h.
def Plan_CollectiveKind : I32EnumAttr<"CollectiveKind", "what ranks do together", [
    I32EnumAttrCase<"AllReduce", 0, "all_reduce">,
    I32EnumAttrCase<"ReduceScatter", 1, "reduce_scatter">,
    I32EnumAttrCase<"AllGather", 2, "all_gather">]> {
  let cppNamespace = "::llmc::plan";
}

def Plan_StartOp : Plan_Op<"start", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "starts a collective from a place into a place";
  let description = [{
    `all_reduce` sums in place, `reduce_scatter` into this rank's shard of the
    source, `all_gather` from this rank's shard of the destination. A sum is taken in the order of ranks, with the other ranks'
    parts in `scratch`. Collectives run one at a time, in the order in which
    they were started, so that all may have the same scratch.

    On a GPU `adds` names the kernel that adds one rank's part to another's.

    (C1) Source and destination have one element type.
    (C2) A sum has a scratch, `all_gather` has none.
    (C3) `all_reduce` has one place as source and destination.
    (C4) Only sums have `adds`, which is defined.

    ```mlir
    %p = plan.start reduce_scatter %bucket into %shard using %scratch : memref<512xf32>, memref<128xf32>, memref<384xf32>
    plan.wait %p
    ```
  }];
  let arguments = (ins Plan_CollectiveKind:$kind, AnyMemRef:$source,
                       AnyMemRef:$destination, Optional<AnyMemRef>:$scratch,
                       OptionalAttr<FlatSymbolRefAttr>:$adds);
  let results = (outs Plan_PendingType:$pending);
  let builders = [OpBuilder<(ins "CollectiveKind":$kind, "::mlir::Value":$source,
                                 "::mlir::Value":$destination, "::mlir::Value":$scratch), [{
    build($_builder, $_state, PendingType::get($_builder.getContext()),
          CollectiveKindAttr::get($_builder.getContext(), kind), source, destination, scratch,
          ::mlir::FlatSymbolRefAttr());
  }]>];
  let assemblyFormat = "$kind $source `into` $destination (`using` $scratch^)? (`adds` $adds^)? attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

// The order is that of LLMC_COPY_DIRECTIONS in runtime/abi/ProgramAbi.h.
def Plan_CopyDirection : I32EnumAttr<"CopyDirection", "which way a copy goes", [
    I32EnumAttrCase<"ToDevice", 0, "to_device">,
    I32EnumAttrCase<"ToHost", 1, "to_host">]> {
  let cppNamespace = "::llmc::plan";
}

def Plan_CopyOp : Plan_Op<"copy", [SameTypeOperands, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "starts a copy between the host and the device";
  let description = [{
    Copies of one direction run one at a time, in the order in which they were
    started; those of the other direction, and launches, run beside them.

    (C1) Source and destination have one type, without gaps.
    (C2) `to_device` copies from an arena of the host into one of the device,
    `to_host` the other way.

    ```mlir
    %m = plan.view @moment1[4096] : memref<512xf32>
    %s = plan.view @staging[0] : memref<512xf32>
    %p = plan.copy to_device %m into %s : memref<512xf32>
    plan.wait %p
    ```
  }];
  let arguments = (ins Plan_CopyDirection:$direction, AnyMemRef:$source, AnyMemRef:$destination);
  let results = (outs Plan_PendingType:$pending);
  let builders = [OpBuilder<(ins "CopyDirection":$direction, "::mlir::Value":$source,
                                 "::mlir::Value":$destination), [{
    build($_builder, $_state, PendingType::get($_builder.getContext()),
          CopyDirectionAttr::get($_builder.getContext(), direction), source, destination);
  }]>];
  let assemblyFormat = "$direction $source `into` $destination attr-dict `:` type($source)";
  let hasVerifier = 1;
}

def Plan_WaitOp : Plan_Op<"wait"> {
  let summary = "waits until a collective or a copy is done";
  let arguments = (ins Plan_PendingType:$pending);
  let assemblyFormat = "$pending attr-dict";
}

def Plan_PortOp : Plan_Op<"port"> {
  let summary = "a named input or output (tokens, targets, loss, hyper, places, norm, prompt, position, logits) at a byte offset of the io arena";
  let arguments = (ins StrAttr:$name, I64Attr:$offset, TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$name `[` $offset `]` `:` $type attr-dict";
}

#endif
