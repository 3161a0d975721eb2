//===- ImportPlan.cpp - where each parameter's values lie in files --------===//

#include "train/ImportPlan.h"

#include "train/Program.h"
#include "train/TensorStorage.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <map>
#include <optional>

namespace llmc::runtime {
namespace {

using Tensor = WeightFiles::Tensor;
using Piece = ImportPlan::Piece;
using Shape = std::vector<int64_t>;

constexpr char headName[] = "lm_head.weight";
constexpr const char *embeddingNames[] = {"embed_tokens.weight", "wte.weight"};

/// Linear layers of one input that some models keep in one tensor.
struct Fusion {
  std::vector<const char *> whole; // names that it goes by
  std::vector<const char *> parts; // in order
};
const std::array<Fusion, 2> fusions = {{
    {{"qkv_proj", "c_attn", "qkv"}, {"q_proj", "k_proj", "v_proj"}},
    {{"gate_up_proj", "gate_up"}, {"gate_proj", "up_proj"}},
}};

/// "model.layers.3.self_attn." + "q_proj" + ".weight"
struct LayerName {
  std::string parent, layer, suffix;

  explicit LayerName(const std::string &name) {
    size_t end = name.rfind('.');
    if (end == std::string::npos || end == 0)
      return;
    size_t dot = name.rfind('.', end - 1);
    size_t start = dot == std::string::npos ? 0 : dot + 1;
    parent = name.substr(0, start);
    layer = name.substr(start, end - start);
    suffix = name.substr(end);
  }
  std::string with(const char *other) const { return parent + other + suffix; }
};

bool isOneOf(const std::string &name, const std::vector<const char *> &list) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool isEmbedding(const std::string &name) {
  return std::any_of(std::begin(embeddingNames), std::end(embeddingNames),
                     [&](const std::string &end) {
                       return name == end ||
                              (name.size() > end.size() + 1 &&
                               name.compare(name.size() - end.size() - 1,
                                            std::string::npos, "." + end) == 0);
                     });
}

/// The dimension along which tensors of the shapes `parts` make up one of shape
/// `whole`; -1 when they do not.
int64_t findJoint(const std::vector<Shape> &parts, const Shape &whole) {
  for (size_t dimension = 0; dimension < whole.size(); ++dimension) {
    Shape sum = parts.front();
    bool fits = sum.size() == whole.size();
    for (size_t i = 1; fits && i < parts.size(); ++i) {
      Shape part = parts[i];
      fits = part.size() == whole.size();
      if (!fits)
        break;
      sum[dimension] += part[dimension];
      part[dimension] = sum[dimension];
      fits = part == sum;
    }
    if (fits && sum == whole)
      return static_cast<int64_t>(dimension);
  }
  return -1;
}

std::string formatShapes(const std::vector<Shape> &shapes) {
  std::string text;
  for (size_t i = 0; i < shapes.size(); ++i)
    text += (i == 0                   ? ""
             : i + 1 == shapes.size() ? " and "
                                      : ", ") +
            formatShape(shapes[i]);
  return text;
}

class Planner {
public:
  Planner(const LlmcProgram &program, const WeightFiles &weights,
          const std::string &path)
      : program(program), weights(weights), path(path) {
    for (const LlmcTensor *tensor : parametersOf(program))
      parameters[tensor->name] = tensor;
  }

  Result<ImportPlan> make();

private:
  Status planTensor(const LlmcTensor &tensor);
  Status planWhole(const LlmcTensor &tensor, const Tensor &source);
  /// `tensor` is part `index` of a tensor of the file.
  Status planCut(const LlmcTensor &tensor, const LayerName &name,
                 const Fusion &fusion, size_t index, const Tensor &whole);
  /// `tensor` is joined from tensors of the file.
  Status planJoined(const LlmcTensor &tensor, const std::vector<Tensor> &parts);
  std::optional<std::vector<Tensor>> findParts(const LayerName &name,
                                               const Fusion &fusion) const;
  std::optional<Tensor> findTied(const LlmcTensor &tensor) const;
  Status checkTiedHead();
  void add(const LlmcTensor &tensor, Piece piece);

