//===- ProgramAbi.h - what program and runtime share --------------*- C -*-===//
//
// The one header that the code generator (compiler/Link) and the runtime both
// read. A struct is declared once, as an X-macro list of its fields: the
// runtime expands it to a C struct, the compiler to an LLVM struct type, so
// that neither can drift from the other. The size assertions at the end and
// LLMC_ABI_VERSION catch a program linked with another runtime.
//
// Field kinds: PTR (any pointer), I32, I64. Every struct is laid out by
// natural alignment with the fields in the order given.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_ABI_PROGRAMABI_H
#define LLMC_RUNTIME_ABI_PROGRAMABI_H

#include <stdint.h>

/// Raised whenever the meaning or the layout of anything in this file changes.
#define LLMC_ABI_VERSION 13

/// What an arena holds. `Workspace` is allocated once per worker thread (CPU).
/// `Compute` is there when products read a parameter in fewer bits than the
/// optimizer keeps: a parameter's copy lies at the same element of this arena,
/// which for bf16 is half its byte offset. A program without an arena of
/// parameters, or with an empty one, keeps no other values than those.
/// `Squares` are partial sums of squares of the gradients, which micro-steps
/// leave for the update; like the gradients they start at zero.
/// `Communication` is where a rank puts what it gets of the others to sum it.
/// `Staging` is where on the device state passes through that lies in the host.
/// `Saved` is where on the host activations wait for the backward pass.
#define LLMC_ARENA_KINDS(X)                                                    \
  X(Parameter, "parameters")                                                   \
  X(Gradient, "gradients")                                                     \
  X(Moment1, "optimizer m")                                                    \
  X(Moment2, "optimizer v")                                                    \
  X(Constant, "constants")                                                     \
  X(Activation, "activations")                                                 \
  X(Io, "inputs and outputs")                                                  \
  X(Workspace, "workspace")                                                    \
  X(Compute, "bf16 parameters")                                                \
  X(Squares, "sums for the norm")                                              \
  X(Communication, "communication buffers")                                    \
  X(Staging, "staging buffers")                                                \
  X(Saved, "saved activations")

/// How a parameter or a constant gets its first values.
///   Zeros, Ones      no arguments
///   Normal           one argument, the standard deviation
///   RopeCos, RopeSin tensor [T, D]: cos and signed sin of position times
///                    frequency; the D/2 arguments are the frequencies, column
///                    c uses number c mod D/2, and the sine is negated in the
///                    columns c < D/2.
#define LLMC_INIT_KINDS(X) X(Zeros) X(Ones) X(Normal) X(RopeCos) X(RopeSin)

/// What ranks do together. Elements of a collective count the whole: what is
/// summed, or what all ranks' equal parts make up in the order of ranks.
///   AllReduce      sums in place; source is destination
///   ReduceScatter  sums; the destination is this rank's part of the source
///   AllGather      the source is this rank's part of the destination
#define LLMC_COLLECTIVE_KINDS(X) X(AllReduce) X(ReduceScatter) X(AllGather)

/// Where kernels run.
#define LLMC_DEVICE_KINDS(X) X(Cpu) X(Cuda)

/// Which way a copy between the host and the device goes.
#define LLMC_COPY_DIRECTIONS(X) X(ToDevice) X(ToHost)

/// One arena: `bytes` at `alignment`, allocated once at start. One on the host
/// is pinned, and no kernel accesses it: copies bring its contents to the
/// device and back.
#define LLMC_ARENA_FIELDS(X)                                                   \
  X(PTR, const char *, name)                                                   \
  X(I64, int64_t, bytes)                                                       \
  X(I32, int32_t, kind)                                                        \
  X(I32, int32_t, alignment)                                                   \
  X(I32, int32_t, sharded) /* 1: this rank's shards of the buckets only */     \
  X(I32, int32_t, host)    /* 1: in pinned memory of the host */

/// One parameter or constant. Gradients and moments of a parameter lie at the
/// same offset in their arenas as the parameter in its own, whether the program
/// has that arena or keeps the parameters in Compute only.
#define LLMC_TENSOR_FIELDS(X)                                                  \
  X(PTR, const char *, name) /* Hugging Face name */                           \
  X(PTR, const int64_t *, shape)                                               \
  X(PTR, const double *, initArguments)                                        \
  X(I64, int64_t, offset) /* bytes within its arena */                         \
  X(I64, int64_t, elements)                                                    \
  X(I32, int32_t, rank)                                                        \
  X(I32, int32_t, initKind)                                                    \
  X(I32, int32_t, arenaKind) /* Parameter or Constant */                       \
  X(I32, int32_t, decay)     /* 1: weight decay applies */

