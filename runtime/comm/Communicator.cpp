//===- Communicator.cpp - what ranks do together --------------------------===//

#include "comm/Communicator.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace llmc::runtime {

Status Communicator::allReduce(float *data, int64_t elements, float *scratch) {
  float *part = data + elements / size() * rank();
  LLMC_TRY(reduceScatter(data, part, elements, scratch));
  return allGather(part, data,
                   elements / size() * static_cast<int64_t>(sizeof(float)));
}

Status Communicator::agree(const Status &own, Subject subject) {
  Status all = Status::ok();
  LLMC_TRY(exchangeErrors(own, all, subject));
  return common(all);
}

Status Communicator::exchangeErrors(const Status &own, Status &all,
                                    Subject subject) {
  // Room for the longest message that is worth reading.
  struct Report {
    bool failed;
    char text[4096];
  };
  Report report = {!own.isOk(), {}};
  std::string text = own.message();
  std::memcpy(report.text, text.data(),
              std::min(text.size(), sizeof(report.text) - 1));
  std::vector<Report> reports(static_cast<size_t>(size()));
  LLMC_TRY(allGather(&report, reports.data(), sizeof(report)));
  all = Status::ok();
  for (int other = 0; other < size(); ++other) {
    const Report &found = reports[static_cast<size_t>(other)];
    if (!found.failed)
      continue;
    // An error that all have agreed on says already whose it is.
    const bool isNamed =
        other > 0 || (subject == Subject::Machine && size() > 1);
    all = isNamed && isOwnError()
              ? Status::error("{}: {}", describe(other), found.text)
              : Status::error("{}", found.text);
    break;
  }
  return Status::ok();
}

Status Communicator::common(Status status) {
  if (!status.isOk())
    isCommon = true;
  return status;
}

void Communicator::print(const Status &error) const {
  fmt::print(stderr, "error: {}{}\n",
             isOwnError() && size() > 1 ? describe(rank()) + ": " : "",
             error.message());
  std::fflush(stderr);
}

Communicator &Communicator::solo() {
  static SoloCommunicator communicator;
  return communicator;
}

Status SoloCommunicator::reduceScatter(const float *source, float *destination,
                                       int64_t elements, float *) {
  std::memmove(destination, source,
               static_cast<size_t>(elements) * sizeof(float));
  return Status::ok();
}

Status SoloCommunicator::allGather(const void *source, void *destination,
                                   int64_t bytes) {
  std::memmove(destination, source, static_cast<size_t>(bytes));
  return Status::ok();
}

void SoloCommunicator::abort() { std::exit(1); }

} // namespace llmc::runtime
