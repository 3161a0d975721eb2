//===- Interface.cpp - The table that kernels call through ----------------===//

#include "Interface.h"
#include "Worker.h"

namespace llmc::emulator {

// The worker is found anew in each call: a kernel's object knows of no engine.
const LlmcEmulator kernelInterface = {
    LLMC_EMULATOR_VERSION,
    [](int which) { return currentWorker->coordinate(which); },
    [](int bytes, int line) { currentWorker->declareShared(bytes, line); },
    [](const char *name, const void *base, long long elements, int bytes,
       int writable, int line) {
      currentWorker->declareArgument(name, base, elements, bytes, writable != 0,
                                     line);
    },
    [](int line) { currentWorker->barrier(line); },
    [](int byte, int bytes, int line) -> const void * {
      return currentWorker->loadShared(byte, bytes, line);
    },
    [](int byte, int bytes, int line) -> void * {
      return currentWorker->storeShared(byte, bytes, line);
    },
    [](const void *source, int bytes, int line) -> const void * {
      return currentWorker->loadGlobal(source, bytes, line, Access::LoadGlobal);
    },
    [](void *target, int bytes, int line) -> void * {
      return currentWorker->storeGlobal(target, bytes, line);
    },
    [](int byte, const void *source, int sourceBytes, int bytes, int line) {
      currentWorker->copyAsync(byte, source, sourceBytes, bytes, line);
    },
    [](int) { currentWorker->copyAsyncCommit(); },
    [](int groups, int line) { currentWorker->copyAsyncWait(groups, line); },
    [](unsigned *r, int byte, int transpose, int line) {
      currentWorker->ldmatrix(r, byte, transpose != 0, line);
    },
    [](float *c, const unsigned *a, const unsigned *b, int line) {
      currentWorker->mma(c, a, b, line);
    },
    [](float *c, const unsigned *a, const unsigned *b, int line) {
      currentWorker->mmaTf32(c, a, b, line);
    },
    [](unsigned value, int mask, int line) {
      return currentWorker->shuffleXor(value, mask, line);
    },
    [](unsigned *begun, int blocks, int line) {
      return currentWorker->nextTicket(begun, blocks, line);
    },
    [](const unsigned *turns, int places, int place, int turn, int line) {
      currentWorker->awaitTurn(turns, places, place, turn, line);
    },
    [](unsigned *turns, int places, int place, int turn, int last, int line) {
      currentWorker->endTurn(turns, places, place, turn, last, line);
    },
};

} // namespace llmc::emulator
