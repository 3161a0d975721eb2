//===- MpiRankTests.cpp - who of several failing processes says so --------===//

#include "RunSupport.h"

#include "core/Clock.h"

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class MpiRankTest : public RunTest {
protected:
  void SetUp() override {
    RunTest::SetUp();
    if (shell("command -v mpirun").exitStatus != 0)
      GTEST_SKIP() << "no mpirun";
  }

  /// Open MPI keeps memory to the end, which a sanitizer would report.
  Outcome start(const std::string &what, int ranks = 3) {
    return shell(fmt::format("ASAN_OPTIONS=detect_leaks=0 "
                             "OMPI_ALLOW_RUN_AS_ROOT=1 "
                             "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                             "mpirun -q --oversubscribe -n {} "
                             "'" LLMC_FAILING_RANK "' {} {}",
                             ranks, ranks, what));
  }

  /// One error, which says `expected`, soon.
  void expectOne(const std::string &what, const std::string &expected) {
    const Clock::time_point begin = Clock::now();
    Outcome found = start(what);
    EXPECT_LT(secondsSince(begin), 10) << what;
    EXPECT_EQ(found.exitStatus, 1) << what << "\n" << found.output;
    size_t errors = 0;
    std::istringstream lines(found.output);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("error: ", 0) != 0)
        continue;
      ++errors;
      EXPECT_NE(line.find(expected), std::string::npos) << what << "\n" << line;
    }
    EXPECT_EQ(errors, 1u) << what << "\n" << found.output;
  }
};

TEST_F(MpiRankTest, AllIsWell) {
  Outcome found = start("");
  EXPECT_EQ(found.exitStatus, 0) << found.output;
  EXPECT_EQ(found.output, "");
}

TEST_F(MpiRankTest, OneFails) {
  expectOne("0:fails", "rank 0 of 3 on ");
  expectOne("2:fails:50", "rank 2 of 3 on ");
}

/// On a busy machine any of them may come to its failure first.
TEST_F(MpiRankTest, SeveralFailAtTheSameTime) {
  expectOne("0:fails 2:fails", " of 3 on ");
  expectOne("1:fails 2:fails", " of 3 on ");
  expectOne("0:fails 1:fails 2:fails", " of 3 on ");
}

TEST_F(MpiRankTest, OneFailsAfterTheOther) {
  expectOne("0:fails:20 2:fails", " of 3 on ");
  expectOne("0:fails 2:fails:20", " of 3 on ");
  expectOne("0:fails 2:fails:1000", "rank 0 of 3 on ");
  expectOne("1:fails 0:computes:600", "rank 1 of 3 on ");
}

TEST_F(MpiRankTest, OneDies) {
  expectOne("1:dies", "rank 1 of 3 on ");
  expectOne("0:dies:50", "rank 0 of 3 on ");
}

} // namespace
