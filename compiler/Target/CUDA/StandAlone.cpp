//===- StandAlone.cpp - a kernel as a program of its own ------------------===//
//
// For someone who wants to read, time or tune one kernel with NVIDIA's tools:
// nvcc builds the file, Nsight profiles the program.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/StandAlone.h"

#include "compiler/Support/Files.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace llmc;

/// What every stand-alone file has in common. Indices (i32) are small, so that
/// they are tokens and targets of any model.
static constexpr StringLiteral benchmark = R"(
//===----------------------------------------------------------------------===//
// The benchmark
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime.h>
#include <vector>

static void check(cudaError_t status, const char *what) {
  if (status == cudaSuccess)
    return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(status));
  std::exit(1);
}

static unsigned randomBits() {
  static unsigned state = 1;
  state = 1664525u * state + 1013904223u;
  return state >> 8;
}

/// In [-1, 1).
static float randomFloat() { return randomBits() / 8388608.0f - 1.0f; }

template <typename T> T randomValue();
template <> float randomValue<float>() { return randomFloat(); }
template <> int randomValue<int>() { return randomBits() % 64; }
template <> bf16 randomValue<bf16>() {
  float number = randomFloat();
  unsigned bits;
  std::memcpy(&bits, &number, sizeof(bits));
  return bf16{static_cast<unsigned short>(bits >> 16)};
}

template <typename T> static T *allocate(size_t elements) {
  std::vector<T> values(elements);
  for (T &value : values)
    value = randomValue<T>();
  void *memory = nullptr;
  check(cudaMalloc(&memory, elements * sizeof(T)), "cudaMalloc");
  check(cudaMemcpy(memory, values.data(), elements * sizeof(T),
                   cudaMemcpyHostToDevice),
        "cudaMemcpy");
  return static_cast<T *>(memory);
}
)";

static StringRef nameOf(StandAloneKernel::Argument::Type type) {
  switch (type) {
  case StandAloneKernel::Argument::F32:
    return "float";
  case StandAloneKernel::Argument::Bf16:
    return "bf16";
  case StandAloneKernel::Argument::I32:
    return "int";
  }
  llvm_unreachable("a type of argument");
}

std::string llmc::standAloneSource(const StandAloneKernel &kernel) {
  std::string text = kernel.text;
  raw_string_ostream os(text);
  os << benchmark << "\nint main() {\n";
  std::string names;
  for (const StandAloneKernel::Argument &argument : kernel.arguments) {
    StringRef type = nameOf(argument.type);
    os << formatv("  {0} *{1} = allocate<{0}>({2});\n", type, argument.name,
                  argument.elements);
    names += (names.empty() ? "" : ", ") + argument.name;
  }
  os << formatv(R"(
  const dim3 grid({0}, {1}, {2});
  const int threads = {3}, sharedBytes = {4}, launches = 100;
  const double flops = {5}, bytes = {6};
  check(cudaFuncSetAttribute({7}, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             sharedBytes),
        "cudaFuncSetAttribute");
  cudaEvent_t start, stop;
  check(cudaEventCreate(&start), "cudaEventCreate");
  check(cudaEventCreate(&stop), "cudaEventCreate");
  for (int launch = 0; launch < launches + 3; ++launch) {{
    if (launch == 3) // the first ones warm up
      check(cudaEventRecord(start), "cudaEventRecord");
    {7}<<<grid, threads, sharedBytes>>>({8});
  }
  check(cudaGetLastError(), "launch");
  check(cudaEventRecord(stop), "cudaEventRecord");
  check(cudaEventSynchronize(stop), "{7}");
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start, stop),
        "cudaEventElapsedTime");
  double seconds = milliseconds / 1e3 / launches;
  std::printf("{7}: %.4f ms, %.1f TFLOP/s, %.0f GB/s\n", 1e3 * seconds,
              flops / seconds / 1e12, bytes / seconds / 1e9);
}
)",
                kernel.grid[0], kernel.grid[1], kernel.grid[2], kernel.threads,
                kernel.sharedBytes, kernel.flops, kernel.bytes, kernel.symbol,
                names);
  return text;
}

Error llmc::writeKernelFile(StringRef directory, const Twine &name,
                            StringRef text) {
  if (std::error_code code = sys::fs::create_directories(directory))
    return createStringError(code, "cannot make the directory '" + directory +
                                       "': " + code.message());
  SmallString<128> path(directory);
  sys::path::append(path, name);
  if (std::error_code code = writeFile(path, text))
    return createStringError(code, "cannot write '" + path.str() +
                                       "': " + code.message());
  return Error::success();
}

Error llmc::writeStandAlone(StringRef directory,
                            ArrayRef<StandAloneKernel> kernels,
                            StringRef deviceHeader, StringRef arch) {
  for (const StandAloneKernel &kernel : kernels)
    if (Error error = writeKernelFile(directory, kernel.symbol + ".cu",
                                      standAloneSource(kernel)))
      return error;
  if (Error error = writeKernelFile(directory, "llmc_device.h", deviceHeader))
    return error;
  std::string example = kernels.empty() ? "kernel" : kernels.front().symbol;
  return writeKernelFile(directory, "README.md",
                         formatv(R"(# CUDA kernels

Each .cu file is one kernel, specialised for its shapes, on top of llmc_device.h,
and a `main` that launches it 100 times on random data:

    nvcc -std=c++17 -arch={0} {1}.cu -o {1}
    ./{1}

prints the time of a launch, and the arithmetic and the least memory traffic
over that time. `-Xptxas -v` shows registers and spills.
)",
                                 arch, example)
                             .str());
}