/// A range of the storage of all parameters, counted in elements. Rank r owns
/// the r-th of equal shards; a sharded arena holds the rank's shards of all
/// buckets, that of this one from element `first` / ranks on.
#define LLMC_BUCKET_FIELDS(X)                                                  \
  X(I64, int64_t, first)                                                       \
  X(I64, int64_t, elements)

/// One collective of the entry points. Sums are of f32 and are taken in the
/// order of ranks. On a GPU kernels[adds] adds its first argument to its second
/// one, each of one rank's part.
#define LLMC_COLLECTIVE_FIELDS(X)                                              \
  X(PTR, const char *, name) /* what it carries, for messages */               \
  X(I64, int64_t, elements)                                                    \
  X(I64, int64_t, adds) /* index into kernels, -1: none */                     \
  X(I32, int32_t, kind)                                                        \
  X(I32, int32_t, elementBytes)

/// One copy of the entry points between an arena of the host and one of the
/// device.
#define LLMC_COPY_FIELDS(X)                                                    \
  X(PTR, const char *, name) /* what it carries, for messages */               \
  X(I64, int64_t, bytes)                                                       \
  X(I64, int64_t, direction)

/// GPU code. With computeCapability 0, `cubin` is an ELF shared object for the
/// emulated driver. Kernels with equal code share an image.
#define LLMC_IMAGE_FIELDS(X)                                                   \
  X(PTR, const void *, cubin) /* null: none */                                 \
  X(PTR, const void *, ptx)   /* ends in a zero; null: none */                 \
  X(I64, int64_t, cubinBytes)                                                  \
  X(I64, int64_t, ptxBytes) /* without the zero */

/// One compiled kernel. On the CPU `function` runs one block of the grid; on a
/// GPU it is null, and the entry `symbol` of images[image] is launched.
#define LLMC_KERNEL_FIELDS(X)                                                  \
  X(PTR, const char *, name)                                                   \
  X(PTR, const char *, location) /* model file and line */                     \
  X(PTR, LlmcKernelFunction, function)                                         \
  X(I64, int64_t, gridX)                                                       \
  X(I64, int64_t, gridY)                                                       \
  X(I64, int64_t, gridZ)                                                       \
  X(I64, int64_t, flops) /* of one launch */                                   \
  X(I64, int64_t, bytes) /* of one launch, least traffic */                    \
  X(PTR, const char *, symbol)                                                 \
  X(I64, int64_t, image) /* index into images, -1: none */                     \
  X(I32, int32_t, threads)                                                     \
  X(I32, int32_t, sharedBytes) /* dynamic, of one block */                     \
  X(I32, int32_t, numArguments)                                                \
  X(I32, int32_t, minBlocks) /* blocks that a multiprocessor should hold */

