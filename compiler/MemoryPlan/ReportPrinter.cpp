//===- ReportPrinter.cpp - the memory plan as a text and as JSON ----------===//

#include "compiler/MemoryPlan/MemoryReport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <tuple>

using namespace llmc;
using llvm::ArrayRef;
using llvm::SmallVector;

std::string llmc::withCommas(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}

std::string llmc::humanBytes(int64_t bytes) {
  constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 1024 && unit + 1 != std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return llvm::formatv(unit == 0 ? "{0:F0} {1}" : "{0:F2} {1}", value,
                       units[unit]);
}

/// Bytes above the bound, in per cent of it.
static double gapPercent(const MemoryReport::Function &function) {
  if (function.boundBytes == 0)
    return 0;
  return 100.0 *
         static_cast<double>(function.packedBytes - function.boundBytes) /
         static_cast<double>(function.boundBytes);
}

static std::vector<MemoryReport::Tensor>
largestTensors(const MemoryReport &report, llvm::StringRef function) {
  std::vector<MemoryReport::Tensor> tensors;
  llvm::copy_if(report.tensors, std::back_inserter(tensors),
                [&](auto &tensor) { return tensor.function == function; });
  llvm::sort(tensors, [](auto &a, auto &b) {
    return std::make_tuple(-a.bytes, a.first, a.offset) <
           std::make_tuple(-b.bytes, b.first, b.offset);
  });
  return tensors;
}

/// What a row of the memory table is called: an arena below its total.
static std::string describeArena(const MemoryReport &report,
                                 const MemoryReport::Arena &arena) {
  if (arena.name == "workspace")
    return llvm::formatv("{0} ({1} x {2})", arena.text, report.threads,
                         humanBytes(arena.bytes));
  // Masters, beside the copies in bf16.
  return arena.name == "parameters" ? std::string("f32 parameters")
                                    : arena.text;
}

void MemoryReport::printMemory(llvm::raw_ostream &os, llvm::StringRef owner,
                               llvm::StringRef place, int64_t ofDriver,
                               int64_t ofNccl) const {
  bool showsHost =
      llvm::any_of(arenas, [](const Arena &arena) { return arena.host; });
  auto cell = [](int64_t bytes) -> std::string {
    if (bytes == 0)
      return llvm::formatv("{0,18}{1,13}", "-", "");
    return llvm::formatv("{0,18}  {1,11}", withCommas(bytes),
                         humanBytes(bytes));
  };
  auto row = [&](llvm::StringRef name, int64_t device, int64_t host) {
    std::string line = llvm::formatv("  {0,-32}", name).str() + cell(device) +
                       (showsHost ? cell(host) : "");
    os << llvm::StringRef(line).rtrim() << "\n";
  };
  os << llvm::formatv("memory of {0,-24}{1,18}{2}\n", (owner + ", bytes").str(),
                      place,
                      showsHost ? "                    pinned host" : "");
  Totals totals = getTotals();
  for (auto [index, name] : llvm::enumerate(kTotalNames)) {
    SmallVector<const Arena *> parts;
    for (const Arena &arena : arenas)
      if (findTotal(arena.name) == index && arena.bytes)
        parts.push_back(&arena);
    if (parts.empty())
      continue;
    row(name, totals.device[index], totals.host[index]);
    if (parts.size() > 1 || parts[0]->text != name)
      for (const Arena *arena : parts)
        row("  " + describeArena(*this, *arena),
            arena->host ? 0 : bytesOf(*arena),
            arena->host ? bytesOf(*arena) : 0);
  }
  if (ofDriver)
    row("driver, reserved", ofDriver, 0);
  if (ofNccl)
    row("NCCL, reserved", ofNccl, 0);
  row("total", totals.deviceBytes() + ofDriver + ofNccl, totals.hostBytes());
}

/// Calls `print` with the first of those in `sorted` that are alike, such as
/// the same tensor of each layer, and with their number; for at most `most`
/// sorts.
template <typename T, typename Alike, typename Print>
static void printFirsts(const std::vector<T> &sorted, unsigned most,
                        Alike alike, Print print) {
  SmallVector<std::pair<const T *, int64_t>> firsts;
  for (const T &one : sorted) {
    auto known = llvm::find_if(
        firsts, [&](auto &first) { return alike(*first.first, one); });
    if (known != firsts.end())
      ++known->second;
    else
      firsts.push_back({&one, 1});
  }
  for (auto [one, number] : ArrayRef(firsts).take_front(most))
    print(*one, number);
}

static void printPacking(const MemoryReport &report, llvm::raw_ostream &os) {
  os << "\nactivations by entry point, bytes\n"
     << "  function      launches  tensors            packed       lower bound"
        "     gap\n";
  for (const MemoryReport::Function &function : report.functions)
    os << llvm::formatv("  {0,-14}{1,8}{2,9}{3,18}{4,18}{5,6:F2} %\n",
                        function.name, function.launches, function.tensors,
                        withCommas(function.packedBytes),
                        withCommas(function.boundBytes), gapPercent(function));
}

static void printPeak(const MemoryReport &report,
                      const MemoryReport::Function &peak, unsigned most,
                      llvm::raw_ostream &os) {
  os << llvm::formatv("\npeak: launch {0} of {1} of {2}, kernel {3}, {4}\n",
                      peak.peakLaunch, peak.launches, peak.name,
                      peak.peakKernel,
                      peak.peakLine.empty() ? "no line known" : peak.peakLine);
  os << "  alive at the peak, by kind of kernel that made it\n";
  for (const MemoryReport::Kind &kind : report.kinds)
    os << llvm::formatv("  {0,-28}{1,6} tensors{2,18}  {3,11}\n", kind.name,
                        kind.tensors, withCommas(kind.bytes),
                        humanBytes(kind.bytes));

  os << llvm::formatv("\nlargest activations of {0}\n", peak.name)
     << "             bytes  number   launches      at offset  shape, kernel, "
        "line; of several the first\n";
  auto tensors = largestTensors(report, peak.name);
  auto alike = [](auto &a, auto &b) {
    return std::tie(a.bytes, a.type, a.kernel, a.line) ==
           std::tie(b.bytes, b.type, b.kernel, b.line);
  };
  printFirsts(tensors, most, alike, [&](const auto &tensor, int64_t number) {
    os << llvm::formatv("  {0,16} {1,7} {2,5}-{3,-5}{4,15}  {5} {6} {7}\n",
                        withCommas(tensor.bytes), number, tensor.first,
                        tensor.last, withCommas(tensor.offset), tensor.type,
                        tensor.kernel, tensor.line);
  });
}

static void printVariables(const MemoryReport &report, unsigned most,
                           llvm::raw_ostream &os) {
  auto variables = report.variables;
  llvm::sort(variables, [](auto &a, auto &b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  os << llvm::formatv("\nlargest of {0} parameters and constants\n",
                      variables.size())
     << "             bytes  number  name, type, line; of several the first\n";
  auto alike = [](auto &a, auto &b) {
    return std::tie(a.bytes, a.type, a.line) ==
           std::tie(b.bytes, b.type, b.line);
  };
  printFirsts(variables, most, alike, [&](const auto &one, int64_t number) {
    os << llvm::formatv("  {0,16} {1,7}  {2} {3} {4}\n", withCommas(one.bytes),
                        number, one.name, one.type, one.line);
  });
}

void MemoryReport::printActivations(llvm::raw_ostream &os,
                                    unsigned most) const {
  printPacking(*this, os);
  if (const Function *peak = peakFunction())
    printPeak(*this, *peak, most, os);
  printVariables(*this, most, os);
}

void MemoryReport::writeJson(llvm::json::OStream &json) const {
  json.attribute("total_bytes", totalBytes());
  json.attribute("host_bytes", totalBytes(/*host=*/true));
  json.attribute("threads", threads);
  json.attributeArray("arenas", [&] {
    for (const Arena &arena : arenas)
      json.object([&] {
        json.attribute("name", arena.name);
        json.attribute("text", arena.text);
        json.attribute("part_of", kTotalNames[findTotal(arena.name)]);
        json.attribute("bytes", arena.bytes);
        json.attribute("host", arena.host);
      });
  });
  json.attributeArray("functions", [&] {
    for (const Function &function : functions)
      json.object([&] {
        json.attribute("name", function.name);
        json.attribute("launches", function.launches);
        json.attribute("tensors", function.tensors);
        json.attribute("packed_bytes", function.packedBytes);
        json.attribute("lower_bound_bytes", function.boundBytes);
        json.attribute("peak_launch", function.peakLaunch);
        json.attribute("peak_kernel", function.peakKernel);
        json.attribute("peak_line", function.peakLine);
      });
  });
  json.attributeArray("peak_kinds", [&] {
    for (const Kind &kind : kinds)
      json.object([&] {
        json.attribute("kind", kind.name);
        json.attribute("tensors", kind.tensors);
        json.attribute("bytes", kind.bytes);
      });
  });
  json.attributeArray("tensors", [&] {
    for (const Tensor &tensor : tensors)
      json.object([&] {
        json.attribute("function", tensor.function);
        json.attribute("kernel", tensor.kernel);
        json.attribute("kind", tensor.kind);
        json.attribute("line", tensor.line);
        json.attribute("type", tensor.type);
        json.attribute("offset", tensor.offset);
        json.attribute("bytes", tensor.bytes);
        json.attribute("first", tensor.first);
        json.attribute("last", tensor.last);
        json.attribute("is_at_peak", tensor.isAtPeak);
      });
  });
  json.attributeArray("variables", [&] {
    for (const Variable &variable : variables)
      json.object([&] {
        json.attribute("name", variable.name);
        json.attribute("arena", variable.arena);
        json.attribute("type", variable.type);
        json.attribute("bytes", variable.bytes);
        json.attribute("line", variable.line);
      });
  });
}
