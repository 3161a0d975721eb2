//===- StopSignal.h - signals as a question -------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_STOPSIGNAL_H
#define LLMC_RUNTIME_TRAIN_STOPSIGNAL_H

#include <csignal>

namespace llmc::runtime {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP (a terminal or
/// connection that closed) is only noted; a second one ends the program as
/// usual. A SIGHUP that nohup has switched off stays so. A SIGPIPE (whoever
/// read the output has gone) is noted however often it comes: what is printed
/// while the program stops must not end it. Ranks in threads have one each, all
/// of which see the signal.
class StopSignal {
public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal &) = delete;
  StopSignal &operator=(const StopSignal &) = delete;

  /// The signal that came, 0 when none did.
  int received() const;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_STOPSIGNAL_H
