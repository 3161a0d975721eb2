//===- MemoryReport.cpp - reads the memory plan off the IR ----------------===//

#include "compiler/MemoryPlan/MemoryReport.h"

#include "compiler/MemoryPlan/Lifetimes.h"
#include "compiler/Support/SourceLocation.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/Tile.h"
#include "runtime/abi/ProgramAbi.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <numeric>

using namespace mlir;
using namespace llmc;

namespace {

constexpr const char *arenaTexts[] = {
#define LLMC_TEXT(name, text) text,
    LLMC_ARENA_KINDS(LLMC_TEXT)
#undef LLMC_TEXT
};

std::string spell(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << type;
  return text;
}

class Reader {
public:
  Reader(ModuleOp module, MemoryReport &report)
      : symbols(module), module(module), report(report) {}

  void run();

private:
  void readFunction(plan::FuncOp function);
  void readKinds(const MemoryReport::Function &function);

  SymbolTable symbols;
  ModuleOp module;
  MemoryReport &report;
};

} // namespace

void Reader::readFunction(plan::FuncOp function) {
  MemoryReport::Function summary;
  summary.name = function.getSymName().str();
  DenseMap<plan::ViewOp, size_t> tensorOf;
  std::vector<MemoryReport::Tensor> tensors;
  std::vector<plan::LaunchOp> launches;
  std::vector<int64_t> launchAt; // of each time, the launches before it
  auto use = [&](Operation *user, Value operand, StringRef maker,
                 StringRef kind) {
    auto view = operand.getDefiningOp<plan::ViewOp>();
    if (!view || symbols.lookup<plan::ArenaOp>(view.getArena()).getKind() !=
                     plan::ArenaKind::Activation)
      return;
    // Parts count as the tensor that they make up.
    view = view.getRoot();
    int64_t time = launchAt.size();
    auto [entry, first] = tensorOf.try_emplace(view, tensors.size());
    if (first) {
      auto type = cast<MemRefType>(view.getType());
      tensors.push_back({summary.name, maker.str(), kind.str(),
                         sourceLine(user->getLoc()), spell(type),
                         static_cast<int64_t>(view.getOffset()), bytesOf(type),
                         time, time});
    }
    MemoryReport::Tensor &tensor = tensors[entry->second];
    tensor.last = time;
    // A window is called after the collective or copy that works on it.
    if (auto start = dyn_cast<plan::StartOp>(user)) {
      bool gathers = start.getKind() == plan::CollectiveKind::AllGather;
      tensor.kernel = stringifyCollectiveKind(start.getKind()).str();
      tensor.kind = gathers ? "gathered parameters" : "gradient windows";
    } else if (auto copy = dyn_cast<plan::CopyOp>(user)) {
      bool toDevice = copy.getDirection() == plan::CopyDirection::ToDevice;
      auto home = (toDevice ? copy.getSource() : copy.getDestination())
                      .getDefiningOp<plan::ViewOp>();
      bool isSaved = symbols.lookup<plan::ArenaOp>(home.getArena()).getKind() ==
                     plan::ArenaKind::Saved;
      // An activation that leaves keeps the name of what made it.
      if (isSaved && !toDevice)
        return;
      tensor.kernel = stringifyCopyDirection(copy.getDirection()).str();
      tensor.kind = isSaved ? "activations brought back" : "gradient windows";
    }
  };
  for (Operation &op : function.getBody().front()) {
    auto wait = dyn_cast<plan::WaitOp>(op);
    Operation *user = wait ? wait.getPending().getDefiningOp() : &op;
    if (!isa<plan::LaunchOp, plan::StartOp, plan::CopyOp>(user))
      continue;
    std::string kernelName, kind;
    if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
      auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
      kernelName = launch.getKernel().str();
      kind = kernel && kernel.getKind() ? kernel.getKind()->str()
                                        : std::string("unknown");
    }
    for (Value operand : user->getOperands())
      use(user, operand, kernelName, kind);
    launchAt.push_back(launches.size());
    if (auto launch = dyn_cast<plan::LaunchOp>(op))
      launches.push_back(launch);
  }
  summary.launches = launches.size();
  summary.tensors = tensors.size();

  // A tensor written in place and the one below it meet at one launch; the
  // place counts once.
  std::map<int64_t, std::pair<int64_t, int>> alive; // offset: bytes, tensors
  const auto times = static_cast<int64_t>(launchAt.size());
  int64_t peak = 0;
  std::vector<std::vector<size_t>> begins(launchAt.size() + 1);
  std::vector<std::vector<size_t>> ends(launchAt.size() + 1);
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    begins[tensor.first].push_back(index);
    ends[tensor.last].push_back(index);
    summary.packedBytes = std::max<int64_t>(
        summary.packedBytes,
        tensor.offset + llvm::alignTo(tensor.bytes, planAlignment));
  }
  int64_t live = 0;
  for (int64_t time = 0; time != times; ++time) {
    for (size_t index : begins[time]) {
      auto &[bytes, count] = alive[tensors[index].offset];
      if (count++ == 0) {
        bytes = llvm::alignTo(tensors[index].bytes, planAlignment);
        live += bytes;
      }
    }
    if (live > summary.boundBytes) {
      summary.boundBytes = live;
      peak = time;
    }
    for (size_t index : ends[time]) {
      auto place = alive.find(tensors[index].offset);
      if (--place->second.second == 0) {
        live -= place->second.first;
        alive.erase(place);
      }
    }
  }
  if (!launches.empty()) {
    // Between two launches, the next one.
    summary.peakLaunch =
        std::min(launchAt[peak], static_cast<int64_t>(launches.size()) - 1);
    plan::LaunchOp launch = launches[summary.peakLaunch];
    summary.peakKernel = launch.getKernel().str();
    summary.peakLine = sourceLine(launch.getLoc());
  }
  // Readers count launches.
  for (MemoryReport::Tensor &tensor : tensors) {
    tensor.isAtPeak = tensor.first <= peak && peak <= tensor.last;
    tensor.first = launchAt[tensor.first];
    tensor.last = launchAt[tensor.last];
  }
  report.tensors.insert(report.tensors.end(), tensors.begin(), tensors.end());
  report.functions.push_back(summary);
}

