//===- Faults.cpp - Errors to inject, for tests of error paths ------------===//

#include "Faults.h"

#include <cstdio>
#include <cstdlib>

namespace llmc::emulator {

[[noreturn]] static void badFault(const std::string &item) {
  std::fprintf(stderr,
               "llmc-emulator: error: LLMC_EMULATOR_FAULTS has '%s'; known are "
               "oom[:BYTES], memory=BYTES, free=BYTES, devices=N, driver=N, "
               "compute=N, launch:KERNEL:N, call:FUNCTION:ERROR, lost:N\n",
               item.c_str());
  std::exit(1);
}

static int64_t parseNumber(const std::string &text, const std::string &item) {
  char *end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  std::string unit = end;
  int shift = unit.empty()                    ? 0
              : unit == "KiB" || unit == "KB" ? 10
              : unit == "MiB" || unit == "MB" ? 20
              : unit == "GiB" || unit == "GB" ? 30
                                              : -1;
  if (end == text.c_str() || shift < 0 || value < 0)
    badFault(item);
  return int64_t(value * double(int64_t(1) << shift));
}

static void parseItem(const std::string &item, Faults &faults) {
  size_t sign = item.find_first_of(":=");
  std::string key = item.substr(0, sign);
  std::string rest = sign == std::string::npos ? "" : item.substr(sign + 1);
  if (key == "launch" || key == "call") {
    size_t colon = rest.rfind(':');
    if (colon == std::string::npos)
      badFault(item);
    std::string name = rest.substr(0, colon);
    int64_t number = parseNumber(rest.substr(colon + 1), item);
    if (key == "call")
      faults.calls[name] = CUresult(number);
    else
      faults.launches.push_back({name, number});
    return;
  }
  int64_t number = rest.empty() && key == "oom" ? 0 : parseNumber(rest, item);
  if (key == "oom")
    faults.largestBytes = number;
  else if (key == "memory")
    faults.memoryBytes = number;
  else if (key == "free")
    faults.freeBytes = number;
  else if (key == "devices")
    faults.devices = int(number);
  else if (key == "driver")
    faults.driverVersion = int(number);
  else if (key == "compute")
    faults.computeCapability = int(number);
  else if (key == "lost")
    faults.lostAt = number;
  else
    badFault(item);
}

Faults Faults::parse(const std::string &text) {
  Faults faults;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find(',', begin);
    if (end == std::string::npos)
      end = text.size();
    parseItem(text.substr(begin, end - begin), faults);
    begin = end + 1;
  }
  return faults;
}

} // namespace llmc::emulator