  const LlmcProgram &program;
  const WeightFiles &weights;
  const std::string &path;
  std::map<std::string, const LlmcTensor *> parameters;
  ImportPlan plan;
};

void Planner::add(const LlmcTensor &tensor, Piece piece) {
  plan.used.insert(piece.source.name);
  plan.pieces.emplace_back(&tensor, std::move(piece));
}

Status Planner::planWhole(const LlmcTensor &tensor, const Tensor &source) {
  const Shape needed = shapeOf(tensor), found = source.entry->shape;
  if (found != needed) {
    const Shape turned(found.rbegin(), found.rend());
    return Status::error(
        "{}: tensor {} has shape {}, the model needs {} for {}; {}",
        source.file->path(), source.name, formatShape(found),
        formatShape(needed), tensor.name,
        turned == needed
            ? "the file has it the other way round: write the model's linear "
              "layer with 'transposed', or without, and compile it again"
            : "these are the weights of another model: name those of this one, "
              "or change the sizes in the model file");
  }
  Piece piece;
  piece.source = source;
  piece.width = tensor.elements;
  add(tensor, std::move(piece));
  return Status::ok();
}

Status Planner::planCut(const LlmcTensor &tensor, const LayerName &name,
                        const Fusion &fusion, size_t index,
                        const Tensor &whole) {
  std::vector<Shape> shapes;
  for (const char *part : fusion.parts) {
    auto sibling = parameters.find(name.with(part));
    if (sibling == parameters.end())
      return Status::error(
          "{}: tensor {} holds the parameters {} in one, and the model has no "
          "{}; give the model all of them",
          whole.file->path(), whole.name,
          fmt::format("{}", fmt::join(fusion.parts, ", ")), name.with(part));
    shapes.push_back(shapeOf(*sibling->second));
  }
  const Shape &found = whole.entry->shape;
  int64_t joint = findJoint(shapes, found);
  if (joint < 0)
    return Status::error(
        "{}: tensor {} has shape {}, and the model's {}, which would be cut "
        "from it, have {}; these are the weights of another model: name those "
        "of this one, or change the sizes in the model file",
        whole.file->path(), whole.name, formatShape(found),
        fmt::join(fusion.parts, ", "), formatShapes(shapes));
  const auto dimension = static_cast<size_t>(joint);
  int64_t before = 0;
  for (size_t i = 0; i < index; ++i)
    before += shapes[i][dimension];
  Piece piece;
  piece.source = whole;
  const int64_t inner = tensor.elements / tensor.shape[0];
  if (joint == 0) {
    piece.width = tensor.elements;
    piece.sourceStart = before * inner;
  } else {
    piece.rows = tensor.shape[0];
    piece.width = piece.targetPitch = inner;
    piece.sourceStart = before;
    piece.sourcePitch = found[1];
  }
  add(tensor, std::move(piece));
  ++plan.cut;
  return Status::ok();
}

Status Planner::planJoined(const LlmcTensor &tensor,
                           const std::vector<Tensor> &parts) {
  std::vector<Shape> shapes;
  std::vector<std::string> names;
  for (const Tensor &part : parts) {
    shapes.push_back(part.entry->shape);
    names.push_back(part.name);
  }
  const Shape needed = shapeOf(tensor);
  int64_t joint = findJoint(shapes, needed);
  if (joint < 0)
    return Status::error(
        "{}: tensors {} have shapes {}, the model needs {} for {}, which would "
        "be joined from them; these are the weights of another model: name "
        "those of this one, or change the sizes in the model file",
        parts.front().file->path(), fmt::join(names, ", "),
        formatShapes(shapes), formatShape(needed), tensor.name);
  int64_t start = 0;
  for (const Tensor &part : parts) {
    Piece piece;
    piece.source = part;
    piece.targetStart = start;
    if (joint == 0) {
      piece.width = part.entry->elements;
      start += piece.width;
    } else {
      piece.rows = needed[0];
      piece.width = piece.sourcePitch = part.entry->shape[1];
      piece.targetPitch = needed[1];
      start += piece.width;
    }
    add(tensor, std::move(piece));
  }
  ++plan.joined;
  return Status::ok();
}

std::optional<std::vector<Tensor>>
Planner::findParts(const LayerName &name, const Fusion &fusion) const {
  std::vector<Tensor> parts;
  for (const char *part : fusion.parts) {
    std::optional<Tensor> found = weights.find(name.with(part));
    if (!found)
      return std::nullopt;
    parts.push_back(std::move(*found));
  }
  return parts;
}

/// A model saved with one tensor for embedding and head has it under one name.
std::optional<Tensor> Planner::findTied(const LlmcTensor &tensor) const {
  if (isEmbedding(tensor.name))
    return weights.find(headName);
  if (tensor.name == std::string(headName))
    for (const char *name : embeddingNames)
      if (std::optional<Tensor> found = weights.find(name))
        return found;
  return std::nullopt;
}

Status Planner::planTensor(const LlmcTensor &tensor) {
  if (std::optional<Tensor> source = weights.find(tensor.name))
    return planWhole(tensor, *source);
  if (std::optional<Tensor> source = findTied(tensor)) {
    ++plan.tied;
    return planWhole(tensor, *source);
  }
  const LayerName name(tensor.name);
  for (const Fusion &fusion : fusions) {
    if (isOneOf(name.layer, fusion.whole))
      if (std::optional<std::vector<Tensor>> parts = findParts(name, fusion))
        return planJoined(tensor, *parts);
    auto part = std::find(fusion.parts.begin(), fusion.parts.end(), name.layer);
    if (part == fusion.parts.end())
      continue;
    for (const char *other : fusion.whole)
      if (std::optional<Tensor> whole = weights.find(name.with(other)))
        return planCut(tensor, name, fusion,
                       static_cast<size_t>(part - fusion.parts.begin()),
                       *whole);
  }
  return Status::error("{} has no tensor {} of shape {}, which the model "
                       "needs; name the weights of this model",
                       path, tensor.name, formatShape(shapeOf(tensor)));
}

/// A file may hold the head that the model takes from its embedding: then it
/// must be the same.
Status Planner::checkTiedHead() {
  std::optional<Tensor> head = weights.find(headName);
  if (!head || parameters.count(headName) || plan.used.count(head->name))
    return Status::ok();
  auto embedding = std::find_if(
      plan.pieces.begin(), plan.pieces.end(),
      [](const auto &piece) { return isEmbedding(piece.first->name); });
  if (embedding == plan.pieces.end())
    return Status::ok();
  const Tensor &source = embedding->second.source;
  bool same = head->entry->shape == source.entry->shape;
  std::vector<float> a(static_cast<size_t>(ImportPlan::blockElements)),
      b(a.size());
  for (int64_t first = 0; same && first < source.entry->elements;
       first += ImportPlan::blockElements) {
    int64_t count =
        std::min(ImportPlan::blockElements, source.entry->elements - first);
    LLMC_TRY(source.file->readFloats(*source.entry, first, count, a.data()));
    LLMC_TRY(head->file->readFloats(*head->entry, first, count, b.data()));
    same = std::equal(a.begin(), a.begin() + count, b.begin());
  }
  plan.used.insert(head->name);
  if (same)
    return Status::ok();
  return Status::error("{}: tensor {} of shape {} is not the same as {} of "
                       "shape {}, and the model uses one tensor for both; give "
                       "the model a parameter \"{}\" for its head",
                       head->file->path(), head->name,
                       formatShape(head->entry->shape), source.name,
                       formatShape(source.entry->shape), headName);
}

Result<ImportPlan> Planner::make() {
  for (const LlmcTensor *tensor : parametersOf(program))
    LLMC_TRY(planTensor(*tensor));
  LLMC_TRY(checkTiedHead());
  return std::move(plan);
}

} // namespace

Result<ImportPlan> ImportPlan::make(const LlmcProgram &program,
                                    const WeightFiles &weights,
                                    const std::string &path) {
  return Planner(program, weights, path).make();
}

} // namespace llmc::runtime