/// The whole program. Io offsets are bytes within the Io arena. `prepare` fills
/// the Compute arena from the parameters and runs whenever these were written
/// from outside; null when there is nothing to do. `config` is the text of the
/// config.json with which Hugging Face's transformers opens checkpoints; null
/// when it has no class for the model, and `noConfig` then says why.
/// `microStep` adds to the gradients; the first micro-batch of a step runs
/// `firstMicroStep`, which stores them. A program for several ranks runs
/// `lastMicroStep` instead of microStep for the last micro-batch of a step: it
/// also sums the gradients over ranks; `onlyMicroStep`, for the micro-batch
/// that is first and last, stores and sums. From ZeRO stage 2 on microStep and
/// firstMicroStep sum over ranks, and lastMicroStep and onlyMicroStep are null.
/// With one rank they are null, too, and there are no collectives. All ranks
/// call micro-steps, update and prepare in one order, in stage 3 also evaluate
/// and generate.
#define LLMC_PROGRAM_FIELDS(X)                                                 \
  X(I32, int32_t, abiVersion)                                                  \
  X(I32, int32_t, structBytes)                                                 \
  X(PTR, const char *, modelName)                                              \
  X(PTR, const char *, modelFile)                                              \
  X(PTR, const char *, target) /* "cpu: znver3" and the like */                \
  X(I64, int64_t, batch)       /* sequences in a micro-batch */                \
  X(I64, int64_t, sequence)    /* tokens in a sequence */                      \
  X(I64, int64_t, vocabulary)                                                  \
  X(I64, int64_t, parameters) /* elements, all parameters */                   \
  X(I64, int64_t, flopsPerMicroStep)                                           \
  X(I64, int64_t, numArenas)                                                   \
  X(PTR, const LlmcArena *, arenas)                                            \
  X(I64, int64_t, numTensors)                                                  \
  X(PTR, const LlmcTensor *, tensors)                                          \
  X(I64, int64_t, numKernels)                                                  \
  X(PTR, const LlmcKernel *, kernels)                                          \
  X(I64, int64_t, tokensOffset)   /* i32 [batch, sequence] */                  \
  X(I64, int64_t, targetsOffset)  /* i32 [batch, sequence] */                  \
  X(I64, int64_t, lossOffset)     /* f32, of microStep and evaluate */         \
  X(I64, int64_t, hyperOffset)    /* f32 [LlmcHyperCount] */                   \
  X(I64, int64_t, placesOffset)   /* i32: below; -1 where there are none */    \
  X(I64, int64_t, normOffset)     /* f32, gradient norm, from update */        \
  X(I64, int64_t, promptOffset)   /* i32 [1, sequence], for generate */        \
  X(I64, int64_t, positionOffset) /* i32 [1, 1]: whose logits to compute */    \
  X(I64, int64_t, logitsOffset)   /* f32 [1, 1, vocabulary] */                 \
  X(PTR, LlmcEntryPoint, microStep)                                            \
  X(PTR, LlmcEntryPoint, update)                                               \
  X(PTR, LlmcEntryPoint, evaluate)                                             \
  X(PTR, LlmcEntryPoint, generate)                                             \
  X(I32, int32_t, deviceKind)                                                  \
  X(I32, int32_t, computeCapability) /* 89 for sm_89; 0 when emulated */       \
  X(PTR, const char *, precision)    /* "f32", "tf32" or "bf16" */             \
  X(I64, int64_t, numImages)                                                   \
  X(PTR, const LlmcImage *, images)                                            \
  X(PTR, LlmcEntryPoint, prepare)                                              \
  X(PTR, const char *, config)                                                 \
  X(PTR, const char *, noConfig)                                               \
  X(PTR, LlmcEntryPoint, lastMicroStep)                                        \
  X(PTR, LlmcEntryPoint, firstMicroStep)                                       \
  X(PTR, LlmcEntryPoint, onlyMicroStep)                                        \
  X(I32, int32_t, ranks)                                                       \
  X(I32, int32_t, zeroStage)                                                   \
  X(I64, int64_t, numBuckets)                                                  \
  X(PTR, const LlmcBucket *, buckets)                                          \
  X(I64, int64_t, numCollectives)                                              \
  X(PTR, const LlmcCollective *, collectives)                                  \
  X(I64, int64_t, numCopies)                                                   \
  X(PTR, const LlmcCopy *, copies)                                             \
  X(I64, int64_t, ncclChannels) /* that NCCL may open; 0: without NCCL */

/// Scalars that `update` reads, in the order of the hyper tensor, all f32.
///   gradientScale  1 / number of micro-batches of a step, of all ranks
///   clip           largest global gradient norm; 0 switches clipping off
///   correction1/2  1 - beta1^step, 1 - beta2^step (AdamW's bias correction)
///   step           number of this update, from 1 (exact up to 2^24): what the
///                  bits of stochastic rounding follow from
#define LLMC_HYPER_FIELDS(X)                                                   \
  X(LearningRate)                                                              \
  X(Beta1)                                                                     \
  X(Beta2)                                                                     \
  X(Epsilon)                                                                   \
  X(WeightDecay) X(Clip) X(GradientScale) X(Correction1) X(Correction2) X(Step)

/// Of the places that `update` reads, [numBuckets, LlmcPlaceStride], the first
/// of each row counts: the index among all parameters, modulo 2^32, of the
/// first element of the bucket, or of this rank's shard from stage 1 on. Bits
/// of stochastic rounding follow from it. The others keep rows on cache lines
/// of their own.
enum { LlmcPlaceStride = 16 };

