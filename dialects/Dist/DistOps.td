//===- DistOps.td - ranks, shards, collectives ----------------------------===//

#ifndef LLMC_DIALECTS_DIST_DISTOPS_TD
#define LLMC_DIALECTS_DIST_DISTOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Dist_Dialect : Dialect {
  let name = "dist";
  let cppNamespace = "::llmc::dist";
  let summary = "a training step spread over ranks";
  let description = [{
    One program runs on all ranks of a mesh; each has a number from 0 on. The
    flat storage of parameters (`train.flat`) is cut into buckets, each bucket
    into one shard a rank, in the order of ranks. Collectives are started and
    waited for apart; they work on storage, in place. Sums are taken in the
    order of ranks, ((x0 + x1) + x2) + ..., so that they do not depend on how a
    range is cut.

    State that lies in the host's memory comes to the device and goes back by
    transfers, which are started and waited for alike, also on one rank.

    Created by Distribution; functions hold dist ops until MemoryPlan,
    `dist.mesh` and `dist.bucket` stay until Link makes tables of them.
  }];
  let useDefaultTypePrinterParser = 1;
}

def Dist_PendingType : TypeDef<Dist_Dialect, "Pending"> {
  let mnemonic = "pending";
  let summary = "a collective or a transfer that was started, by its result";
  let parameters = (ins "::mlir::RankedTensorType":$tensor);
  let assemblyFormat = "`<` $tensor `>`";
}

class Dist_Op<string mnemonic, list<Trait> traits = []> : Op<Dist_Dialect, mnemonic, traits>;

defvar Dist_Flat = 1DTensorOf<[AnyFloat]>;
defvar Dist_Shaped = RankedTensorOf<[AnyFloat], [HasStaticShapePred], "static ranked tensor">;
defvar Dist_ReadWrite = Arg<Dist_Flat, "", [MemRead, MemWrite]>;

def Dist_MeshOp : Dist_Op<"mesh"> {
  let summary = "how many ranks there are and what they share out";
  let description = [{
    `zero` is the stage of ZeRO (Rajbhandari et al. 2020): 0, every rank has
    all of the state; 1, the optimizer's state is sharded. Which storages that
    are says `sharded` of `train.flat`. A program for one rank has no mesh.

    (C1) 2 to 65536 ranks.
    (C2) The stage is 0 or 1.
    (C3) One mesh in a module.

    ```mlir
    dist.mesh ranks 4 zero 1
    ```
  }];
  let arguments = (ins I64Attr:$ranks, I64Attr:$zero);
  let assemblyFormat = "`ranks` $ranks `zero` $zero attr-dict";
  let hasVerifier = 1;
}

