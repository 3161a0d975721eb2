//===- Clock.h - time that passes ------------------------------*- C++ -*-===//

#ifndef LLMC_RUNTIME_CORE_CLOCK_H
#define LLMC_RUNTIME_CORE_CLOCK_H

#include <chrono>

namespace llmc::runtime {

using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_CLOCK_H
