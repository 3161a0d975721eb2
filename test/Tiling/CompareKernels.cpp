//===- CompareKernels.cpp - two schedules of the same kernel --------------===//
//
//   llmc-compare-kernels tiled.mlir
//
// Runs each pair of tile programs @name and @name_scheduled, on the CPU, on the
// same data, and compares all that they write. Arguments that a result may
// share storage with do share it in the second run. Of a pair @name and
// @name_parts the second one gives results in parts, which are summed. Integers
// count up from 0 to 36. Both sums are in f32 but in another order: n additions
// of values of magnitude 1 may differ by n * 6e-8.
//
//===----------------------------------------------------------------------===//

#include "test/Target/CPU/JitKernels.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <vector>

using namespace mlir;
using namespace llmc;

namespace {
using Buffer = std::vector<float>; // or i32 in the same bits

// Some elements more than there are: what is written there is an error.
constexpr size_t kGuards = 64;
constexpr float kGuard = 12345.0f;

size_t getSize(MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t last = offset;
  for (auto [extent, stride] : llvm::zip(type.getShape(), strides))
    last += (extent - 1) * stride;
  return last + 1;
}

/// Where element `number` of a tensor lies: rows may have gaps between them.
size_t getPlace(MemRefType type, size_t number) {
  if (type.getRank() < 2)
    return number;
  auto [strides, offset] = type.getStridesAndOffset();
  int64_t columns = type.getShape().back();
  return number / columns * strides[type.getRank() - 2] + number % columns;
}

std::vector<Buffer> makeData(tile::FuncOp kernel) {
  std::vector<Buffer> data;
  unsigned seed = 1;
  for (Type argument : kernel.getArgumentTypes()) {
    auto type = cast<MemRefType>(argument);
    Buffer buffer(getSize(type) + kGuards, kGuard);
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      seed = seed * 1664525u + 1013904223u;
      float &element = buffer[getPlace(type, i)];
      element = static_cast<float>(seed >> 8) / (1 << 23) - 1.0f;
      int32_t number = static_cast<int32_t>(i * 5 % 37);
      if (type.getElementType().isInteger(32))
        std::memcpy(&element, &number, sizeof(number));
    }
    data.push_back(std::move(buffer));
  }
  return data;
}

size_t countGuards(const Buffer &buffer) {
  return std::count(buffer.begin(), buffer.end(), kGuard);
}

