//===- Device.cpp - the way from a compiled program to its device ---------===//

#include "device/Device.h"

using llmc::runtime::DeviceContext;

int64_t llmc::runtime::arenaBytes(const LlmcProgram &program, bool ofHost) {
  int64_t total = 0;
  for (int64_t i = 0; i < program.numArenas; ++i)
    if ((program.arenas[i].host != 0) == ofHost)
      total += program.arenas[i].bytes;
  return total;
}

extern "C" void llmcLaunch(LlmcContext *context, int64_t kernel, void **args) {
  static_cast<DeviceContext *>(context)->device->launch(kernel, args);
}

extern "C" void llmcStartCollective(LlmcContext *context, int64_t collective,
                                    void *source, void *destination,
                                    void *scratch) {
  static_cast<DeviceContext *>(context)->device->startCollective(
      collective, source, destination, scratch);
}

extern "C" void llmcWaitCollective(LlmcContext *context, int64_t collective) {
  static_cast<DeviceContext *>(context)->device->waitCollective(collective);
}

extern "C" void llmcStartCopy(LlmcContext *context, int64_t copy, void *source,
                              void *destination) {
  static_cast<DeviceContext *>(context)->device->startCopy(copy, source,
                                                           destination);
}

extern "C" void llmcWaitCopy(LlmcContext *context, int64_t copy) {
  static_cast<DeviceContext *>(context)->device->waitCopy(copy);
}
