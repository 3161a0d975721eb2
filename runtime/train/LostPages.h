//===- LostPages.h - a mapped file that cannot be read any more -----------===//
//
// A token shard that is cut short, or whose disk fails, while the program reads
// it comes as SIGBUS. There is no going on from it, and only functions that are
// safe in a handler may be called, so that a thread reports it for the ranks of
// this process: those of the others have lost the same page.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_LOSTPAGES_H
#define LLMC_RUNTIME_TRAIN_LOSTPAGES_H

#include "comm/Communicator.h"

#include <thread>

namespace llmc::runtime {

/// One at a time in a process, made by its first rank. Without any, whoever
/// loses a page prints it and ends the program.
class LostPages {
public:
  explicit LostPages(Communicator &ranks);
  ~LostPages();
  LostPages(const LostPages &) = delete;
  LostPages &operator=(const LostPages &) = delete;

  /// Takes the signal, for the rest of the program.
  static void handle();

private:
  int ends[2] = {-1, -1}; ///< of a pipe that the handler writes to
  std::thread thread;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_LOSTPAGES_H
