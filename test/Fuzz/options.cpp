//===- options.cpp - fuzzes the command line: one argument a line ---------===//

#include "FuzzSupport.h"

#include "train/Options.h"

#include <sstream>
#include <vector>

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  LlmcProgram program = {};
  program.modelName = program.modelFile = program.target = "none";
  std::istringstream lines{std::string(fuzz::textOf(bytes, size))};
  std::vector<std::string> arguments = {"program"};
  for (std::string line; std::getline(lines, line);)
    arguments.push_back(line.substr(0, line.find('\0')));
  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  Result<ParsedOptions> parsed =
      parseOptions(program, static_cast<int>(pointers.size()), pointers.data());
  if (!parsed.isOk() || !parsed->options)
    return 0;
  const Options &o = *parsed->options;
  FUZZ_CHECK(o.steps >= 1 && o.accumulate >= 1 && o.keep >= 0);
  FUZZ_CHECK(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1);
  FUZZ_CHECK(o.schedule.warmup >= 0 && o.schedule.warmup <= o.steps);
  FUZZ_CHECK(o.topP > 0 && o.topP <= 1 && o.temperature >= 0);
  FUZZ_CHECK(!o.data.empty() || o.sample || o.ceilings);
  return 0;
}
