//===- HostArenas.cpp - arenas in the host's memory, beside a GPU ---------===//

#include "device/cuda/HostArenas.h"

#include "core/Console.h"

#include <algorithm>
#include <limits>

namespace llmc::runtime::cuda {
namespace {

/// "optimizer m 2.5 GiB, optimizer v 2.5 GiB".
std::string listArenas(const LlmcProgram &program) {
  std::string list;
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (const LlmcArena &arena = program.arenas[i]; arena.host)
      list += fmt::format("{}{} {}", list.empty() ? "" : ", ", arena.name,
                          formatBytes(arena.bytes));
  return list;
}

/// What a process may lock, as text.
std::string describeLimit() {
  const int64_t limit = lockedMemoryLimit();
  return limit < 0                                      ? "unknown"
         : limit == std::numeric_limits<int64_t>::max() ? "none"
                                                        : formatBytes(limit);
}

} // namespace

Status HostArenas::check(int ranks) const {
  const int64_t available = availableMemory();
  if (available < 0 || ranks * bytes() <= available)
    return Status::ok();
  return Status::error(
      "the program pins {} of the host's memory{} ({}), {} are available; stop "
      "other programs, or compile with fewer kinds of --offload",
      formatBytes(ranks * bytes()),
      ranks > 1 ? fmt::format(" for {} ranks, each", ranks) : "",
      listArenas(program), formatBytes(available));
}

Status HostArenas::pin(const LlmcArena &arena, Arena &memory) {
  Result<Arena> taken =
      Arena::allocate(arena.name, arena.bytes, std::max(64, arena.alignment));
  if (!taken.isOk())
    return taken.status();
  memory = std::move(*taken);
  CUresult result = driver->cuMemHostRegister_v2(
      memory.data(), static_cast<size_t>(arena.bytes), 0);
  if (result != success)
    // Drivers on Linux need no permission to lock memory, others may.
    return Status::error(
        "the driver cannot pin {} of the host's memory for the {}, of {} in "
        "all ({}): {}; {} are available, the limit on locked memory (ulimit "
        "-l) is {}: raise it, stop other programs, or compile with fewer kinds "
        "of --offload",
        formatBytes(arena.bytes), arena.name, formatBytes(bytes()),
        listArenas(program), driver->describe(result),
        formatBytes(std::max<int64_t>(0, availableMemory())), describeLimit());
  cleanup->add([owner = driver, data = memory.data()] {
    owner->cuMemHostUnregister(data);
  });
  return Status::ok();
}

Status HostArenas::create(const Driver &owner, Cleanup &undo,
                          CUstream kernels) {
  driver = &owner;
  cleanup = &undo;
  compute = kernels;
  if (program.numCopies == 0)
    return Status::ok();
  arenas.resize(static_cast<size_t>(program.numArenas));
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (const LlmcArena &arena = program.arenas[i];
        arena.host && arena.bytes > 0)
      LLMC_TRY(pin(arena, arenas[static_cast<size_t>(i)]));
  for (CUstream &stream : streams)
    LLMC_TRY(createStream(*driver, *cleanup, stream));
  for (CUevent &event : ready)
    LLMC_TRY(createEvent(*driver, *cleanup, eventUntimed, event));
  done.resize(static_cast<size_t>(program.numCopies));
  return Status::ok();
}

Status HostArenas::start(int64_t number, const void *source,
                         void *destination) {
  const LlmcCopy &copy = program.copies[number];
  const auto direction = static_cast<size_t>(copy.direction);
  const auto bytes = static_cast<size_t>(copy.bytes);
  auto check = [&](CUresult result) {
    return driver->check(
        result, fmt::format("the copy {} cannot be started", copy.name));
  };
  CUstream stream = streams[direction];
  LLMC_TRY(check(driver->cuEventRecord(ready[direction], compute)));
  LLMC_TRY(check(driver->cuStreamWaitEvent(stream, ready[direction], 0)));
  auto address = [](const void *pointer) {
    return static_cast<CUdeviceptr>(reinterpret_cast<uintptr_t>(pointer));
  };
  LLMC_TRY(check(copy.direction == LlmcCopyToDevice
                     ? driver->cuMemcpyHtoDAsync_v2(address(destination),
                                                    source, bytes, stream)
                     : driver->cuMemcpyDtoHAsync_v2(
                           destination, address(source), bytes, stream)));
  if (idle.empty()) {
    CUevent event = nullptr;
    LLMC_TRY(createEvent(*driver, *cleanup, eventUntimed, event));
    idle.push_back(event);
  }
  CUevent &event = done[static_cast<size_t>(number)];
  event = idle.back();
  idle.pop_back();
  return check(driver->cuEventRecord(event, stream));
}

Status HostArenas::wait(int64_t number) {
  CUevent event = done[static_cast<size_t>(number)];
  // A wait takes the event as it is now: the next copy may have it.
  idle.push_back(event);
  return driver->check(driver->cuStreamWaitEvent(compute, event, 0),
                       "kernels cannot wait for a copy");
}

} // namespace llmc::runtime::cuda
