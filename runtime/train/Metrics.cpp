//===- Metrics.cpp - the record of a run ----------------------------------===//

#include "train/Metrics.h"

#include "core/File.h"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

namespace llmc::runtime {
namespace {

/// Takes the line into the history when it is of a step up to `last`.
bool readLine(const std::string &line, int64_t last, LossHistory &points) {
  auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("step") ||
      !json["step"].is_number_integer() || json["step"].get<int64_t>() > last)
    return false;
  double step = json["step"].get<double>();
  if (json.contains("loss") && json["loss"].is_number())
    points.train.push_back({step, json["loss"].get<double>()});
  if (json.contains("held_out_loss") && json["held_out_loss"].is_number())
    points.heldOut.push_back({step, json["held_out_loss"].get<double>()});
  return true;
}

} // namespace

Result<Metrics> Metrics::open(const std::string &directory,
                              int64_t resumedStep) {
  Metrics metrics;
  metrics.path = joinPath(directory, "metrics.jsonl");
  LLMC_TRY(makeDirectories(directory));
  std::string kept;
  if (resumedStep > 0 && pathExists(metrics.path)) {
    Result<std::string> old = readWholeFile(metrics.path);
    if (!old.isOk())
      return old.status();
    std::istringstream lines(*old);
    for (std::string line; std::getline(lines, line);)
      if (readLine(line, resumedStep, metrics.points))
        kept += line + "\n";
  }
  LLMC_TRY(writeFileAtomically(metrics.path, kept));
  metrics.file.reset(std::fopen(metrics.path.c_str(), "ae"));
  if (!metrics.file)
    return Status::error("cannot write {}: {}", metrics.path,
                         std::strerror(errno));
  return metrics;
}

Status Metrics::writeLine(const std::string &line) {
  // Flushed line by line, so that the file can be followed.
  if (std::fputs((line + "\n").c_str(), file.get()) < 0 ||
      std::fflush(file.get()) != 0)
    return Status::error("cannot write {}: {}; free some space and --resume",
                         path, std::strerror(errno));
  return Status::ok();
}

Status Metrics::addStep(const StepRecord &record) {
  points.train.push_back({static_cast<double>(record.step), record.loss});
  // Nine digits bring a float back bit for bit.
  return writeLine(fmt::format(
      R"({{"step":{},"loss":{:.9g},"norm":{:.9g},"lr":{:.9g},"ms":{:.3f},)"
      R"("tokens_per_s":{:.1f}}})",
      record.step, record.loss, record.norm, record.learningRate,
      record.milliseconds, record.tokensPerSecond));
}

Status Metrics::addHeldOut(int64_t step, double loss) {
  points.heldOut.push_back({static_cast<double>(step), loss});
  return writeLine(
      fmt::format(R"({{"step":{},"held_out_loss":{:.9g}}})", step, loss));
}

std::string formatStep(const StepRecord &record, int64_t steps) {
  std::string total = std::to_string(steps);
  std::string arithmetic;
  if (record.flopsPerSecond > 0)
    arithmetic =
        " | " + formatFlops(record.flopsPerSecond, record.peakFlopsPerSecond);
  return fmt::format("{:>{}}/{} | loss {:.4f} | norm {:.3f} | lr {:.2e} | "
                     "{:.1f} ms | {:.0f} tokens/s{}",
                     record.step, total.size(), total, record.loss, record.norm,
                     record.learningRate, record.milliseconds,
                     record.tokensPerSecond, arithmetic);
}

std::string formatFlops(double flopsPerSecond, double peakFlopsPerSecond) {
  std::string text =
      flopsPerSecond < 1e12
          ? fmt::format("{:.1f} GFLOP/s", flopsPerSecond * 1e-9)
          : fmt::format("{:.1f} TFLOP/s", flopsPerSecond * 1e-12);
  if (peakFlopsPerSecond > 0)
    text += fmt::format(", {:.1f} % of peak",
                        100 * flopsPerSecond / peakFlopsPerSecond);
  return text;
}

} // namespace llmc::runtime
