//===- Verdict.cpp - whether a plan fits, and how fast it is --------------===//

#include "compiler/Pipeline/Verdict.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llmc;

static std::string ofLimit(int64_t bytes, std::optional<int64_t> limit) {
  return humanBytes(bytes) + (limit ? " of " + humanBytes(*limit) : "");
}

/// Whether there is something to say of pinned memory.
static bool showsHost(const PlannedPolicy &policy, const MemoryLimits &limits) {
  return policy.options.isCuda() && (policy.hostBytes || limits.host);
}

/// Where the memory of a rank is: on a GPU, or all of it on the host.
static std::string describeUse(const PlannedPolicy &policy,
                               const MemoryLimits &limits) {
  const PipelineOptions &options = policy.options;
  std::string ranks = options.ranks > 1
                          ? llvm::formatv(" each of {0}", options.ranks).str()
                          : " 1";
  std::string host = ofLimit(policy.hostBytes, limits.host);
  if (!options.isCuda())
    return host + " of host memory" +
           (options.ranks > 1
                ? llvm::formatv(" for {0} ranks", options.ranks).str()
                : "");
  std::string device = ofLimit(policy.deviceBytes, limits.device) + " on" +
                       ranks + (options.ranks > 1 ? " GPUs" : " GPU");
  return showsHost(policy, limits)
             ? device + ", " + host + " of pinned host memory"
             : device;
}

void llmc::printVerdict(const PlannedPolicy &policy, const MemoryLimits &limits,
                        llvm::raw_ostream &os) {
  os << (policy.fits() ? "fits: " : "does not fit: ")
     << describeUse(policy, limits) << "\n";
  auto excess = [&](int64_t bytes, llvm::StringRef where) {
    if (bytes)
      os << llvm::formatv("  {0} bytes ({1}) too many on {2}\n",
                          withCommas(bytes), humanBytes(bytes), where);
  };
  excess(policy.excessDevice, "a device");
  excess(policy.excessHost, "the host");
}

void llmc::printMemory(const MemoryReport &report,
                       const PipelineOptions &options, llvm::raw_ostream &os) {
  report.printMemory(os, options.ranks > 1 ? "each rank" : "the program",
                     options.isCuda() ? "device" : "process",
                     options.isCuda() ? kDriverReserve : 0,
                     ncclReserve(options));
}

namespace {
/// The transfers of one kind in one function.
struct TransferSum {
  int64_t count = 0, bytes = 0;
  double busy = 0, exposed = 0;
};
} // namespace

/// The parts of a step and what each takes of it.
static void printParts(const StepTime &step, bool isLong,
                       llvm::raw_ostream &os) {
  auto row = [&](llvm::StringRef name, double seconds) {
    os << llvm::formatv("  {0,-28}{1,12:f1} {3}  {2,5:f1} %\n", name,
                        (isLong ? 1 : 1e3) * seconds,
                        100 * seconds / step.seconds(), isLong ? "s" : "ms");
  };
  row("forward", step.forward());
  row("backward", step.backward());
  row("update", step.update.compute);
  if (step.ranks > 1)
    row("exposed communication", step.exposed());
  if (step.copiedBytes())
    row("exposed copies", step.exposedCopies());
}

/// Collectives and copies, summed by kind in each function.
static void printTransfers(const StepTime &step, llvm::raw_ostream &os) {
  os << "\ncollectives and copies           number             bytes";
  if (step.isPredicted())
    os << "     busy ms  exposed ms";
  os << "\n";
  auto print = [&](llvm::StringRef name, const FunctionTime &time) {
    llvm::MapVector<llvm::StringRef, TransferSum> sums;
    for (const TransferTime &transfer : time.transfers) {
      TransferSum &sum = sums[transfer.kind];
      ++sum.count;
      sum.bytes += transfer.bytes;
      sum.busy += transfer.end - transfer.begin;
      sum.exposed += transfer.exposed;
    }
    for (const auto &[kind, sum] : sums) {
      os << llvm::formatv("  {0,-32}{1,7}{2,18}", (name + ": " + kind).str(),
                          sum.count, withCommas(sum.bytes));
      if (step.isPredicted())
        os << llvm::formatv("{0,12:f2}{1,12:f2}", 1e3 * sum.busy,
                            1e3 * sum.exposed);
      os << "\n";
    }
  };
  for (const StepTime::Runs &runs : step.microSteps)
    print(runs.function, runs.time);
  print("update", step.update);
}

