//===- Metrics.cpp - the record of a run ----------------------------------===//

#include "train/Metrics.h"

#include "core/File.h"
#include "core/Json.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace llmc::runtime {
namespace {

/// What a line of the file says.
struct Line {
  int64_t step = 0;
  std::optional<double> loss, heldOutLoss;
};

std::optional<double> numberIn(const nlohmann::json &json, const char *key) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_number())
    return std::nullopt;
  return found->get<double>();
}

/// Nothing for a line that is not of a step, such as one that was cut off.
std::optional<Line> parseLine(const std::string &text) {
  nlohmann::json json = parseJson(text);
  if (!json.is_object() || !json.contains("step") ||
      !json["step"].is_number_unsigned() ||
      json["step"].get<uint64_t>() > INT64_MAX)
    return std::nullopt;
  return Line{json["step"].get<int64_t>(), numberIn(json, "loss"),
              numberIn(json, "held_out_loss")};
}

} // namespace

Result<Metrics> Metrics::open(const std::string &directory,
                              int64_t resumedStep) {
  Metrics metrics;
  metrics.path = joinPath(directory, "metrics.jsonl");
  LLMC_TRY(makeDirectories(directory));
  std::string kept;
  std::ifstream old;
  if (resumedStep > 0 && pathExists(metrics.path)) {
    old.open(metrics.path);
    if (!old.is_open())
      return metrics.readError();
  }
  for (std::string text; std::getline(old, text);) {
    std::optional<Line> line = parseLine(text);
    if (!line || line->step > resumedStep)
      continue;
    kept += text + "\n";
    if (line->heldOutLoss)
      metrics.heldOutStep = line->step;
  }
  if (old.bad())
    return metrics.readError();
  LLMC_TRY(writeFileAtomically(metrics.path, kept));
  metrics.file.reset(std::fopen(metrics.path.c_str(), "ae"));
  if (!metrics.file)
    return metrics.writeError();
  return metrics;
}

Status Metrics::writeError() const {
  return Status::error("cannot write {}: {}; free some space and --resume",
                       path, std::strerror(errno));
}

Status Metrics::readError() const {
  return Status::error("cannot read {}: {}", path, std::strerror(errno));
}

Status Metrics::writeLine(const std::string &line) {
  if (!file)
    return Status::ok();
  // Handed over line by line, so that the file can be followed.
  if (std::fputs((line + "\n").c_str(), file.get()) < 0 ||
      std::fflush(file.get()) != 0)
    return writeError();
  return Status::ok();
}

Status Metrics::flush() {
  if (!file)
    return Status::ok();
  // Some file systems, and pipes, cannot flush and say so.
  if (::fdatasync(::fileno(file.get())) != 0 && errno != EINVAL &&
      errno != ENOTSUP)
    return writeError();
  return Status::ok();
}

Result<LossHistory> Metrics::history() const {
  LossHistory points;
  std::ifstream lines(path);
  for (std::string text; std::getline(lines, text);) {
    std::optional<Line> line = parseLine(text);
    if (!line)
      continue;
    auto step = static_cast<double>(line->step);
    if (line->loss)
      points.train.push_back({step, *line->loss});
    if (line->heldOutLoss)
      points.heldOut.push_back({step, *line->heldOutLoss});
  }
  if (lines.bad() || !lines.is_open())
    return readError();
  return points;
}

Status Metrics::addStep(const StepRecord &record) {
  // Nine digits bring a float back bit for bit.
  std::string line = fmt::format(
      R"({{"step":{},"loss":{:.9g},"norm":{:.9g},"lr":{:.9g},"ms":{:.3f},)"
      R"("tokens_per_s":{:.1f})",
      record.step, record.loss, record.norm, record.learningRate,
      record.milliseconds, record.tokensPerSecond);
  if (record.flopsPerSecond > 0)
    line += fmt::format(R"(,"flops_per_s":{:.4g})", record.flopsPerSecond);
  if (record.flopsPerSecond > 0 && record.peakFlopsPerSecond > 0)
    line += fmt::format(R"(,"peak_share":{:.4g})",
                        record.flopsPerSecond / record.peakFlopsPerSecond);
  return writeLine(line + "}");
}

Status Metrics::addHeldOut(int64_t step, double loss) {
  heldOutStep = step;
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
