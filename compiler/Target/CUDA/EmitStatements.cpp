//===- EmitStatements.cpp - blocks of a kernel and their lines ------------===//

#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

/// Longer expressions get a name.
static constexpr size_t longestInlined = 60;

//===----------------------------------------------------------------------===//
// Which values are variables
//===----------------------------------------------------------------------===//

/// Whether `op`, between a value and its use, may change what the value reads,
/// or run for some lanes only.
static bool isHazard(Operation *op) {
  if (op->getNumRegions() != 0)
    return true;
  return isa<memref::StoreOp, cuda::StoreGlobalOp, cuda::StoreSharedOp,
             cuda::CpAsyncOp, cuda::CpAsyncWaitOp, cuda::BarrierOp, cuda::MmaOp,
             cuda::MmaTf32Op, cuda::LdmatrixOp>(op);
}

/// Whether the C++ of `user` has the operand more than once.
static bool repeatsOperand(Operation *user) {
  if (auto compare = dyn_cast<arith::CmpFOp>(user)) {
    using P = arith::CmpFPredicate;
    return llvm::is_contained({P::ONE, P::UEQ, P::ORD, P::UNO},
                              compare.getPredicate());
  }
  return isa<arith::MinSIOp, arith::MaxSIOp, arith::MinUIOp, arith::MaxUIOp,
             arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
             math::AbsFOp, vector::BroadcastOp>(user);
}

/// Whether the C++ of `user` may skip the evaluation of an operand.
static bool maySkipOperand(Operation *user) {
  if (isa<arith::AndIOp, arith::OrIOp>(user))
    return user->getResult(0).getType().isInteger(1);
  return isa<arith::SelectOp, cuda::LoadGlobalOp, cuda::StoreGlobalOp,
             cuda::StoreSharedOp, memref::LoadOp>(user);
}

/// Whether the one use of `op`'s result can be replaced by `value`.
static bool canInline(Operation *op, const Expression &value) {
  Value result = op->getResult(0);
  if (!result.hasOneUse())
    return false;
  Operation *user = *result.getUsers().begin();
  if (user->getBlock() != op->getBlock() || repeatsOperand(user))
    return false;
  if (print(value).size() > longestInlined)
    return false;
  if (value->effects == None)
    return true;
  // A loop's bounds are evaluated on each turn.
  if (isa<scf::ForOp>(user))
    return false;
  if ((value->effects & Convergent) && maySkipOperand(user))
    return false;
  for (Operation *between = op->getNextNode(); between != user;
       between = between->getNextNode())
    if (isHazard(between))
      return false;
  return true;
}

static bool isDead(Operation *op) {
  return op->getNumResults() > 0 && op->use_empty() &&
         (isMemoryEffectFree(op) ||
          isa<memref::LoadOp, cuda::LoadGlobalOp, cuda::LoadSharedOp,
              cuda::RegistersOp, cuda::SharedOp>(op));
}

Expression KernelEmitter::get(Value value) const {
  auto found = values.find(value);
  assert(found != values.end() && "a value is emitted before its uses");
  return found->second;
}

Expression KernelEmitter::getSigned(Value value) const {
  return asSigned(get(value), getBits(value.getType()));
}

Expression KernelEmitter::getUnsigned(Value value) const {
  return asUnsigned(get(value), getBits(value.getType()));
}

std::string KernelEmitter::takeName(Operation *op, const Expression &value) {
  if (auto wish = op->getAttrOfType<StringAttr>("cuda.name"))
    return names.take(wish.getValue());
  return names.take(deriveName(op, value));
}

static std::string unsignedType(StringRef type) {
  return ("unsigned" + (type == "int" ? "" : " " + type)).str();
}

/// v[0] of a variable is as good as a name.
static bool isElement(const Expression &value) {
  return value->kind == Node::Subscript && value->effects == None &&
         value->operands[0]->kind == Node::Name && isAtom(value->operands[1]);
}

