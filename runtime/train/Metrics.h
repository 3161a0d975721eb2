//===- Metrics.h - the record of a run ------------------------------------===//
//
// OUT/metrics.jsonl holds one JSON object per line, either of a step
//   {"step":1,"loss":5.54,"norm":1.2,"lr":0.0003,"ms":41.2,"tokens_per_s":6211}
// or of an evaluation
//   {"step":250,"held_out_loss":2.31}
// On resume the lines after the resumed step are dropped. The lines are kept in
// the file alone, so that a long run takes no more memory than a short one.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_METRICS_H
#define LLMC_RUNTIME_TRAIN_METRICS_H

#include "core/Status.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace llmc::runtime {

struct StepRecord {
  int64_t step = 0; // counted from 1
  float loss = 0;   // nats per token, mean over the step's tokens
  float norm = 0;   // of the gradient, before clipping
  double learningRate = 0;
  double milliseconds = 0;
  double tokensPerSecond = 0;
  // The micro-steps' arithmetic as the program's kernel table counts it, and
  // what the device can do; 0: not shown, unknown.
  double flopsPerSecond = 0;
  double peakFlopsPerSecond = 0;
};

/// One point of a loss curve.
struct LossPoint {
  double step;
  double loss;
};

struct LossHistory {
  std::vector<LossPoint> train;
  std::vector<LossPoint> heldOut;
};

class Metrics {
public:
  /// A record that is kept nowhere: of a rank that leaves it to another.
  Metrics() = default;
  /// Opens DIR/metrics.jsonl and keeps its lines up to `resumedStep`; 0 starts
  /// an empty file.
  static Result<Metrics> open(const std::string &directory,
                              int64_t resumedStep);

  Status addStep(const StepRecord &record);
  Status addHeldOut(int64_t step, double loss);
  /// Makes the lines durable: a checkpoint is worth less without them.
  Status flush();
  /// Reads the file back.
  Result<LossHistory> history() const;
  /// The step of the newest evaluation, -1 when there is none.
  int64_t lastHeldOutStep() const { return heldOutStep; }

private:
  Status writeLine(const std::string &line);
  Status writeError() const;
  Status readError() const;

  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  std::string path;
  std::unique_ptr<std::FILE, Closer> file;
  int64_t heldOutStep = -1;
};

/// "  12/1000 | loss 5.5413 | norm 1.204 | lr 3.00e-04 | 41.2 ms | 6211 tok/s"
std::string formatStep(const StepRecord &record, int64_t steps);

/// "82.6 TFLOP/s, 50.0 % of peak", or without a share when there is no peak.
std::string formatFlops(double flopsPerSecond, double peakFlopsPerSecond);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_METRICS_H
