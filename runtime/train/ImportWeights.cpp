//===- ImportWeights.cpp - first weights from other tools' files ----------===//

#include "train/ImportWeights.h"

#include "core/File.h"
#include "train/ImportPlan.h"
#include "train/Program.h"
#include "train/TensorStorage.h"

#include <algorithm>
#include <fmt/ranges.h>

namespace llmc::runtime {
namespace {

Status load(const ImportPlan &plan, const LlmcProgram &program,
            Device &device) {
  constexpr int64_t blockElements = ImportPlan::blockElements;
  const TensorStorage storage(program, device, LlmcArenaParameter);
  std::vector<float> block(static_cast<size_t>(blockElements));
  for (const auto &[tensor, piece] : plan.pieces)
    for (int64_t row = 0; row < piece.rows; ++row)
      for (int64_t done = 0; done < piece.width; done += blockElements) {
        int64_t count = std::min(blockElements, piece.width - done);
        LLMC_TRY(piece.source.file->readFloats(
            *piece.source.entry,
            piece.sourceStart + row * piece.sourcePitch + done, count,
            block.data()));
        LLMC_TRY(storage.write(
            *tensor, piece.targetStart + row * piece.targetPitch + done, count,
            block.data()));
      }
  return Status::ok();
}

/// Tables that old versions of transformers saved with the weights.
bool isKnownTable(const std::string &name) {
  for (const std::string end :
       {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"})
    if (name.size() > end.size() &&
        name.compare(name.size() - end.size(), std::string::npos, end) == 0)
      return true;
  return false;
}

/// The names of tensors that the model does not have, of many the first.
std::string listLeftAside(const ImportPlan &plan, const WeightFiles &weights) {
  constexpr size_t shown = 5;
  std::vector<std::string> left;
  size_t count = 0;
  for (const std::string &name : weights.names())
    if (!plan.used.count(name) && !isKnownTable(name) && ++count <= shown)
      left.push_back(name);
  return fmt::format("{}{}", fmt::join(left, ", "),
                     count > shown ? fmt::format(" and {} more", count - shown)
                                   : "");
}

void report(const ImportPlan &plan, const WeightFiles &weights,
            const std::string &path, Console &console) {
  std::string summary = fmt::format("weights: {} tensors from {}",
                                    plan.used.size(), weights.directory());
  if (plan.joined > 0)
    summary += fmt::format(", {} parameters joined from parts", plan.joined);
  if (plan.cut > 0)
    summary += fmt::format(", {} parameters cut from fused ones", plan.cut);
  if (plan.tied > 0)
    summary += ", embedding and head from one tensor";
  console.line(summary);
  if (std::string left = listLeftAside(plan, weights); !left.empty())
    console.warning(fmt::format(
        "--init-from: the model has no such tensors as these of {}, which were "
        "left aside: {}",
        path, left));
}

} // namespace

/// Finds every parameter's values, and has `then` do the rest.
template <typename Then>
static Status prepareImport(const LlmcProgram &program, const std::string &path,
                            Then &&then) {
  auto prepare = [&]() -> Status {
    Result<WeightFiles> weights = WeightFiles::open(path);
    if (!weights.isOk())
      return weights.status();
    std::string config = joinPath(weights->directory(), "config.json");
    LLMC_TRY(checkConfig(program, config));
    Result<ImportPlan> plan = ImportPlan::make(program, *weights, path);
    LLMC_TRY(plan.status());
    // A model of a known class computes with every tensor that it has.
    std::string left = listLeftAside(*plan, *weights);
    if (program.config && pathExists(config) && !left.empty())
      return Status::error("the model has no such tensors as these of {}: {}; "
                           "add them to the model file and compile it again, "
                           "or remove {} to leave them aside",
                           path, left, config);
    return then(*plan, *weights);
  };
  Status status = prepare();
  return status.isOk() ? status
                       : Status::error("--init-from: {}", status.message());
}

Status checkImport(const LlmcProgram &program, const std::string &path) {
  return prepareImport(
      program, path,
      [](const ImportPlan &, const WeightFiles &) { return Status::ok(); });
}

Status importWeights(const LlmcProgram &program, Device &device,
                     const std::string &path, Console &console) {
  return prepareImport(program, path,
                       [&](const ImportPlan &plan, const WeightFiles &weights) {
                         LLMC_TRY(load(plan, program, device));
                         report(plan, weights, path, console);
                         return Status::ok();
                       });
}

} // namespace llmc::runtime
