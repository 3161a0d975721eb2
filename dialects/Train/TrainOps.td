//===- TrainOps.td - parameters, gradients, optimizer ---------------------===//

#ifndef LLMC_DIALECTS_TRAIN_TRAINOPS_TD
#define LLMC_DIALECTS_TRAIN_TRAINOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Train_Dialect : Dialect {
  let name = "train";
  let cppNamespace = "::llmc::train";
  let summary = "the training state and what updates it";
  let description = [{
    After Step a module holds `train.variable`s (parameters and constants, laid
    out with element offsets), and four functions: @micro_step(tokens, targets)
    -> loss adds to the gradients (Schedule makes @first_micro_step of it, which
    stores them); @update(hyper) -> norm; @evaluate(tokens,
    targets) -> loss; @generate(tokens, position) -> logits; in mixed precision a fifth,
    @prepare(), which makes the `compute` copies of the parameters, narrow ones
    that the others multiply with, from their values. `train.ref` and
    `train.flat` are handles on storage: a tensor value which is read where it
    is used, and written in place by accumulate and adamw. Program order is the
    order of effects.
  }];
}

class Train_Op<string mnemonic, list<Trait> traits = []> : Op<Train_Dialect, mnemonic, traits>;

def Train_Slot : I32EnumAttr<"Slot", "which storage of a variable", [
    I32EnumAttrCase<"Value", 0, "value">,
    I32EnumAttrCase<"Gradient", 1, "gradient">,
    I32EnumAttrCase<"Moment1", 2, "moment1">,
    I32EnumAttrCase<"Moment2", 3, "moment2">,
    I32EnumAttrCase<"Compute", 4, "compute">]> {
  let cppNamespace = "::llmc::train";
}

def Train_VariableOp : Train_Op<"variable", [Symbol]> {
  let summary = "a parameter (trainable, with gradient and moments) or a constant";
  let description = [{
    `offset` counts elements within the flat parameter (or constant) storage;
    variables with `decay` lie before those without.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$name,
                       TypeAttrOf<AnyRankedTensor>:$type, AnyAttr:$init,
                       UnitAttr:$constant, UnitAttr:$decay, I64Attr:$offset);
  let assemblyFormat = "$sym_name $name `:` $type `at` $offset (`constant` $constant^)? (`decay` $decay^)? `init` $init attr-dict";
  let hasVerifier = 1;
}

def Train_RefOp : Train_Op<"ref", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a handle on one storage of a variable";
  let description = [{
    Has the variable's type; a `compute` handle has its shape and narrower
    elements.
  }];
  let arguments = (ins FlatSymbolRefAttr:$variable, Train_Slot:$slot);
  let results = (outs AnyRankedTensor:$value);
  let assemblyFormat = "$slot $variable attr-dict `:` type($value)";
}

def Train_FlatOp : Train_Op<"flat", [Pure]> {
  let summary = "a handle on one storage of all parameters at once, padding included";
  let description = [{
    A `sharded` storage holds only what this rank has of it (`dist.bucket`). One
    of the `host` lies in the host's memory, and is copied
    (`dist.to_device_start`) instead of read by kernels.

    ```mlir
    %m = train.flat moment1 sharded : tensor<2048xf32>
    ```
  }];
  let arguments = (ins Train_Slot:$slot, UnitAttr:$sharded, UnitAttr:$host);
  let results = (outs 1DTensorOf<[AnyFloat]>:$value);
  let assemblyFormat = "$slot (`sharded` $sharded^)? (`host` $host^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def Train_SquaresOp : Train_Op<"squares", [Pure]> {
  let summary = "a handle on partial sums of squares of the gradients";
  let description = [{
    All partial sums of a step lie in one storage, which starts at zero; those
    of a gradient are consecutive. `first` is the number of the handle's first
    one. Whatever writes a gradient last in a micro-step writes its partial sums
    (`train.accumulate`, `train.sum_of_squares`), `train.norm` adds up all.
    (C1) `first` is not negative, and a multiple of 16: places are aligned.

    ```mlir
    %s = train.squares 16 : tensor<4xf32>
    ```
  }];
  let arguments = (ins I64Attr:$first);
  let results = (outs TensorRankOf<[F32], [1, 2]>:$value);
  let assemblyFormat = "$first attr-dict `:` type($value)";
  let hasVerifier = 1;
}

