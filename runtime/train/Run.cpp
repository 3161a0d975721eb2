//===- Run.cpp - a whole training program ---------------------------------===//

#include "train/Run.h"

#include "comm/Launch.h"
#include "comm/MpiProcess.h"
#include "comm/ThreadCommunicator.h"
#include "device/cpu/CpuDevice.h"
#include "device/cuda/CudaDevice.h"
#include "train/Doctor.h"
#include "train/ForeignCode.h"
#include "train/LostPages.h"
#include "train/Options.h"
#include "train/Profile.h"
#include "train/Program.h"
#include "train/RankChecks.h"
#include "train/Replay.h"
#include "train/SampleOnly.h"
#include "train/TrainLoop.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace llmc::runtime {
namespace {

Status printCeilings(const LlmcProgram &program, Device &device,
                     Console &console) {
  Bandwidth bandwidth = device.bandwidth();
  // Which GPU it is turns out when its memory is taken.
  if (program.deviceKind != LlmcDeviceCpu)
    LLMC_TRY(device.allocate());
  console.result(formatCeilings({device.peak(), bandwidth}));
  return checkStandardOutput();
}

std::unique_ptr<Device> makeDevice(const LlmcProgram &program,
                                   const Options &options, ThreadPool &pool,
                                   Communicator &ranks,
                                   int64_t libraryBytes = 0) {
  if (program.deviceKind == LlmcDeviceCuda)
    return std::make_unique<CudaDevice>(program, options.device, ranks);
  return std::make_unique<CpuDevice>(program, pool, ranks, libraryBytes);
}

int fail(const Status &status) {
  fmt::print(stderr, "error: {}\n", status.message());
  return 1;
}

/// What little a program needs beside its arenas is not there.
void endWithoutMemory() {
  constexpr char text[] =
      "error: the system gives the program no more memory; stop other "
      "programs, or raise its limit (ulimit -v)\n";
  if (::write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
    // Nobody hears it.
  }
  ::_exit(1);
}

/// Prints what was asked for and nothing else; the exit status, which is
/// `result` unless it could not be printed.
int print(const std::string &text, int result) {
  std::fputs(text.c_str(), stdout);
  Status status = checkStandardOutput();
  return status.isOk() ? result : fail(status);
}

/// Compares the processes that were started with the ranks of the program. One
/// alone runs all of them.
Status checkLaunch(const LlmcProgram &program, const Options &options,
                   const std::optional<Launch> &launch) {
  const int started = launch ? launch->size : 1;
  if (started == 1 && options.ranksHere > 0 &&
      options.ranksHere != program.ranks)
    return Status::error("--ranks-here {}: the program was compiled for {} "
                         "ranks, and this is its only process; start one for "
                         "each machine with mpirun",
                         options.ranksHere, program.ranks);
  if (started == 1)
    return Status::ok();
  // One for each rank, or fewer that share them out.
  if (program.ranks > 1 && started <= program.ranks)
    return checkLauncher(*launch);
  if (program.ranks == 1)
    return Status::error("{} ranks were started, but the program trains on one "
                         "device; compile it with --gpus {}, or start it "
                         "without a launcher",
                         started, started);
  return Status::error("the program was compiled for {} ranks (--gpus {}), {} "
                       "were started; start it with 'mpirun -n {} PROGRAM "
                       "...', with one process for each machine, or on one "
                       "machine without a launcher",
                       program.ranks, program.ranks, started, program.ranks);
}

/// Threads that a rank may keep busy: its share of the machine, or of what its
/// launcher has bound its process to.
unsigned defaultThreads(const Communicator &ranks) {
  const unsigned available = availableProcessors();
  const unsigned all = std::max(1u, std::thread::hardware_concurrency());
  const int sharers = available < all ? ranks.processSize() : ranks.localSize();
  return std::max(1u, available / static_cast<unsigned>(sharers));
}

/// Ranks that lie on each other's processors are slow for no visible reason:
/// mpirun binds each of two processes to one.
void warnOfBinding(const LlmcProgram &program, const Communicator &ranks,
                   Console &console) {
  const unsigned available = availableProcessors();
  if (program.deviceKind == LlmcDeviceCpu && ranks.processSize() > 1 &&
      available < static_cast<unsigned>(ranks.processSize()) &&
      available < std::thread::hardware_concurrency())
    console.warning(fmt::format(
        "the {} ranks of this process share {} of the machine's {} processors, "
        "to which its launcher has bound it; start it with 'mpirun --bind-to "
        "none', or 'srun --cpu-bind=none'",
        ranks.processSize(), available, std::thread::hardware_concurrency()));
}

/// A reader that went away, or a limit on the size of files, must not end a
/// training before it has saved; both come back as errors of the writing.
void prepareSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  LostPages::handle();
}