bool run(const JitKernels &kernels, tile::FuncOp kernel,
         std::vector<Buffer> &data, const std::vector<size_t> &storage) {
  LlmcKernelFunction function = kernels.find(kernel.getSymName().str());
  if (!function)
    return false;
  std::vector<void *> args;
  for (size_t index : storage)
    args.push_back(data[index].data());
  // What the workspace holds must not matter: NaNs spread.
  std::vector<char> workspace(kernels.workspaceBytes() + 64, '\xff');
  auto base = (reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64;
  ArrayRef<int64_t> grid = *kernel.getGrid();
  for (int64_t z = 0; z < grid[2]; ++z)
    for (int64_t y = 0; y < grid[1]; ++y)
      for (int64_t x = 0; x < grid[0]; ++x)
        function(args.data(), x, y, z, reinterpret_cast<void *>(base));
  return true;
}

/// Which buffer each argument uses: results where `inplace` lets them be.
std::vector<size_t> shareStorage(tile::FuncOp kernel, size_t results) {
  size_t arguments = kernel.getNumArguments();
  std::vector<size_t> storage(arguments);
  std::iota(storage.begin(), storage.end(), 0);
  if (auto pairs = kernel.getInplace())
    for (size_t i = 0; i + 1 < pairs->size(); i += 2)
      storage[arguments - results + (*pairs)[i]] = (*pairs)[i + 1];
  return storage;
}

bool compare(const JitKernels &kernels, tile::FuncOp plain,
             tile::FuncOp scheduled) {
  std::string name = plain.getSymName().str();
  auto count = scheduled->getAttrOfType<IntegerAttr>("results");
  std::vector<size_t> own(plain.getNumArguments());
  std::iota(own.begin(), own.end(), 0);
  std::vector<size_t> shared =
      count ? shareStorage(scheduled, count.getInt()) : own;
  std::vector<Buffer> expected = makeData(plain), found = makeData(scheduled);
  if (expected.size() != found.size()) {
    std::printf("%s: the schedules have other arguments\n", name.c_str());
    return false;
  }
  if (!run(kernels, plain, expected, own) ||
      !run(kernels, scheduled, found, shared))
    return false;
  for (size_t argument = 0; argument < expected.size(); ++argument) {
    // What was overwritten is compared as the result.
    bool overwritten = false;
    for (size_t i = 0; i < shared.size(); ++i)
      overwritten |= i != argument && shared[i] == argument;
    if (overwritten)
      continue;
    const Buffer &wanted = expected[argument], &had = found[shared[argument]];
    auto plainType = cast<MemRefType>(plain.getArgumentTypes()[argument]);
    auto type = cast<MemRefType>(scheduled.getArgumentTypes()[argument]);
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      float want = wanted[getPlace(plainType, i)],
            have = had[getPlace(type, i)];
      if (!(std::fabs(have - want) <= 1e-5 * (1 + std::fabs(want)))) {
        std::printf("%s: element %ld of argument %zu is %.9g, expected %.9g\n",
                    name.c_str(), static_cast<long>(i), argument, have, want);
        return false;
      }
    }
    if (countGuards(had) < countGuards(wanted)) {
      std::printf("%s: writes beyond the rows of argument %zu\n", name.c_str(),
                  argument);
      return false;
    }
  }
  std::printf("%s: ok\n", name.c_str());
  return true;
}
/// The last argument of `parts` holds what sums up to that of `plain`.
bool compareSum(const JitKernels &kernels, tile::FuncOp plain,
                tile::FuncOp parts) {
  std::string name = plain.getSymName().str();
  std::vector<size_t> own(plain.getNumArguments());
  std::iota(own.begin(), own.end(), 0);
  std::vector<Buffer> expected = makeData(plain), found = makeData(parts);
  if (!run(kernels, plain, expected, own) || !run(kernels, parts, found, own))
    return false;
  size_t size = getSize(cast<MemRefType>(plain.getArgumentTypes().back()));
  size_t all = getSize(cast<MemRefType>(parts.getArgumentTypes().back()));
  for (size_t i = 0; i < size; ++i) {
    float sum = 0, want = expected.back()[i];
    for (size_t part = i; part < all; part += size)
      sum += found.back()[part];
    if (!(std::fabs(sum - want) <= 1e-5 * (1 + std::fabs(want)))) {
      std::printf("%s: element %zu of the sum is %.9g, expected %.9g\n",
                  name.c_str(), i, sum, want);
      return false;
    }
  }
  if (countGuards(found.back()) != kGuards) {
    std::printf("%s: writes beyond the parts\n", name.c_str());
    return false;
  }
  std::printf("%s: ok\n", name.c_str());
  return true;
}
} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::printf("usage: llmc-compare-kernels tiled.mlir\n");
    return 1;
  }
  DialectRegistry registry;
  registry.insert<tile::TileDialect, arith::ArithDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect>();
  MLIRContext context(registry);
  auto module = parseSourceFile<ModuleOp>(argv[1], &context);
  std::unique_ptr<JitKernels> kernels = JitKernels::load(argv[1], "native");
  if (!module || !kernels)
    return 1;
  int failures = 0, pairs = 0;
  for (auto plain : module->getOps<tile::FuncOp>()) {
    auto scheduled = module->lookupSymbol<tile::FuncOp>(
        (plain.getSymName() + "_scheduled").str());
    if (auto parts = module->lookupSymbol<tile::FuncOp>(
            (plain.getSymName() + "_parts").str())) {
      ++pairs;
      failures += !compareSum(*kernels, plain, parts);
    }
    if (!scheduled)
      continue;
    ++pairs;
    failures += !compare(*kernels, plain, scheduled);
  }
  std::printf("%d pairs, %d failures\n", pairs, failures);
  return failures ? 1 : 0;
}
