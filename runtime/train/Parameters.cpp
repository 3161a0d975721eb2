//===- Parameters.cpp - first values of parameters and constants ----------===//

#include "train/Parameters.h"

#include "core/Rng.h"
#include "train/Program.h"
#include "train/TensorStorage.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace llmc::runtime {
namespace {

/// Elements that are made or loaded at a time.
constexpr int64_t blockElements = int64_t(1) << 16;

double ropeAngle(const LlmcTensor &tensor, int64_t element) {
  const int64_t width = tensor.shape[1];
  const int64_t position = element / width, column = element % width;
  return static_cast<double>(position) *
         tensor.initArguments[column % (width / 2)];
}

Status checkEntry(const LlmcTensor &tensor, const SafetensorsFile &file,
                  const SafetensorsFile::Entry &entry) {
  if (entry.shape != shapeOf(tensor))
    return Status::error(
        "{}: tensor {} has shape {}, the model needs {}; these "
        "are the weights of another model",
        file.path(), tensor.name, formatShape(entry.shape),
        formatShape(shapeOf(tensor)));
  return Status::ok();
}

Status loadTensor(const LlmcTensor &tensor, const SafetensorsFile &file,
                  const SafetensorsFile::Entry &entry,
                  const TensorStorage &storage) {
  std::vector<float> block(static_cast<size_t>(blockElements));
  for (int64_t first = 0; first < tensor.elements; first += blockElements) {
    int64_t count = std::min(blockElements, tensor.elements - first);
    if (!storage.keeps(tensor, first, count))
      continue;
    LLMC_TRY(file.readFloats(entry, first, count, block.data()));
    LLMC_TRY(storage.write(tensor, first, count, block.data()));
  }
  return Status::ok();
}

} // namespace

float initialValue(const LlmcTensor &tensor, uint64_t seed, int64_t element) {
  switch (tensor.initKind) {
  case LlmcInitOnes:
    return 1.0f;
  case LlmcInitNormal:
    return static_cast<float>(tensor.initArguments[0] *
                              randomNormal(streamKey(seed, tensor.name),
                                           static_cast<uint64_t>(element)));
  case LlmcInitRopeCos:
    return static_cast<float>(std::cos(ropeAngle(tensor, element)));
  case LlmcInitRopeSin: {
    double sine = std::sin(ropeAngle(tensor, element));
    bool negated = element % tensor.shape[1] < tensor.shape[1] / 2;
    return static_cast<float>(negated ? -sine : sine);
  }
  default:
    return 0.0f;
  }
}

Status initializeTensors(const LlmcProgram &program, Device &device,
                         ThreadPool &pool, LlmcArenaKind kind, uint64_t seed) {
  const TensorStorage storage(program, device, kind);
  std::mutex mutex;
  Status failure = Status::ok();
  for (int64_t i = 0; i < program.numTensors; ++i) {
    const LlmcTensor &tensor = program.tensors[i];
    if (tensor.arenaKind != kind)
      continue;
    int64_t blocks = (tensor.elements + blockElements - 1) / blockElements;
    pool.forRanges(blocks, [&](int64_t first, int64_t last, unsigned) {
      std::vector<float> values(static_cast<size_t>(blockElements));
      for (int64_t block = first; block < last; ++block) {
        int64_t start = block * blockElements;
        int64_t count = std::min(blockElements, tensor.elements - start);
        for (int64_t e = 0; e < count; ++e)
          values[static_cast<size_t>(e)] =
              initialValue(tensor, seed, start + e);
        Status status = storage.write(tensor, start, count, values.data());
        std::lock_guard<std::mutex> lock(mutex);
        if (!status.isOk())
          failure = status;
      }
    });
    LLMC_TRY(failure);
  }
  return Status::ok();
}

std::vector<TensorSource> parameterSources(const LlmcProgram &program,
                                           Device &device, LlmcArenaKind kind,
                                           const std::string &prefix) {
  std::vector<TensorSource> sources;
  const TensorStorage storage(program, device, kind);
  for (const LlmcTensor *tensor : parametersOf(program))
    sources.push_back(
        {prefix + tensor->name, shapeOf(*tensor), tensor->elements,
         [tensor, storage](int64_t first, int64_t count, float *out) {
           return storage.read(*tensor, first, count, out);
         }});
  return sources;
}

Status checkParameterFile(const LlmcProgram &program,
                          const SafetensorsFile &file,
                          const std::string &prefix) {
  for (const LlmcTensor *tensor : parametersOf(program)) {
    const SafetensorsFile::Entry *entry = file.find(prefix + tensor->name);
    if (!entry)
      return Status::error("{}: tensor {}{} is missing; these are the weights "
                           "of another model",
                           file.path(), prefix, tensor->name);
    LLMC_TRY(checkEntry(*tensor, file, *entry));
  }
  return Status::ok();
}

Status loadParameterFile(const LlmcProgram &program, Device &device,
                         const SafetensorsFile &file, LlmcArenaKind kind,
                         const std::string &prefix) {
  const TensorStorage storage(program, device, kind);
  for (const LlmcTensor *tensor : parametersOf(program))
    LLMC_TRY(
        loadTensor(*tensor, file, *file.find(prefix + tensor->name), storage));
  return Status::ok();
}

} // namespace llmc::runtime
