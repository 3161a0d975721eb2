//===- ModelDialect.cpp - registration and attributes of the model dialect ===//

#include "dialects/Model/Model.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc::model;

#include "dialects/Model/ModelDialect.cpp.inc"
#include "dialects/Model/ModelEnums.cpp.inc"

/// Parses `<number>`.
static FailureOr<double> parseNumber(AsmParser &parser) {
  double number = 0;
  if (parser.parseLess() || parser.parseFloat(number) || parser.parseGreater())
    return failure();
  return number;
}

/// Prints `<number>` with no more digits than it takes to read the same double
/// back, and always with a point, which the parser asks for.
static void printNumber(AsmPrinter &printer, const llvm::APFloat &number) {
  llvm::SmallString<32> text;
  // 9 digits are enough for what people write, 17 for every double.
  for (unsigned digits = 9; digits <= 17; ++digits) {
    text.clear();
    number.toString(text, digits, /*FormatMaxPadding=*/8);
    if (llvm::APFloat(llvm::APFloat::IEEEdouble(), text) == number)
      break;
  }
  if (!text.str().contains('.'))
    text += ".0";
  printer << '<' << text << '>';
}

static LogicalResult verifyTheta(function_ref<InFlightDiagnostic()> emitError,
                                 const llvm::APFloat &theta) {
  if (theta.isFinite() && !theta.isNegative() && !theta.isZero())
    return success();
  return emitError() << "expected a finite, positive theta, found "
                     << theta.convertToDouble();
}

Attribute NormalAttr::parse(AsmParser &parser, Type) {
  FailureOr<double> number = parseNumber(parser);
  if (failed(number))
    return {};
  return parser.getChecked<NormalAttr>(parser.getContext(),
                                       llvm::APFloat(*number));
}

void NormalAttr::print(AsmPrinter &printer) const {
  printNumber(printer, getDeviation());
}

LogicalResult NormalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 llvm::APFloat deviation) {
  if (deviation.isFinite() && !deviation.isNegative())
    return success();
  return emitError() << "expected a finite deviation of at least 0, found "
                     << deviation.convertToDouble();
}

Attribute RopeCosAttr::parse(AsmParser &parser, Type) {
  FailureOr<double> number = parseNumber(parser);
  if (failed(number))
    return {};
  return parser.getChecked<RopeCosAttr>(parser.getContext(),
                                        llvm::APFloat(*number));
}

void RopeCosAttr::print(AsmPrinter &printer) const {
  printNumber(printer, getTheta());
}

LogicalResult RopeCosAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  llvm::APFloat theta) {
  return verifyTheta(emitError, theta);
}

Attribute RopeSinAttr::parse(AsmParser &parser, Type) {
  FailureOr<double> number = parseNumber(parser);
  if (failed(number))
    return {};
  return parser.getChecked<RopeSinAttr>(parser.getContext(),
                                        llvm::APFloat(*number));
}

void RopeSinAttr::print(AsmPrinter &printer) const {
  printNumber(printer, getTheta());
}

LogicalResult RopeSinAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  llvm::APFloat theta) {
  return verifyTheta(emitError, theta);
}

#define GET_ATTRDEF_CLASSES
#include "dialects/Model/ModelAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Model/ModelOps.cpp.inc"

void ModelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Model/ModelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Model/ModelOps.cpp.inc"
      >();
}
