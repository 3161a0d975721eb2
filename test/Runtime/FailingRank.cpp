//===- FailingRank.cpp - a rank that fails when it is told to -------------===//
//
//   mpirun -n 3 llmc_failing_rank 3 [RANK:WHAT[:MILLISECONDS]]...
//
// WHAT: "fails" (an error of its own), "dies" (without a word), "computes" (for
// a while without looking at the others). All ranks begin together; those that
// are not named wait for the others.
//
//===----------------------------------------------------------------------===//

#include "comm/MpiProcess.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <unistd.h>

using namespace llmc::runtime;

int main(int argc, char **argv) {
  if (argc < 2)
    return 2;
  Result<std::unique_ptr<MpiProcess>> connected =
      MpiProcess::connect(std::atoi(argv[1]), 0, std::chrono::seconds(20));
  if (!connected.isOk()) {
    fmt::print(stderr, "error: {}\n", connected.message());
    return 1;
  }
  const std::unique_ptr<Communicator> joined = (*connected)->join(0);
  Communicator &ranks = *joined;
  Status status = ranks.barrier();
  for (int i = 2; i < argc && status.isOk(); ++i) {
    int rank = 0, milliseconds = 0;
    char what[16] = {};
    if (std::sscanf(argv[i], "%d:%15[a-z]:%d", &rank, what, &milliseconds) < 2)
      return 2;
    if (rank != ranks.rank())
      continue;
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    if (std::strcmp(what, "dies") == 0)
      ::_exit(1);
    if (std::strcmp(what, "fails") == 0)
      status = Status::error("no more paper");
  }
  if (status.isOk())
    status = ranks.barrier();
  if (!status.isOk()) {
    ranks.report(status);
    ranks.abort();
  }
  return ranks.finish().isOk() && (*connected)->disconnect().isOk() ? 0 : 1;
}
