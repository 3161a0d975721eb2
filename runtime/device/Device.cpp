//===- Device.cpp - the way from a compiled program to its device ---------===//

#include "device/Device.h"

extern "C" void llmcLaunch(LlmcContext *context, int64_t kernel, void **args) {
  static_cast<llmc::runtime::DeviceContext *>(context)->device->launch(kernel,
                                                                       args);
}
