//===- KernelReport.cpp - what the model expects of a plan's kernels ------===//

#include "compiler/Schedule/KernelReport.h"

#include "dialects/Plan/Plan.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

FailureOr<KernelReport> KernelReport::build(ModuleOp module,
                                            const TargetModel &model) {
  KernelReport report;
  auto numberOf = [&](StringRef name) {
    auto value = module->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  };
  report.batch = numberOf("llmc.batch");
  report.sequence = numberOf("llmc.sequence");
  if (auto precision = module->getAttrOfType<StringAttr>("llmc.precision"))
    report.element = llvm::StringSwitch<Element>(precision.getValue())
                         .Case("bf16", Element::BF16)
                         .Case("tf32", Element::TF32)
                         .Default(Element::F32);
  llvm::StringMap<size_t> indices;
  for (auto kernel : module.getOps<tile::FuncOp>()) {
    FailureOr<KernelShape> shape = getKernelShape(kernel);
    if (failed(shape))
      return failure();
    BlockSizes blocks = getBlockSizes(kernel);
    std::optional<Resources> reported = getReported(kernel);
    indices[kernel.getSymName()] = report.kernels.size();
    report.kernels.push_back(
        {kernel.getSymName().str(), kernel.getKind()->str(),
         kernel->hasAttr(kPartOfName), reported.has_value(),
         getGrid(*shape, blocks),
         model.estimate(*shape, blocks, reported ? &*reported : nullptr),
         shape->flops});
  }
  for (auto function : module.getOps<plan::FuncOp>()) {
    llvm::MapVector<size_t, int64_t> launches;
    for (auto launch : function.getBody().front().getOps<plan::LaunchOp>())
      ++launches[indices.lookup(launch.getKernel())];
    auto list = launches.takeVector();
    auto timeOf = [&](const auto &launch) {
      return report.kernels[launch.first].choice.microseconds * launch.second;
    };
    llvm::sort(list, [&](const auto &a, const auto &b) {
      return std::pair(-timeOf(a), a.first) < std::pair(-timeOf(b), b.first);
    });
    report.functions.push_back({function.getSymName().str(), {}});
    for (auto [kernel, count] : list)
      report.functions.back().launches.push_back({kernel, count});
  }
  return report;
}

/// "128x128x32" and the like: the extents that a block works on.
static std::string describeTile(const BlockSizes &blocks) {
  std::string text;
  for (StringRef name : {"block_m", "block_n", "block_q", "block_k",
                         "block_rows", "block_columns", "block"})
    if (int64_t size = blocks.lookup(name))
      text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "-" : text;
}

double KernelReport::getMicroseconds(const Function &function) const {
  double total = 0;
  for (auto [index, count] : function.launches)
    total += kernels[index].choice.microseconds * count;
  return total;
}

void KernelReport::printFunction(const Function &function, const Function *but,
                                 llvm::raw_ostream &os) const {
  auto launches = function.launches;
  if (but)
    llvm::erase_if(launches, [&](const auto &launch) {
      return llvm::is_contained(but->launches, launch);
    });
  size_t width = 6;
  for (auto [index, count] : launches)
    width = std::max(width, kernels[index].name.size());
  auto pad = [&](StringRef text) {
    return text.str() + std::string(width - text.size(), ' ');
  };
  os << "  " << pad("kernel")
     << llvm::formatv(" {0,5} {1,14} {2,12} {3,7} {4,6} {5,9} {6,7} {7,9} "
                      "{8,5} {9,10} {10,10}\n",
                      "runs", "grid", "tile", "threads", "stages", "registers",
                      "shared", "blocks/SM", "fill", "us", "total us");
  for (auto [index, count] : launches) {
    const Kernel &kernel = kernels[index];
    const ScheduleChoice &choice = kernel.choice;
    std::string grid;
    for (int64_t extent : kernel.grid)
      grid += (grid.empty() ? "" : "x") + std::to_string(extent);
    int64_t stages = choice.blocks.lookup("stages");
    os << "  " << pad(kernel.name)
       << llvm::formatv(
              " {0,5} {1,14} {2,12} {3,7} {4,6} {5,9} {6,7} {7,9} "
              "{8,5:f2} {9,10:f1} {10,10:f1}\n",
              count, grid, describeTile(choice.blocks),
              choice.footprint.threads, stages ? std::to_string(stages) : "-",
              (kernel.isReported ? "" : "~") +
                  std::to_string(choice.footprint.registers),
              choice.footprint.sharedBytes, choice.blocksPerSM, choice.fill,
              choice.microseconds, choice.microseconds * count);
  }
  os << llvm::formatv("  {0:f3} ms predicted{1}\n",
                      getMicroseconds(function) / 1e3,
                      but ? ", all kernels together" : "");
}

