//===- CheckTests.cpp - Each rule: the kernel that breaks it, and its twin ===//

#include "Fixture.h"

#include <set>

using namespace llmc::emulator;

namespace {

struct Rule {
  const char *kernel;
  unsigned blocks;
  const char *report; // what the broken twin's report says
  int sharedBytes = 1024;
};

std::ostream &operator<<(std::ostream &stream, const Rule &rule) {
  return stream << rule.kernel;
}

class CheckTest : public testing::TestWithParam<Rule> {
protected:
  std::string run(const std::string &name, Options options) {
    Device device(std::move(options));
    float *x = device.upload(std::vector<float>(1024, 1.5f));
    float *y = device.allocate<float>(1024);
    // Written, but for the rules about what was never written.
    bool half = name.find("copy_in_part") == 0;
    for (int i = 0; half && i < 1024; i += 4)
      device.engine.memory.markWritten(y + i, 8);
    if (!half && name.find("global_uninitialized") != 0)
      device.engine.memory.markWritten(y, 4096);
    return device.run(
        name, Device::shape(GetParam().blocks, 64, GetParam().sharedBytes),
        {x, y});
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
        Rule{"matrix_outside", 1,
             "bytes 1024..1039 are outside the 1024 bytes of shared memory"},
        Rule{"matrix_misaligned", 1, "of shared memory is not aligned to 16"},
        Rule{"matrix_uninitialized", 1, "that was never written"},
        Rule{"matrix_spacing", 1, "not evenly spaced"},
        Rule{"matrix_edge", 1, "not evenly spaced"},
        Rule{"misaligned", 1, "of shared memory is not aligned to 8"},
        Rule{"single_bytes", 1, "that was never written"},
        Rule{"shared_size", 1, "uses 1028 bytes of shared memory"},
        Rule{"wait_too_late", 1, "no cp_async_wait covered it yet"},
        Rule{"forgotten_commit", 1, "no cp_async_wait covered it yet"},
        Rule{"wait_is_no_barrier", 1, "no barrier between"},
        Rule{"waited_by_other", 1, "with no barrier between"},
        Rule{"copy_misaligned", 1, "the source is not aligned to 8"},
        Rule{"copy_source_bytes", 1, "8 source bytes of a copy of 4"},
        Rule{"copy_negative", 1, "-4 source bytes of a copy of 4"},
        Rule{"many_copies", 1, "no cp_async_wait covered it yet", 76800},
        Rule{"overwrites_flight", 1, "store_shared: writes byte"},
        Rule{"copy_in_part", 1, "of argument 'y' (of the 12 bytes"},
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
        Rule{"global_read_then_write", 1, "with no barrier between"},
        Rule{"turn_awaited", 3, "nothing orders the blocks"},
        Rule{"turn_chain", 3, "nothing orders the blocks"},
        Rule{"turn_ended", 3, "turn 2 of place 0 never comes: it is turn 1"},
        Rule{"turn_behind", 3, "nothing orders the blocks"},
        Rule{"turn_ticketless", 3, "the block has no ticket"},
        Rule{"turn_place", 3, "place 1 is none of 1"},
        Rule{"turn_same", 3, "ends turn 0 of place 0, but it is turn 1"},
        Rule{"ticket_twice", 3, "the block has a ticket already"},
        Rule{"ticket_count", 3, "counts 4 blocks, the launch has 3"}),
    [](const testing::TestParamInfo<Rule> &info) {
      return std::string(info.param.kernel);
    });

// What lies with a kernel is as the next launch needs it.
TEST(Turns, BeginAgainWithEachLaunch) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.0f));
  float *y = device.upload(std::vector<float>(1024, 0.0f));
  for (int launch = 0; launch < 3; ++launch)
    EXPECT_EQ(device.run("turn_awaited", Device::shape(3, 64, 4), {x, y}), "");
  EXPECT_EQ(y[0], 9.0f);
  EXPECT_EQ(device.run("turn_remains", Device::shape(3, 64, 4), {x, y}),
            "kernel 'turn_remains': turn 3 of a place is still to come at the "
            "end of the launch");
}

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
  EXPECT_NE(report(1, 128, 0).find("the kernel allows 64"), std::string::npos);
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
// thread writes; read alone, and as the second of two.
TEST(Launches, OneUninitializedElement) {
  for (int missing : {5, 7})
    for (uint64_t seed = 0; seed < 12; ++seed) {
      Options options;
      options.seed = seed;
      Device device(options);
      float *x = device.allocate<float>(1024);
      float *y = device.allocate<float>(1024);
      device.engine.memory.markWritten(x, size_t(missing) * 4);
      device.engine.memory.markWritten(x + missing + 1,
                                       size_t(1023 - missing) * 4);
      auto run = [&](const char *name) {
        return device.run(name, Device::shape(1, 64, 0), {x, y});
      };
      std::string element = std::to_string(missing);
      std::string report = run("blocks_write");
      EXPECT_NE(report.find("reads element " + element + " of argument 'x'"),
                std::string::npos)
          << report;
      report = run("global_misaligned");
      EXPECT_NE(report.find("of argument 'x' (of the 8 bytes"),
                std::string::npos)
          << report;
      device.engine.memory.markWritten(x + missing, 4);
      EXPECT_EQ(run("blocks_write"), "");
      EXPECT_EQ(run("global_misaligned"), "");
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

// Or a part of both is: what is written lies 32 elements behind what is read.
TEST(Launches, ArgumentsOverlap) {
  Device device;
  float *x = device.upload(std::vector<float>(2048, 1.5f));
  for (const char *name : {"reads_other_block", "reads_other_block_first"}) {
    std::string report = device.run(name, Device::shape(2, 64, 0), {x, x + 32});
    EXPECT_NE(report.find("in the same launch"), std::string::npos)
        << name << ": " << report;
  }
}

// Blocks that one worker runs after another share nothing.
TEST(Launches, CopiesThatNobodyWaitedFor) {
  Options options;
  options.threads = 1;
  Device device(options);
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  float *y = device.upload(std::vector<float>(1024));
  EXPECT_EQ(device.run("leaves_copies", Device::shape(2, 64, 1024), {x, y}),
            "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(y[i], 7) << i;
}

// Threads change places at accesses only where that is asked for, and in each
// block otherwise.
TEST(Launches, OrdersOfThreads) {
  for (bool switches : {false, true}) {
    Options options;
    options.sharedRaces = false;
    options.switchAtAccesses = switches;
    Device device(options);
    float *x = device.upload(std::vector<float>(64));
    float *y = device.upload(std::vector<float>(64));
    ASSERT_EQ(device.run("lost_updates", Device::shape(64, 64, 4), {x, y}), "");
    std::set<float> counts(y, y + 64);
    if (switches)
      EXPECT_GT(counts.size(), 1u);
    else
      EXPECT_EQ(counts, std::set<float>{64});
  }
}

TEST(Launches, SharedMemoryIsPoisoned) {
  Device device;
  float *x = device.upload(std::vector<float>(32));
  float *y = device.upload(std::vector<float>(32));
  ASSERT_EQ(device.run("poisoned", Device::shape(1, 32, 64), {x, y}), "");
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(y[i], 0xff01) << i;
}

// Shared memory is declared anew by each block.
TEST(Launches, SharedMemoryOfAnEarlierKernel) {
  Device device;
  float *x = device.upload(std::vector<float>(1024, 1.5f));
  EXPECT_EQ(device.run("shared_size", Device::shape(1, 64, 1024), {x, x}), "");
  EXPECT_EQ(device.run("undeclared", Device::shape(1, 64, 1024), {x, x}), "");
  EXPECT_NE(device.run("undeclared_broken", Device::shape(1, 64, 1024), {x, x})
                .find("outside the 0 bytes of shared memory"),
            std::string::npos);
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
