//===- Engine.cpp - Launches kernels --------------------------------------===//

#include "Engine.h"
#include "../ptx/Block.h"
#include "Crash.h"
#include "Worker.h"

#include <atomic>
#include <numeric>
#include <thread>

namespace llmc::emulator {

/// The blocks in an order that depends on the seed: i -> (factor i + start).
struct BlockOrder {
  BlockOrder(uint64_t count, uint64_t seed) : count(count) {
    start = seed * 0x9e3779b97f4a7c15ull % count;
    if (seed)
      for (factor = seed * 7919 % count; std::gcd(factor, count) != 1;)
        ++factor;
  }
  uint64_t operator[](uint64_t i) const { return (i * factor + start) % count; }
  uint64_t count, start = 0, factor = 1;
};

std::optional<std::string>
Engine::launch(const Kernel &kernel, const Shape &shape,
               const std::vector<uint64_t> &arguments) {
  auto invalid = [&](const std::string &what) {
    return "kernel '" + kernel.name + "': " + what;
  };
  uint64_t blocks =
      uint64_t(shape.grid[0]) * shape.grid[1] * uint64_t(shape.grid[2]);
  if (blocks == 0 || blocks > GlobalCell::maxBlocks)
    return invalid("a grid of " + std::to_string(blocks) +
                   " blocks; the emulator runs 1 to " +
                   std::to_string(GlobalCell::maxBlocks));
  if (shape.threads < 32 || shape.threads > 1024 || shape.threads % 32)
    return invalid("a block of " + std::to_string(shape.threads) +
                   " threads, expected a multiple of 32 up to 1024");
  if (shape.threads > kernel.maxThreads)
    return invalid("a block of " + std::to_string(shape.threads) +
                   " threads, but the kernel allows " +
                   std::to_string(kernel.maxThreads));
  int sharedBytes =
      shape.sharedBytes + (kernel.code ? kernel.code->staticShared : 0);
  if (shape.sharedBytes < 0 || sharedBytes > options.sharedLimit)
    return invalid(std::to_string(sharedBytes) +
                   " bytes of shared memory, but a block may have " +
                   std::to_string(options.sharedLimit));

  LaunchState state;
  state.options = &options;
  state.memory = &memory;
  state.kernel = kernel.name;
  state.function = kernel.function;
  state.code = kernel.code.get();
  state.arguments = arguments;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (kernel.pointers >> i & 1)
      state.arguments[i] = TaggedPointer::make(arguments[i], i);
  for (int i = 0; i < 3; ++i)
    state.grid[i] = shape.grid[i];
  state.threads = shape.threads;
  state.sharedBytes = shape.sharedBytes;
  state.launch = memory.nextLaunch();

  size_t hosts = size_t(std::min<uint64_t>(uint64_t(options.threads), blocks));
  std::vector<std::unique_ptr<BlockRunner>> &runners =
      kernel.code ? ptxRunners : hostRunners;
  while (runners.size() < hosts)
    if (kernel.code)
      runners.push_back(std::make_unique<ptx::Block>());
    else
      runners.push_back(std::make_unique<Worker>());
  BlockOrder order(blocks, options.seed);
  Turns turns(hosts);
  state.turns = &turns;
  std::atomic<uint64_t> next{0};
  std::atomic<bool> stop{false};
  std::vector<uint64_t> failedAt(hosts, blocks);
  auto run = [&](size_t host) {
    CrashReporter reporter;
    BlockRunner &runner = *runners[host];
    runner.begin(state);
    for (uint64_t i; !stop && (i = next++) < blocks;)
      if (!runner.runBlock(unsigned(order[i]))) {
        if (!runner.wasAborted)
          failedAt[host] = i;
        stop = true;
        turns.abort();
      }
    turns.leave();
  };
  std::vector<std::thread> others;
  for (size_t host = 1; host < hosts; ++host)
    others.emplace_back(run, host);
  run(0);
  for (std::thread &thread : others)
    thread.join();

  Counters &sum = counters[kernel.name];
  ++sum.launches;
  size_t first = 0;
  for (size_t host = 0; host < hosts; ++host) {
    sum.add(runners[host]->counters);
    if (failedAt[host] < failedAt[first])
      first = host;
  }
  if (failedAt[first] < blocks)
    return runners[first]->report;
  if (std::string remains = turns.findRemains(); !remains.empty())
    return invalid(remains + " at the end of the launch");
  return std::nullopt;
}

} // namespace llmc::emulator