/// What products could do on all of the chip, in FLOP/s.
static double getPeak(const Chip &chip, Element element) {
  return 2 * chip.getRate(element) * chip.sms * chip.clock;
}

KernelReport::Step KernelReport::getStep(const Chip &chip) const {
  double microseconds = 0, filled = 0, flops = 0;
  for (const Function &function : functions) {
    if (function.name != "first_micro_step" && function.name != "update")
      continue;
    for (auto [index, count] : function.launches) {
      const Kernel &kernel = kernels[index];
      double time = kernel.choice.microseconds * count;
      microseconds += time;
      filled += time * kernel.choice.fill;
      flops += static_cast<double>(kernel.flops) * count;
    }
  }
  if (microseconds <= 0)
    return {};
  double seconds = microseconds * 1e-6;
  double tokens = static_cast<double>(batch) * sequence;
  return {seconds, tokens / seconds, flops / (seconds * getPeak(chip, element)),
          filled / microseconds};
}

void KernelReport::printStep(llvm::raw_ostream &os, const Chip &chip) const {
  Step step = getStep(chip);
  if (step.seconds <= 0)
    return;
  os << llvm::formatv(
      "\na step of one micro-batch of {0} x {1} tokens: {2:f1} ms predicted, "
      "{3:f0} tokens/s\n  {4:f1} % of the {5:f1} TFLOP/s of {6}; its {7} SMs "
      "are filled for {8:f1} % of the time\n",
      batch, sequence, 1e3 * step.seconds, step.tokensPerSecond,
      100 * step.peakShare, getPeak(chip, element) / 1e12, chip.name, chip.sms,
      100 * step.fill);
}

void KernelReport::print(llvm::raw_ostream &os, const Chip &chip) const {
  auto find = [&](StringRef name) {
    auto found = llvm::find_if(functions, [&](const Function &function) {
      return function.name == name;
    });
    return found == functions.end() ? nullptr : &*found;
  };
  StringRef separator;
  for (const Function &function : functions) {
    os << separator << "kernels of " << function.name;
    separator = "\n";
    auto same = llvm::find_if(functions, [&](const Function &earlier) {
      return earlier.launches == function.launches;
    });
    if (&*same != &function) {
      os << ": those of " << same->name << "\n";
      continue;
    }
    const Function *but = nullptr;
    if (StringRef(function.name).ends_with("_micro_step"))
      but = find("micro_step");
    os << (but ? ", but for those of micro_step\n" : "\n");
    printFunction(function, but, os);
  }
  printStep(os, chip);
  os << (llvm::any_of(kernels,
                      [](const Kernel &kernel) { return kernel.isReported; })
             ? "\nregisters: as NVRTC reports them; ~ as the model estimates "
               "them\n"
             : "\nregisters: ~ as the model estimates them; NVRTC was not "
               "asked\n");
}

void KernelReport::writeJson(llvm::json::OStream &json,
                             const Chip &chip) const {
  Step step = getStep(chip);
  json.attribute("seconds", step.seconds);
  json.attribute("tokens_per_second", step.tokensPerSecond);
  json.attribute("peak_share", step.peakShare);
  json.attribute("fill", step.fill);
  auto writeKernel = [&](const Kernel &kernel, int64_t runs) {
    const ScheduleChoice &choice = kernel.choice;
    json.attribute("name", kernel.name);
    json.attribute("kind", kernel.kind);
    json.attribute("runs", runs);
    json.attributeArray("grid", [&] {
      for (int64_t extent : kernel.grid)
        json.value(extent);
    });
    json.attribute("schedule", toJson(choice.blocks));
    json.attribute("threads", choice.footprint.threads);
    json.attribute("registers", choice.footprint.registers);
    json.attribute("registers_reported", kernel.isReported);
    json.attribute("shared_bytes", choice.footprint.sharedBytes);
    json.attribute("blocks_per_sm", choice.blocksPerSM);
    json.attribute("fill", choice.fill);
    json.attribute("flops", kernel.flops);
    json.attribute("seconds", choice.microseconds * 1e-6);
  };
  json.attributeArray("functions", [&] {
    for (const Function &function : functions)
      json.object([&] {
        json.attribute("name", function.name);
        json.attributeArray("kernels", [&] {
          for (const auto &launch : function.launches)
            json.object(
                [&] { writeKernel(kernels[launch.first], launch.second); });
        });
      });
  });
}

void KernelReport::printSchedules(
    llvm::raw_ostream &os, const ScheduleTarget &target,
    const llvm::StringMap<std::string> &keys) const {
  std::map<std::string, BlockSizes> schedules;
  for (const Kernel &kernel : kernels) {
    auto key = keys.find(kernel.name);
    if (key != keys.end() && !kernel.isAdded)
      schedules.try_emplace(key->second, kernel.choice.blocks);
  }
  writeSchedules(os, target, schedules);
}