def Dist_UnitOp : Dist_Op<"unit"> {
  let summary = "parameters that a step needs at one time";
  let description = [{
    Elements `at` to `at` + `elements` of the storage of all parameters: those
    of a layer, for example. One or more whole buckets. From stage 2 on a window
    holds all of a unit's gradients, in stage 3 all of its parameters.

    (C1) `elements` is positive.
    (C2) The first unit is at 0, each other where the one before it ends.

    ```mlir
    dist.unit "model.layers.0" at 0 elements 8192
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$at, I64Attr:$elements);
  let assemblyFormat = "$name `at` $at `elements` $elements attr-dict";
  let extraClassDeclaration = [{
    int64_t getEnd() { return getAt() + getElements(); }
  }];
  let hasVerifier = 1;
}

def Dist_BucketOp : Dist_Op<"bucket"> {
  let summary = "a range of flat storage that one collective carries";
  let description = [{
    Elements `at` to `at` + `elements` of the storage of all parameters, and what
    one transfer carries of it. Rank r owns the r-th of equal shards of it. A sharded storage holds the rank's
    shards of all buckets one behind the other: that of this bucket begins at
    `at` / ranks.

    (C1) `elements` is a positive multiple of 64 times the ranks of the mesh; of
    64 without a mesh, on one rank.
    (C2) The first bucket is at 0, each other where the one before it ends.

    ```mlir
    dist.bucket at 0 elements 8192
    dist.bucket at 8192 elements 512
    ```
  }];
  let arguments = (ins I64Attr:$at, I64Attr:$elements);
  let assemblyFormat = "`at` $at `elements` $elements attr-dict";
  let extraClassDeclaration = [{
    int64_t getEnd() { return getAt() + getElements(); }
  }];
  let hasVerifier = 1;
}

def Dist_WindowOp : Dist_Op<"window"> {
  let summary = "a handle on a transient storage";
  let description = [{
    Gradients of a unit until they are summed, parameters of it while they are
    needed, or an activation that was brought back from the host. What it holds
    at first is undefined; it lives from the first op that works on it to the
    last one, the wait for a transfer included, and MemoryPlan packs it among
    the activations. `unit` names it for people.

    Created by `llmc-shard-gradients`, `llmc-shard-parameters` and the passes
    of offload.

    ```mlir
    %w = dist.window "model.layers.0" : tensor<8192xf32>
    ```
  }];
  let arguments = (ins StrAttr:$unit);
  let results = (outs Res<Dist_Shaped, "", [MemAlloc]>:$storage);
  let assemblyFormat = "$unit attr-dict `:` type($storage)";
}

def Dist_RangeOp : Dist_Op<"range", [Pure]> {
  let summary = "a handle on consecutive elements of a storage";
  let description = [{
    They may have the shape of the parameter that lies there. Integers are those
    of an input.

    (C1) The range lies within the storage.
    (C2) Element types are equal.

    ```mlir
    %g = train.flat gradient : tensor<8704xf32>
    %range = dist.range %g[8192] : tensor<8704xf32> -> tensor<512xf32>
    %w = dist.window "model.layers.0" : tensor<8192xf32>
    %weight = dist.range %w[64] : tensor<8192xf32> -> tensor<16x32xf32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[AnyFloat, I32]>:$storage, I64Attr:$first);
  let results = (outs RankedTensorOf<[AnyFloat, I32], [HasStaticShapePred], "static ranked tensor">:$range);
  let assemblyFormat = "$storage `[` $first `]` attr-dict `:` type($storage) `->` type($range)";
  let hasVerifier = 1;
}

def Dist_ShardOp : Dist_Op<"shard", [Pure]> {
  let summary = "a handle on this rank's shard of a range";
  let description = [{
    The only op that means something else on each rank.

    (C1) The range has as many elements as all ranks' shards.
    (C2) Element types are equal.

    ```mlir
    %shard = dist.shard %range : tensor<512xf32> -> tensor<128xf32>
    ```
  }];
  let arguments = (ins Dist_Flat:$range);
  let results = (outs Dist_Flat:$shard);
  let assemblyFormat = "$range attr-dict `:` type($range) `->` type($shard)";
  let hasVerifier = 1;
}

def Dist_AllReduceStartOp : Dist_Op<"all_reduce_start"> {
  let summary = "starts to sum a range over all ranks, in place, for all";
  let description = [{
    (C1) The result has the range's type.
    (C2) The range has a shard for each rank: equal ones.

    ```mlir
    %p = dist.all_reduce_start %range : tensor<512xf32> -> !dist.pending<tensor<512xf32>>
    %sum = dist.wait %p : !dist.pending<tensor<512xf32>>
    ```
  }];
  let arguments = (ins Dist_ReadWrite:$input);
  let results = (outs Dist_PendingType:$pending);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` qualified(type($pending))";
  let hasVerifier = 1;
}

def Dist_ReduceScatterStartOp : Dist_Op<"reduce_scatter_start"> {
  let summary = "starts to sum a range over all ranks, each rank its shard";
  let description = [{
    In place: the sums stand in the rank's own shard of the range. The other
    shards are undefined afterwards.

    (C1) The input has as many elements as all ranks' results.
    (C2) Element types are equal.

    ```mlir
    %p = dist.reduce_scatter_start %range : tensor<512xf32> -> !dist.pending<tensor<128xf32>>
    ```
  }];
  let arguments = (ins Dist_ReadWrite:$input);
  let results = (outs Dist_PendingType:$pending);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` qualified(type($pending))";
  let hasVerifier = 1;
}

def Dist_AllGatherStartOp : Dist_Op<"all_gather_start"> {
  let summary = "starts to bring all ranks' shards of a range together";
  let description = [{
    Into a range that holds nothing else, as of a window; without one in place:
    the result is the range of which the input is a shard.

    (C1) The result has as many elements as all ranks' inputs.
    (C2) Element types are equal.
    (C3) Without a destination, the input is a `dist.shard`.
    (C4) The destination has the result's type.

    ```mlir
    %p = dist.all_gather_start %shard : tensor<128xf32> -> !dist.pending<tensor<512xf32>>
    %q = dist.all_gather_start %mine into %range : tensor<128xf32>, tensor<512xf32> -> !dist.pending<tensor<512xf32>>
    ```
  }];
  let arguments = (ins Dist_ReadWrite:$input,
                       Arg<Optional<Dist_Flat>, "", [MemWrite]>:$destination);
  let results = (outs Dist_PendingType:$pending);
  let builders = [OpBuilder<(ins "PendingType":$pending, "::mlir::Value":$input), [{
    build($_builder, $_state, pending, input, ::mlir::Value());
  }]>];
  let assemblyFormat = "$input (`into` $destination^)? attr-dict `:` type($input) (`,` type($destination)^)? `->` qualified(type($pending))";
  let hasVerifier = 1;
}

def Dist_StagingOp : Dist_Op<"staging", [Pure]> {
  let summary = "a handle on a place of the device that state passes through";
  let description = [{
    `first` is the place's first byte among all those of the program. What lies
    there is undefined until a transfer has brought it.

    (C1) `first` is not negative, and a multiple of 64.

    ```mlir
    %s = dist.staging 4096 : tensor<512xf32>
    ```
  }];
  let arguments = (ins I64Attr:$first);
  let results = (outs Dist_Flat:$value);
  let assemblyFormat = "$first attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def Dist_SavedOp : Dist_Op<"saved", [Pure]> {
  let summary = "a handle on a place of the host that an activation waits in";
  let description = [{
    Between the forward and the backward pass. `first` is the place's first byte
    among all those of the program; what lies there is undefined until a transfer
    has taken it there.

    Created by `llmc-offload-activations`.

    (C1) `first` is not negative, and a multiple of 64.

    ```mlir
    %s = dist.saved 4096 : tensor<2x16x32xbf16>
    ```
  }];
  let arguments = (ins I64Attr:$first);
  let results = (outs Dist_Shaped:$value);
  let assemblyFormat = "$first attr-dict `:` type($value)";
  let hasVerifier = 1;
}

class Dist_TransferOp<string mnemonic, string text> : Dist_Op<mnemonic, [
    SameTypeOperands,
    TypesMatchWith<"the result is of the source's type", "source", "pending",
        "PendingType::get($_self.getContext(), ::llvm::cast<::mlir::RankedTensorType>($_self))">]> {
  let summary = text;
  let arguments = (ins Arg<Dist_Shaped, "", [MemRead]>:$source,
                       Arg<Dist_Shaped, "", [MemWrite]>:$destination);
  let results = (outs Dist_PendingType:$pending);
  let assemblyFormat = "$source `into` $destination attr-dict `:` type($source)";
  let builders = [OpBuilder<(ins "::mlir::Value":$source, "::mlir::Value":$destination), [{
    build($_builder, $_state,
          PendingType::get($_builder.getContext(),
                           ::llvm::cast<::mlir::RankedTensorType>(source.getType())),
          source, destination);
  }]>];
  let hasVerifier = 1;
}

def Dist_ToDeviceStartOp : Dist_TransferOp<"to_device_start",
    "starts to copy from the host to the device"> {
  let description = [{
    The wait's result is the destination. Transfers of one direction run in the
    order of their starts; those of the other, and kernels, run beside them.

    (C1) Source, destination and result have one type.
    (C2) The source is a handle on storage of the host, the destination is not.

    ```mlir
    %p = dist.to_device_start %range into %staging : tensor<512xf32>
    %m = dist.wait %p : !dist.pending<tensor<512xf32>>
    ```
  }];
}

def Dist_ToHostStartOp : Dist_TransferOp<"to_host_start",
    "starts to copy from the device to the host"> {
  let description = [{
    As `dist.to_device_start`, the other way.

    (C1) Source, destination and result have one type.
    (C2) The destination is a handle on storage of the host, the source is not.

    ```mlir
    %p = dist.to_host_start %m into %range : tensor<512xf32>
    ```
  }];
}

def Dist_WaitOp : Dist_Op<"wait", [TypesMatchWith<"", "pending", "value",
    "::llvm::cast<::llmc::dist::PendingType>($_self).getTensor()">]> {
  let summary = "waits for what was started; what it results in is there now";
  let description = [{
    (C1) A collective or a transfer is waited for once.

    ```mlir
    %sum = dist.wait %p : !dist.pending<tensor<512xf32>>
    ```
  }];
  let arguments = (ins Dist_PendingType:$pending);
  let results = (outs Dist_Shaped:$value);
  let builders = [OpBuilder<(ins "::mlir::Value":$pending), [{
    build($_builder, $_state,
          ::llvm::cast<PendingType>(pending.getType()).getTensor(), pending);
  }]>];
  let assemblyFormat = "$pending attr-dict `:` qualified(type($pending))";
  let hasVerifier = 1;
}

#endif
