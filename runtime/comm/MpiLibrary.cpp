//===- MpiLibrary.cpp - Open MPI, opened at run time ----------------------===//

#include "comm/MpiLibrary.h"

#include <cstdlib>
#include <dlfcn.h>
#include <string>

namespace llmc::runtime::mpi {

Status Library::load() {
  const char *named = std::getenv("LLMC_MPI");
  bool isNamed = named && *named;
  std::string path = isNamed ? named : "libmpi.so.40";
  // Open MPI's own plug-ins look for its symbols.
  void *library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    const char *reason = ::dlerror();
    return Status::error("no Open MPI: {}; {}", reason ? reason : path,
                         isNamed ? "LLMC_MPI must name the library libmpi.so "
                                   "of an Open MPI"
                                 : "install it (Debian: openmpi-bin), or name "
                                   "its libmpi.so with LLMC_MPI");
  }
  const char *missing = nullptr;
  auto find = [&](const char *name) {
    void *symbol = ::dlsym(library, name);
    if (!symbol && !missing)
      missing = name;
    return symbol;
  };
  world = find("ompi_mpi_comm_world");
  byte = find("ompi_mpi_byte");
  errorsReturn = find("ompi_mpi_errors_return");
#define LLMC_FIND(name, parameters)                                            \
  name = reinterpret_cast<decltype(name)>(find("MPI_" #name));
  LLMC_MPI_FUNCTIONS(LLMC_FIND)
#undef LLMC_FIND
  if (missing)
    return Status::error("{} is no Open MPI that is known here: it has no {}; "
                         "install Open MPI 4 or 5 and start the program with "
                         "its mpirun",
                         path, missing);
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
