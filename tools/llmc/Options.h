//===- Options.h - the options of the command line --------------*- C++ -*-===//

#ifndef LLMC_TOOLS_LLMC_OPTIONS_H
#define LLMC_TOOLS_LLMC_OPTIONS_H

#include "Commands.h"

#include <optional>
#include <variant>

namespace llmc {

using Command = std::variant<CompileCommand, PlanCommand, DataCommand>;

/// Options of LLVM's own are not shown by --help. Call before parsing.
void hideForeignOptions();

/// What the parsed command line asks for; none if it makes no sense, which has
/// been printed.
std::optional<Command> readCommand();

} // namespace llmc

#endif
