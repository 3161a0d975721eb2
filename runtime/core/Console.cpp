//===- Console.cpp - what the program prints ------------------------------===//

#include "core/Console.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace llmc::runtime {

static constexpr int barCells = 20;

void holdStandardStreams() {
  // An open takes the lowest number that is free. What is written to a file
  // that may only be read is refused, and so known to be lost.
  int held = ::open("/dev/null", O_RDONLY);
  while (held >= 0 && held <= STDERR_FILENO)
    held = ::open("/dev/null", O_RDONLY);
  if (held > STDERR_FILENO)
    ::close(held);
}

Status checkStandardOutput() {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout))
    return Status::ok();
  return Status::error("cannot write to standard output: it is closed, or its "
                       "disk is full");
}

bool stdoutIsTerminal() { return ::isatty(STDOUT_FILENO) == 1; }

int terminalColumns() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

void Console::clearBar() {
  if (!drawn)
    return;
  std::fputs("\r\033[K", stdout);
  std::fflush(stdout);
  drawn = false;
}

void Console::line(std::string_view text) {
  if (quiet)
    return;
  result(std::string(text) + "\n");
}

void Console::result(std::string_view text) {
  if (mute)
    return;
  clearBar();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Console::warning(std::string_view text) {
  if (mute)
    return;
  clearBar();
  fmt::print(stderr, "warning: {}\n", text);
}

size_t Console::barRoom() {
  return static_cast<size_t>(std::max(10, terminalColumns() - barCells - 2));
}

void Console::bar(int64_t done, int64_t total, std::string_view text) {
  const Clock::time_point now = Clock::now();
  if (!progress || quiet ||
      (drawn && now - lastDrawn < std::chrono::milliseconds(50)))
    return;
  lastDrawn = now;
  // Eighths of a cell, so that the bar moves at every step of a long run.
  static const char *const partial[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int64_t eighths = total > 0 ? done * barCells * 8 / total : 0;
  std::string bar;
  for (int64_t cell = 0; cell < barCells; ++cell) {
    int64_t filled = std::clamp<int64_t>(eighths - cell * 8, 0, 8);
    bar += filled == 8 ? "█" : filled == 0 ? "·" : partial[filled];
  }
  fmt::print("\r\033[K{} {}", bar, text.substr(0, barRoom()));
  std::fflush(stdout);
  drawn = true;
}

std::string formatBytes(int64_t bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit)
    value /= 1024;
  if (unit == 0)
    return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value,
                     value < 10 ? 2 : (value < 100 ? 1 : 0), units[unit]);
}

std::string formatSeconds(double seconds) {
  auto whole = static_cast<int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                       whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

} // namespace llmc::runtime
