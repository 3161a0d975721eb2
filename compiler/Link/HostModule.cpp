//===- HostModule.cpp - tables and entry points of a program --------------===//
//
// The structs of runtime/abi/ProgramAbi.h are expanded from the same lists as
// in the runtime. An entry point is a straight line:
//
//   plan.launch @k(%x, %y)  ->  args[0] = arenas[5] + 0; args[1] = ...;
//                               llmcLaunch(context, 3, args);
//
//===----------------------------------------------------------------------===//

#include "compiler/Link/HostModule.h"

#include "compiler/MemoryPlan/SourceLocation.h"
#include "dialects/Model/Model.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/Tile.h"
#include "runtime/abi/ProgramAbi.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/IRBuilder.h"

using namespace mlir;
using namespace llmc;

namespace {

// One row of each table, its fields as LLVM constants.
#define LLMC_CONSTANT(kind, type, name) llvm::Constant *name = nullptr;
struct ArenaRow {
  LLMC_ARENA_FIELDS(LLMC_CONSTANT)
};
struct TensorRow {
  LLMC_TENSOR_FIELDS(LLMC_CONSTANT)
};
struct KernelRow {
  LLMC_KERNEL_FIELDS(LLMC_CONSTANT)
};
struct ImageRow {
  LLMC_IMAGE_FIELDS(LLMC_CONSTANT)
};
struct ProgramRow {
  LLMC_PROGRAM_FIELDS(LLMC_CONSTANT)
};
#undef LLMC_CONSTANT

struct Initializer {
  LlmcInitKind kind;
  double argument;
};

std::optional<Initializer> initializerOf(Attribute attribute) {
  auto number = [](llvm::APFloat value) {
    bool inexact = false;
    value.convert(llvm::APFloat::IEEEdouble(),
                  llvm::APFloat::rmNearestTiesToEven, &inexact);
    return value.convertToDouble();
  };
  return llvm::TypeSwitch<Attribute, std::optional<Initializer>>(attribute)
      .Case([](model::ZerosAttr) {
        return Initializer{LlmcInitZeros, 0};
      })
      .Case([](model::OnesAttr) {
        return Initializer{LlmcInitOnes, 0};
      })
      .Case([&](model::NormalAttr normal) {
        return Initializer{LlmcInitNormal, number(normal.getDeviation())};
      })
      .Case([&](model::RopeCosAttr table) {
        return Initializer{LlmcInitRopeCos, number(table.getTheta())};
      })
      .Case([&](model::RopeSinAttr table) {
        return Initializer{LlmcInitRopeSin, number(table.getTheta())};
      })
      .Default([](Attribute) { return std::nullopt; });
}

class HostBuilder {
public:
  HostBuilder(llvm::LLVMContext &context, ModuleOp module,
              const HostOptions &options)
      : module(module), symbols(module), options(options),
        host(std::make_unique<llvm::Module>("program", context)),
        builder(context) {}

  LogicalResult run();
  std::unique_ptr<llvm::Module> take() { return std::move(host); }

private:
  llvm::Constant *i32(int32_t value) { return builder.getInt32(value); }
  llvm::Constant *i64(int64_t value) { return builder.getInt64(value); }
  llvm::Constant *text(StringRef value) {
    return builder.CreateGlobalString(value, "text", 0, host.get());
  }
  llvm::Constant *table(llvm::Type *type, ArrayRef<llvm::Constant *> rows,
                        StringRef name);
  llvm::Constant *structOf(ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(fields);
  }
  llvm::Constant *bytes(StringRef value, bool endInZero, StringRef name);
  llvm::Constant *null() {
    return llvm::ConstantPointerNull::get(builder.getPtrTy());
  }
  int64_t kernelNumber(StringRef name) { return kernelNumbers.lookup(name); }

  LogicalResult addArenas();
  LogicalResult addTensors();
  void addImages();
  LogicalResult addKernels();
  LogicalResult addKernel(Operation *kernel, KernelRow &row);
  FailureOr<HostKernel> findHostKernel(Operation *kernel, StringRef name);
  LogicalResult addPorts();
  LogicalResult addEntryPoints();
  llvm::Function *createKernelFunction(StringRef name);
  FailureOr<llvm::Function *> buildEntryPoint(StringRef name);
  FailureOr<int64_t> moduleNumber(StringRef name);

  ModuleOp module;
  SymbolTable symbols;
  const HostOptions &options;
  std::unique_ptr<llvm::Module> host;
  llvm::IRBuilder<> builder;
  llvm::StringMap<int64_t> arenaNumbers, kernelNumbers;
  /// Operands of the launches of a kernel.
  llvm::StringMap<unsigned> argumentCounts;
  ProgramRow program;
};

} // namespace

