//===- MpiLibrary.cpp - Open MPI, opened at run time ----------------------===//

#include "comm/MpiLibrary.h"

#include "core/SharedLibrary.h"

namespace llmc::runtime::mpi {

Status Library::load() {
  SharedLibrary library;
  // Open MPI's own plug-ins look for its symbols.
  if (!library.open("LLMC_MPI", "libmpi.so.40", SharedLibrary::Symbols::Shared))
    return Status::error("no Open MPI: {}; {}", library.reason(),
                         library.isNamed()
                             ? "LLMC_MPI must name the library libmpi.so "
                               "of an Open MPI"
                             : "install it (Debian: openmpi-bin), or name "
                               "its libmpi.so with LLMC_MPI");
  library.find(world, "ompi_mpi_comm_world");
  library.find(byte, "ompi_mpi_byte");
  library.find(errorsReturn, "ompi_mpi_errors_return");
#define LLMC_FIND(name, parameters) library.find(name, "MPI_" #name);
  LLMC_MPI_FUNCTIONS(LLMC_FIND)
#undef LLMC_FIND
  if (const char *missing = library.missing())
    return Status::error("{} is no Open MPI that is known here: it has no {}; "
                         "install Open MPI 4 or 5 and start the program with "
                         "its mpirun",
                         library.path(), missing);
  return Status::ok();
}

Status Library::check(int result, std::string_view what) const {
  if (result == success)
    return Status::ok();
  char text[512] = "unknown error"; // MPI_MAX_ERROR_STRING is 256
  int length = 0;
  Error_string(result, text, &length);
  return Status::error("{}: {}", what, text);
}

} // namespace llmc::runtime::mpi
