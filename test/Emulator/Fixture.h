//===- Fixture.h - Kernels, buffers and launches for tests ------*- C++ -*-===//

#ifndef LLMC_TEST_EMULATOR_FIXTURE_H
#define LLMC_TEST_EMULATOR_FIXTURE_H

#include "tools/llmc-emulator/engine/Engine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace llmc::emulator {

/// One engine, the test kernels, and device buffers.
class Device {
public:
  explicit Device(Options options = Options()) : engine(std::move(options)) {
    std::string error;
    kernels = Module::loadFile(LLMC_EMULATOR_TEST_KERNELS, error);
    EXPECT_TRUE(kernels) << error;
  }

  /// A buffer that was never written.
  template <typename T> T *allocate(size_t count) {
    return static_cast<T *>(engine.memory.allocate(count * sizeof(T)));
  }
  template <typename T> T *upload(const std::vector<T> &values) {
    T *p = allocate<T>(values.size());
    std::memcpy(p, values.data(), values.size() * sizeof(T));
    engine.memory.markWritten(p, values.size() * sizeof(T));
    return p;
  }

  /// The report of the check that failed, or "".
  std::string run(const std::string &name, Engine::Shape shape,
                  std::initializer_list<const void *> arguments) {
    Kernel *kernel = kernels->find(name);
    if (!kernel)
      return "no kernel " + name;
    EXPECT_EQ(size_t(kernel->numArguments), arguments.size());
    std::vector<uint64_t> values;
    for (const void *p : arguments)
      values.push_back(reinterpret_cast<uintptr_t>(p));
    return engine.launch(*kernel, shape, values).value_or("");
  }

  static Engine::Shape shape(unsigned blocks, int threads, int sharedBytes) {
    Engine::Shape shape;
    shape.grid[0] = blocks;
    shape.threads = threads;
    shape.sharedBytes = sharedBytes;
    return shape;
  }

  Engine engine;
  std::unique_ptr<Module> kernels;
};

inline float bf16ToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

/// Bits of bf16 numbers between -2 and 2.
inline std::vector<uint16_t> randomBf16(size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<uint16_t> values(count);
  for (uint16_t &v : values)
    v = uint16_t((generator() & 0x8000) | (0x3c00 + generator() % 0x400));
  return values;
}

} // namespace llmc::emulator

#endif // LLMC_TEST_EMULATOR_FIXTURE_H
