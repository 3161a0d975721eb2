//===- RunSupport.h - whole runs of a training program --------------------===//

#ifndef LLMC_TEST_RUNTIME_RUNSUPPORT_H
#define LLMC_TEST_RUNTIME_RUNSUPPORT_H

#include "TestSupport.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <sys/wait.h>

namespace llmc::runtime::test {

struct Outcome {
  int exitStatus = -1;
  std::string output; // stdout and stderr together
};

/// A test with token shards in its directory, which runs programs there.
class RunTest : public DirectoryTest {
protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    std::string text = write("text", someText(4000));
    EXPECT_OK(writeByteShards({text}, path("data")));
  }

  Outcome run(const std::string &arguments) {
    return shell(std::string("exec ") + LLMC_BIGRAM_PROGRAM + " " + arguments);
  }

  /// Runs a command line in the test's directory.
  Outcome shell(const std::string &line) {
    std::string command =
        "exec 2>&1; cd '" + directory + "' && { " + line + "; }";
    std::FILE *pipe = ::popen(command.c_str(), "r");
    Outcome outcome;
    char buffer[4096];
    while (size_t count = std::fread(buffer, 1, sizeof(buffer), pipe))
      outcome.output.append(buffer, count);
    int status = ::pclose(pipe);
    outcome.exitStatus = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
  }

  Outcome train(const std::string &arguments) {
    return run("--data data --lr 0.05 --warmup 0 " + arguments);
  }

  void expectError(const Outcome &outcome, const std::string &message) {
    EXPECT_EQ(outcome.exitStatus, 1) << outcome.output;
    EXPECT_NE(outcome.output.find("error: " + message), std::string::npos)
        << outcome.output;
  }

  /// The values of `key` in metrics.jsonl, as they are written there.
  std::vector<std::string> metrics(const std::string &out, const char *key) {
    std::istringstream lines(contentsOf(path(out + "/metrics.jsonl")));
    std::vector<std::string> values;
    for (std::string line; std::getline(lines, line);) {
      auto json = nlohmann::json::parse(line, nullptr, false);
      EXPECT_TRUE(json.is_object()) << line;
      if (json.contains(key))
        values.push_back(json[key].dump());
    }
    return values;
  }

  void expectSameRun(const std::string &a, const std::string &b,
                     const std::string &step) {
    EXPECT_EQ(metrics(a, "loss"), metrics(b, "loss"));
    EXPECT_EQ(metrics(a, "norm"), metrics(b, "norm"));
    for (const char *name : {"/model.safetensors", "/optimizer.safetensors"})
      EXPECT_TRUE(contentsOf(path(a + "/" + step + name)) ==
                  contentsOf(path(b + "/" + step + name)))
          << name << " differs";
  }
};

} // namespace llmc::runtime::test

#endif // LLMC_TEST_RUNTIME_RUNSUPPORT_H
