//===- Program.cpp - checks and views of the compiled program -------------===//

#include "train/Program.h"

#include "train/TensorStorage.h"

#include <fmt/ranges.h>
#include <set>

namespace llmc::runtime {
namespace {

const char *const arenaNames[] = {
#define LLMC_NAME(name, text) text,
    LLMC_ARENA_KINDS(LLMC_NAME)
#undef LLMC_NAME
};
constexpr int32_t numArenaKinds = sizeof(arenaNames) / sizeof(*arenaNames);

constexpr int32_t numInitKinds = 0
#define LLMC_COUNT(name) +1
    LLMC_INIT_KINDS(LLMC_COUNT)
#undef LLMC_COUNT
    ;

template <typename... Args>
Status broken(fmt::format_string<Args...> format, Args &&...args) {
  return Status::error("the compiled program is broken: {}; compile it again "
                       "with the llmc that this runtime belongs to",
                       fmt::format(format, std::forward<Args>(args)...));
}

/// The rest is read and written by kernels and by the training loop.
bool mayLieOnHost(int32_t kind) {
  return kind == LlmcArenaParameter || kind == LlmcArenaGradient ||
         kind == LlmcArenaMoment1 || kind == LlmcArenaMoment2 ||
         kind == LlmcArenaSaved;
}

Status checkCopies(const LlmcProgram &program) {
  for (int64_t i = 0; i < program.numCopies; ++i) {
    const LlmcCopy &copy = program.copies[i];
    if (copy.bytes <= 0 || copy.direction < 0 ||
        copy.direction > LlmcCopyToHost)
      return broken("copy {} has {} bytes in the unknown direction {}", i,
                    copy.bytes, copy.direction);
  }
  return Status::ok();
}

Status checkArenas(const LlmcProgram &program) {
  std::set<int32_t> seen;
  for (int64_t i = 0; i < program.numArenas; ++i) {
    const LlmcArena &arena = program.arenas[i];
    if (arena.kind < 0 || arena.kind >= numArenaKinds)
      return broken("arena {} has the unknown kind {}", i, arena.kind);
    if (!seen.insert(arena.kind).second)
      return broken("it has two arenas of {}", arenaNames[arena.kind]);
    if (arena.bytes < 0 || arena.alignment <= 0 ||
        (arena.alignment & (arena.alignment - 1)) != 0)
      return broken("the arena of {} has {} bytes at alignment {}",
                    arenaNames[arena.kind], arena.bytes, arena.alignment);
    if (arena.kind == LlmcArenaSaved && !arena.host)
      return broken("the arena of {} lies on the device",
                    arenaNames[arena.kind]);
    if (arena.host && !mayLieOnHost(arena.kind))
      return broken("the arena of {} lies in the host's memory",
                    arenaNames[arena.kind]);
  }
  if (keepsNarrowParameters(program))
    seen.insert(LlmcArenaParameter);
  for (LlmcArenaKind kind : {LlmcArenaParameter, LlmcArenaGradient,
                             LlmcArenaMoment1, LlmcArenaMoment2, LlmcArenaIo})
    if (!seen.count(kind))
      return broken("it has no arena of {}", arenaNames[kind]);
  const int64_t first = findArena(program, LlmcArenaMoment1)->bytes;
  const int64_t second = findArena(program, LlmcArenaMoment2)->bytes;
  if (first != second)
    return broken("the arenas of {} and {} have {} and {} bytes",
                  arenaNames[LlmcArenaMoment1], arenaNames[LlmcArenaMoment2],
                  first, second);
  return Status::ok();
}

/// A kernel on a GPU, against what a launch may ask for.
Status checkGpuKernel(const LlmcProgram &program, const LlmcKernel &kernel) {
  constexpr int64_t largestX = 0x7fffffff, largestYZ = 65535;
  if (kernel.image < 0 || kernel.image >= program.numImages || !kernel.symbol)
    return broken("kernel {} has no code", kernel.name);
  const LlmcImage &image = program.images[kernel.image];
  if (!image.cubin && !image.ptx)
    return broken("kernel {} has an empty image", kernel.name);
  if (kernel.threads <= 0 || kernel.threads > 1024 ||
      kernel.threads % 32 != 0 || kernel.sharedBytes < 0 ||
      kernel.numArguments < 0)
    return broken("kernel {} has {} threads, {} bytes of shared memory and {} "
                  "arguments",
                  kernel.name, kernel.threads, kernel.sharedBytes,
                  kernel.numArguments);
  if (kernel.gridX <= 0 || kernel.gridX > largestX || kernel.gridY <= 0 ||
      kernel.gridY > largestYZ || kernel.gridZ <= 0 || kernel.gridZ > largestYZ)
    return broken("kernel {} has a grid of {} x {} x {} blocks, more than a "
                  "launch may have",
                  kernel.name, kernel.gridX, kernel.gridY, kernel.gridZ);
  return Status::ok();
}

Status checkKernels(const LlmcProgram &program) {
  if (program.deviceKind != LlmcDeviceCpu &&
      program.deviceKind != LlmcDeviceCuda)
    return broken("it is for the unknown device {}", program.deviceKind);
  if (program.prepare && !findArena(program, LlmcArenaCompute))
    return broken("it has a 'prepare' part and no arena of {}",
                  arenaNames[LlmcArenaCompute]);
  if (program.prepare && keepsNarrowParameters(program))
    return broken("it has a 'prepare' part and no arena of {}",
                  arenaNames[LlmcArenaParameter]);
  if (program.deviceKind == LlmcDeviceCpu)
    return Status::ok();
  for (int64_t i = 0; i < program.numKernels; ++i)
    LLMC_TRY(checkGpuKernel(program, program.kernels[i]));
  return Status::ok();
}

/// Ranks, buckets and collectives fit each other.
Status checkMesh(const LlmcProgram &program) {
  if (program.ranks < 1)
    return broken("it is for {} ranks", program.ranks);
  if (program.ranks == 1)
    return Status::ok();
  // From stage 2 on every micro-step sums.
  if ((program.zeroStage < 2 &&
       (!program.lastMicroStep || !program.onlyMicroStep)) ||
      program.numBuckets < 1)
    return broken("it is for {} ranks and has no part that sums gradients",
                  program.ranks);
  int64_t end = 0;
  for (int64_t i = 0; i < program.numBuckets; ++i) {
    const LlmcBucket &bucket = program.buckets[i];
    if (bucket.first != end || bucket.elements <= 0 ||
        bucket.elements % program.ranks != 0)
      return broken("bucket {} has {} elements from {}", i, bucket.elements,
                    bucket.first);
    end += bucket.elements;
  }
  for (LlmcArenaKind kind :
       {LlmcArenaGradient, LlmcArenaMoment1, LlmcArenaMoment2}) {
    const LlmcArena *arena = findArena(program, kind);
    const int64_t width =
        kind != LlmcArenaGradient && keepsNarrowMoments(program) ? 2 : 4;
    if (arena->bytes != end * width / (arena->sharded ? program.ranks : 1))
      return broken("the arena of {} has {} bytes for buckets of {} elements",
                    arenaNames[kind], arena->bytes, end);
  }
  for (int64_t i = 0; i < program.numCollectives; ++i) {
    const LlmcCollective &collective = program.collectives[i];
    if (collective.kind < 0 || collective.kind > LlmcCollectiveAllGather ||
        collective.elements % program.ranks != 0)
      return broken("collective {} has the kind {} and {} elements", i,
                    collective.kind, collective.elements);
    if (program.deviceKind == LlmcDeviceCuda &&
        collective.kind != LlmcCollectiveAllGather &&
        (collective.adds < 0 || collective.adds >= program.numKernels))
      return broken("collective {} has no kernel that sums", i);
  }
  return Status::ok();
}

Status checkTensor(const LlmcProgram &program, const LlmcTensor &tensor) {
  if (tensor.arenaKind != LlmcArenaParameter &&
      tensor.arenaKind != LlmcArenaConstant)
    return broken("tensor {} lies in arena kind {}", tensor.name,
                  tensor.arenaKind);
  if (tensor.initKind < 0 || tensor.initKind >= numInitKinds)
    return broken("tensor {} has the unknown initializer {}", tensor.name,
                  tensor.initKind);
  int64_t elements = 1;
  for (int64_t size : shapeOf(tensor))
    elements *= size;
  if (elements != tensor.elements)
    return broken("tensor {} of shape {} claims {} elements", tensor.name,
                  formatShape(shapeOf(tensor)), tensor.elements);
  bool rope =
      tensor.initKind == LlmcInitRopeCos || tensor.initKind == LlmcInitRopeSin;
  if ((rope || tensor.initKind == LlmcInitNormal) && !tensor.initArguments)
    return broken("tensor {} lacks its initializer's arguments", tensor.name);
  if (rope && (tensor.rank != 2 || tensor.shape[1] % 2 != 0))
    return broken("rope table {} has shape {}", tensor.name,
                  formatShape(shapeOf(tensor)));

  // Gradients and moments lie at the parameter's own offset, bf16 at half of
  // it.
  std::vector<LlmcArenaKind> kinds = {LlmcArenaConstant};
  if (tensor.arenaKind == LlmcArenaParameter)
    kinds = {keepsNarrowParameters(program) ? LlmcArenaCompute
                                            : LlmcArenaParameter,
             LlmcArenaGradient, LlmcArenaMoment1, LlmcArenaMoment2};
  for (LlmcArenaKind kind : kinds) {
    const LlmcArena *arena = findArena(program, kind);
    const bool isMoment = kind == LlmcArenaMoment1 || kind == LlmcArenaMoment2;
    const bool isNarrow =
        kind == LlmcArenaCompute || (isMoment && keepsNarrowMoments(program));
    const int64_t parts =
        (isNarrow ? 2 : 1) * (arena && arena->sharded ? program.ranks : 1);
    if (!arena || tensor.offset < 0 ||
        (tensor.offset + tensor.elements * 4) / parts > arena->bytes)
      return broken("tensor {} does not fit into the arena of {}", tensor.name,
                    arenaNames[kind]);
  }
  return Status::ok();
}

Status checkIo(const LlmcProgram &program) {
  struct Range {
    const char *name;
    int64_t offset;
    int64_t elements;
  };
  const int64_t window = program.batch * program.sequence;
  const Range ranges[] = {
      {"tokens", program.tokensOffset, window},
      {"targets", program.targetsOffset, window},
      {"loss", program.lossOffset, 1},
      {"hyper", program.hyperOffset, LlmcHyperCount},
      {"places", program.placesOffset,
       program.placesOffset < 0 ? 0 : LlmcPlaceStride * program.numBuckets},
      {"norm", program.normOffset, 1},
      {"prompt", program.promptOffset, program.generate ? program.sequence : 0},
      {"position", program.positionOffset, program.generate ? 1 : 0},
      {"logits", program.logitsOffset,
       program.generate ? program.vocabulary : 0},
  };
  for (const Range &range : ranges)
    if (range.elements > 0 &&
        (range.offset < 0 || range.offset + range.elements * 4 >
                                 findArena(program, LlmcArenaIo)->bytes))
      return broken("{} at byte {} lies outside the arena of {}", range.name,
                    range.offset, arenaNames[LlmcArenaIo]);
  return Status::ok();
}

} // namespace

Status checkProgram(const LlmcProgram &program) {
  if (program.abiVersion != LLMC_ABI_VERSION ||
      program.structBytes != static_cast<int32_t>(sizeof(LlmcProgram)))
    return Status::error(
        "the program was compiled for version {} of the runtime ({} bytes), "
        "this runtime is version {} ({} bytes); compile it again",
        program.abiVersion, program.structBytes, LLMC_ABI_VERSION,
        sizeof(LlmcProgram));
  if (program.batch <= 0 || program.sequence <= 0 || program.vocabulary <= 0)
    return broken("batch {}, sequence {} and vocabulary {} must be positive",
                  program.batch, program.sequence, program.vocabulary);
  if (!program.microStep || !program.firstMicroStep || !program.update ||
      !program.evaluate)
    return broken("an entry point is missing");
  LLMC_TRY(checkArenas(program));
  LLMC_TRY(checkKernels(program));
  LLMC_TRY(checkMesh(program));
  LLMC_TRY(checkCopies(program));
  std::set<std::string> names;
  for (int64_t i = 0; i < program.numTensors; ++i) {
    LLMC_TRY(checkTensor(program, program.tensors[i]));
    if (!names.insert(program.tensors[i].name).second)
      return broken("it has two tensors {}", program.tensors[i].name);
  }
  return checkIo(program);
}

const LlmcArena *findArena(const LlmcProgram &program, LlmcArenaKind kind) {
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (program.arenas[i].kind == kind)
      return &program.arenas[i];
  return nullptr;
}

std::vector<int64_t> shapeOf(const LlmcTensor &tensor) {
  return std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank);
}

std::string formatShape(const std::vector<int64_t> &shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::vector<const LlmcTensor *> parametersOf(const LlmcProgram &program) {
  std::vector<const LlmcTensor *> parameters;
  for (int64_t i = 0; i < program.numTensors; ++i)
    if (program.tensors[i].arenaKind == LlmcArenaParameter)
      parameters.push_back(&program.tensors[i]);
  return parameters;
}

} // namespace llmc::runtime
