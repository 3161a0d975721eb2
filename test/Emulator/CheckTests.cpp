//===- CheckTests.cpp - Each rule: the kernel that breaks it, and its twin ===//

#include "Fixture.h"

using namespace llmc::emulator;

namespace {

struct Rule {
  const char *kernel;
  unsigned blocks;
  const char *report; // what the broken twin's report says
};

std::ostream &operator<<(std::ostream &stream, const Rule &rule) {
  return stream << rule.kernel;
}

class CheckTest : public testing::TestWithParam<Rule> {
protected:
  std::string run(const std::string &name, Options options) {
    Device device(std::move(options));
    float *x = device.upload(std::vector<float>(1024, 1.5f));
    // Written, but for the rule about what was never written.
    float *y = name.find("global_uninitialized") == 0
                   ? device.allocate<float>(1024)
                   : device.upload(std::vector<float>(1024));
    return device.run(name, Device::shape(GetParam().blocks, 64, 1024), {x, y});
  }

  static Options withSeed(uint64_t seed) {
    Options options;
    options.seed = seed;
    options.threads = seed % 2 ? 2 : 1;
    options.switchAtAccesses = seed % 3 == 2;
    options.counters = seed % 2;
    return options;
  }
};

} // namespace

// Whatever the order in which threads happen to run.
TEST_P(CheckTest, BrokenTwinIsCaught) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    std::string report =
        run(std::string(GetParam().kernel) + "_broken", withSeed(seed));
    EXPECT_NE(report.find(GetParam().report), std::string::npos)
        << "seed " << seed << ": '" << report << "'";
    EXPECT_NE(report.find("kernel '" + std::string(GetParam().kernel)),
              std::string::npos)
        << report;
    EXPECT_NE(report.find("line "), std::string::npos) << report;
    EXPECT_NE(report.find("thread "), std::string::npos) << report;
  }
}

TEST_P(CheckTest, CorrectTwinPasses) {
  for (uint64_t seed = 0; seed < 12; ++seed)
    EXPECT_EQ(run(GetParam().kernel, withSeed(seed)), "") << "seed " << seed;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, CheckTest,
    testing::Values(
        Rule{"dropped_barrier", 1, "with no barrier between"},
        Rule{"one_writer", 1, "with no barrier between"},
        Rule{"matrix_rows", 1, "ldmatrix: reads byte"},
        Rule{"read_then_write", 1, "with no barrier between"},
        Rule{"both_write", 1, "store_shared: writes byte"},
        Rule{"uninitialized_shared", 1, "that was never written"},
        Rule{"out_of_bounds", 1,
             "bytes 256..259 are outside the 256 bytes of shared memory"},
        Rule{"shared_before", 1,
             "bytes -4..-1 are outside the 256 bytes of shared memory"},
        Rule{"first_reader_writes", 1, "that other threads read"},
        Rule{"matrix_then_write", 1, "that other threads read"},
        Rule{"matrix_uninitialized", 1, "that was never written"},
        Rule{"matrix_spacing", 1, "not evenly spaced"},
        Rule{"matrix_edge", 1, "not evenly spaced"},
        Rule{"misaligned", 1, "of shared memory is not aligned to 8"},
        Rule{"single_bytes", 1, "that was never written"},
        Rule{"shared_size", 1, "uses 2048 bytes of shared memory"},
        Rule{"wait_too_late", 1, "no cp_async_wait covered it yet"},
        Rule{"forgotten_commit", 1, "no cp_async_wait covered it yet"},
        Rule{"wait_is_no_barrier", 1, "no barrier between"},
        Rule{"waited_by_other", 1, "with no barrier between"},
        Rule{"copy_misaligned", 1, "the source is not aligned to 8"},
        Rule{"copy_source_bytes", 1, "8 source bytes of a copy of 4"},
        Rule{"overwrites_flight", 1, "store_shared: writes byte"},
        Rule{"copy_over_readers", 1, "no barrier between"},
        Rule{"ended_thread", 1,
             "63 of 64 threads of the block wait; thread 63 has ended"},
        Rule{"two_barriers", 1, "waits at another barrier, at line"},
        Rule{"parted_shuffle", 1, "all 32 lanes must be at the same place"},
        Rule{"two_kinds", 1, "all 32 lanes must be at the same place"},
        Rule{"half_a_warp", 1, "16 of 32 threads of the warp wait; thread"},
        Rule{"wide_mask", 1, "the mask 32 is not within a warp"},
        Rule{"global_out_of_bounds", 1,
             "4 bytes at element 1024 of argument 'x', which has 1024"},
        Rule{"global_before", 1, "4 bytes at element -1 of argument 'y'"},
        Rule{"global_misaligned", 1, "of argument 'x' is not aligned to 8"},
        Rule{"global_store_misaligned", 1, "of argument 'y' is not aligned"},
        Rule{"global_across_end", 1,
             "8 bytes at element 1022 of argument 'x', which has 1023"},
        Rule{"global_uninitialized", 1, "of argument 'y' (of the 4 bytes"},
        Rule{"const_argument", 1, "of argument 'x', which is const"},
        Rule{"blocks_write", 2, "nothing orders the blocks"},
        Rule{"block_reads_other", 2, "nothing orders the blocks"},
        Rule{"global_no_barrier", 1, "with no barrier between"},
        Rule{"global_one_writer", 1, "with no barrier between"},
        Rule{"blocks_one_writer", 2, "nothing orders the blocks"},
        Rule{"global_read_then_write", 1, "with no barrier between"}),
    [](const testing::TestParamInfo<Rule> &info) {
      return std::string(info.param.kernel);
    });

