//===- EmitSource.cpp - a kernel as CUDA C++ ------------------------------===//

#include "compiler/Target/CUDA/EmitSource.h"

#include "compiler/Support/SourceLocation.h"
#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

std::optional<int64_t> llmc::getArgumentSpan(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  int64_t last = 0;
  for (auto [extent, stride] : llvm::zip(type.getShape(), strides)) {
    if (ShapedType::isDynamic(stride))
      return std::nullopt;
    if (extent == 0)
      return 0;
    last += (extent - 1) * stride;
  }
  if (strides.empty() || !type.getElementType().isIntOrFloat())
    return last + 1;
  int64_t pack = 128 / std::max<int64_t>(8, type.getElementTypeBitWidth());
  bool isPadded =
      !type.getLayout().isIdentity() &&
      llvm::all_of(ArrayRef(strides).drop_back(),
                   [&](int64_t stride) { return stride % pack == 0; });
  return isPadded ? llvm::alignTo(last + 1, pack) : last + 1;
}

KernelEmitter::KernelEmitter(cuda::KernelOp kernel) : kernel(kernel) {
  // Indices of elements beyond the end are computed before they are masked:
  // the last tile's may exceed the extent by some rows.
  constexpr int64_t widest = (int64_t(1) << 31) - (int64_t(1) << 26);
  for (Type type : kernel.getArgumentTypes())
    if (getArgumentSpan(cast<MemRefType>(type)).value_or(0) > widest)
      indexBits = 64;
}

unsigned KernelEmitter::getBits(Type type) const {
  return type.isIndex() ? indexBits : type.getIntOrFloatBitWidth();
}

std::string KernelEmitter::getTypeName(Type type, Operation *op) {
  if (auto vector = dyn_cast<VectorType>(type);
      vector && vector.getRank() == 1) {
    std::string element = getTypeName(vector.getElementType(), op);
    if (element.empty())
      return "";
    return "Pack<" + element + ", " + std::to_string(vector.getDimSize(0)) +
           ">";
  }
  if (type.isF32())
    return "float";
  if (type.isBF16())
    return "bf16";
  if (type.isInteger(1))
    return "bool";
  if (type.isInteger(8))
    return "signed char";
  if (type.isInteger(16))
    return "short";
  if (type.isInteger(32) || (type.isIndex() && !isWide()))
    return "int";
  if (type.isInteger(64) || type.isIndex())
    return "long long";
  op->emitOpError("has a value of type ")
      << type << ", which kernels cannot hold";
  return "";
}

/// Whether the kernel writes to an argument.
static bool isWritten(Value argument) {
  return llvm::any_of(argument.getUsers(), [](Operation *user) {
    return isa<cuda::StoreGlobalOp, memref::StoreOp>(user);
  });
}

LogicalResult KernelEmitter::emitSignature() {
  bool mayAlias = kernel->hasAttr("cuda.may_alias");
  std::string parameters, registrations;
  for (auto [number, argument] :
       llvm::enumerate(kernel.getBody().getArguments())) {
    auto type = cast<MemRefType>(argument.getType());
    auto span = getArgumentSpan(type);
    if (!span)
      return kernel.emitOpError("argument ")
             << number << " of type " << type << " has no static extent";
    std::string element = getTypeName(type.getElementType(), kernel);
    if (element.empty())
      return failure();
    auto wish = kernel.getArgAttrOfType<StringAttr>(number, "cuda.name");
    std::string name =
        names.take(wish ? wish.getValue() : "x" + std::to_string(number));
    values[argument] = emit::name(name);
    if (!parameters.empty())
      parameters += ", ";
    // What other blocks write between turns must not be read before: nobody
    // but the kernel's own accesses would change a restricted argument.
    bool written = isWritten(argument);
    bool isShared = mayAlias || (written && !turns.empty());
    parameters += (written ? "" : "const ") + element + " *" +
                  (isShared ? "" : "__restrict__ ") + name;
    registrations += "LLMC_ARGUMENT(" + name + ", " + print(integer(*span)) +
                     llvm::formatv("); // [{0:$[, ]}]\n",
                                   llvm::iterator_range(type.getShape()))
                         .str();
  }
  out.open("LLMC_KERNEL(" + std::to_string(kernel.getThreads()) + ", " +
           std::to_string(kernel.getMinBlocks().value_or(1)) + ") " +
           kernel.getSymName().str() + "(" + parameters + ") {");
  if (int64_t bytes = kernel.getSharedBytes().value_or(0))
    out.line("LLMC_SHARED(" + std::to_string(bytes) + ");");
  for (StringRef rest = registrations; !rest.empty();) {
    auto [line, others] = rest.split('\n');
    out.line(line);
    rest = others;
  }
  out.blank();
  return success();
}

/// Shared buffers lie within the kernel's shared memory.
LogicalResult KernelEmitter::checkShared() {
  WalkResult result = kernel.walk([&](cuda::SharedOp buffer) {
    if (!buffer.getOffset()) {
      buffer.emitOpError("has no offset, expected llmc-cuda-allocate-shared to "
                         "have set it");
      return WalkResult::interrupt();
    }
    int64_t end = *buffer.getOffset() +
                  cast<MemRefType>(buffer.getType()).getNumElements();
    int64_t bytes = kernel.getSharedBytes().value_or(0);
    if (end > bytes) {
      buffer.emitOpError("ends at byte ")
          << end << " of the shared memory, the kernel has " << bytes;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

FailureOr<std::string> KernelEmitter::emit() {
  if (failed(checkShared()))
    return failure();
  std::string comment = sourceLine(kernel.getLoc());
  if (auto text = kernel->getAttrOfType<StringAttr>("cuda.comment"))
    comment += (comment.empty() ? "" : ": ") + text.str();
  out.comment(comment);
  out.line("#include \"llmc_device.h\"");
  out.blank();
  // The function's own name is not hidden either.
  names.take(kernel.getSymName());
  if (std::optional<int64_t> places = cuda::getTurnPlaces(kernel)) {
    turns = names.take("turns");
    out.line("LLMC_TURNS(" + turns + ", " + std::to_string(*places) + ");");
    out.blank();
  }
  if (failed(emitSignature()) || failed(emitBlock(kernel.getBody().front())))
    return failure();
  out.close();
  return out.take();
}

FailureOr<std::string> llmc::emitCudaSource(cuda::KernelOp kernel) {
  return KernelEmitter(kernel).emit();
}