llvm::Constant *HostBuilder::table(llvm::Type *type,
                                   ArrayRef<llvm::Constant *> rows,
                                   StringRef name) {
  if (rows.empty())
    return null();
  auto *array = llvm::ArrayType::get(type, rows.size());
  return new llvm::GlobalVariable(*host, array, /*isConstant=*/true,
                                  llvm::GlobalValue::PrivateLinkage,
                                  llvm::ConstantArray::get(array, rows), name);
}

llvm::Constant *HostBuilder::bytes(StringRef value, bool endInZero,
                                   StringRef name) {
  if (value.empty())
    return null();
  auto *data = llvm::ConstantDataArray::getString(host->getContext(), value,
                                                  /*AddNull=*/endInZero);
  auto *global =
      new llvm::GlobalVariable(*host, data->getType(), /*isConstant=*/true,
                               llvm::GlobalValue::PrivateLinkage, data, name);
  // An ELF file is read in place.
  global->setAlignment(llvm::Align(64));
  return global;
}

LogicalResult HostBuilder::addArenas() {
  constexpr const char *texts[] = {
#define LLMC_TEXT(name, text) text,
      LLMC_ARENA_KINDS(LLMC_TEXT)
#undef LLMC_TEXT
  };
  std::vector<llvm::Constant *> rows;
  for (auto arena : module.getOps<plan::ArenaOp>()) {
    auto kind = static_cast<int32_t>(arena.getKind());
    ArenaRow row;
    row.name = text(texts[kind]);
    row.bytes = i64(arena.getBytes());
    row.kind = i32(kind);
    row.alignment = i32(arena.getAlignment());
    arenaNumbers[arena.getSymName()] = rows.size();
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_ARENA_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  }
  if (rows.empty())
    return module.emitError() << "expected arenas: the memory is not planned";
  program.numArenas = i64(rows.size());
  program.arenas = table(rows.front()->getType(), rows, "arenas");
  return success();
}

LogicalResult HostBuilder::addTensors() {
  std::vector<llvm::Constant *> rows;
  int64_t parameters = 0;
  for (auto variable : module.getOps<plan::VariableOp>()) {
    auto type = cast<RankedTensorType>(variable.getType());
    auto arena = symbols.lookup<plan::ArenaOp>(variable.getArena());
    std::optional<Initializer> initializer = initializerOf(variable.getInit());
    if (!arena || !initializer)
      return variable.emitOpError()
             << "expected an arena and an initializer that the program knows, "
                "found '"
             << variable.getArena() << "' and " << variable.getInit();
    std::vector<llvm::Constant *> extents;
    for (int64_t extent : type.getShape())
      extents.push_back(i64(extent));
    bool constant = arena.getKind() == plan::ArenaKind::Constant;
    parameters += constant ? 0 : type.getNumElements();

    TensorRow row;
    row.name = text(variable.getName());
    row.shape = table(builder.getInt64Ty(), extents, "shape");
    row.offset = i64(variable.getOffset());
    row.elements = i64(type.getNumElements());
    row.initArgument =
        llvm::ConstantFP::get(builder.getDoubleTy(), initializer->argument);
    row.rank = i32(type.getRank());
    row.initKind = i32(initializer->kind);
    row.arenaKind = i32(static_cast<int32_t>(arena.getKind()));
    row.decay = i32(variable.getDecay());
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_TENSOR_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  }
  if (rows.empty())
    return module.emitError() << "expected at least one parameter";
  program.parameters = i64(parameters);
  program.numTensors = i64(rows.size());
  program.tensors = table(rows.front()->getType(), rows, "tensors");
  return success();
}

void HostBuilder::addImages() {
  std::vector<llvm::Constant *> rows;
  for (const HostImage &image : options.images) {
    ImageRow row;
    row.cubin = bytes(image.cubin, /*endInZero=*/false, "cubin");
    row.ptx = bytes(image.ptx, /*endInZero=*/true, "ptx");
    row.cubinBytes = i64(image.cubin.size());
    row.ptxBytes = i64(image.ptx.size());
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_IMAGE_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  }
  program.numImages = i64(rows.size());
  program.images =
      rows.empty() ? null() : table(rows.front()->getType(), rows, "images");
}

