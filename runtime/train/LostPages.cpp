//===- LostPages.cpp - a mapped file that cannot be read any more ---------===//

#include "train/LostPages.h"

#include "core/SignalMask.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace llmc::runtime {
namespace {

#define LLMC_LOST_PAGE                                                         \
  "a token shard was cut short, or its disk failed, while the program read "   \
  "it; make it whole again and go on with --resume"

constexpr char lost = 'x', done = 'd';

/// Where the handler says that a page is lost; -1: to nobody.
std::atomic<int> reporter{-1};
static_assert(std::atomic<int>::is_always_lock_free,
              "a handler may read it only then");

void failOnLostPage(int) {
  const int pipe = reporter;
  if (pipe >= 0 && ::write(pipe, &lost, 1) == 1)
    for (;;)
      ::pause();
  constexpr char text[] = "error: " LLMC_LOST_PAGE "\n";
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, text, sizeof(text) - 1);
  ::_exit(1);
}

} // namespace

void LostPages::handle() { std::signal(SIGBUS, failOnLostPage); }

LostPages::LostPages(Communicator &ranks) {
  // Without a pipe the handler speaks for itself.
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return;
  const SignalsBlocked blocked;
  thread = std::thread([this, &ranks] {
    char what = done;
    while (::read(ends[0], &what, 1) < 0 && errno == EINTR)
      ;
    if (what != lost)
      return;
    ranks.report(Status::error(LLMC_LOST_PAGE));
    ranks.abort();
  });
  reporter = ends[1];
}

LostPages::~LostPages() {
  if (!thread.joinable())
    return;
  reporter = -1;
  [[maybe_unused]] ssize_t written = ::write(ends[1], &done, 1);
  thread.join();
  for (int end : ends)
    ::close(end);
}

} // namespace llmc::runtime