void llmc::printStepTime(const StepTime &step, llvm::raw_ostream &os) {
  bool isPredicted = step.isPredicted();
  if (!isPredicted && !step.sentBytes() && !step.copiedBytes())
    return;
  llvm::StringRef rank = isPredicted ? "GPU" : "rank";
  os << llvm::formatv(
      "\na step of {0} micro-batch{1} of {2} x {3} tokens{4}, {5} tokens",
      step.accumulation, step.accumulation > 1 ? "es" : "", step.batch,
      step.sequence,
      step.ranks > 1
          ? llvm::formatv(" on each of {0} {1}s", step.ranks, rank).str()
          : "",
      withCommas(step.tokens()));
  if (isPredicted) {
    bool isLong = step.seconds() >= 10;
    os << llvm::formatv(": {0:f1} {1} predicted, {2:f0} tokens/s\n",
                        (isLong ? 1 : 1e3) * step.seconds(),
                        isLong ? "s" : "ms", step.tokensPerSecond());
    printParts(step, isLong, os);
  } else {
    os << "; times on a CPU are not predicted\n";
  }
  if (step.ranks > 1)
    os << llvm::formatv("  each {0} sends {1} bytes ({2}){3}\n", rank,
                        withCommas(step.sentBytes()),
                        humanBytes(step.sentBytes()),
                        isPredicted ? " over " + step.link : "");
  if (step.copiedBytes())
    os << llvm::formatv("  each {0} copies {1} bytes ({2}) from and to the "
                        "host{3}\n",
                        rank, withCommas(step.copiedBytes()),
                        humanBytes(step.copiedBytes()),
                        isPredicted ? " over PCIe" : "'s arenas");
  if (step.sentBytes() || step.copiedBytes())
    printTransfers(step, os);
}

void llmc::printConsidered(const PolicySearch &search, llvm::raw_ostream &os) {
  auto hasTimes = [](const PlannedPolicy &policy) {
    return policy.time.isPredicted();
  };
  bool times = llvm::any_of(search.getConsidered(), hasTimes);
  os << llvm::formatv("\n{0,-71}{1,11} {2,11}{3}\n", "looked at", "device",
                      "host", times ? "      ms a step    tokens/s" : "");
  for (const PlannedPolicy &policy : search.getConsidered()) {
    os << llvm::formatv("  {0,-69}{1,11} {2,11}", policy.describe(),
                        humanBytes(policy.deviceBytes),
                        humanBytes(policy.hostBytes));
    if (times)
      os << llvm::formatv("{0,15:f1}{1,12:f0}",
                          hasTimes(policy) ? 1e3 * policy.time.seconds() : 0.0,
                          hasTimes(policy) ? policy.time.tokensPerSecond()
                                           : 0.0);
    os << "  " << search.explain(policy) << "\n";
  }
}

void llmc::printAdvice(llvm::ArrayRef<PolicySearch::Advice> advice,
                       const MemoryLimits &limits, llvm::raw_ostream &os) {
  if (advice.empty()) {
    os << "no change that llmc knows of would make it fit\n";
    return;
  }
  os << "what would fit, each planned:\n";
  for (const auto &[change, policy] : advice) {
    MemoryLimits changed = limits;
    if (policy.hostBytes > limits.host.value_or(0)) // --host is the change
      changed.host.reset();
    os << "  " << change << ": " << describeUse(policy, changed);
    if (policy.time.isPredicted())
      os << llvm::formatv(", {0:f0} tokens/s", policy.time.tokensPerSecond());
    os << " (" << policy.describe() << ")\n";
  }
}

/// Attributes of a policy: what it is, what it takes.
static void writePolicy(const PlannedPolicy &policy,
                        llvm::json::OStream &json) {
  const PipelineOptions &options = policy.options;
  json.attribute("gpus", options.ranks);
  json.attribute("zero", options.getZero());
  json.attribute("recompute", options.getRecompute());
  json.attribute("batch", options.getBatch());
  json.attribute("sequence", *options.sequence);
  json.attribute("masters", options.masters);
  json.attribute("moments", options.moments);
  json.attribute("offload", options.offload.str());
  json.attribute("device_bytes", policy.deviceBytes);
  json.attribute("host_bytes", policy.hostBytes);
  if (policy.time.isPredicted()) {
    json.attribute("step_seconds", policy.time.seconds());
    json.attribute("tokens_per_second", policy.time.tokensPerSecond());
  }
}

