//===- Profile.cpp - where the time of a run went, by kernel --------------===//

#include "train/Profile.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace llmc::runtime {
namespace {

/// The work behind one line of the table.
struct Work {
  double seconds = 0;
  double flops = 0;
  double bytes = 0;
};

/// "  12.3%", or a dash where the ceiling is unknown.
std::string formatShare(double value, double ceiling) {
  return ceiling > 0 ? fmt::format("{:>6.1f}%", 100 * value / ceiling)
                     : fmt::format("{:>7}", "-");
}

/// GFLOP/s and GB/s with their shares of the ceilings.
std::string formatRates(const Work &work, const Ceilings &ceilings) {
  double seconds = std::max(work.seconds, 1e-9);
  double flops = work.flops / seconds, bytes = work.bytes / seconds;
  return fmt::format("{:>9.2f} {} {:>9.2f} {}", flops * 1e-9,
                     formatShare(flops, ceilings.peak.flopsPerSecond),
                     bytes * 1e-9,
                     formatShare(bytes, ceilings.bandwidth.bytesPerSecond));
}

} // namespace

std::string formatCeilings(const Ceilings &ceilings) {
  const auto &[flops, flopsRule] = ceilings.peak;
  const auto &[bytes, bytesRule] = ceilings.bandwidth;
  return fmt::format(
      "peak: {}\nbandwidth: {}\n",
      flops > 0 ? fmt::format("{:.1f} GFLOP/s, {}", flops * 1e-9, flopsRule)
                : flopsRule,
      bytes > 0 ? fmt::format("{:.1f} GB/s, {}", bytes * 1e-9, bytesRule)
                : bytesRule);
}

std::string formatProfile(const LlmcProgram &program,
                          const std::vector<KernelTime> &times,
                          double wallSeconds, const Ceilings &ceilings) {
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::make_pair(-times[a].seconds, a) <
           std::make_pair(-times[b].seconds, b);
  });
  size_t nameWidth = std::string("outside kernels").size();
  for (size_t i : order)
    if (times[i].calls > 0)
      nameWidth =
          std::max(nameWidth, std::string(program.kernels[i].name).size());

  auto percent = [&](double seconds) {
    return wallSeconds > 0 ? 100 * seconds / wallSeconds : 0.0;
  };
  std::string table = fmt::format(
      "{:<{}} {:>7} {:>10} {:>6} {:>10} {:>10} {:>9} {:>7} {:>9} {:>7}  {}\n",
      "kernel", nameWidth, "calls", "ms", "share", "MFLOP", "MB", "GFLOP/s",
      "of peak", "GB/s", "of bw", "from");
  Work all;
  for (size_t i : order) {
    const LlmcKernel &kernel = program.kernels[i];
    const KernelTime &time = times[i];
    if (time.calls == 0)
      continue;
    auto calls = static_cast<double>(time.calls);
    auto flops = static_cast<double>(kernel.flops);
    auto bytes = static_cast<double>(kernel.bytes);
    Work work{time.seconds, calls * flops, calls * bytes};
    table += fmt::format(
        "{:<{}} {:>7} {:>10.2f} {:>5.1f}% {:>10.2f} {:>10.3f} {}  {}\n",
        kernel.name, nameWidth, time.calls, time.seconds * 1e3,
        percent(time.seconds), flops * 1e-6, bytes * 1e-6,
        formatRates(work, ceilings), kernel.location ? kernel.location : "");
    all.seconds += work.seconds;
    all.flops += work.flops;
    all.bytes += work.bytes;
  }
  table +=
      fmt::format("{:<{}} {:>7} {:>10.2f} {:>5.1f}% {:>10} {:>10} {}\n",
                  "all kernels", nameWidth, "", all.seconds * 1e3,
                  percent(all.seconds), "", "", formatRates(all, ceilings));
  table +=
      fmt::format("{:<{}} {:>7} {:>10.2f} {:>5.1f}%\n", "outside kernels",
                  nameWidth, "", std::max(0.0, wallSeconds - all.seconds) * 1e3,
                  std::max(0.0, 100 - percent(all.seconds)));
  return table + formatCeilings(ceilings) +
         "MFLOP and MB: of one call; MB counts each operand once, so that what "
         "stays in caches can pass 100 % of the bandwidth\n";
}

} // namespace llmc::runtime
