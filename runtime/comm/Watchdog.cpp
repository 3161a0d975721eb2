//===- Watchdog.cpp - notices processes that are gone ---------------------===//

#include "comm/Watchdog.h"

#include "core/Clock.h"
#include "core/SignalMask.h"

#include <cerrno>
#include <fstream>
#include <string>

namespace llmc::runtime {

Watchdog::Watchdog(std::vector<int64_t> pids, OnLoss onLoss)
    : pids(std::move(pids)), onLoss(std::move(onLoss)) {
  const SignalsBlocked blocked;
  thread = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  stopping = true;
  thread.join();
}

bool Watchdog::isGone(size_t process) const {
  const int64_t pid = pids[process];
  if (pid == 0)
    return false;
  if (::kill(static_cast<pid_t>(pid), 0) != 0)
    return errno == ESRCH;
  // Until its parent asks for its status a dead process is still there.
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  size_t name = text.rfind(')');
  return name != std::string::npos && name + 2 < text.size() &&
         (text[name + 2] == 'Z' || text[name + 2] == 'X');
}

void Watchdog::watch() {
  Clock::time_point last = Clock::now();
  while (!stopping) {
    const Clock::time_point now = Clock::now();
    for (size_t process = 0; process < pids.size(); ++process)
      if (isGone(process) && !stopping)
        onLoss(process, std::chrono::duration_cast<std::chrono::milliseconds>(
                            now - last));
    last = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

} // namespace llmc::runtime