// A check that is switched off lets the broken twin pass.
TEST(CheckOptions, Off) {
  Options options;
  options.sharedRaces = false;
  options.globalRaces = false;
  options.uninitialized = false;
  options.matrixRows = false;
  Device device(options);
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  float *y = device.allocate<float>(1024);
  for (const char *name :
       {"dropped_barrier", "read_then_write", "global_no_barrier",
        "global_read_then_write", "global_uninitialized", "blocks_write",
        "matrix_spacing"})
    EXPECT_EQ(device.run(std::string(name) + "_broken",
                         Device::shape(2, 64, 1024), {x, y}),
              "");
}

// What an earlier launch wrote is there, and no race with it is seen.
TEST(Launches, FollowEachOther) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  float *y = device.allocate<float>(1024);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(device.run("blocks_write", Device::shape(8, 64, 1024), {x, y}),
              "");
  EXPECT_EQ(device.run("blocks_write", Device::shape(8, 64, 1024), {y, x}), "");
}

// A launch with the number of an old one does not take that one's accesses for
// its own: here another block writes the same elements.
TEST(Launches, NumbersOfLaunchesRunOut) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  float *y = device.allocate<float>(1024);
  EXPECT_EQ(device.run("blocks_write", Device::shape(8, 64, 1024), {x, y}), "");
  while (device.engine.memory.nextLaunch() != 65535) {
  }
  EXPECT_EQ(device.run("global_no_barrier", Device::shape(1, 64, 1024), {x, y}),
            "");
  EXPECT_NE(
      device.run("blocks_write_broken", Device::shape(8, 64, 1024), {x, y}),
      "");
}

TEST(Launches, ImpossibleShapes) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  auto report = [&](unsigned blocks, int threads, int bytes) {
    return device.run("blocks_write", Device::shape(blocks, threads, bytes),
                      {x, x});
  };
  EXPECT_NE(report(0, 64, 0).find("a grid of 0 blocks"), std::string::npos);
  EXPECT_NE(report(1, 48, 0).find("multiple of 32"), std::string::npos);
  EXPECT_NE(report(1, 128, 0).find("LLMC_KERNEL allows 64"), std::string::npos);
  EXPECT_NE(report(1, 64, 101377).find("a block may have 101376"),
            std::string::npos);
}

// Buffers of a program lie side by side: one argument's end is the next one's
// beginning.
TEST(Launches, ArgumentsSideBySide) {
  Device device;
  float *x = device.upload(std::vector<float>(2048, 1.5f));
  EXPECT_EQ(device.run("global_out_of_bounds", Device::shape(1, 64, 0),
                       {x, x + 1024}),
            "");
  EXPECT_NE(device
                .run("global_out_of_bounds_broken", Device::shape(1, 64, 0),
                     {x, x + 1024})
                .find("4 bytes at element 1024 of argument 'x', which has"),
            std::string::npos);
}

// One element of 16 bytes that were written is missing, in an argument that no
// thread writes.
TEST(Launches, OneUninitializedElement) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Options options;
    options.seed = seed;
    Device device(options);
    float *x = device.allocate<float>(1024), *y = device.allocate<float>(1024);
    device.engine.memory.markWritten(x, 20);
    device.engine.memory.markWritten(x + 6, 1018 * 4);
    std::string report =
        device.run("blocks_write", Device::shape(1, 64, 0), {x, y});
    EXPECT_NE(report.find("reads element 5 of argument 'x'"), std::string::npos)
        << report;
    device.engine.memory.markWritten(x + 5, 4);
    EXPECT_EQ(device.run("blocks_write", Device::shape(1, 64, 0), {x, y}), "");
  }
}

// In place: both arguments are the same buffer.
TEST(Launches, ArgumentsInPlace) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  EXPECT_EQ(device.run("blocks_write", Device::shape(1, 64, 0), {x, x}), "");
  for (const char *name : {"reads_other_block", "reads_other_block_first"})
    EXPECT_NE(device.run(name, Device::shape(2, 64, 0), {x, x})
                  .find("nothing orders the blocks"),
              std::string::npos)
        << name;
}

// Each image is an object of its own, also where the system gives the second
// the file number of the first.
TEST(Modules, SeveralAtOnce) {
  Device first, second;
  Kernel *one = first.kernels->find("crash");
  Kernel *other = second.kernels->find("crash");
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->function, other->function);
  EXPECT_EQ(first.kernels->find("none"), nullptr);
}

TEST(LaunchesDeathTest, CrashesAreNamed) {
  EXPECT_DEATH(
      {
        Device device;
        float *x = device.upload(std::vector<float>(1024, 1.5f));
        device.run("crash", Device::shape(3, 64, 0), {x, x});
      },
      "kernel 'crash', block \\(., 0, 0\\), thread [0-9]+: memory fault");
}

TEST(Launches, ArgumentOutsideOfMemory) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  float *y = device.allocate<float>(1000);
  EXPECT_NE(device.run("blocks_write", Device::shape(1, 64, 0), {x, y})
                .find("argument 'y' of 1024 elements of 4 bytes does not lie"),
            std::string::npos);
}
