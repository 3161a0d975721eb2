//===- ModelDialect.cpp - registration and attributes of the model dialect ===//

#include "dialects/Model/Model.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc::model;

#include "dialects/Model/ModelDialect.cpp.inc"
#include "dialects/Model/ModelEnums.cpp.inc"

/// Prints a number with no more digits than it takes to read the same double
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
  printer << text;
}

static bool isPositive(const llvm::APFloat &number) {
  return number.isFinite() && !number.isNegative() && !number.isZero();
}

Attribute NormalAttr::parse(AsmParser &parser, Type) {
  double number = 0;
  if (parser.parseLess() || parser.parseFloat(number) || parser.parseGreater())
    return {};
  return parser.getChecked<NormalAttr>(parser.getContext(),
                                       llvm::APFloat(number));
}

void NormalAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printNumber(printer, getDeviation());
  printer << '>';
}

LogicalResult NormalAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 llvm::APFloat deviation) {
  if (deviation.isFinite() && !deviation.isNegative())
    return success();
  return emitError() << "expected a finite deviation of at least 0, found "
                     << deviation.convertToDouble();
}

//===----------------------------------------------------------------------===//
// rotary positions
//===----------------------------------------------------------------------===//

Attribute Llama3ScalingAttr::parse(AsmParser &parser, Type) {
  double factor = 0, low = 0, high = 0;
  int64_t positions = 0;
  auto parseField = [&](StringRef name, double &value) -> ParseResult {
    return failure(parser.parseKeyword(name) || parser.parseEqual() ||
                   parser.parseFloat(value) || parser.parseComma());
  };
  if (parser.parseLess() || parseField("factor", factor) ||
      parseField("low", low) || parseField("high", high) ||
      parser.parseKeyword("positions") || parser.parseEqual() ||
      parser.parseInteger(positions) || parser.parseGreater())
    return {};
  return parser.getChecked<Llama3ScalingAttr>(
      parser.getContext(), llvm::APFloat(factor), llvm::APFloat(low),
      llvm::APFloat(high), positions);
}

void Llama3ScalingAttr::print(AsmPrinter &printer) const {
  printer << "<factor = ";
  printNumber(printer, getFactor());
  printer << ", low = ";
  printNumber(printer, getLow());
  printer << ", high = ";
  printNumber(printer, getHigh());
  printer << ", positions = " << getPositions() << '>';
}

LogicalResult
Llama3ScalingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                          llvm::APFloat factor, llvm::APFloat low,
                          llvm::APFloat high, int64_t positions) {
  if (!factor.isFinite() || factor < llvm::APFloat(1.0))
    return emitError() << "expected a finite factor of at least 1, found "
                       << factor.convertToDouble();
  if (!isPositive(low) || !isPositive(high) || !(low < high))
    return emitError() << "expected finite numbers of turns, low and above it "
                          "high, found "
                       << low.convertToDouble() << " and "
                       << high.convertToDouble();
  if (positions <= 0)
    return emitError() << "expected a positive number of positions, found "
                       << positions;
  return success();
}

/// `<theta>` or `<theta, <factor = ...>>`.
template <typename Table> static Attribute parseTable(AsmParser &parser) {
  double theta = 0;
  Llama3ScalingAttr scaling;
  if (parser.parseLess() || parser.parseFloat(theta))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    scaling = llvm::cast_if_present<Llama3ScalingAttr>(
        Llama3ScalingAttr::parse(parser, Type()));
    if (!scaling)
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<Table>(parser.getContext(), llvm::APFloat(theta),
                                  scaling);
}

template <typename Table>
static void printTable(AsmPrinter &printer, Table table) {
  printer << '<';
  printNumber(printer, table.getTheta());
  if (table.getScaling()) {
    printer << ", ";
    table.getScaling().print(printer);
  }
  printer << '>';
}

static LogicalResult verifyTheta(function_ref<InFlightDiagnostic()> emitError,
                                 const llvm::APFloat &theta) {
  if (isPositive(theta))
    return success();
  return emitError() << "expected a finite, positive theta, found "
                     << theta.convertToDouble();
}

Attribute RopeCosAttr::parse(AsmParser &parser, Type) {
  return parseTable<RopeCosAttr>(parser);
}
Attribute RopeSinAttr::parse(AsmParser &parser, Type) {
  return parseTable<RopeSinAttr>(parser);
}
void RopeCosAttr::print(AsmPrinter &printer) const {
  printTable(printer, *this);
}
void RopeSinAttr::print(AsmPrinter &printer) const {
  printTable(printer, *this);
}
LogicalResult RopeCosAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  llvm::APFloat theta, Llama3ScalingAttr) {
  return verifyTheta(emitError, theta);
}
LogicalResult RopeSinAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  llvm::APFloat theta, Llama3ScalingAttr) {
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
