//===- TurnPairs.cpp - Rules of blocks that wait for each other -----------===//
//
// Three blocks add to the same 64 elements, in the order of their tickets.
//
//===----------------------------------------------------------------------===//

#include "Pairs.h"

/// The block's ticket, in all its threads.
template <typename Turns>
static int takeTicket(Turns &turns, int blocks, int times = 1) {
  if (thread_id() == 0)
    for (int i = 0; i < times; ++i)
      store_shared(0, Pack<int, 1>{{next_ticket(turns, blocks)}});
  barrier();
  return load_shared<int, 1>(0)[0];
}

LLMC_TURNS(awaited, 4);
template <bool Broken> void turn_awaitedBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(awaited, 3);
  if (!Broken)
    await_turn(awaited, 1, ticket);
  put(y, t, get(y, t) + get(x, t));
  end_turn(awaited, 1, ticket, 2);
}
PAIR(turn_awaited)

// The third block knows of the first one's stores by the second.
LLMC_TURNS(chain, 2);
template <bool Broken> void turn_chainBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(chain, 3);
  if (ticket == 0) {
    put(y, t, get(x, t));
    end_turn(chain, 0, 0, 1);
  } else if (ticket == 1) {
    if (!Broken)
      await_turn(chain, 0, 1);
    end_turn(chain, 1, 0, 1);
    if (Broken)
      await_turn(chain, 0, 1);
    end_turn(chain, 0, 1, 1);
  } else {
    await_turn(chain, 1, 1);
    put(y, 64 + t, get(y, t));
    end_turn(chain, 1, 1, 1);
  }
}
PAIR(turn_chain)

LLMC_TURNS(ended, 1);
template <bool Broken> void turn_endedBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(ended, 3);
  await_turn(ended, 0, ticket);
  put(y, t, get(y, t) + get(x, t));
  if (!Broken || ticket != 1)
    end_turn(ended, 0, ticket, 2);
}
PAIR(turn_ended)

LLMC_TURNS(behind, 1);
template <bool Broken> void turn_behindBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(behind, 3);
  await_turn(behind, 0, ticket);
  const float sum = get(y, t) + get(x, t);
  if (!Broken)
    put(y, t, sum);
  end_turn(behind, 0, ticket, 2);
  if (Broken)
    put(y, t, sum);
}
PAIR(turn_behind)

LLMC_TURNS(ticketless, 1);
template <bool Broken> void turn_ticketlessBody(const float *x, float *y) {
  DECLARE(4);
  const int turn = Broken ? b : takeTicket(ticketless, 3);
  await_turn(ticketless, 0, turn);
  put(y, t, get(y, t) + get(x, t));
  end_turn(ticketless, 0, turn, 2);
}
PAIR(turn_ticketless)

LLMC_TURNS(twice, 1);
template <bool Broken> void ticket_twiceBody(const float *x, float *y) {
  DECLARE(4);
  put(y, 64 * b + t, get(x, t) + takeTicket(twice, 3, Broken ? 2 : 1));
}
PAIR(ticket_twice)

LLMC_TURNS(counted, 1);
template <bool Broken> void ticket_countBody(const float *x, float *y) {
  DECLARE(4);
  put(y, 64 * b + t, get(x, t) + takeTicket(counted, Broken ? 4 : 3));
}
PAIR(ticket_count)

LLMC_TURNS(placed, 1);
template <bool Broken> void turn_placeBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(placed, 3);
  await_turn(placed, Broken ? 1 : 0, ticket);
  put(y, t, get(y, t) + get(x, t));
  end_turn(placed, Broken ? 1 : 0, ticket, 2);
}
PAIR(turn_place)

LLMC_TURNS(same, 1);
template <bool Broken> void turn_sameBody(const float *x, float *y) {
  DECLARE(4);
  const int ticket = takeTicket(same, 3);
  const int turn = Broken ? 0 : ticket;
  await_turn(same, 0, turn);
  if (!Broken)
    put(y, t, get(y, t) + get(x, t));
  end_turn(same, 0, turn, 2);
}
PAIR(turn_same)

// Correct in itself, but the place is not left as the next launch needs it.
LLMC_TURNS(remaining, 1);
LLMC_KERNEL(64, 1)
turn_remains(const float *__restrict__ x, float *__restrict__ y) {
  DECLARE(4);
  const int ticket = takeTicket(remaining, 3);
  await_turn(remaining, 0, ticket);
  put(y, t, get(y, t) + get(x, t));
  end_turn(remaining, 0, ticket, 3);
}