void Reader::readKinds(const MemoryReport::Function &function) {
  std::map<std::string, MemoryReport::Kind> kinds;
  std::map<int64_t, bool> counted;
  for (const MemoryReport::Tensor &tensor : report.tensors) {
    if (tensor.function != function.name || !tensor.isAtPeak ||
        counted[tensor.offset])
      continue;
    counted[tensor.offset] = true;
    MemoryReport::Kind &kind = kinds[tensor.kind];
    kind.name = tensor.kind;
    ++kind.tensors;
    kind.bytes += llvm::alignTo(tensor.bytes, planAlignment);
  }
  for (auto &[name, kind] : kinds)
    report.kinds.push_back(kind);
  llvm::sort(report.kinds, [](auto &a, auto &b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.name < b.name;
  });
}

void Reader::run() {
  for (auto arena : module.getOps<plan::ArenaOp>())
    report.arenas.push_back({arena.getSymName().str(),
                             arenaTexts[static_cast<unsigned>(arena.getKind())],
                             static_cast<int64_t>(arena.getBytes()),
                             arena.getHost()});
  for (auto variable : module.getOps<plan::VariableOp>())
    report.variables.push_back(
        {variable.getName().str(), spell(variable.getType()),
         sourceLine(variable.getLoc()), variable.getArena().str(),
         bytesOf(cast<ShapedType>(variable.getType()))});
  for (auto function : module.getOps<plan::FuncOp>())
    readFunction(function);
  if (const MemoryReport::Function *peak = report.peakFunction())
    readKinds(*peak);
}

MemoryReport MemoryReport::build(ModuleOp module, int64_t threads) {
  MemoryReport report;
  report.threads = threads;
  Reader(module, report).run();
  return report;
}

void MemoryReport::setWorkspace(int64_t bytes) {
  for (Arena &arena : arenas)
    if (arena.name == "workspace")
      arena.bytes = bytes;
}

int64_t MemoryReport::bytesOf(const Arena &arena) const {
  return arena.bytes * (arena.name == "workspace" ? threads : 1);
}

int64_t MemoryReport::totalBytes(bool host) const {
  int64_t total = 0;
  for (const Arena &arena : arenas)
    if (arena.host == host)
      total += bytesOf(arena);
  return total;
}

size_t llmc::findTotal(StringRef arena) {
  return llvm::StringSwitch<size_t>(arena)
      .Cases({"parameters", "compute", "constants"}, 0)
      .Case("gradients", 1)
      .Cases({"moment1", "moment2"}, 2)
      .Cases({"activations", "saved"}, 3)
      .Cases({"communication", "staging"}, 4)
      .Default(5); // inputs, outputs, sums for the norm, workspace
}

MemoryReport::Totals MemoryReport::getTotals() const {
  Totals totals;
  for (const Arena &arena : arenas)
    (arena.host ? totals.host : totals.device)[findTotal(arena.name)] +=
        bytesOf(arena);
  return totals;
}

int64_t MemoryReport::Totals::deviceBytes() const {
  return std::accumulate(device.begin(), device.end(), int64_t(0));
}

int64_t MemoryReport::Totals::hostBytes() const {
  return std::accumulate(host.begin(), host.end(), int64_t(0));
}

const MemoryReport::Function *MemoryReport::peakFunction() const {
  const Function *peak = nullptr;
  for (const Function &function : functions)
    if (!peak || function.packedBytes > peak->packedBytes)
      peak = &function;
  return peak;
}
