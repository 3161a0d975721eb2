//===- LossCurve.h - the loss of a run as a picture -----------------------===//

#ifndef LLMC_RUNTIME_TRAIN_LOSSCURVE_H
#define LLMC_RUNTIME_TRAIN_LOSSCURVE_H

#include "core/Status.h"
#include "train/Metrics.h"

#include <string>

namespace llmc::runtime {

/// Writes DIR/loss.svg and DIR/loss.png: the training loss of every step, its
/// moving average, and the held-out loss.
Status writeLossCurve(const std::string &directory, const std::string &title,
                      const LossHistory &history);

/// The same for a terminal, drawn with braille dots over `columns` columns; the
/// held-out losses are marked o.
std::string drawLossCurve(const LossHistory &history, int columns);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_LOSSCURVE_H
