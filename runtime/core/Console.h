//===- Console.h - what the program prints --------------------------------===//
//
// Lines go to stdout. On a terminal the last row may hold a progress bar, which
// is redrawn in place and cleared before any other line.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_CORE_CONSOLE_H
#define LLMC_RUNTIME_CORE_CONSOLE_H

#include "core/Clock.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace llmc::runtime {

class Console {
public:
  /// A `mute` one prints nothing: another rank says the same.
  Console(bool quiet, bool progress, bool mute = false)
      : quiet(quiet || mute), progress(progress && !mute), mute(mute) {}
  ~Console() { clearBar(); }

  bool hasProgress() const { return progress; }

  /// A line of information; nothing under --quiet.
  void line(std::string_view text);
  /// Output that was asked for by name (a sample, a profile): always printed.
  void result(std::string_view text);
  /// Something to act upon although the program goes on; goes to stderr.
  void warning(std::string_view text);
  /// Redraws the bar, at most twenty times a second: done of total, then
  /// `text`.
  void bar(int64_t done, int64_t total, std::string_view text);
  void clearBar();
  /// Characters beside the bar.
  static size_t barRoom();

private:
  bool quiet;
  bool progress;
  bool mute;
  bool drawn = false;
  Clock::time_point lastDrawn;
};

/// Takes the places of standard streams that the program was started without,
/// so that no file gets them, into which lines would be written.
void holdStandardStreams();
/// Whether all that was printed has got to stdout.
Status checkStandardOutput();

/// Columns of the terminal, 80 when stdout is none.
int terminalColumns();
bool stdoutIsTerminal();

/// "1.50 GiB", "12.0 KiB", "17 B".
std::string formatBytes(int64_t bytes);
/// "1:02:03" or "2:03".
std::string formatSeconds(double seconds);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_CONSOLE_H
