//===- metrics.cpp - fuzzes metrics.jsonl on resume, and the loss curve ---===//

#include "FuzzSupport.h"

#include "train/LossCurve.h"
#include "train/Metrics.h"

#include <cmath>

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static fuzz::Scratch scratch;
  scratch.write("metrics.jsonl", fuzz::textOf(bytes, size));
  constexpr int64_t resumedStep = 1000;
  Result<Metrics> metrics = Metrics::open(scratch.path(), resumedStep);
  FUZZ_CHECK(metrics.isOk());
  FUZZ_CHECK(metrics->addHeldOut(resumedStep, 1.5).isOk());
  Result<LossHistory> history = metrics->history();
  FUZZ_CHECK(history.isOk() && !history->heldOut.empty());
  for (const auto *points : {&history->train, &history->heldOut})
    for (const LossPoint &point : *points)
      FUZZ_CHECK(point.step >= 0 && point.step <= resumedStep &&
                 std::isfinite(point.loss));
  FUZZ_CHECK(!drawLossCurve(*history, 80).empty());
  return 0;
}
