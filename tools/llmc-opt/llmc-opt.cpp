//===- llmc-opt.cpp - runs any pass alone ---------------------------------===//
//
// Reads IR in llmc's dialects and the upstream ones that its phases use, runs
// the passes named on the command line, prints the result. For tests, and for
// looking at one phase alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/Registration.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  llmc::registerDialects(registry);
  llmc::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "llmc's pass driver\n", registry));
}
