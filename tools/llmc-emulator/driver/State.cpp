//===- State.cpp - The emulated driver's state ----------------------------===//

#include "State.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace llmc::emulator {

void complain(const std::string &what) {
  std::fprintf(stderr, "llmc-emulator: error: %s\n", what.c_str());
}

State::State()
    : engine(Options::fromEnvironment()),
      faults(Faults::parse(engine.options.faults)),
      streams(engine.options.lazyStreams, engine.options.seed) {}

State &State::get() {
  // Never destroyed: a program may call the driver while it exits.
  static State *state = [] {
    auto *made = new State;
    std::atexit([] { get().writeReport(); });
    return made;
  }();
  return *state;
}

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

void State::writeReport() const {
  const std::string &path = engine.options.reportPath;
  if (path.empty())
    return;
  std::ofstream file(path);
  file << toJson(engine.counters);
  if (!file.flush())
    complain("cannot write '" + path + "'");
}

Call::Call(const char *function, Needs needs)
    : state(State::get()), lock(state.mutex) {
  auto fault = state.faults.calls.find(function);
  ++state.calls;
  if (state.faults.lostAt && state.calls >= state.faults.lostAt)
    result = CUDA_ERROR_DEVICE_UNAVAILABLE;
  else if (fault != state.faults.calls.end())
    result = fault->second;
  else if (needs >= Driver && !state.isInitialized)
    result = CUDA_ERROR_NOT_INITIALIZED;
  else if (needs >= Context && state.sticky)
    result = state.sticky;
  else if (needs >= Context && !state.hasContext)
    result = CUDA_ERROR_INVALID_CONTEXT;
}

} // namespace llmc::emulator
