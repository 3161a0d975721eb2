//===- HostTables.cpp - the constant tables of a program ------------------===//

#include "compiler/Link/HostBuilder.h"
#include "compiler/Link/Initializer.h"

#include "compiler/Support/SourceLocation.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Tile/Tile.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

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
    row.sharded = i32(arena.getSharded());
    row.host = i32(arena.getHost());
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

void HostBuilder::addMesh() {
  dist::MeshOp mesh = dist::findMesh(module);
  program.ranks = i32(mesh ? mesh.getRanks() : 1);
  program.zeroStage = i32(mesh ? mesh.getZero() : 0);
  std::vector<llvm::Constant *> rows;
  for (auto bucket : module.getOps<dist::BucketOp>()) {
    BucketRow row;
    row.first = i64(bucket.getAt());
    row.elements = i64(bucket.getElements());
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_BUCKET_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  }
  program.numBuckets = i64(rows.size());
  program.buckets =
      rows.empty() ? null() : table(rows.front()->getType(), rows, "buckets");
}

/// What a collective carries: the whole's bytes in an arena or, of what is
/// gathered into another one, this rank's.
static std::string describe(plan::StartOp start) {
  bool gathers = start.getKind() == plan::CollectiveKind::AllGather;
  auto source = start.getSource().getDefiningOp<plan::ViewOp>();
  auto destination = start.getDestination().getDefiningOp<plan::ViewOp>();
  bool isApart =
      source && destination && source.getArena() != destination.getArena();
  Value whole =
      gathers && !isApart ? start.getDestination() : start.getSource();
  auto view = whole.getDefiningOp<plan::ViewOp>();
  if (!view)
    return stringifyCollectiveKind(start.getKind()).str();
  auto type = cast<MemRefType>(view.getType());
  int64_t end = view.getOffset() + getElementBytes(type);
  return llvm::formatv("{0} of {1}, bytes {2} to {3}",
                       stringifyCollectiveKind(start.getKind()),
                       view.getArena(), view.getOffset(), end);
}

void HostBuilder::addCollectives() {
  std::vector<llvm::Constant *> rows;
  module.walk([&](plan::StartOp start) {
    auto source = cast<MemRefType>(start.getSource().getType());
    auto destination = cast<MemRefType>(start.getDestination().getType());
    CollectiveRow row;
    row.name = text(describe(start));
    row.elements =
        i64(std::max(source.getNumElements(), destination.getNumElements()));
    row.adds = i64(start.getAdds() ? kernelNumber(*start.getAdds()) : -1);
    row.kind = i32(static_cast<int32_t>(start.getKind()));
    row.elementBytes = i32(source.getElementTypeBitWidth() / 8);
    startNumbers[start] = rows.size();
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_COLLECTIVE_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  });
  program.numCollectives = i64(rows.size());
  program.collectives =
      rows.empty() ? null()
                   : table(rows.front()->getType(), rows, "collectives");
}

void HostBuilder::addCopies() {
  std::vector<llvm::Constant *> rows;
  module.walk([&](plan::CopyOp copy) {
    auto type = cast<MemRefType>(copy.getSource().getType());
    int64_t bytes = getElementBytes(type);
    bool toDevice = copy.getDirection() == plan::CopyDirection::ToDevice;
    auto onHost = (toDevice ? copy.getSource() : copy.getDestination())
                      .getDefiningOp<plan::ViewOp>();
    CopyRow row;
    row.name =
        text(llvm::formatv("{0} of {1}, bytes {2} to {3}",
                           plan::stringifyCopyDirection(copy.getDirection()),
                           onHost.getArena(), onHost.getOffset(),
                           onHost.getOffset() + bytes)
                 .str());
    row.bytes = i64(bytes);
    row.direction = i64(static_cast<int64_t>(copy.getDirection()));
    startNumbers[copy] = rows.size();
#define LLMC_LIST(kind, type, name) row.name,
    rows.push_back(structOf({LLMC_COPY_FIELDS(LLMC_LIST)}));
#undef LLMC_LIST
  });
  program.numCopies = i64(rows.size());
  program.copies =
      rows.empty() ? null() : table(rows.front()->getType(), rows, "copies");
}

LogicalResult HostBuilder::addTensors() {
  std::vector<llvm::Constant *> rows;
  int64_t parameters = 0;
  for (auto variable : module.getOps<plan::VariableOp>()) {
    auto type = cast<RankedTensorType>(variable.getType());
    auto arena = symbols.lookup<plan::ArenaOp>(variable.getArena());
    std::optional<Initializer> initializer =
        initializerOf(variable.getInit(), type);
    if (!arena || !initializer)
      return variable.emitOpError()
             << "expected an arena and an initializer that the program knows, "
                "found '"
             << variable.getArena() << "' and " << variable.getInit();
    std::vector<llvm::Constant *> extents, arguments;
    for (int64_t extent : type.getShape())
      extents.push_back(i64(extent));
    for (double argument : initializer->arguments)
      arguments.push_back(
          llvm::ConstantFP::get(builder.getDoubleTy(), argument));
    bool constant = arena.getKind() == plan::ArenaKind::Constant;
    parameters += constant ? 0 : type.getNumElements();

    TensorRow row;
    row.name = text(variable.getName());
    row.shape = table(builder.getInt64Ty(), extents, "shape");
    // Counted as if in f32, as gradients and moments are.
    row.offset = i64(variable.getOffset() * 32 / type.getElementTypeBitWidth());
    row.elements = i64(type.getNumElements());
    row.initArguments = table(builder.getDoubleTy(), arguments, "init");
    row.rank = i32(type.getRank());
    row.initKind = i32(initializer->kind);
    row.arenaKind = i32(constant ? LlmcArenaConstant : LlmcArenaParameter);
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
  module.walk([&](plan::StartOp start) {
    if (start.getAdds())
      argumentCounts[*start.getAdds()] = 2; // a part and a sum
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
