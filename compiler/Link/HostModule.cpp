//===- HostModule.cpp - tables and entry points of a program --------------===//
//
// The structs of runtime/abi/ProgramAbi.h are expanded from the same lists as
// in the runtime. An entry point is a straight line:
//
//   plan.launch @k(%x, %y)  ->  args[0] = arenas[5] + 0; args[1] = ...;
//                               llmcLaunch(context, 3, args);
//   plan.start all_gather ..   -> llmcStartCollective(context, 0, .., .., null)
//   plan.wait %p               -> llmcWaitCollective(context, 0)
//   plan.copy to_host ..       -> llmcStartCopy(context, 0, .., ..)
//   plan.wait %q               -> llmcWaitCopy(context, 0)
//
//===----------------------------------------------------------------------===//

#include "compiler/Link/HostModule.h"

#include "compiler/Link/HostBuilder.h"

using namespace mlir;
using namespace llmc;

LogicalResult HostBuilder::addPorts() {
  const std::pair<StringRef, llvm::Constant **> ports[] = {
      {"tokens", &program.tokensOffset}, {"targets", &program.targetsOffset},
      {"loss", &program.lossOffset},     {"hyper", &program.hyperOffset},
      {"places", &program.placesOffset}, {"norm", &program.normOffset},
      {"prompt", &program.promptOffset}, {"position", &program.positionOffset},
      {"logits", &program.logitsOffset},
  };
  // Only of an update in parts that round by chance.
  program.placesOffset = i64(-1);
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

/// The address of a place, computed where the builder stands.
FailureOr<llvm::Value *> HostBuilder::addressOf(Operation *user, Value place) {
  auto view = place.getDefiningOp<plan::ViewOp>();
  if (!view) {
    user->emitOpError() << "expected plan.views as operands";
    return failure();
  }
  llvm::Type *byte = builder.getInt8Ty(), *number = builder.getInt64Ty();
  llvm::Value *address = builder.CreateConstInBoundsGEP1_64(
      byte, bases[view.getArena()], view.getOffset());
  if (!view.getRankStride())
    return address;
  if (!rank)
    rank = builder.CreateLoad(
        number,
        builder.CreateConstInBoundsGEP1_64(builder.getPtrTy(), context, 1),
        "rank");
  return builder.CreateInBoundsGEP(
      byte, address, builder.CreateMul(rank, i64(*view.getRankStride())));
}

LogicalResult HostBuilder::buildLaunch(plan::LaunchOp launch,
                                       llvm::Value *args) {
  llvm::Type *pointer = builder.getPtrTy();
  for (auto [index, operand] : llvm::enumerate(launch.getOperands())) {
    FailureOr<llvm::Value *> address = addressOf(launch, operand);
    if (failed(address))
      return failure();
    builder.CreateStore(
        *address, builder.CreateConstInBoundsGEP1_64(pointer, args, index));
  }
  llvm::FunctionCallee launcher =
      host->getOrInsertFunction("llmcLaunch", builder.getVoidTy(), pointer,
                                builder.getInt64Ty(), pointer);
  builder.CreateCall(launcher,
                     {context, i64(kernelNumber(launch.getKernel())), args});
  return success();
}

LogicalResult HostBuilder::buildStart(plan::StartOp start) {
  llvm::Type *pointer = builder.getPtrTy();
  SmallVector<llvm::Value *> arguments = {context, i64(startNumbers.at(start))};
  for (Value place : start->getOperands()) {
    FailureOr<llvm::Value *> address = addressOf(start, place);
    if (failed(address))
      return failure();
    arguments.push_back(*address);
  }
  if (!start.getScratch())
    arguments.push_back(null());
  builder.CreateCall(host->getOrInsertFunction(
                         "llmcStartCollective", builder.getVoidTy(), pointer,
                         builder.getInt64Ty(), pointer, pointer, pointer),
                     arguments);
  return success();
}

LogicalResult HostBuilder::buildCopy(plan::CopyOp copy) {
  llvm::Type *pointer = builder.getPtrTy();
  FailureOr<llvm::Value *> source = addressOf(copy, copy.getSource());
  FailureOr<llvm::Value *> destination = addressOf(copy, copy.getDestination());
  if (failed(source) || failed(destination))
    return failure();
  builder.CreateCall(
      host->getOrInsertFunction("llmcStartCopy", builder.getVoidTy(), pointer,
                                builder.getInt64Ty(), pointer, pointer),
      {context, i64(startNumbers.at(copy)), *source, *destination});
  return success();
}

void HostBuilder::buildWait(plan::WaitOp wait) {
  Operation *start = wait.getPending().getDefiningOp();
  builder.CreateCall(
      host->getOrInsertFunction(
          isa<plan::CopyOp>(start) ? "llmcWaitCopy" : "llmcWaitCollective",
          builder.getVoidTy(), builder.getPtrTy(), builder.getInt64Ty()),
      {context, i64(startNumbers.at(start))});
}

FailureOr<llvm::Function *> HostBuilder::buildEntryPoint(StringRef name) {
  auto planned = symbols.lookup<plan::FuncOp>(name);
  if (!planned) {
    module.emitError() << "expected a plan.func named '" << name << "'";
    return failure();
  }
  llvm::Type *pointer = builder.getPtrTy();
  auto *function = llvm::Function::Create(
      llvm::FunctionType::get(builder.getVoidTy(), {pointer}, false),
      llvm::GlobalValue::InternalLinkage, name, *host);
  builder.SetInsertPoint(
      llvm::BasicBlock::Create(host->getContext(), "", function));

  Block &body = planned.getBody().front();
  unsigned most = 1;
  for (auto launch : body.getOps<plan::LaunchOp>())
    most = std::max(most, launch.getNumOperands());
  llvm::Value *args = builder.CreateAlloca(llvm::ArrayType::get(pointer, most),
                                           nullptr, "args");
  // The context's first member is the array of arenas.
  context = function->getArg(0);
  rank = nullptr;
  llvm::Value *arenas = builder.CreateLoad(pointer, context, "arenas");
  bases.clear();
  for (const auto &arena : arenaNumbers)
    bases[arena.getKey()] = builder.CreateLoad(
        pointer,
        builder.CreateConstInBoundsGEP1_64(pointer, arenas, arena.getValue()),
        arena.getKey());
  for (Operation &op : body) {
    auto launch = dyn_cast<plan::LaunchOp>(op);
    auto start = dyn_cast<plan::StartOp>(op);
    auto copy = dyn_cast<plan::CopyOp>(op);
    if ((launch && failed(buildLaunch(launch, args))) ||
        (start && failed(buildStart(start))) ||
        (copy && failed(buildCopy(copy))))
      return failure();
    if (auto wait = dyn_cast<plan::WaitOp>(op))
      buildWait(wait);
  }
  builder.CreateRetVoid();
  return function;
}

LogicalResult HostBuilder::addEntryPoints() {
  const std::pair<StringRef, llvm::Constant **> entryPoints[] = {
      {"micro_step", &program.microStep},
      {"first_micro_step", &program.firstMicroStep},
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
  const std::pair<StringRef, llvm::Constant **> optional[] = {
      {"prepare", &program.prepare},
      {"last_micro_step", &program.lastMicroStep},
      {"only_micro_step", &program.onlyMicroStep},
  };
  for (auto &[name, field] : optional) {
    *field = null();
    if (!symbols.lookup<plan::FuncOp>(name))
      continue;
    FailureOr<llvm::Function *> function = buildEntryPoint(name);
    if (failed(function))
      return failure();
    *field = *function;
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
  addMesh();
  if (failed(addArenas()) || failed(addTensors()) || failed(addKernels()))
    return failure();
  addCollectives();
  addCopies();
  if (failed(addPorts()) || failed(addEntryPoints()))
    return failure();
  FailureOr<int64_t> batch = moduleNumber("llmc.batch"),
                     sequence = moduleNumber("llmc.sequence"),
                     vocabulary = moduleNumber("llmc.vocabulary");
  auto name = module->getAttrOfType<StringAttr>("llmc.name");
  auto textOrNull = [&](StringRef attribute) {
    auto value = module->getAttrOfType<StringAttr>(attribute);
    return value ? text(value.getValue()) : null();
  };
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
  program.ncclChannels = i64(options.ncclChannels);
  program.config = textOrNull("llmc.config");
  program.noConfig = textOrNull("llmc.no_config");
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
