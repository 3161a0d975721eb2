//===- CudaDevice.cpp - runs a program on one NVIDIA GPU ------------------===//

#include "device/cuda/CudaDevice.h"

#include "abi/NcclMemory.h"
#include "core/Console.h"
#include "device/cuda/Nvtx.h"
#include "device/cuda/Peers.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace llmc::runtime {

using namespace cuda;

CudaDevice::CudaDevice(const LlmcProgram &program, int number,
                       Communicator &ranks)
    : Device(ranks), program(program), number(number), hostArenas(program),
      arenas(program) {
  context.device = this;
  context.rank = ranks.rank();
  const char *blocking = std::getenv("LLMC_LAUNCH_BLOCKING");
  isBlocking = blocking && *blocking && std::strcmp(blocking, "0") != 0;
}

CudaDevice::~CudaDevice() {
  if (!gpuContext)
    return;
  driver->cuCtxSetCurrent(gpuContext);
  // What is under way may wait for ranks that are gone; what failed was said.
  (void)watched([this] {
    return driver->check(driver->cuCtxSynchronize(), "the GPU failed");
  });
  cleanup.run();
}

std::string CudaDevice::description() const {
  if (!driver)
    return "GPU";
  Peak most = peak();
  std::string limit = most.flopsPerSecond > 0
                          ? fmt::format("peak {:.1f} TFLOP/s ({})",
                                        most.flopsPerSecond * 1e-12, most.rule)
                          : fmt::format("peak {}", most.rule);
  std::string architecture =
      gpu.computeCapability ? fmt::format("sm_{}{}", gpu.computeCapability,
                                          code == Code::Ptx ? " from PTX" : "")
                            : std::string("emulated");
  return fmt::format("GPU {}: {}, {}, driver of CUDA {}, {}", gpu.number,
                     gpu.name, architecture, formatVersion(driver->version),
                     limit);
}

Status CudaDevice::enter() {
  LLMC_TRY(failure);
  return driver->check(driver->cuCtxSetCurrent(gpuContext),
                       "the GPU cannot be used");
}

/// The first failure stays.
Status CudaDevice::keep(Status status) {
  if (failure.isOk())
    failure = std::move(status);
  return failure;
}

/// Does what may wait for other ranks, while the watchdog looks at the time.
/// What that found says more than what became of the kernels that it stopped.
template <typename Body> Status CudaDevice::watched(const Body &body) {
  if (!collectives)
    return body();
  collectives->setWaiting(true);
  Status status = body();
  collectives->setWaiting(false);
  LLMC_TRY(collectives->status());
  return status;
}

Status CudaDevice::allocate() {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(openProfiler());
  LLMC_TRY(ranks().agree(openGpu(), Communicator::Subject::Machine));
  size_t freeBefore = 0, freeAfter = 0, total = 0;
  LLMC_TRY(driver->check(driver->cuMemGetInfo_v2(&freeBefore, &total),
                         "cuMemGetInfo"));
  LLMC_TRY(createStream(*driver, cleanup, compute));
  if (ranks().size() > 1) {
    LLMC_TRY(checkGpusOfRanks(*driver, gpu, ranks()));
    LLMC_TRY(enter());
    // Before NCCL takes what the plan counts for it.
    const int64_t ofNccl = ncclDeviceBytes(
        ranks().size(), static_cast<int32_t>(program.ncclChannels));
    LLMC_TRY(ranks().agree(checkFree(ofNccl), Communicator::Subject::Machine));
    collectives.emplace(program, ranks());
    LLMC_TRY(collectives->connect(*driver, cleanup, compute));
  }
  LLMC_TRY(prepareMemory());
  LLMC_TRY(hostArenas.create(*driver, cleanup, compute));
  LLMC_TRY(arenas.create(*driver, cleanup, compute, hostArenas));
  context.arenas = arenas.bases();
  LLMC_TRY(transfers.create(*driver, cleanup, compute));
  LLMC_TRY(kernels.load(*driver, cleanup, gpu, code, program));
  LLMC_TRY(captureEntries());
  LLMC_TRY(driver->check(driver->cuStreamSynchronize(compute),
                         "the GPU failed while memory was filled with zeros"));
  LLMC_TRY(driver->check(driver->cuMemGetInfo_v2(&freeAfter, &total),
                         "cuMemGetInfo"));
  takenBytes =
      static_cast<int64_t>(freeBefore) - static_cast<int64_t>(freeAfter);
  return Status::ok();
}

Status CudaDevice::checkFree(int64_t ofNccl) {
  size_t available = 0, total = 0;
  LLMC_TRY(driver->check(driver->cuMemGetInfo_v2(&available, &total),
                         "cuMemGetInfo"));
  return checkMemory(program, gpu, static_cast<int64_t>(available),
                     driverReserve + arenas.furtherBatchBytes(), ofNccl);
}