LogicalResult KernelEmitter::bind(Operation *op, Expression value) {
  Value result = op->getResult(0);
  bool isNamed = op->hasAttr("cuda.name") || op->hasAttr("cuda.comment");
  // thread_id() * 100000 would be an int.
  bool isNarrow = isWide() && isa<cuda::ThreadIdOp, cuda::BlockIdOp>(op);
  bool isNumber = (isAtom(value) && value->kind != Node::Name) ||
                  (isa<arith::ConstantOp>(op) && !isNamed &&
                   print(value).size() <= longestInlined);
  if (isNumber ||
      (!isNamed && !isNarrow &&
       (isAtom(value) || isElement(value) || canInline(op, value)))) {
    values[result] = value;
    return success();
  }
  std::string type = getTypeName(result.getType(), op);
  if (type.empty())
    return failure();
  if (value->isUnsigned)
    type = unsignedType(type);
  std::string name = takeName(op, value);
  out.line("const " + type + " " + name + " = " +
           printInitializer(value, type) + ";");
  values[result] = emit::name(name, value->isUnsigned);
  return success();
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

LogicalResult KernelEmitter::emitBlock(Block &block) {
  for (Operation &op : block)
    if (failed(emitOp(&op)))
      return failure();
  return success();
}

LogicalResult KernelEmitter::emitOp(Operation *op) {
  if (isDead(op) || isa<cuda::ReturnOp>(op))
    return success();
  if (auto comment = op->getAttrOfType<StringAttr>("cuda.comment")) {
    out.blank();
    out.comment(comment.getValue());
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return emitFor(loop);
  if (auto loop = dyn_cast<cuda::UnrollOp>(op))
    return emitUnroll(loop);
  if (auto choice = dyn_cast<scf::IfOp>(op))
    return emitIf(choice);
  if (auto yield = dyn_cast<scf::YieldOp>(op))
    return emitYield(yield);
  if (auto array = dyn_cast<cuda::RegistersOp>(op))
    return emitRegisters(array);
  if (auto buffer = dyn_cast<cuda::SharedOp>(op)) {
    emitShared(buffer);
    return success();
  }
  if (op->getNumResults() == 1) {
    for (auto emitter : {&KernelEmitter::emitArith, &KernelEmitter::emitMath,
                         &KernelEmitter::emitVector, &KernelEmitter::emitRead})
      if (Expression value = (this->*emitter)(op))
        return bind(op, value);
  } else if (op->getNumResults() == 0) {
    Expression guard;
    std::string statement = emitEffect(op, guard);
    if (!statement.empty() && !guard) {
      out.line(statement);
      return success();
    }
    if (!statement.empty()) {
      out.open("if (" + print(guard) + ") {");
      out.line(statement);
      out.close();
      return success();
    }
  }
  return op->emitOpError("has no form in CUDA C++ for these types");
}

LogicalResult KernelEmitter::declareMutable(Value value, Operation *op,
                                            unsigned number, Expression start) {
  std::string type = getTypeName(value.getType(), op);
  if (type.empty())
    return failure();
  auto wishes = op->getAttrOfType<ArrayAttr>("cuda.result_names");
  auto wish = wishes && number < wishes.size()
                  ? dyn_cast<StringAttr>(wishes[number])
                  : StringAttr();
  std::string name = names.take(wish                  ? wish.getValue()
                                : isa<scf::ForOp>(op) ? "carried"
                                                      : "chosen");
  out.line(type + " " + name +
           (start ? " = " + printInitializer(start, type) : "") + ";");
  values[value] = emit::name(name);
  return success();
}

std::string KernelEmitter::takeLoopName(Operation *loop) {
  if (auto wish = loop->getAttrOfType<StringAttr>("cuda.name"))
    return names.take(wish.getValue());
  return names.take(StringRef("ijklmn").substr(loopDepth % 6, 1));
}

/// "++i" or "i += 4".
static std::string printStep(StringRef name, const Expression &step) {
  if (step->kind == Node::Integer && step->value == 1)
    return ("++" + name).str();
  return (name + " += ").str() + print(step);
}

LogicalResult KernelEmitter::emitLoop(Operation *loop, BlockArgument variable,
                                      Expression begin, Expression end,
                                      Expression step) {
  std::string type = getTypeName(variable.getType(), loop);
  if (type.empty())
    return failure();
  names.push();
  std::string index = takeLoopName(loop);
  values[variable] = name(index);
  out.open("for (" + type + " " + index + " = " + print(begin) + "; " +
           print(binary("<", name(index), end)) + "; " +
           printStep(index, step) + ") {");
  ++loopDepth;
  if (failed(emitBlock(*variable.getOwner())))
    return failure();
  --loopDepth;
  names.pop();
  out.close();
  out.blank();
  return success();
}

LogicalResult KernelEmitter::emitFor(scf::ForOp loop) {
  if (!loop->hasAttr("cuda.comment"))
    out.blank();
  for (unsigned i = 0; i < loop.getNumResults(); ++i) {
    if (failed(declareMutable(loop.getResult(i), loop, i,
                              get(loop.getInitArgs()[i]))))
      return failure();
    // A copy: an insertion may move what the map holds.
    Expression carried = get(loop.getResult(i));
    values[loop.getRegionIterArg(i)] = carried;
  }
  return emitLoop(loop, cast<BlockArgument>(loop.getInductionVar()),
                  getSigned(loop.getLowerBound()),
                  getSigned(loop.getUpperBound()), getSigned(loop.getStep()));
}

LogicalResult KernelEmitter::emitUnroll(cuda::UnrollOp loop) {
  if (loop.getExtent() <= loop.getStep()) {
    values[loop.getIndex()] = integer(0);
    return emitBlock(loop.getBody().front());
  }
  if (!loop->hasAttr("cuda.comment"))
    out.blank();
  out.line("LLMC_UNROLL");
  return emitLoop(loop, cast<BlockArgument>(loop.getIndex()), integer(0),
                  integer(loop.getExtent()), integer(loop.getStep()));
}

LogicalResult KernelEmitter::emitIf(scf::IfOp op) {
  if (op.getNumResults() == 0 && print(get(op.getCondition())) == "true")
    return emitBlock(op.getThenRegion().front());
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    if (failed(declareMutable(op.getResult(i), op, i, nullptr)))
      return failure();
  auto emitRegion = [&](Region &region) {
    names.push();
    LogicalResult result = emitBlock(region.front());
    names.pop();
    return result;
  };
  out.open("if (" + print(get(op.getCondition())) + ") {");
  if (failed(emitRegion(op.getThenRegion())))
    return failure();
  bool hasElse = !op.getElseRegion().empty() &&
                 (op.getNumResults() > 0 ||
                  op.getElseRegion().front().getOperations().size() > 1);
  if (hasElse) {
    out.middle("} else {");
    if (failed(emitRegion(op.getElseRegion())))
      return failure();
  }
  out.close();
  return success();
}

/// Whether the variable `name` occurs in `expression`.
static bool mentions(const Expression &expression, StringRef name) {
  return (expression->kind == Node::Name && expression->text == name) ||
         llvm::any_of(expression->operands, [&](const Expression &operand) {
           return mentions(operand, name);
         });
}

/// Assigns to the parent's variables, as if all at once.
LogicalResult KernelEmitter::emitYield(scf::YieldOp yield) {
  Operation *parent = yield->getParentOp();
  SmallVector<Expression> sources;
  for (Value value : yield.getOperands())
    sources.push_back(get(value));
  for (unsigned i = 0; i < sources.size(); ++i) {
    std::string target = print(get(parent->getResult(i)));
    bool isReadLater = llvm::any_of(
        ArrayRef<Expression>(sources).drop_front(i + 1),
        [&](const Expression &later) { return mentions(later, target); });
    if (!isReadLater || print(sources[i]) == target)
      continue;
    // The variables read later keep their values until all are computed.
    for (unsigned j = i + 1; j < sources.size(); ++j) {
      if (!mentions(sources[j], target))
        continue;
      std::string type = getTypeName(yield.getOperand(j).getType(), yield);
      if (sources[j]->isUnsigned)
        type = unsignedType(type);
      std::string next = names.take("next_" + print(get(parent->getResult(j))));
      out.line("const " + type + " " + next + " = " +
               printInitializer(sources[j], type) + ";");
      sources[j] = name(next, sources[j]->isUnsigned);
    }
  }
  for (unsigned i = 0; i < sources.size(); ++i) {
    Expression target = get(parent->getResult(i));
    if (print(sources[i]) != print(target))
      out.line(printAssignment(target, sources[i]) + ";");
  }
  return success();
}

LogicalResult KernelEmitter::emitRegisters(cuda::RegistersOp op) {
  auto type = cast<MemRefType>(op.getType());
  std::string element = getTypeName(type.getElementType(), op);
  if (element.empty())
    return failure();
  // Fragments are words of two bf16 or one tf32.
  bool isUnsigned = llvm::any_of(op->getUsers(), [&](Operation *user) {
    return type.getElementType().isInteger(32) &&
           isa<cuda::MmaOp, cuda::MmaTf32Op, cuda::LdmatrixOp>(user);
  });
  auto wish = op->getAttrOfType<StringAttr>("cuda.name");
  std::string name = names.take(wish ? wish.getValue() : "r");
  out.line((isUnsigned ? "unsigned" : element) + " " + name + "[" +
           std::to_string(type.getNumElements()) + "];");
  values[op] = emit::name(name, isUnsigned);
  return success();
}

/// A shared buffer is the byte where it begins.
void KernelEmitter::emitShared(cuda::SharedOp op) {
  Expression offset = integer(*op.getOffset());
  if (auto wish = op->getAttrOfType<StringAttr>("cuda.name")) {
    std::string name = names.take(wish.getValue());
    int64_t bytes = cast<MemRefType>(op.getType()).getNumElements();
    out.line("const int " + name + " = " + print(offset) + "; // " +
             std::to_string(bytes) + " bytes of shared memory");
    offset = emit::name(name);
  }
  values[op] = offset;
}
