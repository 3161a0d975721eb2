//===- CoreTests.cpp - random numbers, checksums, files, schedules --------===//

#include "TestSupport.h"

#include "core/Console.h"
#include "core/Rng.h"
#include "train/Schedule.h"

#include <cmath>
#include <sys/stat.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

TEST(Rng, PermutationReachesEveryElementOnce) {
  for (uint64_t size : {1, 2, 3, 17, 64, 1000}) {
    Permutation permutation(size, 42);
    std::vector<int> hits(size);
    for (uint64_t i = 0; i < size; ++i)
      ++hits[permutation(i)];
    for (int count : hits)
      EXPECT_EQ(count, 1);
  }
}

TEST(Rng, PermutationDependsOnItsKeyAndShuffles) {
  Permutation a(1000, 1), b(1000, 2);
  int same = 0, kept = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    same += a(i) == b(i);
    kept += a(i) == i;
  }
  EXPECT_LT(same, 20);
  EXPECT_LT(kept, 20);
}

TEST(Rng, NormalHasItsMoments) {
  const int count = 200000;
  double sum = 0, squares = 0, fourth = 0, product = 0, previous = 0;
  for (int i = 0; i < count; ++i) {
    double x = randomNormal(7, static_cast<uint64_t>(i));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    product += x * previous;
    previous = x;
  }
  // Five standard deviations of each estimate.
  EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 1, 5 * std::sqrt(2.0 / count));
  EXPECT_NEAR(fourth / count, 3, 5 * std::sqrt(96.0 / count));
  EXPECT_NEAR(product / count, 0, 5 / std::sqrt(count));
}

TEST(Checksum, DoesNotDependOnHowTheBytesAreCut) {
  std::string text = someText(1000);
  Checksum whole;
  whole.add(text.data(), text.size());
  for (size_t piece : {1, 7, 31, 32, 33, 500}) {
    Checksum cut;
    for (size_t at = 0; at < text.size(); at += piece)
      cut.add(text.data() + at, std::min(piece, text.size() - at));
    EXPECT_EQ(cut.value(), whole.value());
  }
}

TEST(Checksum, SeesEveryBitAndTheLength) {
  std::string text = someText(100);
  Checksum before;
  before.add(text.data(), text.size());
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    Checksum after;
    after.add(changed.data(), changed.size());
    EXPECT_NE(after.value(), before.value());
  }
  before.add("", 1); // a zero byte, which is what the padding consists of
  Checksum shorter;
  shorter.add(text.data(), text.size());
  EXPECT_NE(before.value(), shorter.value());
}

class FileTest : public DirectoryTest {};

TEST_F(FileTest, SealIsThatOfTheBytesWritten) {
  OutputFile file;
  EXPECT_OK(file.open(path("a")));
  EXPECT_OK(file.write("hello ", 6));
  EXPECT_OK(file.write("world", 5));
  EXPECT_OK(file.close());
  Result<FileSeal> seal = sealOfFile(path("a"));
  ASSERT_TRUE(seal.isOk());
  EXPECT_EQ(seal->bytes, 11);
  EXPECT_EQ(seal->checksum, file.seal().checksum);
  EXPECT_EQ(contentsOf(path("a")), "hello world");
}

TEST_F(FileTest, ErrorsNameTheFile) {
  EXPECT_FAILS(MappedFile::open(path("none")), "cannot read " + path("none"));
  EXPECT_FAILS(MappedFile::open(directory), "it is not a regular file");
  // A pipe that nobody writes to is not waited for.
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_FAILS(MappedFile::open(path("pipe")), "it is not a regular file");
  EXPECT_FAILS(listDirectory(path("none")), "cannot read the directory");
  OutputFile file;
  EXPECT_FAILS(file.open(path("none/a")), "cannot write " + path("none/a"));
}

TEST(Console, FormatsBytesAndTimes) {
  EXPECT_EQ(formatBytes(17), "17 B");
  EXPECT_EQ(formatBytes(1536), "1.50 KiB");
  EXPECT_EQ(formatBytes(int64_t(24) << 30), "24.0 GiB");
  EXPECT_EQ(formatSeconds(123), "2:03");
  EXPECT_EQ(formatSeconds(3723), "1:02:03");
}

TEST(Schedule, FollowsItsFormulas) {
  Schedule s;
  s.rate = 1;
  s.minFraction = 0.1;
  s.warmup = 10;
  s.steps = 110;
  EXPECT_DOUBLE_EQ(s(0), 0.1);
  EXPECT_DOUBLE_EQ(s(9), 1.0);
  EXPECT_DOUBLE_EQ(s(10), 1.0);
  EXPECT_NEAR(s(60), 0.55, 1e-12); // halfway down the cosine
  EXPECT_NEAR(s(110), 0.1, 1e-12);
  s.kind = ScheduleKind::Linear;
  EXPECT_NEAR(s(35), 0.775, 1e-12); // a quarter of the way
  s.kind = ScheduleKind::Constant;
  EXPECT_DOUBLE_EQ(s(109), 1.0);
  s.kind = ScheduleKind::WarmupStableDecay;
  EXPECT_DOUBLE_EQ(s(87), 1.0);
  EXPECT_NEAR(s(99), 0.55, 1e-12); // half of the last fifth, 88 to 110
}

TEST(Schedule, NoWarmupStartsAtTheRate) {
  Schedule s;
  s.rate = 0.5;
  s.warmup = 0;
  s.steps = 10;
  EXPECT_DOUBLE_EQ(s(0), 0.5);
}

} // namespace