llvm::Function *HostBuilder::createKernelFunction(StringRef name) {
  llvm::Type *pointer = builder.getPtrTy(), *number = builder.getInt64Ty();
  auto *type = llvm::FunctionType::get(
      builder.getVoidTy(), {pointer, number, number, number, pointer}, false);
  return llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name,
                                *host);
}

FailureOr<HostKernel> HostBuilder::findHostKernel(Operation *kernel,
                                                  StringRef name) {
  if (options.deviceKind == LlmcDeviceCpu) {
    HostKernel onCpu;
    onCpu.symbol = name.str();
    return onCpu;
  }
  auto found = options.kernels.find(name);
  if (found == options.kernels.end() || found->second.image < 0 ||
      found->second.image >= int64_t(options.images.size())) {
    kernel->emitOpError() << "expected compiled code for this kernel";
    return failure();
  }
  return found->second;
}

LogicalResult HostBuilder::addKernel(Operation *kernel, KernelRow &row) {
  StringRef name = SymbolTable::getSymbolName(kernel).getValue();
  auto grid = kernel->getAttrOfType<DenseI64ArrayAttr>("grid");
  if (!grid || grid.size() != 3)
    return kernel->emitOpError() << "expected a grid of three extents";
  FailureOr<HostKernel> code = findHostKernel(kernel, name);
  if (failed(code))
    return failure();
  auto cost = [&](StringRef attribute) {
    auto value = kernel->getAttrOfType<IntegerAttr>(attribute);
    return i64(value ? value.getInt() : 0);
  };
  bool onCpu = options.deviceKind == LlmcDeviceCpu;
  row.name = text(name);
  row.location = text(sourceLine(kernel->getLoc()));
  row.function = onCpu ? createKernelFunction(name) : null();
  row.gridX = i64(grid[0]);
  row.gridY = i64(grid[1]);
  row.gridZ = i64(grid[2]);
  row.flops = cost("flops");
  row.bytes = cost("bytes");
  row.symbol = text(code->symbol);
  row.image = i64(code->image);
  row.threads = i32(code->threads);
  row.sharedBytes = i32(code->sharedBytes);
  row.numArguments = i32(argumentCounts.lookup(name));
  row.minBlocks = i32(code->minBlocks);
  return success();
}

LogicalResult HostBuilder::addKernels() {
  module.walk([&](plan::LaunchOp launch) {
    argumentCounts[launch.getKernel()] = launch.getNumOperands();
  });
  std::vector<llvm::Constant *> rows;
  for (Operation &op : *module.getBody()) {
    // Named by its text: the linker of tables need not know the dialect.
    if (!isa<tile::FuncOp>(op) && op.getName().getStringRef() != "cuda.kernel")
      continue;
    KernelRow row;
    if (failed(addKernel(&op, row)))
      return failure();
    kernelNumbers[SymbolTable::getSymbolName(&op).getValue()] = rows.size();
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_KERNEL_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  }
  if (rows.empty())
    return module.emitError() << "expected at least one kernel";
  program.numKernels = i64(rows.size());
  program.kernels = table(rows.front()->getType(), rows, "kernels");
  return success();
}

LogicalResult HostBuilder::addPorts() {
  const std::pair<StringRef, llvm::Constant **> ports[] = {
      {"tokens", &program.tokensOffset}, {"targets", &program.targetsOffset},
      {"loss", &program.lossOffset},     {"hyper", &program.hyperOffset},
      {"norm", &program.normOffset},     {"prompt", &program.promptOffset},
      {"logits", &program.logitsOffset},
  };
  for (auto port : module.getOps<plan::PortOp>())
    for (auto &[name, offset] : ports)
      if (port.getName() == name)
        *offset = i64(port.getOffset());
  for (auto &[name, offset] : ports)
    if (!*offset)
      return module.emitError()
             << "expected a plan.port named '" << name << "'";
  return success();
}

