//===- State.cpp - The emulated driver's state ----------------------------===//

#include "State.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace llmc::emulator {

void complain(const std::string &what) {
  std::fprintf(stderr, "llmc-emulator: error: %s\n", what.c_str());
}

State::State()
    : engine(Options::fromEnvironment()),
      faults(Faults::parse(engine.options.faults)),
      streams(engine.options.lazyStreams, engine.options.seed) {}

std::atomic<bool> State::isInitialized{false};
std::atomic<int64_t> State::calls{0};

/// Never destroyed: a program may call the driver while it exits.
static const std::vector<State *> &allStates() {
  static auto *states = [] {
    auto *made = new std::vector<State *>{new State};
    while (int(made->size()) < made->front()->faults.devices)
      made->push_back(new State);
    std::atexit(State::writeReport);
    return made;
  }();
  return *states;
}

static thread_local CUdevice currentDevice = -1; // none

State &State::of(CUdevice device) { return *allStates()[size_t(device)]; }
State &State::get() { return of(std::max(0, currentDevice)); }
bool State::isCurrent() { return currentDevice >= 0; }
void State::makeCurrent(CUdevice device) { currentDevice = device; }

CUresult State::launch(const Function &function, const Engine::Shape &shape,
                       const std::vector<uint64_t> &arguments) {
  if (sticky)
    return sticky;
  const std::string &name = function.kernel->name;
  int64_t number = ++launches[name];
  for (const Faults::Launch &fault : faults.launches)
    if (fault.kernel == name && fault.number == number)
      return sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
  std::optional<std::string> failure =
      engine.launch(*function.kernel, shape, arguments);
  if (!failure)
    return CUDA_SUCCESS;
  complain(*failure);
  sticky = CUDA_ERROR_LAUNCH_FAILED;
  writeReport();
  return sticky;
}

void State::writeReport() {
  const std::string &path = of(0).engine.options.reportPath;
  if (path.empty())
    return;
  std::map<std::string, Counters> counters;
  for (State *state : allStates())
    for (const auto &[kernel, counted] : state->engine.counters)
      counters[kernel].add(counted);
  std::ofstream file(path);
  file << toJson(counters);
  if (!file.flush())
    complain("cannot write '" + path + "'");
}

static thread_local bool isInHostFunction = false;

HostFunction::HostFunction() { isInHostFunction = true; }
HostFunction::~HostFunction() { isInHostFunction = false; }

Call::Call(const char *function, Needs needs)
    : state(State::get()), lock(state.mutex) {
  auto fault = state.faults.calls.find(function);
  const int64_t number = ++State::calls;
  if (state.faults.lostAt && number >= state.faults.lostAt)
    result = CUDA_ERROR_DEVICE_UNAVAILABLE;
  else if (fault != state.faults.calls.end())
    result = fault->second;
  else if (needs >= Driver && !State::isInitialized)
    result = CUDA_ERROR_NOT_INITIALIZED;
  else if (needs >= Context && state.sticky)
    result = state.sticky;
  else if (needs >= Driver && isInHostFunction)
    result = CUDA_ERROR_NOT_PERMITTED;
  else if (needs >= Context && !(state.contextUsers > 0 && State::isCurrent()))
    result = CUDA_ERROR_INVALID_CONTEXT;
}

} // namespace llmc::emulator
