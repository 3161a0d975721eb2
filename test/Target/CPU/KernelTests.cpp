//===- KernelTests.cpp - compiled tile programs against plain loops -------===//
//
//   llmc-cpu-kernel-tests kernels.mlir [--cpu=NAME] [--bench]
//
// Views are surrounded by guard elements: a kernel that writes beyond them is
// caught. Tolerances: a sum of n products in f32 may differ from the sum in
// f64 by about n * 6e-8 of the sum of magnitudes; values here are below 1 and
// n below 6000.
//
//===----------------------------------------------------------------------===//

#include "JitKernels.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <vector>

namespace {

constexpr float kGuard = 12345.0f;
constexpr size_t kGuards = 64;

int failures = 0;

/// An array of floats (or i32 in the same bits) between guards.
class Array {
public:
  explicit Array(size_t size) : size(size), data(size + 2 * kGuards, kGuard) {
    for (size_t i = 0; i < size; ++i)
      (*this)[i] = 0;
  }
  float &operator[](size_t i) { return data[kGuards + i]; }
  void *pointer() { return &data[kGuards]; }
  int32_t *integers() { return reinterpret_cast<int32_t *>(&data[kGuards]); }
  void fill(unsigned seed) {
    for (size_t i = 0; i < size; ++i) {
      seed = seed * 1664525u + 1013904223u;
      (*this)[i] = static_cast<float>(seed >> 8) / (1 << 23) - 1.0f;
    }
  }
  bool guardsIntact() const {
    for (size_t i = 0; i < kGuards; ++i)
      if (data[i] != kGuard || data[kGuards + size + i] != kGuard)
        return false;
    return true;
  }
  size_t size;

private:
  std::vector<float> data;
};

struct Runner {
  const JitKernels &kernels;
  std::vector<char> workspace;

  explicit Runner(const JitKernels &kernels)
      : kernels(kernels), workspace(kernels.workspaceBytes() + 64) {}

