//===- llmc-interpret.cpp - the loss and gradients of a model in f64 ------===//
//
// Specialises a model, adds its backward pass, evaluates both op by op in
// doubles. Prints the loss; writes gradients; compares them with finite
// differences. A graph that returns gradients already is taken as it is.
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include "Formula.h"
#include "GradientCheck.h"
#include "Interpreter.h"

#include "compiler/Autodiff/Passes.h"
#include "compiler/Specialize/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace llmc::interpret;
namespace cl = llvm::cl;
namespace model = llmc::model;

namespace {

cl::OptionCategory category("llmc-interpret options");

cl::opt<std::string> modelFile(cl::Positional, cl::Required,
                               cl::desc("MODEL.mlir"), cl::cat(category));
cl::opt<int64_t> batch("batch", cl::init(0),
                       cl::desc("sequences in the batch [as the file says]"),
                       cl::cat(category));
cl::opt<int64_t> sequence("seq", cl::init(0),
                          cl::desc("tokens in a sequence [as the file says]"),
                          cl::cat(category));
cl::opt<std::string>
    weights("weights", cl::value_desc("FILE"),
            cl::desc("parameters, a safetensors file; by formula without"),
            cl::cat(category));
cl::opt<std::string>
    tokenFile("tokens", cl::value_desc("FILE"),
              cl::desc("token shard, its first windows; by formula without"),
              cl::cat(category));
cl::opt<std::string>
    gradientFile("gradients", cl::value_desc("FILE"),
                 cl::desc("write the gradients, a safetensors file of F64"),
                 cl::cat(category));
cl::opt<std::string>
    weightFile("write-weights", cl::value_desc("FILE"),
               cl::desc("write the parameters, a safetensors file of F32"),
               cl::cat(category));
cl::opt<bool> check("check-gradients",
                    cl::desc("compare the gradients with finite differences"),
                    cl::cat(category));
cl::opt<int64_t>
    samples("samples", cl::init(64),
            cl::desc("elements of each parameter to compare; 0: all [64]"),
            cl::cat(category));

LogicalResult fail(llvm::Error error) {
  llvm::errs() << "llmc-interpret: error: " << llvm::toString(std::move(error))
               << "\n";
  return failure();
}

FailureOr<model::GraphOp> findGraph(ModuleOp module) {
  FailureOr<model::GraphOp> graph = model::GraphOp::getOnly(module);
  if (failed(graph))
    return failure();
  llvm::ArrayRef<Type> inputs = graph->getFunctionType().getInputs();
  if (inputs.size() != 2 || inputs[0] != inputs[1] ||
      !llvm::isa<RankedTensorType>(inputs[0]))
    return graph->emitError("expected tokens and targets of one type");
  return graph;
}

/// The extent to specialise to: the option's, else that of the file; 0, which
/// Specialize reports, when neither says.
int64_t extentOf(model::GraphOp graph, unsigned axis, int64_t option) {
  auto tokens =
      llvm::cast<RankedTensorType>(graph.getFunctionType().getInput(0));
  if (option != 0 || axis >= tokens.getRank() || tokens.isDynamicDim(axis))
    return option;
  return tokens.getDimSize(axis);
}

/// Makes the graph flat and static and adds its gradients.
LogicalResult prepare(ModuleOp module, model::GraphOp graph) {
  PassManager passes(module.getContext());
  std::string pipeline =
      llvm::formatv("llmc-specialize{{batch={0} seq={1}},llmc-unroll-repeat,"
                    "llmc-prepare-rope,llmc-hoist-parameters,"
                    "llmc-verify-specialized,llmc-autodiff",
                    extentOf(graph, 0, batch), extentOf(graph, 1, sequence));
  if (failed(parsePassPipeline(pipeline, passes)))
    return failure();
  return passes.run(module);
}

/// The smallest of the extents that tokens and targets index.
int64_t vocabularyOf(model::GraphOp graph) {
  int64_t vocabulary = 1 << 16;
  auto shrink = [&](Value value, unsigned axis) {
    auto type = llvm::cast<RankedTensorType>(value.getType());
    vocabulary = std::min(vocabulary, type.getDimSize(axis));
  };
  for (Operation &op : graph.getBody().front()) {
    if (auto embedding = llvm::dyn_cast<model::EmbeddingOp>(op))
      shrink(embedding.getWeight(), 0);
    else if (auto loss = llvm::dyn_cast<model::CrossEntropyOp>(op))
      shrink(loss.getLogits(), loss.getLogits().getType().getRank() - 1);
    else if (auto loss = llvm::dyn_cast<model::TokenLossOp>(op))
      shrink(loss.getLogits(), loss.getLogits().getType().getRank() - 1);
  }
  return vocabulary;
}

/// Window r takes tokens [r T, r T + T], as the training program's do.
LogicalResult makeTokens(model::GraphOp graph, Tensor &tokens,
                         Tensor &targets) {
  tokens =
      Tensor(llvm::cast<RankedTensorType>(graph.getFunctionType().getInput(0))
                 .getShape());
  targets = Tensor(tokens.shape);
  std::vector<double> text;
  if (!tokenFile.empty()) {
    auto read = readTokens(tokenFile, tokens.size() + 1);
    if (!read)
      return fail(read.takeError());
    text = std::move(*read);
  } else {
    int64_t vocabulary = vocabularyOf(graph);
    for (int64_t i = 0; i <= tokens.size(); ++i)
      text.push_back(formulaToken(i, vocabulary));
  }
  std::copy(text.begin(), text.end() - 1, tokens.data.begin());
  std::copy(text.begin() + 1, text.end(), targets.data.begin());
  return success();
}

LogicalResult makeValues(llvm::ArrayRef<model::ParameterOp> parameters,
                         std::vector<Tensor> &values) {
  llvm::StringMap<Tensor> file;
  if (!weights.empty()) {
    auto read = readSafetensors(weights);
    if (!read)
      return fail(read.takeError());
    file = std::move(*read);
  }
  for (model::ParameterOp parameter : parameters) {
    if (weights.empty()) {
      FailureOr<Tensor> value = formulaValues(parameter);
      if (failed(value))
        return failure();
      values.push_back(std::move(*value));
      continue;
    }
    auto entry = file.find(parameter.getName());
    if (entry == file.end())
      return parameter.emitError("parameter \"")
             << parameter.getName() << "\" is not in " << weights;
    auto type = llvm::cast<RankedTensorType>(parameter.getType());
    if (type.getShape() != llvm::ArrayRef(entry->second.shape))
      return parameter.emitError("parameter \"")
             << parameter.getName() << "\" is " << type
             << ", found a shape of [" << llvm::ArrayRef(entry->second.shape)
             << "] in " << weights;
    values.push_back(entry->second);
  }
  return success();
}

/// Pairs names with tensors for a file.
std::vector<NamedTensor> named(llvm::ArrayRef<model::ParameterOp> parameters,
                               llvm::ArrayRef<Tensor> tensors) {
  std::vector<NamedTensor> result;
  for (auto [parameter, tensor] : llvm::zip_equal(parameters, tensors)) {
    model::ParameterOp op = parameter;
    result.push_back({op.getName().str(), tensor});
  }
  return result;
}

LogicalResult interpret(ModuleOp module) {
  FailureOr<model::GraphOp> graph = findGraph(module);
  if (failed(graph))
    return failure();
  if (graph->getFunctionType().getNumResults() == 1) {
    if (failed(prepare(module, *graph)))
      return failure();
    graph = findGraph(module);
  }

  FailureOr<Interpreter> interpreter = Interpreter::create(*graph);
  if (failed(interpreter))
    return failure();
  llvm::ArrayRef<model::ParameterOp> parameters = interpreter->parameters();
  if (interpreter->numResults() != parameters.size() + 1)
    return graph->emitError("expected the loss and one gradient for each of ")
           << parameters.size() << " parameters, found "
           << interpreter->numResults() << " results";

  Tensor tokens, targets;
  std::vector<Tensor> values;
  if (failed(makeTokens(*graph, tokens, targets)) ||
      failed(makeValues(parameters, values)))
    return failure();
  if (!weightFile.empty())
    if (llvm::Error error = writeSafetensors(
            weightFile, named(parameters, values), Element::F32))
      return fail(std::move(error));

  const bool gradients = check || !gradientFile.empty();
  auto results = interpreter->run(tokens, targets, values,
                                  gradients ? interpreter->numResults() : 1);
  if (failed(results))
    return failure();
  llvm::outs() << "loss " << llvm::format("%.12f", results->front().data[0])
               << "\n";
  if (!gradients)
    return success();

  llvm::ArrayRef<Tensor> found = llvm::ArrayRef(*results).drop_front();
  if (!gradientFile.empty())
    if (llvm::Error error = writeSafetensors(
            gradientFile, named(parameters, found), Element::F64))
      return fail(std::move(error));
  if (!check)
    return success();
  return checkGradients(*interpreter, tokens, targets, values, found,
                        {samples, GradientCheckOptions().tolerance},
                        llvm::outs());
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "evaluates a model and its gradients in f64\n");
  llmc::registerSpecializePasses();
  llmc::registerAutodiffPasses();
  DialectRegistry registry;
  registry.insert<model::ModelDialect>();
  llmc::registerAutodiffRules(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);

  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(modelFile, sources, &context);
  return module && succeeded(interpret(*module)) ? 0 : 1;
}