FailureOr<llvm::Function *> HostBuilder::buildEntryPoint(StringRef name) {
  auto planned = symbols.lookup<plan::FuncOp>(name);
  if (!planned) {
    module.emitError() << "expected a plan.func named '" << name << "'";
    return failure();
  }
  llvm::Type *pointer = builder.getPtrTy(), *byte = builder.getInt8Ty();
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(), {pointer}, false),
      llvm::GlobalValue::InternalLinkage, name, *host);
  llvm::FunctionCallee launcher =
      host->getOrInsertFunction("llmcLaunch", builder.getVoidTy(), pointer,
                                builder.getInt64Ty(), pointer);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(host->getContext(), "", function));

  auto launches = planned.getBody().front().getOps<plan::LaunchOp>();
  unsigned most = 1;
  for (plan::LaunchOp launch : launches)
    most = std::max(most, launch.getNumOperands());
  llvm::Value *args = builder.CreateAlloca(llvm::ArrayType::get(pointer, most),
                                           nullptr, "args");
  // The context's first member is the array of arenas.
  llvm::Value *context = function->getArg(0);
  llvm::Value *arenas = builder.CreateLoad(pointer, context, "arenas");
  llvm::StringMap<llvm::Value *> bases;
  for (const auto &arena : arenaNumbers)
    bases[arena.getKey()] = builder.CreateLoad(
        pointer,
        builder.CreateConstInBoundsGEP1_64(pointer, arenas, arena.getValue()),
        arena.getKey());
  for (plan::LaunchOp launch : launches) {
    for (auto [index, operand] : llvm::enumerate(launch.getOperands())) {
      auto view = operand.getDefiningOp<plan::ViewOp>();
      if (!view) {
        launch.emitOpError() << "expected plan.views as operands";
        return failure();
      }
      builder.CreateStore(
          builder.CreateConstInBoundsGEP1_64(byte, bases[view.getArena()],
                                             view.getOffset()),
          builder.CreateConstInBoundsGEP1_64(pointer, args, index));
    }
    builder.CreateCall(launcher,
                       {context, i64(kernelNumber(launch.getKernel())), args});
  }
  builder.CreateRetVoid();
  return function;
}

LogicalResult HostBuilder::addEntryPoints() {
  const std::pair<StringRef, llvm::Constant **> entryPoints[] = {
      {"micro_step", &program.microStep},
      {"update", &program.update},
      {"evaluate", &program.evaluate},
      {"generate", &program.generate},
  };
  for (auto &[name, field] : entryPoints) {
    FailureOr<llvm::Function *> function = buildEntryPoint(name);
    if (failed(function))
      return failure();
    *field = *function;
  }
  program.prepare = null();
  if (symbols.lookup<plan::FuncOp>("prepare")) {
    FailureOr<llvm::Function *> function = buildEntryPoint("prepare");
    if (failed(function))
      return failure();
    program.prepare = *function;
  }
  int64_t flops = 0;
  for (auto launch : symbols.lookup<plan::FuncOp>("micro_step")
                         .getBody()
                         .front()
                         .getOps<plan::LaunchOp>())
    if (auto own = symbols.lookup(launch.getKernel())
                       ->getAttrOfType<IntegerAttr>("flops"))
      flops += own.getInt();
  program.flopsPerMicroStep = i64(flops);
  return success();
}

FailureOr<int64_t> HostBuilder::moduleNumber(StringRef name) {
  if (auto value = module->getAttrOfType<IntegerAttr>(name))
    return value.getInt();
  module.emitError() << "expected the module to have an integer '" << name
                     << "'";
  return failure();
}

LogicalResult HostBuilder::run() {
  addImages();
  if (failed(addArenas()) || failed(addTensors()) || failed(addKernels()) ||
      failed(addPorts()) || failed(addEntryPoints()))
    return failure();
  FailureOr<int64_t> batch = moduleNumber("llmc.batch"),
                     sequence = moduleNumber("llmc.sequence"),
                     vocabulary = moduleNumber("llmc.vocabulary");
  auto name = module->getAttrOfType<StringAttr>("llmc.name");
  if (failed(batch) || failed(sequence) || failed(vocabulary))
    return failure();
  program.abiVersion = i32(LLMC_ABI_VERSION);
  program.structBytes = i32(sizeof(LlmcProgram));
  program.modelName = text(name ? name.getValue() : "");
  program.modelFile = text(options.modelFile);
  program.target = text(options.target);
  program.batch = i64(*batch);
  program.sequence = i64(*sequence);
  program.vocabulary = i64(*vocabulary);
  program.deviceKind = i32(options.deviceKind);
  program.computeCapability = i32(options.computeCapability);
  program.precision = text(options.precision);
#define LLMC_LIST(kind, type, name) program.name,
  llvm::Constant *fields = structOf({LLMC_PROGRAM_FIELDS(LLMC_LIST)});
#undef LLMC_LIST
  new llvm::GlobalVariable(*host, fields->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, fields,
                           "llmcProgram");
  return success();
}

FailureOr<std::unique_ptr<llvm::Module>>
llmc::buildHostModule(llvm::LLVMContext &context, ModuleOp module,
                      const HostOptions &options) {
  HostBuilder builder(context, module, options);
  if (failed(builder.run()))
    return failure();
  return builder.take();
}