Status CudaDevice::prepareMemory() {
  // What is free is known now: NCCL has what it takes.
  LLMC_TRY(checkFree(/*ofNccl=*/0));
  LLMC_TRY(hostArenas.check(ranks().localSize()));
  LLMC_TRY(createEvent(*driver, cleanup, eventTimed, started));
  return createEvent(*driver, cleanup, eventTimed, ended);
}

Status CudaDevice::openGpu() {
  Result<std::unique_ptr<Driver>> opened = Driver::open();
  if (!opened.isOk())
    return opened.status();
  Result<Gpu> chosen = ranks().size() > 1 ? chooseGpuOfRank(**opened, ranks())
                                          : chooseGpu(**opened, number);
  if (!chosen.isOk())
    return chosen.status();
  Result<Code> runnable = chooseCode(**opened, *chosen, program);
  if (!runnable.isOk())
    return runnable.status();
  driver = std::move(*opened);
  gpu = *chosen;
  code = *runnable;
  LLMC_TRY(
      driver->check(driver->cuDevicePrimaryCtxRetain(&gpuContext, gpu.device),
                    "the GPU cannot be used"));
  cleanup.add([this] { driver->cuDevicePrimaryCtxRelease_v2(gpu.device); });
  return enter();
}

Status CudaDevice::captureEntries() {
  int32_t most = 0;
  for (int64_t i = 0; i < program.numKernels; ++i)
    most = std::max(most, program.kernels[i].numArguments);
  arguments.resize(static_cast<size_t>(most));
  const std::pair<LlmcEntryPoint, const char *> known[] = {
      {program.prepare, "prepare"},
      {program.microStep, "micro_step"},
      {program.update, "update"},
      {program.evaluate, "evaluate"},
      {program.generate, "generate"},
      {program.firstMicroStep, "first_micro_step"},
      {program.lastMicroStep, "last_micro_step"},
      {program.onlyMicroStep, "only_micro_step"},
  };
  for (auto [entry, name] : known)
    if (entry)
      entries.push_back({entry, name, {}});
  // One rank alone of a program for several can only say what there is.
  if (isBlocking || ranks().size() != program.ranks)
    return Status::ok();
  for (EntryGraphs &one : entries) {
    arenas.forgetReads();
    LLMC_TRY(captureEntry(one, 0));
    for (size_t i = 1; i < GpuArenas::numBatches; ++i) {
      one.graphs[i] = one.graphs[0];
      if (arenas.wasBatchRead())
        LLMC_TRY(captureEntry(one, i));
    }
  }
  arenas.selectBatch(0);
  return Status::ok();
}

Status CudaDevice::captureEntry(EntryGraphs &one, size_t number) {
  arenas.selectBatch(number);
  LLMC_TRY(driver->check(
      driver->cuStreamBeginCapture_v2(compute, captureThreadLocal),
      "cannot capture a graph"));
  isCapturing = true;
  one.entry(&context);
  isCapturing = false;
  CUgraph graph = nullptr;
  CUresult made = driver->cuStreamEndCapture(compute, &graph);
  if (made == success && failure.isOk())
    made = driver->cuGraphInstantiateWithFlags(&one.graphs[number], graph, 0);
  if (graph)
    driver->cuGraphDestroy(graph);
  // A launch that failed says more than the capture that it broke.
  LLMC_TRY(failure);
  auto check = [&](CUresult result) {
    return driver->check(
        result, fmt::format("the graph of {} cannot be made", one.name));
  };
  LLMC_TRY(check(made));
  cleanup.add([this, executable = one.graphs[number]] {
    driver->cuGraphExecDestroy(executable);
  });
  // Else the first launch takes the memory that it needs on the GPU.
  return check(driver->cuGraphUpload(one.graphs[number], compute));
}

Status CudaDevice::write(LlmcArenaKind kind, int64_t offset, const void *data,
                         int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  if (uint8_t *host = arenas.onHost(kind, offset)) {
    LLMC_TRY(waitForKernels());
    std::memcpy(host, data, static_cast<size_t>(bytes));
    return Status::ok();
  }
  // What ran before may still read the old bytes.
  for (const GpuArenas::Batch &one : arenas.allBatches())
    if (one.isUsed)
      LLMC_TRY(keep(transfers.uploadAfter(one.used)));
  return keep(
      transfers.upload(arenas.address(kind, offset, bytes), data, bytes));
}

Status CudaDevice::writeBatch(const int32_t *tokens, const int32_t *targets) {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  arenas.nextBatch();
  const GpuArenas::Batch &next = arenas.batch();
  if (next.isUsed)
    LLMC_TRY(keep(transfers.uploadAfter(next.used)));
  LLMC_TRY(keep(transfers.upload(next.tokens, tokens, arenas.batchBytes())));
  return keep(transfers.upload(next.targets, targets, arenas.batchBytes()));
}

