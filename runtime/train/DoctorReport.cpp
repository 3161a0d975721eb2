//===- DoctorReport.cpp - what PROGRAM doctor prints ----------------------===//

#include "train/Doctor.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace llmc::runtime {

bool canRun(const std::vector<Finding> &findings) {
  return std::none_of(findings.begin(), findings.end(), [](const Finding &one) {
    return one.verdict == Finding::Fails;
  });
}

std::string formatFindings(const std::vector<Finding> &findings) {
  constexpr const char *verdicts[] = {"ok", "slow", "FAILS"};
  std::string table;
  for (const Finding &one : findings)
    table += fmt::format("{:<5} {:<14} {}\n", verdicts[one.verdict],
                         one.subject, one.text);
  return table + (canRun(findings)
                      ? "the program can run here\n"
                      : "the program cannot run here: see what FAILS\n");
}

std::string formatFindingsAsJson(const std::vector<Finding> &findings) {
  constexpr const char *verdicts[] = {"ok", "slow", "fails"};
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding &one : findings)
    list.push_back({{"verdict", verdicts[one.verdict]},
                    {"subject", one.subject},
                    {"text", one.text}});
  const nlohmann::ordered_json all = {{"can_run", canRun(findings)},
                                      {"findings", std::move(list)}};
  // Names of hosts, files and GPUs need not be UTF-8.
  return all.dump(2, ' ', false,
                  nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

} // namespace llmc::runtime