def Train_AccumulateOp : Train_Op<"accumulate", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "storage += value; sums of the new storage's squares, where asked for";
  let description = [{
    The storage may be wider than the value, not narrower: a sum of many
    micro-batches would lose its small terms. The `first` term of a sum becomes
    the storage: what that held before is not read.

    `squares` are written with partial sums of the squares of what the storage
    holds afterwards, so that no other kernel has to read it for the gradient's
    norm. [n]: one of each of the kernel's n blocks. [parts, rows]: of `parts`
    equal ranges of columns of each row, for storage of rank 2; an
    `embedding_grad`, which leaves most rows alone, replaces those of the rows
    that it adds to, with the whole row's sum in the first part.
    (C1) The shapes of value and storage are equal.
    (C2) The storage's elements are no narrower than the value's.
    (C3) Squares are those of f32 storage.
    (C4) Squares of rows have as many columns as the storage has rows.

    ```mlir
    train.accumulate first %a into %g : tensor<8x4xbf16>, tensor<8x4xf32>
    train.accumulate %b into %g squares %s : tensor<8x4xf32>, tensor<8x4xf32>, tensor<2xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$value, AnyRankedTensor:$storage,
                       Optional<TensorRankOf<[F32], [1, 2]>>:$squares,
                       UnitAttr:$first);
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::mlir::Value":$storage), [{
    build($_builder, $_state, value, storage, ::mlir::Value(), /*first=*/false);
  }]>];
  let assemblyFormat = "(`first` $first^)? $value `into` $storage (`squares` $squares^)? attr-dict `:` type($value) `,` type($storage) (`,` type($squares)^)?";
  let hasVerifier = 1;
}

def Train_GradientNormOp : Train_Op<"gradient_norm"> {
  let summary = "sqrt(sum of squares) * hyper.gradient_scale; Fusion splits it in two steps";
  let arguments = (ins Arg<1DTensorOf<[AnyFloat]>, "", [MemRead]>:$gradients, 1DTensorOf<[F32]>:$hyper);
  let results = (outs 0DTensorOf<[F32]>:$norm);
  let assemblyFormat = "$gradients `,` $hyper attr-dict `:` functional-type(operands, results)";
}

def Train_SumOfSquaresOp : Train_Op<"sum_of_squares"> {
  let summary = "squares = partial sums of squares of as many consecutive ranges";
  let description = [{
    ```mlir
    train.sum_of_squares %g into %s : tensor<64xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins Arg<AnyRankedTensor, "", [MemRead]>:$input,
                       Arg<1DTensorOf<[F32]>, "", [MemWrite]>:$squares);
  let assemblyFormat = "$input `into` $squares attr-dict `:` type($input) `,` type($squares)";
}

