//===- EmulatedKernels.cpp - GpuTestProgram's kernels, as llmc emits them -===//

#include "llmc_device.h"

LLMC_KERNEL(32, 1)
sum_1(const int *__restrict__ tokens, const int *__restrict__ targets,
      float *__restrict__ loss) {
  LLMC_SHARED(65536);
  LLMC_ARGUMENT(tokens, 4);
  LLMC_ARGUMENT(targets, 4);
  LLMC_ARGUMENT(loss, 1);
  if (thread_id() == 0) {
    Pack<int, 4> a = load_global<int, 4>(tokens);
    Pack<int, 4> b = load_global<int, 4>(targets);
    Pack<float, 1> total;
    total.v[0] = 0;
    for (int i = 0; i < 4; ++i)
      total.v[0] += float(a.v[i] * b.v[i]);
    store_global<float, 1>(loss, total);
  }
}

LLMC_KERNEL(64, 1)
grow(float *__restrict__ parameters, const float *__restrict__ loss) {
  LLMC_SHARED(0);
  LLMC_ARGUMENT(parameters, 3145728);
  LLMC_ARGUMENT(loss, 1);
  const int i = block_id_x() * 64 + thread_id();
  Pack<float, 1> value = load_global<float, 1>(parameters + i);
  value.v[0] += load_global<float, 1>(loss).v[0];
  store_global<float, 1>(parameters + i, value);
}
