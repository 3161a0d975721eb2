//===- TileOps.td - kernels at block level --------------------------------===//

#ifndef LLMC_DIALECTS_TILE_TILEOPS_TD
#define LLMC_DIALECTS_TILE_TILEOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::llmc::tile";
  let summary = "kernels at block level";
  let description = [{
    A tile value is a ranked tensor of static shape, rank 1 or 2; `arith` and
    `math` work on it elementwise, `scf.for` carries it. A view is a memref
    with static sizes and strides (`memref.reinterpret_cast` makes one from a
    kernel argument). From Fusion to Tiling a `tile.func` takes and returns
    tensors and its body holds the group's ops; Tiling turns it into a tile
    program: the results become trailing memref arguments, and one run of the
    body computes one block of the grid.
  }];
}

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;
def Tile_Value : RankedTensorOf<[AnyFloat, AnyInteger, Index]>;
def Tile_View : StridedMemRefRankOf<[AnyFloat, AnyInteger], [1, 2]>;

def Tile_FuncOp : Tile_Op<"func", [FunctionOpInterface, IsolatedFromAbove, Symbol]> {
  let summary = "a kernel";
  let description = [{
    Attributes: `kind` (what Fusion grouped: "gemm", "rows", "attention", ...),
    `schedule` (dictionary, set by Schedule: block sizes, splits), `grid`
    (three extents), `inplace` (pairs [result, argument] that may share
    storage: each element of the argument is read before that element of the
    result is written, by the same block), `predicted_us` (what a launch takes,
    where the target's model knows: Tile.h).
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::llvm::StringRef":$kind,
                                 "::mlir::TypeRange":$arguments,
                                 CArg<"::mlir::TypeRange", "{}">:$results)>];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<StrAttr>:$kind,
                       OptionalAttr<DictionaryAttr>:$schedule,
                       OptionalAttr<DenseI64ArrayAttr>:$grid,
                       OptionalAttr<DenseI64ArrayAttr>:$inplace,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
  }];
}

def Tile_ReturnOp : Tile_Op<"return", [Pure, Terminator, HasParent<"FuncOp">]> {
  let summary = "ends a kernel; before Tiling with its results";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Tile_LaunchOp : Tile_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on tensors, before MemoryPlan";
  let description = [{
    Storage handles (train.ref, train.flat) among the operands are updated in
    place where the kernel's body says so; hence the op has side effects and
    launches keep their order.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def Tile_ProgramIdOp : Tile_Op<"program_id", [Pure]> {
  let summary = "this block's coordinate along a grid axis (0, 1, 2)";
  let arguments = (ins ConfinedAttr<I32Attr, [IntMinValue<0>, IntMaxValue<2>]>:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$axis attr-dict";
}

def Tile_TicketOp : Tile_Op<"ticket", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "this block's number in the order in which the launch's blocks begin";
  let description = [{
    From 0 to the number of blocks less 1, each once. A block may wait for those
    with lower numbers, which have begun, whatever the order in which a target
    starts the blocks of a grid. All ops of a kernel give its block's one
    number; a target may work it out again rather than keep it, and what is
    computed of it.
    (C1) it lies outside of loops and branches.

    Lifespan: made by Tiling.

    Example: `%number = tile.ticket`
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def Tile_InTurnOp : Tile_Op<"in_turn", [SingleBlock, NoTerminator, NoRegionArguments,
                                        MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "what the blocks that share a place do one after another";
  let description = [{
    The block with turn 0 at a place runs the region first, then the one with
    turn 1, up to `turns` - 1. Each sees what those before it have stored. Each
    turn of a place that any block has is taken by exactly one block of the
    launch, and by no block with a lower ticket than the turn before it: then a
    block only waits for blocks that run.
    (C1) there are at least 2 `turns`, and 1 place
    (C2) the kernel takes a ticket.

    Lifespan: made by Tiling.

    Example:
    ```mlir
    tile.in_turn %part of 4 at %block of 36 {
      tile.store %sum, %view[%row, %column] : tensor<64x64xf32>, memref<384x384xf32>
    }
    ```
  }];
  let arguments = (ins Index:$turn, I64Attr:$turns, Index:$place, I64Attr:$places);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$turn `of` $turns `at` $place `of` $places $body attr-dict";
  let hasVerifier = 1;
}

def Tile_LoadOp : Tile_Op<"load"> {
  let summary = "the tile of a view that starts at the indices; elements outside of the view are 0";
  let arguments = (ins Arg<Tile_View, "", [MemRead]>:$view, Variadic<Index>:$indices);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$view `[` $indices `]` attr-dict `:` type($view) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "writes a tile into a view; elements outside of the view are dropped";
  let arguments = (ins Tile_Value:$value, Arg<Tile_View, "", [MemWrite]>:$view, Variadic<Index>:$indices);
  let assemblyFormat = "$value `,` $view `[` $indices `]` attr-dict `:` type($value) `,` type($view)";
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather"> {
  let summary = "result[r,c] = view[rows[r], column + c]";
  let arguments = (ins Arg<Tile_View, "", [MemRead]>:$view, 1DTensorOf<[I32]>:$rows, Index:$column);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$view `[` $rows `,` $column `]` attr-dict `:` type($view) `,` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_DotOp : Tile_Op<"dot", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "result = acc + a b, a [M,K] (stored [K,M] with transpose_a), b [K,N] (stored [N,K] with transpose_b)";
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$a, 2DTensorOf<[AnyFloat]>:$b,
                       2DTensorOf<[F32]>:$acc, UnitAttr:$transpose_a, UnitAttr:$transpose_b);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
}

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Max", 1, "max">]> {
  let cppNamespace = "::llmc::tile";
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combines along an axis, in a fixed order: axis 1 of [R,C] gives [R], axis 0 gives [C]; axis 0 of [C] gives [1]";
  let arguments = (ins Tile_ReduceKind:$kind, Tile_Value:$input, I32Attr:$axis);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$kind $input `axis` $axis attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_ItemOp : Tile_Op<"item", [Pure]> {
  let summary = "the one element of a tile, such as a vector's sum, as a scalar";
  let arguments = (ins 1DTensorOf<[AnyFloat, AnyInteger, Index]>:$input);
  let results = (outs AnyTypeOf<[AnyFloat, AnyInteger, Index]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeats a rank-1 tile along a new axis: axis 1 turns [R] into [R,C], axis 0 turns [C] into [R,C]";
  let arguments = (ins 1DTensorOf<[AnyFloat, AnyInteger, Index]>:$input, I32Attr:$axis);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure]> {
  let summary = "a tile whose elements are all one scalar";
  let arguments = (ins AnyTypeOf<[AnyFloat, AnyInteger, Index]>:$input);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def Tile_IotaOp : Tile_Op<"iota", [Pure]> {
  let summary = "offset plus the position along an axis, as i32";
  let arguments = (ins Index:$offset, I32Attr:$axis);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$offset `axis` $axis attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_RepeatColumnsOp : Tile_Op<"repeat_columns", [Pure]> {
  let summary = "result[r,c] = input[r, c mod D], input [R,D]";
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_SwapHalvesOp : Tile_Op<"swap_halves", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "exchanges the two halves of every `group` consecutive columns";
  let arguments = (ins 2DTensorOf<[AnyFloat]>:$input, I64Attr:$group);
  let results = (outs Tile_Value:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif
