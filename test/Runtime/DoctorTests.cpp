//===- DoctorTests.cpp - what PROGRAM doctor finds ------------------------===//
//
// On the fake driver a copy of 4 x 32 MiB takes half a millisecond.
//
//===----------------------------------------------------------------------===//

#include "RunSupport.h"

#include "train/Doctor.h"

#include <regex>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class DoctorTest : public RunTest {
protected:
  Outcome doctor(const std::string &driver, const std::string &nvml = "",
                 const std::string &before = "",
                 const std::string &after = "") {
    return shell(before +
                 "LLMC_CUDA_DRIVER='" LLMC_FAKE_DRIVER
                 "' LLMC_NVML='" LLMC_FAKE_NVML_LIBRARY "' LLMC_FAKE_CUDA='" +
                 driver + "' LLMC_FAKE_NVML='" + nvml +
                 "' " LLMC_BIGRAM_CUDA_PROGRAM " doctor " + after);
  }
  /// The table that the JSON says, with the verdicts' own words.
  static std::string tableOf(const nlohmann::json &found) {
    const std::map<std::string, std::string> words = {
        {"ok", "ok    "}, {"slow", "slow  "}, {"fails", "FAILS "}};
    std::string table;
    for (const nlohmann::json &one : found.at("findings")) {
      std::string subject = one.at("subject");
      subject.resize(std::max<size_t>(subject.size(), 14), ' ');
      table += words.at(one.at("verdict")) + subject + " " +
               one.at("text").get<std::string>() + "\n";
    }
    return table + (found.at("can_run").get<bool>()
                        ? "the program can run here\n"
                        : "the program cannot run here: see what FAILS\n");
  }
  /// Of the host's memory what is available changes from run to run.
  static std::string withoutAvailable(const std::string &text) {
    return std::regex_replace(text,
                              std::regex("[0-9.]+ [A-Z]i?B? of memory avail"),
                              "? of memory avail");
  }
  void expectLines(const Outcome &outcome, int status,
                   const std::vector<std::string> &lines) {
    EXPECT_EQ(outcome.exitStatus, status) << outcome.output;
    for (const std::string &line : lines)
      EXPECT_NE(outcome.output.find(line), std::string::npos)
          << line << " is not in\n"
          << outcome.output;
  }
};

TEST_F(DoctorTest, AHealthyRig) {
  Outcome found = doctor("devices=2");
  expectLines(
      found, 0,
      {"ok    program        bigram, ", "ok    host           ",
       ", CUDA 13.0, driver 580.65.06\n",
       "ok    GPU 1          NVIDIA GeForce RTX 4090: ", ": fits\n",
       "ok    GPU 0          host to GPU 268.4 GB/s, GPU to host 268.4 GB/s\n",
       "ok    GPU 0          PCIe 4.0 x16 now, 4.0 x16 at most\n",
       "ok    GPU 0          450 W allowed, 450 W as delivered\n",
       "ok    GPU 0          41 C\n",
       "ok    GPU 0 to 1     direct, what is copied arrives, 268.4 GB/s\n",
       "ok    GPU 1 to 0     direct", "the program can run here\n"});
  EXPECT_EQ(found.output.find("slow  GPU"), std::string::npos) << found.output;
  EXPECT_EQ(found.output.find("FAILS"), std::string::npos) << found.output;
}

TEST_F(DoctorTest, NoPeerAccess) {
  expectLines(doctor("devices=2 peers=0"), 0,
              {"slow  GPU 0 to 1     no peer access: through the host, 268.4"});
}

TEST_F(DoctorTest, CopiesThatLie) {
  expectLines(doctor("devices=2 lies=1"), 0,
              {"slow  GPU 0 to 1     direct copies arrive as something else: "
               "the program goes through the host instead"});
  expectLines(doctor("devices=2 lies=1 peers=0"), 1,
              {"FAILS GPU 0 to 1     what is copied through the host arrives "
               "as something else",
               "the program cannot run here: see what FAILS\n"});
}

TEST_F(DoctorTest, SlotsPowerAndHeat) {
  expectLines(doctor("", "width=4 power=300000 degrees=90"), 0,
              {"slow  GPU 0          PCIe 4.0 x4 now, 4.0 x16 at most: copies "
               "are 4 times as slow as they could be",
               "slow  GPU 0          300 W allowed, 450 W as delivered",
               "slow  GPU 0          90 C: clocks are lowered"});
  expectLines(doctor("", "generation=1"), 0,
              {"slow  GPU 0          PCIe 1.0 x16 now, 4.0 x16 at most: see "
               "the board's setting"});
  expectLines(doctor("", "generation=6 mostgeneration=6 width=64 mostwidth=64"),
              0, {"GB/s, of which copies reach only 268.4"});
}

TEST_F(DoctorTest, AGpuThatRestedIsMeasuredAwake) {
  Outcome found = doctor("waking=2", "rests=1");
  expectLines(found, 0,
              {"ok    GPU 0          host to GPU 268.4 GB/s, GPU to host 268.4",
               "ok    GPU 0          PCIe 4.0 x16 now, 4.0 x16 at most\n"});
}

TEST_F(DoctorTest, TooLittleMemlock) {
  expectLines(doctor("", "", "ulimit -l 64 && "), 0,
              {"slow  pinned memory  64.0 KiB allowed (ulimit -l), the program "
               "pins 6.75 MiB: "});
}

TEST_F(DoctorTest, WhatKeepsItFromRunning) {
  expectLines(doctor("free=1000"), 1,
              {"FAILS GPU 0          NVIDIA GeForce RTX 4090: 1000 B of 23.3 "
               "GiB free, the plan takes ",
               ": does not fit; "});
  expectLines(doctor("major=7 minor=5"), 1,
              {"FAILS GPU 0          the program "
               "was compiled for sm_89"});
  expectLines(doctor("devices=0"), 1,
              {"FAILS GPUs           the program "
               "trains on 1, this machine has 0"});
  expectLines(doctor("fail=cuMemHostAlloc:1:2"), 1,
              {"FAILS GPU 0          cannot pin host memory for copies"});
  expectLines(
      shell("LLMC_CUDA_DRIVER=/none " LLMC_BIGRAM_CUDA_PROGRAM " doctor"), 1,
      {"FAILS driver         no CUDA driver: /none"});
}

TEST_F(DoctorTest, WithoutNvmlTheRestIsSaid) {
  expectLines(shell("LLMC_NVML=/none LLMC_CUDA_DRIVER='" LLMC_FAKE_DRIVER
                    "' " LLMC_BIGRAM_CUDA_PROGRAM " doctor"),
              0, {"slow  NVML           no NVML: /none", "the program can "});
}

TEST_F(DoctorTest, JsonSaysWhatTheTableSays) {
  struct {
    std::string driver, nvml;
    int status;
  } rigs[] = {{"devices=2 peers=0", "width=4 power=300000 degrees=90", 0},
              {"devices=2 lies=1 peers=0", "", 1}};
  for (const auto &[driver, nvml, status] : rigs) {
    Outcome table = doctor(driver, nvml);
    Outcome json = doctor(driver, nvml, "", "--json");
    EXPECT_EQ(table.exitStatus, status) << driver;
    EXPECT_EQ(json.exitStatus, status) << driver;
    auto found = nlohmann::json::parse(json.output, nullptr, false);
    ASSERT_TRUE(found.is_object()) << json.output;
    EXPECT_EQ(withoutAvailable(tableOf(found)), withoutAvailable(table.output));
    EXPECT_EQ(found.at("can_run"), status == 0);
    EXPECT_GE(found.at("findings").size(), 5u);
  }
}

TEST_F(DoctorTest, NamesNeedNotBeUtf8) {
  std::vector<Finding> findings = {{Finding::Slow, "host", "a\xff\"b"}};
  auto found =
      nlohmann::json::parse(formatFindingsAsJson(findings), nullptr, false);
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["findings"][0]["text"], "a\xef\xbf\xbd\"b");
  EXPECT_EQ(found["findings"][0]["verdict"], "slow");
}

TEST_F(DoctorTest, OptionsThatItDoesNotHave) {
  expectError(run("doctor --jsn"),
              "doctor: '--jsn' is not known; give --json for findings as JSON");
}

TEST_F(DoctorTest, AProgramForTheCpu) {
  expectLines(
      run("doctor"), 0,
      {"ok    host           ", " processors, ", "the program can run here\n"});
}

} // namespace
