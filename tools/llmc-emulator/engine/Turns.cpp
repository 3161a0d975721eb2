//===- Turns.cpp - Blocks of a launch that wait for each other ------------===//

#include "Worker.h"

#include <algorithm>

namespace llmc::emulator {

static void join(BlockClock &known, const BlockClock &other) {
  for (auto [block, epoch] : other) {
    unsigned &own = known[block];
    own = std::max(own, epoch);
  }
}

void Turns::leave() {
  std::lock_guard<std::mutex> lock(mutex);
  --running;
  changed.notify_all();
}

void Turns::abort() {
  std::lock_guard<std::mutex> lock(mutex);
  aborted = true;
  changed.notify_all();
}

unsigned Turns::nextTicket(unsigned *counter, unsigned blocks) {
  std::lock_guard<std::mutex> lock(mutex);
  tickets = counter;
  unsigned ticket = *counter;
  *counter = ticket + 1 >= blocks ? 0 : ticket + 1;
  return ticket;
}

bool Turns::isStuck() const {
  return waiters.size() == running &&
         std::none_of(waiters.begin(), waiters.end(),
                      [](const Waiter *waiter) { return waiter->canGoOn(); });
}

Turns::Result Turns::wait(const Waiter &self,
                          std::unique_lock<std::mutex> &lock) {
  waiters.push_back(&self);
  while (!self.canGoOn() && !aborted && !isStuck())
    changed.wait(lock);
  Result result = self.canGoOn() ? Result::Done
                  : aborted      ? Result::Aborted
                                 : Result::Stuck;
  waiters.erase(std::find(waiters.begin(), waiters.end(), &self));
  return result;
}

Turns::Result Turns::await(const unsigned *flag, unsigned turn,
                           BlockClock &known) {
  std::unique_lock<std::mutex> lock(mutex);
  Result result = wait({flag, turn, true}, lock);
  if (result == Result::Done)
    join(known, ended[flag]);
  return result;
}

Turns::Result Turns::awaitChange(const unsigned *flag, unsigned seen) {
  std::unique_lock<std::mutex> lock(mutex);
  return wait({flag, seen, false}, lock);
}

unsigned Turns::read(const unsigned *flag, BlockClock &known) {
  std::lock_guard<std::mutex> lock(mutex);
  auto writers = ended.find(flag);
  if (writers != ended.end())
    join(known, writers->second);
  return *flag;
}

void Turns::write(unsigned *flag, unsigned value, const BlockClock &known) {
  std::lock_guard<std::mutex> lock(mutex);
  *flag = value;
  join(ended[flag], known);
  changed.notify_all();
}

unsigned Turns::end(unsigned *flag, unsigned turn, unsigned last,
                    const BlockClock &known) {
  std::lock_guard<std::mutex> lock(mutex);
  unsigned found = *flag;
  if (found == turn) {
    *flag = turn == last ? 0 : turn + 1;
    join(ended[flag], known);
    changed.notify_all();
  }
  return found;
}

std::string Turns::findRemains() const {
  if (tickets && *tickets)
    return std::to_string(*tickets) + " blocks too many or too few took a "
                                      "ticket";
  for (auto &[flag, clock] : ended)
    if (*flag)
      return "turn " + std::to_string(*flag) + " of a place is still to come";
  return "";
}

//===----------------------------------------------------------------------===//
// The intrinsics
//===----------------------------------------------------------------------===//

int Worker::nextTicket(unsigned *begun, int blocks, int line) {
  unsigned all = launch->grid[0] * launch->grid[1] * launch->grid[2];
  if (unsigned(blocks) != all)
    fail(*current, "next_ticket", line,
         "counts " + std::to_string(blocks) + " blocks, the launch has " +
             std::to_string(all));
  if (hasTicket)
    fail(*current, "next_ticket", line, "the block has a ticket already");
  hasTicket = true;
  return int(launch->turns->nextTicket(begun, all));
}

void Worker::checkPlace(const char *intrinsic, int places, int place,
                        int line) {
  if (place < 0 || place >= places)
    fail(*current, intrinsic, line,
         "place " + std::to_string(place) + " is none of " +
             std::to_string(places));
}

void Worker::awaitTurn(const unsigned *turns, int places, int place, int turn,
                       int line) {
  checkPlace("await_turn", places, place, line);
  if (turn == 0)
    return;
  if (!hasTicket)
    fail(*current, "await_turn", line,
         "the block has no ticket: those that it waits for may begin later");
  barrier(line);
  switch (launch->turns->await(&turns[place], unsigned(turn), known)) {
  case Turns::Result::Done:
    return;
  case Turns::Result::Stuck:
    fail(*current, "await_turn", line,
         "turn " + std::to_string(turn) + " of place " + std::to_string(place) +
             " never comes: it is turn " + std::to_string(turns[place]) +
             ", and no block is left that could end it");
  case Turns::Result::Aborted:
    wasAborted = true;
    fail(*current, "await_turn", line, "another block failed");
  }
}

void Worker::endTurn(unsigned *turns, int places, int place, int turn, int last,
                     int line) {
  checkPlace("end_turn", places, place, line);
  if (turn < 0 || turn > last)
    fail(*current, "end_turn", line,
         "turn " + std::to_string(turn) + " is none of 0 to " +
             std::to_string(last));
  barrier(line);
  if (current->index != 0)
    return;
  BlockClock told = known;
  told[block] = epoch;
  unsigned found =
      launch->turns->end(&turns[place], unsigned(turn), unsigned(last), told);
  if (found != unsigned(turn))
    fail(*current, "end_turn", line,
         "ends turn " + std::to_string(turn) + " of place " +
             std::to_string(place) + ", but it is turn " +
             std::to_string(found));
}

} // namespace llmc::emulator
