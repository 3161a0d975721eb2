//===- FunctionSyntax.h - functions as text ---------------------*- C++ -*-===//

#ifndef LLMC_DIALECTS_INTERFACES_FUNCTIONSYNTAX_H
#define LLMC_DIALECTS_INTERFACES_FUNCTIONSYNTAX_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"

namespace llmc {

/// Parses an op with FunctionOpInterface as func.func is written.
template <typename Op>
mlir::ParseResult parseFunction(mlir::OpAsmParser &parser,
                                mlir::OperationState &result) {
  namespace impl = mlir::function_interface_impl;
  auto buildType =
      [](mlir::Builder &builder, llvm::ArrayRef<mlir::Type> arguments,
         llvm::ArrayRef<mlir::Type> results, impl::VariadicFlag,
         std::string &) { return builder.getFunctionType(arguments, results); };
  return impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                               Op::getFunctionTypeAttrName(result.name),
                               buildType, Op::getArgAttrsAttrName(result.name),
                               Op::getResAttrsAttrName(result.name));
}

template <typename Op>
void printFunction(mlir::OpAsmPrinter &printer, Op function) {
  mlir::function_interface_impl::printFunctionOp(
      printer, function, /*isVariadic=*/false,
      function.getFunctionTypeAttrName(), function.getArgAttrsAttrName(),
      function.getResAttrsAttrName());
}

} // namespace llmc

#endif // LLMC_DIALECTS_INTERFACES_FUNCTIONSYNTAX_H