void llmc::writeVerdict(const PlannedPolicy &policy, const MemoryLimits &limits,
                        llvm::json::OStream &json) {
  json.attributeObject("verdict", [&] {
    json.attribute("fits", policy.fits());
    if (limits.device)
      json.attribute("device_limit", *limits.device);
    if (limits.host)
      json.attribute("host_limit", *limits.host);
    json.attribute("excess_device_bytes", policy.excessDevice);
    json.attribute("excess_host_bytes", policy.excessHost);
    writePolicy(policy, json);
    auto totals = [&](llvm::StringRef where, llvm::ArrayRef<int64_t> bytes) {
      json.attributeObject(where, [&] {
        for (auto [name, value] :
             llvm::zip_equal(MemoryReport::kTotalNames, bytes))
          json.attribute(name, value);
      });
    };
    totals("device", policy.memory.device);
    totals("host", policy.memory.host);
    if (policy.options.isCuda())
      json.attribute("reserved_bytes", deviceReserve(policy.options));
  });
}

/// An entry point that a step runs `count` times.
static void writeFunction(llvm::StringRef name, int64_t count,
                          const FunctionTime &time, bool isPredicted,
                          llvm::json::OStream &json) {
  json.attributeObject(name, [&] {
    json.attribute("runs", count);
    if (isPredicted) {
      json.attribute("compute_seconds", time.compute);
      json.attribute("exposed_seconds", time.exposed);
      json.attribute("exposed_copy_seconds", time.exposedCopies);
    }
    json.attribute("sent_bytes", time.sentBytes());
    json.attribute("copied_bytes", time.copiedBytes());
    json.attributeArray("transfers", [&] {
      for (const TransferTime &transfer : time.transfers)
        json.object([&] {
          json.attribute("kind", transfer.kind);
          json.attribute("bytes", transfer.bytes);
          if (!isPredicted)
            return;
          json.attribute("begin_seconds", transfer.begin);
          json.attribute("end_seconds", transfer.end);
          json.attribute("exposed_seconds", transfer.exposed);
        });
    });
  });
}

void llmc::writeStepTime(const StepTime &step, llvm::json::OStream &json) {
  bool isPredicted = step.isPredicted();
  json.attributeObject("step", [&] {
    json.attribute("tokens", step.tokens());
    json.attribute("micro_batches", step.accumulation);
    if (isPredicted) {
      json.attribute("seconds", step.seconds());
      json.attribute("tokens_per_second", step.tokensPerSecond());
      json.attribute("forward_seconds", step.forward());
      json.attribute("backward_seconds", step.backward());
      json.attribute("update_seconds", step.update.compute);
      json.attribute("exposed_seconds", step.exposed());
      json.attribute("exposed_copy_seconds", step.exposedCopies());
      json.attribute("pcie_bytes", step.copiedBytes() +
                                       (step.isNetwork ? 0 : step.sentBytes()));
      json.attribute("network_bytes", step.isNetwork ? step.sentBytes() : 0);
      json.attribute("link", step.link);
    }
    for (const StepTime::Runs &runs : step.microSteps)
      writeFunction(runs.function, runs.count, runs.time, isPredicted, json);
    writeFunction("update", 1, step.update, isPredicted, json);
  });
}

void llmc::writeConsidered(const PolicySearch &search,
                           llvm::json::OStream &json) {
  json.attributeArray("looked_at", [&] {
    for (const PlannedPolicy &policy : search.getConsidered())
      json.object([&] {
        writePolicy(policy, json);
        json.attribute("reason", search.explain(policy));
      });
  });
}

void llmc::writeAdvice(llvm::ArrayRef<PolicySearch::Advice> advice,
                       llvm::json::OStream &json) {
  json.attributeArray("advice", [&] {
    for (const PolicySearch::Advice &entry : advice)
      json.object([&] {
        json.attribute("change", entry.change);
        writePolicy(entry.policy, json);
      });
  });
}
