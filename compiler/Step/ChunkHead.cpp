//===- ChunkHead.cpp - logits of some tokens at a time --------------------===//
//
// The logits are by far the largest activation: 2 bytes for each token and each
// word of the vocabulary. See Passes.td for the IR before and after.
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_CHUNKHEAD
#include "compiler/Step/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// Tokens to which chunks begin, so that every slice is aligned as a tensor of
/// its own is.
constexpr int64_t kChunkAlignment = 64;

/// The ops around one head.
struct Head {
  model::LinearOp linear;
  model::CrossEntropyOp loss;
  /// None where the loss is only evaluated.
  model::CrossEntropyGradOp gradient;
  /// What multiplies or sums the logits' gradient, in program order.
  SmallVector<Operation *> users;

  int64_t tokens() {
    return cast<ShapedType>(loss.getTargets().getType()).getNumElements();
  }
};

/// Whether every use adds the value to storage.
bool isAccumulated(Value value) {
  return !value.use_empty() &&
         llvm::all_of(value.getUses(), [](OpOperand &use) {
           return isa<train::AccumulateOp>(use.getOwner()) &&
                  use.getOperandNumber() == 0;
         });
}

/// Why `user` of the logits' gradient cannot be done in chunks; empty if it
/// can.
StringRef refusalOf(Operation *user, Head &head) {
  Value gradient = head.gradient.getOutput();
  if (auto linear = dyn_cast<model::LinearOp>(user))
    return linear.getInput() == gradient && linear.getWeight() != gradient
               ? ""
               : "the gradient of the logits is a weight";
  if (auto weight = dyn_cast<model::LinearWeightGradOp>(user)) {
    if (weight.getGrad() != gradient ||
        weight.getInput() != head.linear.getInput())
      return "the gradient of the weight is of another product";
  } else if (!isa<model::SumRowsOp>(user) || user->hasAttr("splits")) {
    return "an op that knows no chunks reads the gradient of the logits";
  }
  return isAccumulated(user->getResult(0))
             ? ""
             : "the gradient of the weight is not only accumulated";
}

/// Completes `head`, of which `loss` and `linear` are given. Returns why it
/// stays whole; empty if it need not.
StringRef readHead(Head &head) {
  for (Operation *user : head.linear.getOutput().getUsers()) {
    if (user == head.loss)
      continue;
    auto gradient = dyn_cast<model::CrossEntropyGradOp>(user);
    if (!gradient || head.gradient ||
        gradient.getTargets() != head.loss.getTargets())
      return "the logits are used for more than the loss";
    head.gradient = gradient;
  }
  if (!head.gradient)
    return "";
  llvm::SetVector<Operation *> users;
  for (Operation *user : head.gradient.getOutput().getUsers()) {
    if (StringRef refusal = refusalOf(user, head); !refusal.empty())
      return refusal;
    users.insert(user);
  }
  head.users = users.takeVector();
  llvm::sort(head.users,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return "";
}

/// Writes a head's ops chunk by chunk, where its product stands.
class Chunker {
public:
  explicit Chunker(Head &head) : head(head), b(head.linear) {}

  void run(int64_t most);

private:
  Value slice(Value whole, int64_t first, int64_t count);
  Value join(Value whole, ArrayRef<Value> parts);
  /// `type` with `count` tokens.
  static Type typeOfChunk(Type type, int64_t count);
  void emitChunk(int64_t first, int64_t count);
  void emitUser(Operation *user, IRMapping &chunk, int64_t count);

  Head &head;
  OpBuilder b;
  SmallVector<Value> losses;
  /// The chunks of each value [b, t, ..] that is used on.
  llvm::MapVector<Value, SmallVector<Value>> joined;
};

} // namespace

Type Chunker::typeOfChunk(Type type, int64_t count) {
  auto whole = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(whole.getShape());
  shape[0] = 1;
  shape[1] = count;
  return whole.clone(shape);
}

Value Chunker::slice(Value whole, int64_t first, int64_t count) {
  return model::SliceTokensOp::create(
      b, whole.getLoc(), typeOfChunk(whole.getType(), count), whole, first);
}

Value Chunker::join(Value whole, ArrayRef<Value> parts) {
  return model::JoinTokensOp::create(b, whole.getLoc(), whole.getType(), parts);
}