/// How several ranks of this process were started.
struct Start {
  /// Of a process that has all of them, which can become one that repeats a
  /// step; null where others have some.
  const char *const *argv = nullptr;
  /// The step that this process is to repeat.
  std::optional<ReplayPoint> replay;
  /// Memory that their connection took.
  int64_t libraryBytes = 0;
};

constexpr char nameTheKernel[] =
    "run again with LLMC_LAUNCH_BLOCKING=1, which waits for every kernel, to "
    "learn which one failed";

/// Held by the rank that ends the process: others that have come to their end
/// meanwhile wait for it there.
std::mutex ending;

/// Repeats a step together with the other ranks; whoever has a kernel that
/// fails says so and ends them.
int replayRank(TrainLoop &loop, Communicator &ranks, const ReplayPoint &point) {
  if (Status found = loop.replay(point); !found.isOk()) {
    ending.lock();
    reportReplay(point, found,
                 ranks.isOwnError() ? ranks.describe(ranks.rank()) : "");
    ranks.abort();
  }
  if (Status ended = ranks.finish(); !ended.isOk()) {
    ending.lock();
    ranks.abort();
  }
  if (ranks.rank() == 0)
    reportReplay(point, Status::ok());
  return 1;
}

/// One rank from its device to its end; its exit status.
int runRank(const LlmcProgram &program, const Options &options,
            Communicator &ranks, const Start &start) {
  int stopSignal = 0;
  Console console(options.quiet, options.progress, ranks.rank() != 0);
  warnOfBinding(program, ranks, console);
  std::optional<LostPages> lostPages;
  if (ranks.processRank() == 0)
    lostPages.emplace(ranks);
  ThreadPool pool(options.threads ? options.threads : defaultThreads(ranks));
  std::unique_ptr<Device> device =
      makeDevice(program, options, pool, ranks, start.libraryBytes);
  Status status = Status::ok();
  std::optional<ReplayPoint> point;
  if (options.data.empty()) {
    status = sampleOnly(program, options, *device, pool, console);
  } else {
    TrainLoop loop(program, options, *device, pool, console);
    if (start.replay)
      return replayRank(loop, ranks, *start.replay);
    status = loop.run(stopSignal);
    point = loop.replayPoint();
  }
  console.clearBar();
  const bool isUnnamed = !status.isOk() && device->hasUnnamedFault();
  const bool canReplay = isUnnamed && point && start.argv;
  if (isUnnamed && !canReplay)
    status = Status::error("{}; {}", status.message(), nameTheKernel);
  if (!status.isOk())
    ranks.report(status);
  if (!status.isOk() && !ranks.canFinish()) {
    ending.lock();
    if (canReplay)
      becomeReplay(*point, start.argv);
    ranks.abort();
  }
  if (Status ended = ranks.finish(); !ended.isOk()) {
    ranks.report(ended);
    ending.lock();
    ranks.abort();
  }
  return !status.isOk() ? 1 : stopSignal ? 128 + stopSignal : 0;
}