#ifdef __cplusplus
extern "C" {
#endif

/// Per-device state of the runtime; opaque to the program except for its first
/// members: `void *arenas[]`, indexed as in LlmcProgram::arenas, and the number
/// of this rank.
typedef struct LlmcContext {
  void **arenas;
  int64_t rank;
} LlmcContext;

/// CPU: runs block (x, y, z); `args` holds one base pointer per kernel
/// argument, `workspace` is the calling thread's part of the workspace arena.
typedef void (*LlmcKernelFunction)(void **args, int64_t x, int64_t y, int64_t z,
                                   void *workspace);
/// A straight line of calls of the functions below.
typedef void (*LlmcEntryPoint)(LlmcContext *);

#define LLMC_FIELD(kind, type, name) type name;
typedef struct LlmcArena {
  LLMC_ARENA_FIELDS(LLMC_FIELD)
} LlmcArena;
typedef struct LlmcTensor {
  LLMC_TENSOR_FIELDS(LLMC_FIELD)
} LlmcTensor;
typedef struct LlmcKernel {
  LLMC_KERNEL_FIELDS(LLMC_FIELD)
} LlmcKernel;
typedef struct LlmcBucket {
  LLMC_BUCKET_FIELDS(LLMC_FIELD)
} LlmcBucket;
typedef struct LlmcCollective {
  LLMC_COLLECTIVE_FIELDS(LLMC_FIELD)
} LlmcCollective;
typedef struct LlmcCopy {
  LLMC_COPY_FIELDS(LLMC_FIELD)
} LlmcCopy;
typedef struct LlmcImage {
  LLMC_IMAGE_FIELDS(LLMC_FIELD)
} LlmcImage;
typedef struct LlmcProgram {
  LLMC_PROGRAM_FIELDS(LLMC_FIELD)
} LlmcProgram;
#undef LLMC_FIELD

/// Runs every block of kernels[kernel]: on the CPU it returns when all have
/// finished, on a GPU launches of one entry point run one after another. `args`
/// holds one device address per kernel argument, of the very tensor that the
/// kernel accesses: a device may keep several copies of the tokens and targets
/// and know them by their address. Called by the entry points; defined by the
/// runtime.
void llmcLaunch(LlmcContext *context, int64_t kernel, void **args);

/// Starts collectives[collective] when all before it are done, and returns.
/// `scratch` has room for the other ranks' parts; null where nothing is summed.
void llmcStartCollective(LlmcContext *context, int64_t collective, void *source,
                         void *destination, void *scratch);
/// Returns when collectives[collective] is done, or has failed.
void llmcWaitCollective(LlmcContext *context, int64_t collective);

/// Starts copies[copy] when the launches before it and all earlier copies of
/// its direction are done, and returns. Copies of the two directions run beside
/// each other and beside kernels.
void llmcStartCopy(LlmcContext *context, int64_t copy, void *source,
                   void *destination);
/// What is launched or started afterwards comes after copies[copy].
void llmcWaitCopy(LlmcContext *context, int64_t copy);

/// Defined by the compiled program, read by the runtime.
extern const LlmcProgram llmcProgram;

#ifdef __cplusplus
}

enum LlmcArenaKind {
#define LLMC_ENUM(name, text) LlmcArena##name,
  LLMC_ARENA_KINDS(LLMC_ENUM)
#undef LLMC_ENUM
};
enum LlmcInitKind {
#define LLMC_ENUM(name) LlmcInit##name,
  LLMC_INIT_KINDS(LLMC_ENUM)
#undef LLMC_ENUM
};
enum LlmcCollectiveKind {
#define LLMC_ENUM(name) LlmcCollective##name,
  LLMC_COLLECTIVE_KINDS(LLMC_ENUM)
#undef LLMC_ENUM
};
enum LlmcCopyDirection {
#define LLMC_ENUM(name) LlmcCopy##name,
  LLMC_COPY_DIRECTIONS(LLMC_ENUM)
#undef LLMC_ENUM
};
enum LlmcDeviceKind {
#define LLMC_ENUM(name) LlmcDevice##name,
  LLMC_DEVICE_KINDS(LLMC_ENUM)
#undef LLMC_ENUM
};
enum LlmcHyper {
#define LLMC_ENUM(name) LlmcHyper##name,
  LLMC_HYPER_FIELDS(LLMC_ENUM)
#undef LLMC_ENUM
      LlmcHyperCount
};

static_assert(sizeof(LlmcArena) == 32, "program ABI: LlmcArena");
static_assert(sizeof(LlmcTensor) == 56, "program ABI: LlmcTensor");
static_assert(sizeof(LlmcKernel) == 96, "program ABI: LlmcKernel");
static_assert(sizeof(LlmcImage) == 32, "program ABI: LlmcImage");
static_assert(sizeof(LlmcBucket) == 16, "program ABI: LlmcBucket");
static_assert(sizeof(LlmcCollective) == 32, "program ABI: LlmcCollective");
static_assert(sizeof(LlmcCopy) == 24, "program ABI: LlmcCopy");
static_assert(sizeof(LlmcProgram) == 368, "program ABI: LlmcProgram");
#endif

#endif // LLMC_RUNTIME_ABI_PROGRAMABI_H