def Train_NormOp : Train_Op<"norm"> {
  let summary = "sqrt(sum of the partial sums, in order) * hyper.gradient_scale";
  let description = [{
    `clear` sets the partial sums to zero afterwards: there are some that the
    next micro-step may not write.

    ```mlir
    %n = train.norm %s, %hyper {clear} : (tensor<4xf32>, tensor<10xf32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Arg<1DTensorOf<[F32]>, "", [MemRead, MemWrite]>:$squares,
                       1DTensorOf<[F32]>:$hyper, UnitAttr:$clear);
  let results = (outs 0DTensorOf<[F32]>:$norm);
  let assemblyFormat = "$squares `,` $hyper attr-dict `:` functional-type(operands, results)";
}

def Train_AdamWOp : Train_Op<"adamw", [AttrSizedOperandSegments]> {
  let summary = "AdamW with decoupled weight decay over all parameters";
  let description = [{
    Loshchilov and Hutter 2019, algorithm 2. g' = g * gradient_scale *
    min(1, clip / norm) (no clipping when clip is 0); m = b1 m + (1-b1) g';
    v = b2 v + (1-b2) g'^2; p -= lr (m/c1 / (sqrt(v/c2) + eps) + wd p), with wd
    applied to elements below `decay_elements` only. `hyper` holds the scalars
    in the order of LLMC_HYPER_FIELDS (runtime/abi/ProgramAbi.h). `compute`,
    in mixed precision, becomes p rounded to its elements, to nearest even.
    Parameters that are themselves bf16 are rounded `stochastic`: to one of the
    two neighbours of p, the nearer the likelier, so that the mean is p; bits
    of chance follow from the element's index and hyper.step alone. Moments
    that are bf16 are rounded so, too, each with bits of its own. `place[0]` is
    the index of the first element modulo 2^32, 0 where there is none, so that
    parts have the bits of the whole.

    ```mlir
    train.adamw %p, %g, %m, %v, %n, %hyper at %place {decay_elements = 64 : i64, stochastic} : ...
    ```
  }];
  let arguments = (ins Arg<1DTensorOf<[AnyFloat]>, "", [MemRead, MemWrite]>:$parameters,
                       Arg<1DTensorOf<[AnyFloat]>, "", [MemRead]>:$gradients,
                       Arg<1DTensorOf<[AnyFloat]>, "", [MemRead, MemWrite]>:$moment1,
                       Arg<1DTensorOf<[AnyFloat]>, "", [MemRead, MemWrite]>:$moment2,
                       0DTensorOf<[F32]>:$norm, 1DTensorOf<[F32]>:$hyper,
                       Arg<Optional<1DTensorOf<[AnyFloat]>>, "", [MemWrite]>:$compute,
                       Optional<1DTensorOf<[I32]>>:$place,
                       I64Attr:$decay_elements, UnitAttr:$stochastic);
  let assemblyFormat = "$parameters `,` $gradients `,` $moment1 `,` $moment2 `,` $norm `,` $hyper (`,` $compute^)? (`at` $place^)? attr-dict `:` type(operands)";
  let extraClassDeclaration = [{
    /// Whether bits of chance decide on what is stored.
    bool isRounding();
  }];
  let hasVerifier = 1;
}

def Train_ZeroOp : Train_Op<"zero"> {
  let summary = "storage = 0";
  let description = [{
    Before sums whose first term does not reach all of the storage.

    ```mlir
    train.zero %gradient : tensor<128x64xf32>
    ```
  }];
  let arguments = (ins Arg<AnyRankedTensor, "", [MemWrite]>:$storage);
  let assemblyFormat = "$storage attr-dict `:` type($storage)";
}

def Train_AddOp : Train_Op<"add", [SameTypeOperands, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "storage += value, of flat storage";
  let description = [{
    Adds what ranks have summed to this rank's shard of the gradients. The
    `first` term of a sum becomes the storage, as in `train.accumulate`.

    ```mlir
    train.add %sum into %mine : tensor<128xf32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[AnyFloat]>:$value,
                       1DTensorOf<[AnyFloat]>:$storage, UnitAttr:$first);
  let assemblyFormat = "(`first` $first^)? $value `into` $storage attr-dict `:` type($storage)";
}

def Train_RoundOp : Train_Op<"round"> {
  let summary = "storage = value, rounded to nearest even";
  let description = [{
    Makes the compute copies of all parameters from their values.
  }];
  let arguments = (ins Arg<1DTensorOf<[AnyFloat]>, "", [MemRead]>:$value,
                       Arg<1DTensorOf<[AnyFloat]>, "", [MemWrite]>:$storage);
  let assemblyFormat = "$value `into` $storage attr-dict `:` type($value) `,` type($storage)";
  let hasVerifier = 1;
}

#endif
