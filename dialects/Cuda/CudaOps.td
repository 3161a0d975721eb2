//===- CudaOps.td - what one thread of a GPU kernel does ------------------===//

#ifndef LLMC_DIALECTS_CUDA_CUDAOPS_TD
#define LLMC_DIALECTS_CUDA_CUDAOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Cuda_Dialect : Dialect {
  let name = "cuda";
  let cppNamespace = "::llmc::cuda";
  let summary = "what one thread of a GPU kernel does";
  let description = [{
    One op for each function of the intrinsics header
    (compiler/Target/CUDA/Intrinsics), and the structure around them. Scalars
    and addresses are computed by `arith` and `math`; dynamic loops are
    `scf.for`, loops of constant extent that must be unrolled `cuda.unroll`.

    Memory spaces of memrefs: none is global memory, 3 is shared memory (bytes,
    `memref<Nxi8, 3>`), 5 is a thread's registers (`memref<NxT, 5>`, an array
    whose every index is a constant once loops are unrolled). Global memory is
    indexed by element from the start of a kernel argument, shared memory by
    byte, registers by element.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Cuda_Op<string mnemonic, list<Trait> traits = []> : Op<Cuda_Dialect, mnemonic, traits>;

def Cuda_Global : Type<CPred<"::llmc::cuda::isGlobal($_self)">, "memref in global memory", "::mlir::MemRefType">;
def Cuda_Shared : Type<CPred<"::llmc::cuda::isShared($_self)">, "bytes of shared memory, memref<Nxi8, 3>", "::mlir::MemRefType">;
def Cuda_Registers : Type<CPred<"::llmc::cuda::isRegisters($_self)">, "array in registers, memref<NxT, 5>", "::mlir::MemRefType">;
def Cuda_Pack : VectorOfRankAndType<[1], [F32, BF16, I32]>;

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

def Cuda_LayoutAttr : AttrDef<Cuda_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "which element of a tile lies in which register of which thread";
  let description = [{
    A linear map over bits (Triton's linear layouts, arXiv 2505.23819). An atom
    of power-of-two extents is indexed by the bits of a register number, a lane
    and a warp; each bit adds its basis, a coordinate (one number for tiles of
    rank 1, two for rank 2), by exclusive or. A basis of zeros replicates. The
    tile is `repeat` atoms along each axis, the last axis fastest; repetitions
    are the leading part of the register number. The tile's padded extents may
    exceed its shape; elements beyond the shape have no meaning.
    (C1) the rank is 1 or 2, of repetitions and bases alike
    (C2) coordinates of bases are 0 or powers of two
    (C3) repetitions are positive.

    Example: `#cuda.layout<registers = [[0, 1]], lanes = [[0, 2], [0, 4], [1, 0]],
    warps = [], repeat = [1, 1]>`
  }];
  let parameters = (ins "int64_t":$rank,
                        ArrayRefParameter<"int64_t">:$registers,
                        ArrayRefParameter<"int64_t">:$lanes,
                        ArrayRefParameter<"int64_t">:$warps,
                        ArrayRefParameter<"int64_t">:$repeat);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

def Cuda_ConvertLayoutOp : Cuda_Op<"convert_layout", [Pure]> {
  let summary = "the same tile, its elements in other registers and threads";
  let description = [{
    (C1) input and result differ in their layouts only.

    Lifespan: made by llmc-cuda-assign-layouts where a tile is used in another
    layout than it is computed in; llmc-convert-tile-to-cuda makes it a
    permutation of registers, shuffles, or a trip through shared memory.

    Example: `%y = cuda.convert_layout %x : tensor<16x16xf32, #mma> -> tensor<16x16xf32, #rows>`
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Cuda_PartialSumOp : Cuda_Op<"partial_sum", [Pure]> {
  let summary = "each thread's sum of the elements along an axis that it holds";
  let description = [{
    Along `axis` the result has one element for each of the threads among which
    the input's layout divides that axis; `tile.reduce` of it adds them up. Which
    elements make which sum is up to the layouts.
    (C1) input and result have rank 2, and differ in layout and in the extent of
    `axis` only, which is 0 or 1.

    Lifespan: made by llmc-cuda-defer-sums of a `tile.reduce` in a loop;
    llmc-convert-tile-to-cuda adds up registers.

    Example: `%y = cuda.partial_sum %x axis 1 : tensor<16x64xf32, #mma> -> tensor<16x4xf32, #parts>`
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, I32Attr:$axis);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `axis` $axis attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def Cuda_KernelOp : Cuda_Op<"kernel", [FunctionOpInterface, IsolatedFromAbove, Symbol]> {
  let summary = "a __global__ function";
  let description = [{
    Arguments are global memory. `threads` is the number of threads of a block;
    `min_blocks` the blocks that an SM should hold at a time; `grid` the number
    of blocks along x, y and z; `shared_bytes` (set by
    llmc-cuda-allocate-shared) the dynamic shared memory of a block.
    `approximate` permits exp and tanh in the hardware's approximation.
    (C1) `threads` is a multiple of 32, from 32 to 1024
    (C2) `grid` has three extents, all positive
    (C3) there are no results
    (C4) arguments are global memory of static shape
    (C5) `min_blocks` is positive and `shared_bytes` not negative.

    Lifespan: made by llmc-convert-tile-to-cuda, printed by emitCudaSource.

    Example:
    ```mlir
    cuda.kernel @copy(%x: memref<64xf32>, %y: memref<64xf32>)
        attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
      %t = cuda.thread_id
      %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
      cuda.store_global %v, %y[%t] : vector<1xf32>, memref<64xf32>
      cuda.return
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       I64Attr:$threads, OptionalAttr<I64Attr>:$min_blocks,
                       DenseI64ArrayAttr:$grid,
                       OptionalAttr<I64Attr>:$shared_bytes,
                       UnitAttr:$approximate,
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

def Cuda_ReturnOp : Cuda_Op<"return", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "ends a kernel";
  let assemblyFormat = "attr-dict";
}

def Cuda_UnrollOp : Cuda_Op<"unroll", [SingleBlock, NoTerminator, RecursiveMemoryEffects,
                                       DeclareOpInterfaceMethods<LoopLikeOpInterface>]> {
  let summary = "a loop of constant extent that is unrolled";
  let description = [{
    Runs its body for 0, step, 2 step, ... below `extent`. Values flow through
    registers only.
    (C1) `extent` and `step` are positive
    (C2) the body has one argument, the index.

    Lifespan: made by llmc-convert-tile-to-cuda, printed as `LLMC_UNROLL` before
    a loop.

    Example: `cuda.unroll %i to 64 step 4 { ... }`
  }];
  let arguments = (ins I64Attr:$extent, I64Attr:$step);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "int64_t":$extent, CArg<"int64_t", "1">:$step)>];
  let extraClassDeclaration = [{
    ::mlir::Value getIndex() { return getBody().getArgument(0); }
  }];
}

def Cuda_ThreadIdOp : Cuda_Op<"thread_id", [Pure]> {
  let summary = "this thread's number within its block";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Cuda_BlockIdOp : Cuda_Op<"block_id", [Pure]> {
  let summary = "this block's coordinate along axis 0, 1 or 2 of the grid";
  let arguments = (ins ConfinedAttr<I32Attr, [IntMinValue<0>, IntMaxValue<2>]>:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$axis attr-dict";
}

def Cuda_RegistersOp : Cuda_Op<"registers", [MemoryEffects<[MemAlloc]>]> {
  let summary = "an array in a thread's registers, not initialised";
  let description = [{
    Read and written by `memref.load` and `memref.store`, `cuda.mma` and
    `cuda.ldmatrix`.

    Example: `%acc = cuda.registers {cuda.name = "acc"} : memref<64xf32, 5>`
  }];
  let results = (outs Cuda_Registers:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Cuda_SharedOp : Cuda_Op<"shared", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a buffer in shared memory, aligned to 128 bytes";
  let description = [{
    `offset` is its place in the block's dynamic shared memory, set by
    llmc-cuda-allocate-shared; buffers whose lives do not overlap share bytes.
    (C1) `offset` is a multiple of 128 and not negative.

    Example: `%a = cuda.shared {offset = 0 : i64} : memref<16384xi8, 3>`
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$offset);
  let results = (outs Cuda_Shared:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Cuda_LoadGlobalOp : Cuda_Op<"load_global"> {
  let summary = "consecutive elements of global memory, aligned to their size";
  let description = [{
    With `if`, elements are 0 where the condition does not hold, and nothing is
    read.
    (C1) the element type of the result is the memory's
    (C2) a pack is 2, 4, 8 or 16 bytes.

    Example: `%v = cuda.load_global %x[%i] if %inside : memref<8x64xbf16> -> vector<8xbf16>`
  }];
  let arguments = (ins Arg<Cuda_Global, "", [MemRead]>:$memory, Index:$index, Optional<I1>:$condition);
  let results = (outs Cuda_Pack:$result);
  let assemblyFormat = "$memory `[` $index `]` (`if` $condition^)? attr-dict `:` type($memory) `->` type($result)";
  let hasVerifier = 1;
}

def Cuda_StoreGlobalOp : Cuda_Op<"store_global"> {
  let summary = "writes consecutive elements of global memory, aligned to their size; with `if`, where the condition holds";
  let description = [{
    (C1) the element type of the value is the memory's
    (C2) a pack is 2, 4, 8 or 16 bytes.

    Example: `cuda.store_global %v, %y[%i] if %inside : vector<4xf32>, memref<64xf32>`
  }];
  let arguments = (ins Cuda_Pack:$value, Arg<Cuda_Global, "", [MemWrite]>:$memory, Index:$index, Optional<I1>:$condition);
  let assemblyFormat = "$value `,` $memory `[` $index `]` (`if` $condition^)? attr-dict `:` type($value) `,` type($memory)";
  let hasVerifier = 1;
}

def Cuda_LoadSharedOp : Cuda_Op<"load_shared"> {
  let summary = "consecutive elements of shared memory from a byte of a buffer, aligned to their size";
  let description = [{
    (C1) a pack is 2, 4, 8 or 16 bytes.

    Example: `%v = cuda.load_shared %s[%byte] : memref<1024xi8, 3> -> vector<4xf32>`
  }];
  let arguments = (ins Arg<Cuda_Shared, "", [MemRead]>:$buffer, Index:$byte);
  let results = (outs Cuda_Pack:$result);
  let assemblyFormat = "$buffer `[` $byte `]` attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

def Cuda_StoreSharedOp : Cuda_Op<"store_shared"> {
  let summary = "writes consecutive elements of shared memory, aligned to their size; with `if`, where the condition holds";
  let description = [{
    (C1) a pack is 2, 4, 8 or 16 bytes.

    Example: `cuda.store_shared %v, %s[%byte] : vector<4xf32>, memref<1024xi8, 3>`
  }];
  let arguments = (ins Cuda_Pack:$value, Arg<Cuda_Shared, "", [MemWrite]>:$buffer, Index:$byte, Optional<I1>:$condition);
  let assemblyFormat = "$value `,` $buffer `[` $byte `]` (`if` $condition^)? attr-dict `:` type($value) `,` type($buffer)";
  let hasVerifier = 1;
}

def Cuda_CpAsyncOp : Cuda_Op<"cp_async"> {
  let summary = "copies `bytes` (4, 8 or 16) from global to shared memory in the background";
  let description = [{
    The data is there for this thread after the cp_async_wait that covers its
    group, for others after a barrier behind that. With `source_bytes`, only so
    many bytes are read and the rest is zero; 0 reads nothing.
    (C1) `bytes` is 4, 8 or 16
    (C2) a constant `source_bytes` is from 0 to `bytes`.

    Example: `cuda.cp_async 16 %s[%byte], %x[%i] of %n : memref<8192xi8, 3>, memref<64x64xbf16>`
  }];
  let arguments = (ins I64Attr:$bytes, Arg<Cuda_Shared, "", [MemWrite]>:$buffer, Index:$byte,
                       Arg<Cuda_Global, "", [MemRead]>:$memory, Index:$index, Optional<Index>:$source_bytes);
  let assemblyFormat = "$bytes $buffer `[` $byte `]` `,` $memory `[` $index `]` (`of` $source_bytes^)? attr-dict `:` type($buffer) `,` type($memory)";
  let hasVerifier = 1;
}

def Cuda_CpAsyncCommitOp : Cuda_Op<"cp_async_commit", [MemoryEffects<[MemWrite]>]> {
  let summary = "closes a group of this thread's copies";
  let assemblyFormat = "attr-dict";
}

def Cuda_CpAsyncWaitOp : Cuda_Op<"cp_async_wait", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "waits until at most `groups` of this thread's newest groups are under way";
  let arguments = (ins ConfinedAttr<I64Attr, [IntMinValue<0>]>:$groups);
  let assemblyFormat = "$groups attr-dict";
}

def Cuda_BarrierOp : Cuda_Op<"barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "all threads of the block meet; shared memory written before is seen after";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Blocks that wait for each other
//===----------------------------------------------------------------------===//

def Cuda_NextTicketOp : Cuda_Op<"next_ticket", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "counts the blocks of a launch as they begin; for one thread of a block";
  let description = [{
    The result goes from 0 to `blocks` - 1; behind the last of them the count
    begins again, for the next launch. The count lies with the kernel's code,
    and so do the turns: launches of a kernel on a device follow each other.
    (C1) `blocks` is the size of the kernel's grid.

    Example: `%ticket = cuda.next_ticket of 144 : i32`
  }];
  let arguments = (ins I64Attr:$blocks);
  let results = (outs I32:$result);
  let assemblyFormat = "`of` $blocks attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Cuda_AgainOp : Cuda_Op<"again", [MemoryEffects<[MemRead, MemWrite]>, SameOperandsAndResultType]> {
  let summary = "the same number, of which the GPU's compiler does not know that it is";
  let description = [{
    What is computed of it is computed again, and takes no registers meanwhile.

    Example: `%again = cuda.again %ticket : i32`
  }];
  let arguments = (ins I32:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

class Cuda_TurnOp<string mnemonic> : Cuda_Op<mnemonic, [MemoryEffects<[MemRead, MemWrite]>]> {
  let arguments = (ins Index:$turn, I64Attr:$turns, Index:$place, I64Attr:$places);
  let assemblyFormat = "$turn `of` $turns `at` $place `of` $places attr-dict";
  let hasVerifier = 1;
}

def Cuda_AwaitTurnOp : Cuda_TurnOp<"await_turn"> {
  let summary = "waits until the blocks with lower turns at a place have ended theirs";
  let description = [{
    For all threads of a block together. What those blocks have stored is seen
    behind it. Turn 0 does not wait, and its threads do not meet.
    (C1) there are at least 2 `turns`, and 1 place
    (C2) all ops of a kernel have the same `places`.

    Example: `cuda.await_turn %part of 4 at %block of 36`
  }];
}

def Cuda_EndTurnOp : Cuda_TurnOp<"end_turn"> {
  let summary = "lets the block with the next turn at a place go on";
  let description = [{
    For all threads of a block together; they meet. The last turn leaves the
    place as the first one of the next launch needs it.
    (C1), (C2) as for cuda.await_turn.

    Example: `cuda.end_turn %part of 4 at %block of 36`
  }];
}

//===----------------------------------------------------------------------===//
// Warps
//===----------------------------------------------------------------------===//

def Cuda_LdmatrixOp : Cuda_Op<"ldmatrix"> {
  let summary = "four 8x8 matrices of 16-bit elements to fragments";
  let description = [{
    Lane l names row l mod 8 of matrix l / 8 by the byte where its 16 bytes
    begin; register i of lane l gets elements (l / 4, 2 (l mod 4) ..) of matrix
    i, or of its transpose with `trans` (PTX ISA, ldmatrix.x4).
    (C1) the registers are i32
    (C2) there are four of them from the index on, as far as it is constant.

    Example: `cuda.ldmatrix %s[%byte], %a[%i] trans : memref<8192xi8, 3>, memref<16xi32, 5>`
  }];
  let arguments = (ins Arg<Cuda_Shared, "", [MemRead]>:$buffer, Index:$byte,
                       Arg<Cuda_Registers, "", [MemWrite]>:$registers, Index:$index, UnitAttr:$trans);
  let assemblyFormat = "$buffer `[` $byte `]` `,` $registers `[` $index `]` (`trans` $trans^)? attr-dict `:` type($buffer) `,` type($registers)";
  let hasVerifier = 1;
}

def Cuda_MmaOp : Cuda_Op<"mma"> {
  let summary = "acc += a b, m16n8k16 on bf16 with f32 accumulation";
  let description = [{
    From index on: 4 f32 registers of acc, 4 i32 registers of a, 2 of b, in the
    layout of PTX's mma.sync.m16n8k16.
    (C1) acc is f32, a and b are i32
    (C2) the arrays hold so many, as far as the indices are constant.

    Example: `cuda.mma %acc[%i], %a[%j], %b[%k] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>`
  }];
  let arguments = (ins Arg<Cuda_Registers, "", [MemRead, MemWrite]>:$acc, Index:$acc_index,
                       Arg<Cuda_Registers, "", [MemRead]>:$a, Index:$a_index,
                       Arg<Cuda_Registers, "", [MemRead]>:$b, Index:$b_index);
  let assemblyFormat = "$acc `[` $acc_index `]` `,` $a `[` $a_index `]` `,` $b `[` $b_index `]` attr-dict `:` type($acc) `,` type($a) `,` type($b)";
  let hasVerifier = 1;
}

def Cuda_MmaTf32Op : Cuda_Op<"mma_tf32"> {
  let summary = "acc += a b, m16n8k8 on tf32 with f32 accumulation";
  let description = [{
    From index on: 4 f32 registers of acc, 4 i32 registers of a, 2 of b, in the
    layout of PTX's mma.sync.m16n8k8. Operands come from `cuda.to_tf32`; bits
    beyond tf32 do not count.
    (C1) acc is f32, a and b are i32
    (C2) the arrays hold so many, as far as the indices are constant.

    Example: `cuda.mma_tf32 %acc[%i], %a[%j], %b[%k] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>`
  }];
  let arguments = (ins Arg<Cuda_Registers, "", [MemRead, MemWrite]>:$acc, Index:$acc_index,
                       Arg<Cuda_Registers, "", [MemRead]>:$a, Index:$a_index,
                       Arg<Cuda_Registers, "", [MemRead]>:$b, Index:$b_index);
  let assemblyFormat = "$acc `[` $acc_index `]` `,` $a `[` $a_index `]` `,` $b `[` $b_index `]` attr-dict `:` type($acc) `,` type($a) `,` type($b)";
  let hasVerifier = 1;
}

def Cuda_ShuffleXorOp : Cuda_Op<"shuffle_xor", [Pure, SameOperandsAndResultType]> {
  let summary = "the value of the lane whose number differs by `mask`";
  let arguments = (ins AnyTypeOf<[F32, I32]>:$value, ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<31>]>:$mask);
  let results = (outs AnyTypeOf<[F32, I32]>:$result);
  let assemblyFormat = "$value $mask attr-dict `:` type($value)";
}

def Cuda_PackBf16Op : Cuda_Op<"pack_bf16", [Pure]> {
  let summary = "two f32 rounded to bf16 (nearest even), the first in the low half";
  let arguments = (ins F32:$low, F32:$high);
  let results = (outs I32:$result);
  let assemblyFormat = "$low `,` $high attr-dict";
}

def Cuda_ToTf32Op : Cuda_Op<"to_tf32", [Pure]> {
  let summary = "an f32, or the bits of one, rounded to tf32 (10 bits of fraction, nearest, ties away from zero)";
  let arguments = (ins AnyTypeOf<[F32, I32]>:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif
