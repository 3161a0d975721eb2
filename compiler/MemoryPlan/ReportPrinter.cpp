//===- ReportPrinter.cpp - the memory plan as a text and as JSON ----------===//

#include "compiler/MemoryPlan/MemoryReport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <tuple>

using namespace llmc;

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

/// The arenas of the device, or of the host, with their total.
static void printArenas(const MemoryReport &report, bool host,
                        llvm::raw_ostream &os) {
  int64_t total = report.totalBytes(host);
  os << (host ? "\npinned memory of the host, bytes\n" : "memory, bytes\n");
  auto row = [&](llvm::StringRef text, int64_t bytes) {
    os << llvm::formatv("  {0,-28}{1,18}  {2,11}  {3,5:F1} %\n", text,
                        withCommas(bytes), humanBytes(bytes),
                        total == 0 ? 0.0 : 100.0 * bytes / total);
  };
  for (const MemoryReport::Arena &arena : report.arenas) {
    if (arena.host != host)
      continue;
    bool perThread = arena.name == "workspace";
    row(perThread ? llvm::formatv("{0} ({1} x {2})", arena.text, report.threads,
                                  humanBytes(arena.bytes))
                        .str()
                  : arena.text,
        arena.bytes * (perThread ? report.threads : 1));
  }
  row("total", total);
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
     << "             bytes   launches      at offset  shape, kernel, line\n";
  unsigned shown = 0;
  for (const MemoryReport::Tensor &tensor : largestTensors(report, peak.name)) {
    if (shown++ == most)
      break;
    os << llvm::formatv("  {0,16} {1,5}-{2,-5}{3,15}  {4} {5} {6}\n",
                        withCommas(tensor.bytes), tensor.first, tensor.last,
                        withCommas(tensor.offset), tensor.type, tensor.kernel,
                        tensor.line);
  }
}

static void printVariables(const MemoryReport &report, unsigned most,
                           llvm::raw_ostream &os) {
  auto variables = report.variables;
  llvm::sort(variables, [](auto &a, auto &b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
  os << llvm::formatv("\nlargest of {0} parameters and constants\n",
                      variables.size());
  for (const MemoryReport::Variable &variable :
       llvm::ArrayRef(variables).take_front(most))
    os << llvm::formatv("  {0,16}  {1} {2} {3}\n", withCommas(variable.bytes),
                        variable.name, variable.type, variable.line);
}

void MemoryReport::print(llvm::raw_ostream &os, unsigned most) const {
  printArenas(*this, /*host=*/false, os);
  if (llvm::any_of(arenas, [](const Arena &arena) { return arena.host; }))
    printArenas(*this, /*host=*/true, os);
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
