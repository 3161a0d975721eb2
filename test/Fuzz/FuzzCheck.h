//===- FuzzCheck.h - properties that must hold ----------------------------===//

#ifndef LLMC_TEST_FUZZ_FUZZCHECK_H
#define LLMC_TEST_FUZZ_FUZZCHECK_H

#include <cstdio>
#include <cstdlib>

/// Ends the program when a property does not hold, in builds of any kind.
#define FUZZ_CHECK(condition)                                                  \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,   \
                   #condition);                                                \
      std::abort();                                                            \
    }                                                                          \
  } while (false)

#endif // LLMC_TEST_FUZZ_FUZZCHECK_H
