//===- EmitVector.cpp - constants and packs as C++ ------------------------===//

#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

/// A number of an attribute; null for types that kernels do not have.
static Expression printNumber(Attribute value, Type type) {
  if (auto number = dyn_cast<IntegerAttr>(value)) {
    if (type.isInteger(1))
      return literal(number.getValue().isZero() ? "false" : "true");
    return integer(number.getValue().getSExtValue());
  }
  auto number = dyn_cast<FloatAttr>(value);
  if (!number)
    return nullptr;
  if (type.isF32())
    return literal(printFloat(number.getValue()));
  if (!type.isBF16())
    return nullptr;
  uint64_t bits = number.getValue().bitcastToAPInt().getZExtValue();
  if (bits == 0)
    return braces("bf16", {});
  return braces("bf16", {literal("0x" + llvm::utohexstr(bits, true, 4))});
}

Expression KernelEmitter::emitConstant(Attribute value, Operation *op) {
  Type type = op->getResult(0).getType();
  auto elements = dyn_cast<DenseElementsAttr>(value);
  if (!elements)
    return printNumber(value, type);
  std::string pack = getTypeName(type, op);
  if (pack.empty())
    return nullptr;
  Type element = elements.getElementType();
  auto isZeroNumber = [](Attribute number) {
    if (auto integer = dyn_cast<IntegerAttr>(number))
      return integer.getValue().isZero();
    auto real = dyn_cast<FloatAttr>(number);
    return real && real.getValue().isPosZero();
  };
  if (elements.isSplat() && isZeroNumber(elements.getSplatValue<Attribute>()))
    return braces(pack, {});
  SmallVector<Expression> numbers;
  for (Attribute number : elements.getValues<Attribute>()) {
    numbers.push_back(printNumber(number, element));
    if (!numbers.back())
      return nullptr;
  }
  return braces(pack, numbers);
}

static bool isZero(const Expression &element) {
  return (element->kind == Node::Literal && element->text == "0.0f") ||
         (element->kind == Node::Integer && element->value == 0) ||
         (element->kind == Node::Braces && element->operands.empty());
}

/// Elements that are all rounded to bf16 here are rounded two at a time; null
/// for others.
static Expression roundPairs(StringRef type, ArrayRef<Expression> elements) {
  if (elements.size() % 2 != 0 ||
      !llvm::all_of(elements, [](const Expression &element) {
        return element->kind == Node::Call && element->text == "to_bf16";
      }))
    return nullptr;
  SmallVector<Expression> words;
  for (size_t i = 0; i < elements.size(); i += 2)
    words.push_back(call(
        "pack_bf16", {elements[i]->operands[0], elements[i + 1]->operands[0]}));
  std::string wordType = "Pack<unsigned, " + std::to_string(words.size()) + ">";
  return call("__builtin_bit_cast", {name(type), braces(wordType, words)});
}

Expression KernelEmitter::emitVector(Operation *op) {
  // Braces take no unsigned number for an int.
  auto element = [&](Value value) {
    return value.getType().isInteger(32) ? getSigned(value) : get(value);
  };
  if (auto build = dyn_cast<vector::FromElementsOp>(op)) {
    std::string type = getTypeName(build.getType(), op);
    SmallVector<Expression> elements;
    for (Value value : build.getElements())
      elements.push_back(element(value));
    if (type.empty())
      return nullptr;
    if (llvm::all_of(elements, isZero))
      return braces(type, {});
    if (Expression pairs = roundPairs(type, elements))
      return pairs;
    return braces(type, elements);
  }
  if (auto splat = dyn_cast<vector::BroadcastOp>(op)) {
    std::string type = getTypeName(splat.getType(), op);
    if (type.empty() || isa<VectorType>(splat.getSource().getType()))
      return nullptr;
    SmallVector<Expression> elements(splat.getType().getNumElements(),
                                     element(splat.getSource()));
    return braces(type, elements);
  }
  if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
    if (extract.getMixedPosition().size() != 1)
      return nullptr;
    OpFoldResult position = extract.getMixedPosition()[0];
    Expression pack = get(extract.getSource());
    if (auto number = dyn_cast<Attribute>(position)) {
      int64_t i = cast<IntegerAttr>(number).getInt();
      if (pack->kind == Node::Braces && !pack->operands.empty())
        return pack->operands[i];
      return subscript(pack, integer(i));
    }
    return subscript(pack, getSigned(cast<Value>(position)));
  }
  if (auto bits = dyn_cast<vector::BitCastOp>(op)) {
    std::string type = getTypeName(bits.getType(), op);
    return type.empty() ? nullptr
                        : call("__builtin_bit_cast",
                               {name(type), get(bits.getSource())});
  }
  return nullptr;
}
