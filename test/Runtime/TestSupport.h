//===- TestSupport.h - files and runs for the runtime's tests -------------===//

#ifndef LLMC_TEST_RUNTIME_TESTSUPPORT_H
#define LLMC_TEST_RUNTIME_TESTSUPPORT_H

#include "core/File.h"
#include "train/TokenShard.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#define EXPECT_OK(expression)                                                  \
  do {                                                                         \
    auto checked = (expression);                                               \
    EXPECT_TRUE(checked.isOk()) << checked.message();                          \
  } while (false)

/// The expression fails with a message that contains `part`.
#define EXPECT_FAILS(expression, part)                                         \
  do {                                                                         \
    auto checked = (expression);                                               \
    EXPECT_FALSE(checked.isOk());                                              \
    EXPECT_NE(checked.message().find(part), std::string::npos)                 \
        << checked.message();                                                  \
  } while (false)

namespace llmc::runtime::test {

/// A test with an empty directory of its own, removed afterwards.
class DirectoryTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "llmc-runtime-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { EXPECT_OK(removeTree(directory)); }

  std::string path(const std::string &name) const {
    return joinPath(directory, name);
  }
  std::string write(const std::string &name, const std::string &contents) {
    EXPECT_OK(writeFileAtomically(path(name), contents));
    return path(name);
  }
  /// Replaces one byte of a file.
  void damage(const std::string &file, size_t at) {
    Result<std::string> contents = readWholeFile(file);
    ASSERT_TRUE(contents.isOk()) << contents.message();
    ASSERT_LT(at, contents->size());
    (*contents)[at] = static_cast<char>((*contents)[at] ^ 0x55);
    EXPECT_OK(writeFileAtomically(file, *contents));
  }

  std::string directory;
};

inline std::string contentsOf(const std::string &path) {
  Result<std::string> contents = readWholeFile(path);
  EXPECT_TRUE(contents.isOk()) << contents.message();
  return contents.isOk() ? *contents : std::string();
}

/// A text with some order in it, so that a bigram model learns.
inline std::string someText(size_t bytes) {
  std::string text;
  for (size_t i = 0; text.size() < bytes; ++i)
    text += i % 7 == 3 ? "and God said, " : i % 3 ? "let there be " : "light. ";
  text.resize(bytes);
  return text;
}

} // namespace llmc::runtime::test

#endif // LLMC_TEST_RUNTIME_TESTSUPPORT_H
