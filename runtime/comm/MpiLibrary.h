//===- MpiLibrary.h - Open MPI, opened at run time ------------------------===//
//
// Nothing of MPI is needed to build a program, and a program for one rank needs
// none to run. What is used is declared here, as Open MPI 4 and 5 have it:
// handles are addresses of objects in the library.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_MPILIBRARY_H
#define LLMC_RUNTIME_COMM_MPILIBRARY_H

#include "core/Status.h"

#include <string_view>

namespace llmc::runtime::mpi {

using Comm = void *;
using Datatype = void *;
using Request = void *;

constexpr int success = 0;
constexpr int threadSerialized = 2;
constexpr int anySource = -1;

// Name and parameters of each function, all of which return int.
#define LLMC_MPI_FUNCTIONS(X)                                                  \
  X(Init_thread, (int *, char ***, int, int *))                                \
  X(Finalize, ())                                                              \
  X(Comm_rank, (Comm, int *))                                                  \
  X(Comm_size, (Comm, int *))                                                  \
  X(Comm_set_errhandler, (Comm, void *))                                       \
  X(Isend, (const void *, int, Datatype, int, int, Comm, Request *))           \
  X(Irecv, (void *, int, Datatype, int, int, Comm, Request *))                 \
  X(Test, (Request *, int *, void *))                                          \
  X(Iprobe, (int, int, Comm, int *, void *))                                   \
  X(Error_string, (int, char *, int *))

class Library {
public:
  /// Opens libmpi.so.40, or the file that LLMC_MPI names.
  Status load();
  /// What an MPI function returned, as an error of doing `what`.
  Status check(int result, std::string_view what) const;

#define LLMC_FUNCTION(name, parameters) int(*name) parameters = nullptr;
  LLMC_MPI_FUNCTIONS(LLMC_FUNCTION)
#undef LLMC_FUNCTION

  Comm world = nullptr;
  Datatype byte = nullptr;
  void *errorsReturn = nullptr;
};

} // namespace llmc::runtime::mpi

#endif // LLMC_RUNTIME_COMM_MPILIBRARY_H