/// One op on the chunk's gradient, with the accumulations of its result.
void Chunker::emitUser(Operation *user, IRMapping &chunk, int64_t count) {
  Operation *clone = b.clone(*user, chunk);
  Value result = user->getResult(0), part = clone->getResult(0);
  if (isa<model::LinearOp>(user)) {
    part.setType(typeOfChunk(part.getType(), count));
    joined[result].push_back(part);
    return;
  }
  SmallVector<train::AccumulateOp> accumulations;
  for (Operation *use : result.getUsers())
    accumulations.push_back(cast<train::AccumulateOp>(use));
  llvm::sort(accumulations,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (train::AccumulateOp accumulate : accumulations) {
    // The handle may stand behind the head.
    Value storage = accumulate.getStorage();
    if (Operation *handle = storage.getDefiningOp())
      storage = b.clone(*handle)->getResult(0);
    train::AccumulateOp::create(b, accumulate.getLoc(), part, storage);
  }
}

void Chunker::emitChunk(int64_t first, int64_t count) {
  model::LinearOp linear = head.linear;
  Value targets = head.loss.getTargets();
  IRMapping chunk;
  chunk.map(linear.getInput(), slice(linear.getInput(), first, count));
  chunk.map(targets, slice(targets, first, count));
  Value logits = b.clone(*linear, chunk)->getResult(0);
  logits.setType(typeOfChunk(logits.getType(), count));
  auto loss = cast<RankedTensorType>(head.loss.getType());
  losses.push_back(model::TokenLossOp::create(b, head.loss.getLoc(),
                                              loss.clone({1, count}), logits,
                                              chunk.lookup(targets)));
  if (!head.gradient)
    return;
  Value gradient = model::CrossEntropyGradOp::create(
      b, head.gradient.getLoc(), logits.getType(), logits,
      chunk.lookup(targets), b.getI64IntegerAttr(head.tokens()));
  chunk.map(head.gradient.getOutput(), gradient);
  for (Operation *user : head.users)
    emitUser(user, chunk, count);
}

void Chunker::run(int64_t most) {
  int64_t tokens = head.tokens();
  int64_t chunks = llvm::divideCeilSigned(tokens, most);
  int64_t count =
      llvm::alignTo(llvm::divideCeilSigned(tokens, chunks), kChunkAlignment);
  for (int64_t first = 0; first < tokens; first += count)
    emitChunk(first, std::min(count, tokens - first));

  auto loss = cast<RankedTensorType>(head.loss.getType());
  auto targets = cast<ShapedType>(head.loss.getTargets().getType());
  Value all = model::JoinTokensOp::create(
      b, head.loss.getLoc(), loss.clone(targets.getShape()), losses);
  head.loss.getLoss().replaceAllUsesWith(
      model::MeanOp::create(b, head.loss.getLoc(), loss, all));
  for (auto &[whole, parts] : joined)
    whole.replaceAllUsesWith(join(whole, parts));

  for (Operation *user : head.users) {
    for (Operation *use : llvm::make_early_inc_range(user->getUsers()))
      use->erase();
    user->erase();
  }
  if (head.gradient)
    head.gradient.erase();
  head.loss.erase();
  head.linear.erase();
}

namespace {

struct ChunkHead : llmc::impl::ChunkHeadBase<ChunkHead> {
  using ChunkHeadBase::ChunkHeadBase;

  void runOnOperation() override {
    if (tokens == 0)
      return markAllAnalysesPreserved();
    if (tokens < 0 || tokens % kChunkAlignment != 0) {
      emitError(getOperation().getLoc())
          << "expected chunks of a multiple of " << kChunkAlignment
          << " tokens, found " << tokens.getValue();
      return signalPassFailure();
    }
    SmallVector<model::CrossEntropyOp> losses;
    getOperation().walk(
        [&](model::CrossEntropyOp loss) { losses.push_back(loss); });
    for (model::CrossEntropyOp loss : losses)
      chunk(loss);
  }

  void chunk(model::CrossEntropyOp loss) {
    Head head;
    head.loss = loss;
    head.linear = loss.getLogits().getDefiningOp<model::LinearOp>();
    Location loc = loss.getLoc();
    auto targets = cast<RankedTensorType>(loss.getTargets().getType());
    if (!targets.hasStaticShape() || head.tokens() <= tokens)
      return;
    StringRef refusal =
        head.linear ? readHead(head) : "the logits are not those of a product";
    if (!refusal.empty()) {
      remark::missed(loc,
                     remark::RemarkOpts::name("head-whole").category("step"))
          << remark::add("logits of all {0} tokens at once: {1}", head.tokens(),
                         refusal);
      return;
    }
    remark::passed(loc,
                   remark::RemarkOpts::name("head-chunked").category("step"))
        << remark::add("logits of {0} tokens in chunks of at most {1}; the "
                       "weight's gradient is rounded once for each",
                       head.tokens(), tokens.getValue());
    Chunker(head).run(tokens);
  }
};

} // namespace