/// Runs ranks of this process, a thread each; the first is this one.
int runInThreads(const LlmcProgram &program, const Options &options,
                 std::vector<std::unique_ptr<Communicator>> ranks,
                 const Start &start) {
  std::vector<int> results(ranks.size(), 0);
  std::vector<std::thread> threads;
  // Signals are for the first rank, which tells the others.
  sigset_t signals, before;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  try {
    for (size_t rank = 1; rank < ranks.size(); ++rank)
      threads.emplace_back([&, rank] {
        results[rank] = runRank(program, options, *ranks[rank], start);
      });
  } catch (const std::system_error &error) {
    ranks[0]->report(Status::error(
        "the system grants no thread for rank {} ({}); raise its limit on "
        "threads (ulimit -u)",
        ranks[threads.size() + 1]->rank(), error.what()));
    ranks[0]->abort();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  results[0] = runRank(program, options, *ranks[0], start);
  for (std::thread &thread : threads)
    thread.join();
  return results[0];
}

/// Runs as one of the processes that a launcher has started, all of which end
/// together.
int runAsProcess(const LlmcProgram &program, const Options &options) {
  const int64_t before = ownResidentBytes();
  Result<std::unique_ptr<MpiProcess>> connected =
      MpiProcess::connect(program.ranks, static_cast<int>(options.ranksHere),
                          std::chrono::seconds(options.commTimeout));
  if (!connected.isOk()) {
    // Where process 0 fails in the same way, its launcher ends this one before
    // it says so again.
    if (std::optional<Launch> launch = readLaunch(); launch && launch->rank > 0)
      std::this_thread::sleep_for(std::chrono::seconds(2));
    return fail(connected.status());
  }
  MpiProcess &process = **connected;
  std::vector<std::unique_ptr<Communicator>> ranks;
  for (int number = 0; number < process.ranksHere(); ++number)
    ranks.push_back(process.join(number));
  Start start;
  start.libraryBytes = ownResidentBytes() - before;
  const int result = runInThreads(program, options, std::move(ranks), start);
  if (Status ended = process.disconnect(); !ended.isOk())
    return fail(ended);
  return result;
}

/// Runs with all ranks in this process.
int runAlone(const LlmcProgram &program, const Options &options,
             const Start &start) {
  ThreadGroup group(program.ranks, std::chrono::seconds(options.commTimeout));
  std::vector<std::unique_ptr<Communicator>> ranks;
  for (int rank = 0; rank < program.ranks; ++rank)
    ranks.push_back(group.join(rank));
  return runInThreads(program, options, std::move(ranks), start);
}

/// `PROGRAM doctor [--json]`; its exit status.
int runDoctor(const LlmcProgram &program, const char *option) {
  if (option && std::strcmp(option, "--json") != 0)
    return fail(Status::error("doctor: '{}' is not known; give --json for "
                              "findings as JSON, or nothing for a table",
                              option));
  const std::vector<Finding> findings = examine(program);
  const std::string report =
      option ? formatFindingsAsJson(findings) : formatFindings(findings);
  return print(report, canRun(findings) ? 0 : 1);
}

} // namespace

int runProgram(const LlmcProgram &program, int argc, const char *const *argv) {
  holdStandardStreams();
  std::set_new_handler(endWithoutMemory);
  if (Status status = checkProgram(program); !status.isOk())
    return fail(status);
  // What is wrong for all ranks, one of them says.
  const std::optional<Launch> launch = readLaunch();
  const bool isFirst = !launch || launch->rank == 0;
  if ((argc == 2 || argc == 3) && std::strcmp(argv[1], "doctor") == 0)
    // Each machine has its own findings, which one of its processes says.
    return launch && launch->localRank > 0
               ? 0
               : runDoctor(program, argc == 3 ? argv[2] : nullptr);
  Result<ParsedOptions> parsed = parseOptions(program, argc, argv);
  if (!parsed.isOk())
    return isFirst ? fail(parsed.status()) : 1;
  if (!parsed->options)
    return isFirst ? print(parsed->text, 0) : 0;
  const std::optional<ReplayPoint> replay = requestedReplay();
  const Options options =
      replay ? replayOptions(*parsed->options) : *parsed->options;
  const bool trains = !options.ceilings && !options.data.empty();
  if (program.deviceKind == LlmcDeviceCpu)
    explainForeignCode(program);
  // One rank samples alone, unless it has not got all parameters, or only the
  // others' copies of them.
  const bool needsAll =
      runsTogether(program) || (program.ranks > 1 && program.prepare);
  const bool together = trains || (!options.ceilings && needsAll);
  if (!together && !isFirst)
    return 0;
  if (together) {
    if (Status status = checkLaunch(program, options, launch); !status.isOk())
      return isFirst ? fail(status) : 1;
    prepareSignals();
    if (program.ranks > 1)
      return launch && launch->size > 1
                 ? runAsProcess(program, options)
                 : runAlone(program, options, {argv, replay});
  }
  Console console(options.quiet, options.progress);
  ThreadPool pool(options.threads ? options.threads : availableProcessors());
  std::unique_ptr<Device> device =
      makeDevice(program, options, pool, Communicator::solo());
  int stopSignal = 0;
  Status status = Status::ok();
  std::optional<ReplayPoint> point;
  if (options.ceilings) {
    status = printCeilings(program, *device, console);
  } else if (options.data.empty()) {
    status = sampleOnly(program, options, *device, pool, console);
  } else {
    TrainLoop loop(program, options, *device, pool, console);
    if (replay) {
      reportReplay(*replay, loop.replay(*replay));
      return 1;
    }
    status = loop.run(stopSignal);
    point = loop.replayPoint();
  }
  console.clearBar();
  if (!status.isOk()) {
    fail(status);
    if (device->hasUnnamedFault()) {
      device.reset();
      if (point)
        becomeReplay(*point, argv);
      fmt::print(stderr, "{}\n", nameTheKernel);
    }
    return 1;
  }
  return stopSignal ? 128 + stopSignal : 0;
}

} // namespace llmc::runtime