Status CudaDevice::read(LlmcArenaKind kind, int64_t offset, void *data,
                        int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  LLMC_TRY(waitForKernels());
  if (const uint8_t *host = arenas.onHost(kind, offset)) {
    std::memcpy(data, host, static_cast<size_t>(bytes));
    return Status::ok();
  }
  return keep(
      transfers.download(data, arenas.address(kind, offset, bytes), bytes));
}

Status CudaDevice::readLater(LlmcArenaKind kind, int64_t offset, void *data,
                             int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  if (!transfers.hasRoom(bytes))
    LLMC_TRY(waitForKernels());
  return keep(transfers.downloadLater(data, arenas.address(kind, offset, bytes),
                                      bytes));
}

Status CudaDevice::run(LlmcEntryPoint entry) {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  return keep(watched([&] { return runEntry(entry); }));
}

Status CudaDevice::runEntry(LlmcEntryPoint entry) {
  LLMC_TRY(transfers.join());
  auto known =
      std::find_if(entries.begin(), entries.end(),
                   [&](const EntryGraphs &one) { return one.entry == entry; });
  const CUgraphExec graph =
      known != entries.end() ? known->graphs[arenas.batchNumber()] : nullptr;
  lastEntry = known != entries.end() ? known->name : "an entry point";
  ProfilerRange range(lastEntry);
  if (graph && !runsOneByOne()) {
    LLMC_TRY(driver->check(driver->cuGraphLaunch(graph, compute),
                           fmt::format("{} cannot be started", lastEntry)));
  } else {
    entry(&context);
    LLMC_TRY(failure);
  }
  GpuArenas::Batch &current = arenas.batch();
  current.isUsed = true;
  return driver->check(driver->cuEventRecord(current.used, compute),
                       "cannot record an event");
}

Status CudaDevice::finish() {
  std::lock_guard<std::mutex> lock(mutex);
  LLMC_TRY(enter());
  return waitForKernels();
}

Status CudaDevice::waitForKernels() {
  LLMC_TRY(keep(watched([&] {
    return driver->check(driver->cuStreamSynchronize(compute),
                         fmt::format("{} failed", lastEntry));
  })));
  transfers.deliver();
  return Status::ok();
}

void CudaDevice::launch(int64_t index, void **args) {
  if (!failure.isOk())
    return;
  (void)keep(launchOne(index, args));
}

void CudaDevice::startCopy(int64_t copy, const void *source,
                           void *destination) {
  if (failure.isOk())
    (void)keep(hostArenas.start(copy, source, destination));
}

void CudaDevice::waitCopy(int64_t copy) {
  if (failure.isOk())
    (void)keep(hostArenas.wait(copy));
}

void CudaDevice::startCollective(int64_t collective, void *source,
                                 void *destination, void *scratch) {
  if (!failure.isOk())
    return;
  Status status =
      collectives->start(kernels, collective, source, destination, scratch);
  // Not under --profile, where it runs beside kernels as it does without.
  if (status.isOk() && isBlocking && !isCapturing)
    status = collectives->waitOnHost(collective);
  (void)keep(status);
}

void CudaDevice::waitCollective(int64_t collective) {
  if (failure.isOk())
    (void)keep(collectives->wait(collective));
}

Status CudaDevice::launchOne(int64_t index, void **args) {
  const LlmcKernel &kernel = program.kernels[index];
  for (int32_t i = 0; i < kernel.numArguments; ++i)
    arguments[static_cast<size_t>(i)] =
        pointerTo(arenas.inBatch(addressOf(args[i])));
  if (isCapturing || !runsOneByOne())
    return kernels.launch(*driver, kernel, index, arguments.data(), compute);
  ProfilerRange range(nameOf(kernel));
  return launchAndWait(kernel, index, arguments.data());
}

Status CudaDevice::launchAndWait(const LlmcKernel &kernel, int64_t index,
                                 void **args) {
  auto failed = [&](CUresult result) {
    return Status::error("kernel {} failed: {}", nameOf(kernel),
                         driver->describe(result));
  };
  if (CUresult result = driver->cuEventRecord(started, compute))
    return failed(result);
  LLMC_TRY(kernels.launch(*driver, kernel, index, args, compute));
  if (CUresult result = driver->cuEventRecord(ended, compute))
    return failed(result);
  if (CUresult result = driver->cuEventSynchronize(ended))
    return failed(result);
  if (times.empty())
    return Status::ok();
  float milliseconds = 0;
  if (CUresult result =
          driver->cuEventElapsedTime(&milliseconds, started, ended))
    return failed(result);
  KernelTime &time = times[static_cast<size_t>(index)];
  ++time.calls;
  time.seconds += milliseconds * 1e-3;
  return Status::ok();
}

void CudaDevice::startProfile() {
  times.assign(static_cast<size_t>(program.numKernels), KernelTime());
}

} // namespace llmc::runtime
