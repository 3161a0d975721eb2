//===- Profile.cpp - where the time of a run went, by kernel --------------===//

#include "train/Profile.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace llmc::runtime {

std::string formatProfile(const LlmcProgram &program,
                          const std::vector<KernelTime> &times,
                          double wallSeconds) {
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::make_pair(-times[a].seconds, a) <
           std::make_pair(-times[b].seconds, b);
  });
  size_t nameWidth = std::string("outside kernels").size();
  for (size_t i : order)
    nameWidth =
        std::max(nameWidth, std::string(program.kernels[i].name).size());

  auto percent = [&](double seconds) {
    return wallSeconds > 0 ? 100 * seconds / wallSeconds : 0.0;
  };
  std::string table =
      fmt::format("{:<{}} {:>9} {:>11} {:>7} {:>9} {:>9}  {}\n", "kernel",
                  nameWidth, "calls", "ms", "share", "GFLOP/s", "GB/s", "from");
  double inKernels = 0, flops = 0, bytes = 0;
  for (size_t i : order) {
    const LlmcKernel &kernel = program.kernels[i];
    const KernelTime &time = times[i];
    if (time.calls == 0)
      continue;
    double calls = static_cast<double>(time.calls);
    double kernelFlops = calls * static_cast<double>(kernel.flops);
    double kernelBytes = calls * static_cast<double>(kernel.bytes);
    double seconds = std::max(time.seconds, 1e-9);
    table += fmt::format(
        "{:<{}} {:>9} {:>11.2f} {:>6.1f}% {:>9.2f} {:>9.2f}  {}\n", kernel.name,
        nameWidth, time.calls, time.seconds * 1e3, percent(time.seconds),
        kernelFlops / seconds * 1e-9, kernelBytes / seconds * 1e-9,
        kernel.location ? kernel.location : "");
    inKernels += time.seconds;
    flops += kernelFlops;
    bytes += kernelBytes;
  }
  double seconds = std::max(inKernels, 1e-9);
  table += fmt::format("{:<{}} {:>9} {:>11.2f} {:>6.1f}% {:>9.2f} {:>9.2f}\n",
                       "all kernels", nameWidth, "", inKernels * 1e3,
                       percent(inKernels), flops / seconds * 1e-9,
                       bytes / seconds * 1e-9);
  table +=
      fmt::format("{:<{}} {:>9} {:>11.2f} {:>6.1f}%\n", "outside kernels",
                  nameWidth, "", std::max(0.0, wallSeconds - inKernels) * 1e3,
                  std::max(0.0, 100 - percent(inKernels)));
  return table;
}

} // namespace llmc::runtime
