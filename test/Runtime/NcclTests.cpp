//===- NcclTests.cpp - opening NCCL ---------------------------------------===//

#include "TestSupport.h"

#include "comm/NcclLibrary.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class NcclTest : public ::testing::Test {
protected:
  void TearDown() override {
    ::unsetenv("LLMC_NCCL");
    ::unsetenv("LLMC_FAKE_NCCL");
  }
  Status load(const char *path) {
    ::setenv("LLMC_NCCL", path, 1);
    return library.load();
  }
  nccl::Library library;
};

TEST_F(NcclTest, TheVersionIsReadAndChecked) {
  EXPECT_OK(load(LLMC_FAKE_NCCL_LIBRARY));
  EXPECT_EQ(nccl::formatVersion(library.version), "2.28.9");
  ::setenv("LLMC_FAKE_NCCL", "version=21304", 1);
  EXPECT_FAILS(load(LLMC_FAKE_NCCL_LIBRARY),
               "is no NCCL that will do: it is version 2.13.4; install NCCL "
               "2.14.0 or newer");
}

TEST_F(NcclTest, WhatIsMissingIsSaid) {
  EXPECT_FAILS(load("/no/such/nccl.so"),
               "no NCCL, which connects GPUs: /no/such/nccl.so");
  EXPECT_FAILS(load("libm.so.6"), "it has no ncclGetVersion");
}

TEST_F(NcclTest, ResultsHaveARemedy) {
  EXPECT_OK(load(LLMC_FAKE_NCCL_LIBRARY));
  EXPECT_OK(library.check(nccl::success, "x"));
  EXPECT_OK(library.check(nccl::inProgress, "x"));
  EXPECT_FAILS(library.check(nccl::remoteError, "a step"),
               "a step: NCCL: remote process exited or there was a network "
               "error; another rank or the network between is gone");
}

// NVIDIA's own library needs no GPU to be opened.
TEST_F(NcclTest, TheRealLibraryHasWhatIsUsed) {
  const char *path = std::getenv("LLMC_TEST_NCCL");
  void *found = nullptr;
  for (const char *name :
       {path ? path : "", "libnccl.so.2", "/usr/local/cuda/lib/libnccl.so.2"})
    if (!found && *name && (found = ::dlopen(name, RTLD_NOW)))
      path = name;
  if (!found)
    GTEST_SKIP() << "there is no libnccl.so.2";
  EXPECT_OK(load(path));
  EXPECT_GE(library.version, 21400);
  // Without a GPU it says so, in its own words.
  if (!::dlopen("libcuda.so.1", RTLD_NOW)) {
    nccl::Comm comm = nullptr;
    nccl::UniqueId id = {};
    nccl::Config config;
    config.blocking = 1;
    if (library.GetUniqueId(&id) == nccl::success)
      EXPECT_FAILS(
          library.check(library.CommInitRankConfig(&comm, 1, id, 0, &config),
                        "cannot connect the ranks"),
          "cannot connect the ranks: NCCL: ");
  }
}

} // namespace
