//===- Worker.cpp - Fibers: running blocks, barriers, meetings ------------===//

#include "Worker.h"

#include <cstdio>
#include <cstdlib>

#include <sys/mman.h>

namespace llmc::emulator {

namespace context = boost::context::detail;

__thread Worker *currentWorker = nullptr;

const char *meetingName(Meeting meeting) {
  switch (meeting) {
  case Meeting::None:
    return "nothing";
  case Meeting::Barrier:
    return "barrier";
  case Meeting::Ldmatrix:
    return "ldmatrix";
  case Meeting::Mma:
    return "mma";
  case Meeting::MmaTf32:
    return "mma_tf32";
  case Meeting::Shuffle:
    return "shuffle_xor";
  case Meeting::End:
    return "end";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Stacks
//===----------------------------------------------------------------------===//

// A page that cannot be touched lies below each stack: an overflow stops the
// program instead of spoiling the next thread's variables.
static constexpr size_t stackBytes = 128 << 10, guardBytes = 4096;

Worker::Worker() = default;

Worker::~Worker() {
  if (stacks)
    munmap(stacks, size_t(stackCount) * stackBytes);
}

void Worker::prepareStacks(int count) {
  if (count <= stackCount)
    return;
  if (stacks)
    munmap(stacks, size_t(stackCount) * stackBytes);
  void *p = mmap(nullptr, size_t(count) * stackBytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    std::fprintf(stderr, "llmc-emulator: error: no memory for %d stacks\n",
                 count);
    std::abort();
  }
  stacks = static_cast<char *>(p);
  stackCount = count;
  for (int i = 0; i < count; ++i)
    mprotect(stacks + size_t(i) * stackBytes, guardBytes, PROT_NONE);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void Worker::begin(const LaunchState &state) {
  launch = &state;
  const Options &options = *state.options;
  countersOn = options.counters;
  switchAtAccesses = options.switchAtAccesses;
  sharedRaces = options.sharedRaces;
  globalRaces = options.globalRaces;
  uninitialized = options.uninitialized;
  matrixRows = options.matrixRows;
  prepareStacks(state.threads);
  threads.resize(size_t(state.threads));
  warps.resize(size_t(state.threads / 32));
  arguments.assign(state.arguments.size(), Argument());
  argumentsKnown = false;
  registrar = nullptr;
  counters = Counters();
  report.clear();
  wasAborted = false;
}

bool Worker::runBlock(unsigned index) {
  block = index;
  epoch = 1;
  identity = GlobalCell::make(launch->launch, block, epoch, 0);
  // The order depends on the seed and the block, not on the host's threads.
  generator = (launch->options->seed + 1) * 0x9e3779b97f4a7c15ull +
              block * 0xbf58476d1ce4e5b9ull;
  generator |= 1;
  random();
  shared.reset(launch->sharedBytes);
  for (int i = 0; i < launch->threads; ++i) {
    Thread &thread = threads[i];
    // Stacks that all begin at the same offset of a page would share a few
    // sets of the caches.
    char *top = stacks + size_t(i + 1) * stackBytes - size_t(i % 61) * 320;
    thread.context = context::make_fcontext(
        top, size_t(top - stacks) - size_t(i) * stackBytes - guardBytes, enter);
    thread.index = i;
    thread.meeting = Meeting::None;
    thread.copies.reset();
    thread.log.clear();
  }
  for (Warp &warp : warps) {
    warp = Warp();
    warp.ready = ~0u;
  }
  liveThreads = launch->threads;
  atBarrier = 0;
  failed = false;
  hasTicket = false;
  known.clear();
  currentWarp = int(random() % warps.size());
  currentWorker = this;
  left = nullptr;
  current = pick();
  Transfer back = context::jump_fcontext(current->context, this);
  // Threads that a failure abandoned leave nothing behind: kernels own no
  // resources.
  (void)back;
  currentWorker = nullptr;
  if (failed)
    return false;
  ++counters.blocks;
  for (int warp = 0; warp < int(warps.size()); ++warp)
    mergeWarp(warp);
  return true;
}

void Worker::enter(Transfer from) {
  Worker &worker = *static_cast<Worker *>(from.data);
  if (worker.left)
    worker.left->context = from.fctx;
  else
    worker.main = from.fctx;
  worker.callKernel();
  Thread *self = worker.current;
  if (self == worker.registrar)
    worker.argumentsKnown = true;
  self->meeting = Meeting::End;
  worker.left = nullptr;
  if (--worker.liveThreads == 0)
    context::jump_fcontext(worker.main, nullptr);
  Thread *next = worker.pick();
  if (!next)
    worker.failStuck();
  worker.left = self; // its context is never used again
  worker.current = next;
  context::jump_fcontext(next->context, &worker);
  std::abort();
}

void Worker::callKernel() {
  uint64_t a[32] = {};
  const std::vector<uint64_t> &values = launch->arguments;
  for (size_t i = 0; i < values.size(); ++i)
    a[i] = values[i];
  using U = uint64_t;
  // The first six travel in registers, the others on the stack, where a
  // function that has fewer does not look.
  if (values.size() <= 6) {
    reinterpret_cast<void (*)(U, U, U, U, U, U)>(launch->function)(
        a[0], a[1], a[2], a[3], a[4], a[5]);
    return;
  }
  reinterpret_cast<void (*)(U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
                            U, U, U, U, U, U, U, U, U, U, U, U, U, U, U)>(
      launch->function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8],
                        a[9], a[10], a[11], a[12], a[13], a[14], a[15], a[16],
                        a[17], a[18], a[19], a[20], a[21], a[22], a[23], a[24],
                        a[25], a[26], a[27], a[28], a[29], a[30], a[31]);
}

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

uint64_t Worker::random() {
  generator ^= generator << 13;
  generator ^= generator >> 7;
  generator ^= generator << 17;
  return generator;
}

Thread *Worker::pick() {
  uint64_t draw = random();
  Warp *warp = &warps[currentWarp];
  // Mostly the same warp, whose stacks are in the cache; but not until it has
  // to wait for the others.
  if (!warp->ready || (draw & 0x1f00) == 0) {
    int count = int(warps.size());
    int start = int((draw >> 32) % unsigned(count));
    int i = 0;
    while (i < count && !warps[(start + i) % count].ready)
      ++i;
    if (i == count)
      return nullptr;
    currentWarp = (start + i) % count;
    warp = &warps[currentWarp];
  }
  unsigned turn = draw & 31;
  uint32_t turned = warp->ready >> turn | warp->ready << (-turn & 31);
  unsigned lane = (unsigned(__builtin_ctz(turned)) + turn) & 31;
  warp->ready &= ~(1u << lane);
  return &threads[currentWarp * 32 + int(lane)];
}

void Worker::switchTo(Thread *next) {
  Thread *self = current;
  if (self == registrar)
    argumentsKnown = true;
  left = self;
  current = next;
  Transfer from = context::jump_fcontext(next->context, this);
  // Another thread jumped here: where it stopped is where it goes on.
  if (left)
    left->context = from.fctx;
}

void Worker::suspend() {
  Thread *next = pick();
  if (!next)
    failStuck();
  if (next != current)
    switchTo(next);
}

void Worker::maybeSwitch() {
  if (random() & 3)
    return;
  warps[current->index / 32].ready |= 1u << (current->index % 32);
  suspend();
}

//===----------------------------------------------------------------------===//
// Meetings
//===----------------------------------------------------------------------===//

void Worker::barrier(int line) {
  Thread &self = *current;
  if (atBarrier == 0) {
    barrierLine = line;
    barrierFirst = self.index;
  } else if (line != barrierLine) {
    fail(self, "barrier", line,
         "thread " + std::to_string(barrierFirst) +
             " waits at another barrier, at line " +
             std::to_string(barrierLine));
  }
  self.meeting = Meeting::Barrier;
  self.line = line;
  if (++atBarrier < launch->threads) {
    suspend();
    return;
  }
  atBarrier = 0;
  ++counters.barriers;
  if (++epoch > SharedCell::maxEpoch) {
    shared.renumber();
    epoch = 1;
  }
  identity = GlobalCell::make(launch->launch, block, epoch, 0);
  for (Thread &thread : threads)
    thread.meeting = Meeting::None;
  for (Warp &warp : warps)
    warp.ready = ~0u;
  warps[self.index / 32].ready &= ~(1u << (self.index % 32));
  if (countersOn)
    for (int warp = 0; warp < int(warps.size()); ++warp)
      mergeWarp(warp);
}

template <typename Execute>
void Worker::meet(Meeting meeting, int line, Execute execute) {
  Thread &self = *current;
  int index = self.index / 32;
  Warp &warp = warps[index];
  if (warp.arrived == 0) {
    warp.meeting = meeting;
    warp.line = line;
    warp.first = self.index;
  } else if (warp.meeting != meeting || warp.line != line) {
    fail(self, meetingName(meeting), line,
         "thread " + std::to_string(warp.first) + " of the same warp is at " +
             meetingName(warp.meeting) + " at line " +
             std::to_string(warp.line) +
             "; all 32 lanes must be at the same place");
  }
  self.meeting = meeting;
  self.line = line;
  if (++warp.arrived < 32) {
    suspend();
    return;
  }
  Thread *lanes = &threads[index * 32];
  execute(lanes);
  warp.arrived = 0;
  for (int lane = 0; lane < 32; ++lane)
    lanes[lane].meeting = Meeting::None;
  warp.ready = ~(1u << (self.index % 32));
}

void Worker::mma(float *c, const unsigned *a, const unsigned *b, int line) {
  Thread &self = *current;
  self.c = c;
  self.a = a;
  self.b = b;
  meet(Meeting::Mma, line, [&](Thread *lanes) { executeMma(lanes); });
}

void Worker::mmaTf32(float *c, const unsigned *a, const unsigned *b, int line) {
  Thread &self = *current;
  self.c = c;
  self.a = a;
  self.b = b;
  meet(Meeting::MmaTf32, line, [&](Thread *lanes) { executeMmaTf32(lanes); });
}

void Worker::ldmatrix(unsigned *r, int byte, bool transpose, int line) {
  Thread &self = *current;
  self.r = r;
  self.byte = byte;
  self.mode = transpose;
  checkShared("ldmatrix", byte, 16, line);
  meet(Meeting::Ldmatrix, line, [&](Thread *lanes) { executeLdmatrix(lanes); });
}

unsigned Worker::shuffleXor(unsigned value, int mask, int line) {
  Thread &self = *current;
  self.value = value;
  self.mode = mask;
  if (mask < 0 || mask > 31)
    fail(self, "shuffle_xor", line,
         "the mask " + std::to_string(mask) + " is not within a warp");
  meet(Meeting::Shuffle, line, [&](Thread *lanes) { executeShuffle(lanes); });
  return self.value;
}

void Worker::mergeWarp(int warp) {
  if (!countersOn)
    return;
  std::vector<LogEntry> *logs[32];
  bool any = false;
  for (int lane = 0; lane < 32; ++lane) {
    logs[lane] = &threads[warp * 32 + lane].log;
    any |= !logs[lane]->empty();
  }
  if (any)
    mergeLogs(logs, counters);
}

} // namespace llmc::emulator