  void run(const char *name, std::vector<Array *> arrays, int64_t gridX,
           int64_t gridY = 1) {
    LlmcKernelFunction function = kernels.find(name);
    if (!function) {
      ++failures;
      return;
    }
    std::vector<void *> args;
    for (Array *array : arrays)
      args.push_back(array->pointer());
    // What the workspace holds must not matter: NaNs spread.
    std::memset(workspace.data(), 0xff, workspace.size());
    auto base = (reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64;
    for (int64_t y = 0; y < gridY; ++y)
      for (int64_t x = 0; x < gridX; ++x)
        function(args.data(), x, y, 0, reinterpret_cast<void *>(base));
    for (size_t i = 0; i < arrays.size(); ++i)
      if (!arrays[i]->guardsIntact()) {
        std::printf("%s: writes beyond argument %zu\n", name, i);
        ++failures;
      }
  }

  void compare(const char *name, Array &found,
               const std::function<double(size_t)> &expected,
               double tolerance) {
    for (size_t i = 0; i < found.size; ++i) {
      double want = expected(i);
      if (!(std::fabs(found[i] - want) <= tolerance * (1 + std::fabs(want)))) {
        std::printf("%s: element %zu is %.9g, expected %.9g\n", name, i,
                    found[i], want);
        ++failures;
        return;
      }
    }
    std::printf("%s: ok\n", name);
  }
};

void testProducts(Runner &runner) {
  Array x(70 * 50), w(90 * 50), bias(90), y(70 * 90), z(70 * 90);
  x.fill(1), w.fill(2), bias.fill(3);
  auto product = [&](size_t at) {
    double sum = bias[at % 90];
    for (size_t k = 0; k < 50; ++k)
      sum += double(x[at / 90 * 50 + k]) * w[at % 90 * 50 + k];
    return sum;
  };
  runner.run("gemm_nt", {&x, &w, &bias, &y, &z}, 3, 3);
  runner.compare("gemm_nt", y, product, 1e-5);
  runner.compare(
      "gemm_nt tanh", z, [&](size_t at) { return std::tanh(product(at)); },
      1e-5);

  Array dy(52 * 40), x2(52 * 36), dw(40 * 36), old(40 * 36);
  dy.fill(4), x2.fill(5), dw.fill(6), old.fill(6);
  runner.run("gemm_tn", {&dy, &x2, &dw}, 2);
  runner.compare(
      "gemm_tn", dw,
      [&](size_t at) {
        double sum = old[at];
        for (size_t k = 0; k < 52; ++k)
          sum += double(dy[k * 40 + at / 36]) * x2[k * 36 + at % 36];
        return sum;
      },
      1e-5);
}

void testRows(Runner &runner) {
  Array x(12 * 101), w(101), y(12 * 101), r(12), s(3 * 101);
  x.fill(7), w.fill(8);
  runner.run("rms_norm", {&x, &w, &y, &r, &s}, 3);
  auto rstd = [&](size_t row) {
    double sum = 0;
    for (size_t c = 0; c < 101; ++c)
      sum += double(x[row * 101 + c]) * x[row * 101 + c];
    return 1 / std::sqrt(sum / 101 + 1e-5);
  };
  runner.compare(
      "rms_norm", y,
      [&](size_t at) { return x[at] * rstd(at / 101) * w[at % 101]; }, 1e-5);
  runner.compare("rms_norm rstd", r, rstd, 1e-5);
  runner.compare(
      "rms_norm columns", s,
      [&](size_t at) {
        double sum = 0;
        for (size_t row = 0; row < 4; ++row)
          sum += x[(at / 101 * 4 + row) * 101 + at % 101];
        return sum;
      },
      1e-5);

  Array logits(3 * 5027), targets(3), loss(3);
  logits.fill(9);
  for (size_t i = 0; i < 3; ++i)
    targets.integers()[i] = static_cast<int32_t>(i * 2513);
  runner.run("token_loss", {&logits, &targets, &loss}, 3);
  runner.compare(
      "token_loss", loss,
      [&](size_t row) {
        double sum = 0;
        for (size_t c = 0; c < 5027; ++c)
          sum += std::exp(double(logits[row * 5027 + c]));
        return std::log(sum) - logits[row * 5027 + row * 2513];
      },
      1e-5);
}

void testAttention(Runner &runner) {
  constexpr size_t T = 100, D = 24;
  Array q(T * D), k(T * D), v(T * D), o(T * D), lse(T);
  q.fill(10), k.fill(11), v.fill(12);
  runner.run("attention", {&q, &k, &v, &o, &lse}, 4);
  auto score = [&](size_t i, size_t j) {
    double sum = 0;
    for (size_t d = 0; d < D; ++d)
      sum += double(q[i * D + d]) * k[j * D + d];
    return sum * 0.2;
  };
  auto total = [&](size_t i) {
    double sum = 0;
    for (size_t j = 0; j <= i; ++j)
      sum += std::exp(score(i, j));
    return sum;
  };
  runner.compare(
      "attention", o,
      [&](size_t at) {
        size_t i = at / D;
        double sum = 0;
        for (size_t j = 0; j <= i; ++j)
          sum += std::exp(score(i, j)) * v[j * D + at % D];
        return sum / total(i);
      },
      1e-5);
  runner.compare(
      "attention lse", lse, [&](size_t i) { return std::log(total(i)); }, 1e-5);
}

void testPlaces(Runner &runner) {
  for (size_t group : {48, 8, 6}) {
    Array x(5 * 96), y(5 * 96);
    x.fill(13);
    std::string name = "swap" + std::to_string(group);
    runner.run(name.c_str(), {&x, &y}, 1);
    runner.compare(
        name.c_str(), y,
        [&](size_t at) {
          return x[at % group < group / 2 ? at + group / 2 : at - group / 2];
        },
        0);
  }
  Array table(17 * 40), tokens(6), p(6 * 10), y(6 * 40);
  table.fill(14), p.fill(15);
  for (size_t i = 0; i < 6; ++i)
    tokens.integers()[i] = static_cast<int32_t>(16 - 3 * i);
  runner.run("gather", {&table, &tokens, &p, &y}, 2);
  runner.compare(
      "gather", y,
      [&](size_t at) {
        size_t row = at / 40, column = at % 40;
        return table[(16 - 3 * row) * 40 + column] +
               p[row * 10 + column % 20 % 10];
      },
      1e-6);

  Array m(200), before(200), product(200), sums(4);
  m.fill(16), before.fill(16);
  runner.run("old_value", {&m, &product, &sums}, 4);
  runner.compare(
      "old_value store", m, [&](size_t at) { return 2 * before[at]; }, 0);
  runner.compare(
      "old_value product", product,
      [&](size_t at) { return 2.0 * before[at] * before[at]; }, 1e-6);
  runner.compare(
      "old_value sum", sums,
      [&](size_t block) {
        double sum = 0;
        for (size_t i = 64 * block; i < 200 && i < 64 * block + 64; ++i)
          sum += before[i];
        return sum;
      },
      1e-5);
}

void testControlFlow(Runner &runner) {
  Array tokens(6), g(6 * 20), storage(4 * 20), old(4 * 20);
  g.fill(19), storage.fill(20), old.fill(20);
  const int32_t numbers[] = {2, 0, 2, 3, 2, 0};
  std::memcpy(tokens.pointer(), numbers, sizeof(numbers));
  runner.run("row_sum", {&tokens, &g, &storage}, 4);
  runner.compare(
      "row_sum", storage,
      [&](size_t at) {
        double sum = old[at];
        for (size_t p = 0; p < 6; ++p)
          if (numbers[p] == static_cast<int32_t>(at / 20))
            sum += g[p * 20 + at % 20];
        return sum;
      },
      1e-6);

  Array a(16), b(16), y(2 * 16);
  a.fill(21), b.fill(22);
  runner.run("swapped", {&a, &b, &y}, 1);
  // (a, b), (b, a+1), (a+1, b+1), (b+1, a+2)
  runner.compare(
      "swapped", y,
      [&](size_t at) { return at < 16 ? b[at] + 1.0 : a[at - 16] + 2.0; },
      1e-6);
}

double threadSeconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

void testBigProduct(Runner &runner, bool bench) {
  constexpr size_t M = 256, N = 3072, K = 768;
  Array x(M * K), w(N * K), y(M * N);
  x.fill(17), w.fill(18);
  double best = 1e30;
  for (int repeat = 0; repeat < (bench ? 10 : 1); ++repeat) {
    double start = threadSeconds();
    runner.run("gemm_big", {&x, &w, &y}, 1, N / 256);
    best = std::min(best, threadSeconds() - start);
  }
  for (size_t at = 0; at < M * N; at += 1009) {
    double sum = 0;
    for (size_t k = 0; k < K; ++k)
      sum += double(x[at / N * K + k]) * w[at % N * K + k];
    if (!(std::fabs(sum - y[at]) < 1e-3)) {
      std::printf("gemm_big: element %zu is %.9g, expected %.9g\n", at, y[at],
                  sum);
      ++failures;
      return;
    }
  }
  std::printf("gemm_big: ok\n");
  if (bench)
    std::printf("gemm 256x3072x768: %.1f GFLOP/s on one thread\n",
                2e-9 * M * N * K / best);
}

} // namespace

int main(int argc, char **argv) {
  std::string path, cpu = "native";
  bool bench = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.rfind("--cpu=", 0) == 0)
      cpu = argument.substr(6);
    else if (argument == "--bench")
      bench = true;
    else
      path = argument;
  }
  auto kernels = JitKernels::load(path, cpu);
  if (!kernels)
    return 1;
  Runner runner(*kernels);
  testProducts(runner);
  testRows(runner);
  testAttention(runner);
  testPlaces(runner);
  testControlFlow(runner);
  testBigProduct(runner, bench);
  std::printf("%d failures\n", failures);
  return failures != 0;
}
