//===- ImportWeights.cpp - first weights from other tools' files ----------===//

#include "train/ImportWeights.h"

#include "train/Program.h"
#include "train/TensorStorage.h"
#include "train/WeightFiles.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <set>

namespace llmc::runtime {
namespace {

using Tensor = WeightFiles::Tensor;
using Shape = std::vector<int64_t>;

/// Elements that are read at a time.
constexpr int64_t blockElements = int64_t(1) << 16;

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

/// `rows` runs of `width` elements, from a tensor of a file to one of the
/// model. A whole tensor is one run.
struct Piece {
  Tensor source;
  int64_t rows = 1;
  int64_t width = 0;
  int64_t sourceStart = 0, sourcePitch = 0;
  int64_t targetStart = 0, targetPitch = 0;
};

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

class Importer {
public:
  Importer(const LlmcProgram &program, const WeightFiles &weights,
           const std::string &path)
      : program(program), weights(weights), path(path) {
    for (const LlmcTensor *tensor : parametersOf(program))
      parameters[tensor->name] = tensor;
  }

  Status plan();
  Status load(Device &device) const;
  void report(Console &console) const;

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
  std::vector<std::pair<const LlmcTensor *, Piece>> pieces;
  std::set<std::string> used; // names of the file
  int64_t cut = 0, joined = 0, tied = 0;
};

void Importer::add(const LlmcTensor &tensor, Piece piece) {
  used.insert(piece.source.name);
  pieces.emplace_back(&tensor, std::move(piece));
}

Status Importer::planWhole(const LlmcTensor &tensor, const Tensor &source) {
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

Status Importer::planCut(const LlmcTensor &tensor, const LayerName &name,
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
  ++cut;
  return Status::ok();
}

Status Importer::planJoined(const LlmcTensor &tensor,
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
  ++joined;
  return Status::ok();
}

std::optional<std::vector<Tensor>>
Importer::findParts(const LayerName &name, const Fusion &fusion) const {
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
std::optional<Tensor> Importer::findTied(const LlmcTensor &tensor) const {
  if (isEmbedding(tensor.name))
    return weights.find(headName);
  if (tensor.name == std::string(headName))
    for (const char *name : embeddingNames)
      if (std::optional<Tensor> found = weights.find(name))
        return found;
  return std::nullopt;
}

Status Importer::planTensor(const LlmcTensor &tensor) {
  if (std::optional<Tensor> source = weights.find(tensor.name))
    return planWhole(tensor, *source);
  if (std::optional<Tensor> source = findTied(tensor)) {
    ++tied;
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
Status Importer::checkTiedHead() {
  std::optional<Tensor> head = weights.find(headName);
  if (!head || parameters.count(headName) || used.count(head->name))
    return Status::ok();
  auto embedding =
      std::find_if(pieces.begin(), pieces.end(), [](const auto &piece) {
        return isEmbedding(piece.first->name);
      });
  if (embedding == pieces.end())
    return Status::ok();
  const Tensor &source = embedding->second.source;
  bool same = head->entry->shape == source.entry->shape;
  std::vector<float> a(static_cast<size_t>(blockElements)), b(a.size());
  for (int64_t first = 0; same && first < source.entry->elements;
       first += blockElements) {
    int64_t count = std::min(blockElements, source.entry->elements - first);
    LLMC_TRY(source.file->readFloats(*source.entry, first, count, a.data()));
    LLMC_TRY(head->file->readFloats(*head->entry, first, count, b.data()));
    same = std::equal(a.begin(), a.begin() + count, b.begin());
  }
  used.insert(head->name);
  if (same)
    return Status::ok();
  return Status::error("{}: tensor {} of shape {} is not the same as {} of "
                       "shape {}, and the model uses one tensor for both; give "
                       "the model a parameter \"{}\" for its head",
                       head->file->path(), head->name,
                       formatShape(head->entry->shape), source.name,
                       formatShape(source.entry->shape), headName);
}

Status Importer::plan() {
  for (const LlmcTensor *tensor : parametersOf(program))
    LLMC_TRY(planTensor(*tensor));
  return checkTiedHead();
}

Status Importer::load(Device &device) const {
  const TensorStorage storage(program, device, LlmcArenaParameter);
  std::vector<float> block(static_cast<size_t>(blockElements));
  for (const auto &[tensor, piece] : pieces)
    for (int64_t row = 0; row < piece.rows; ++row)
      for (int64_t done = 0; done < piece.width; done += blockElements) {
        int64_t count = std::min(blockElements, piece.width - done);
        LLMC_TRY(piece.source.file->readFloats(
            *piece.source.entry,
            piece.sourceStart + row * piece.sourcePitch + done, count,
            block.data()));
        LLMC_TRY(storage.write(
            *tensor, piece.targetStart + row * piece.targetPitch + done, count,
            block.data()));
      }
  return Status::ok();
}

/// Tables that old versions of transformers saved with the weights.
bool isKnownTable(const std::string &name) {
  for (const std::string end :
       {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"})
    if (name.size() > end.size() &&
        name.compare(name.size() - end.size(), std::string::npos, end) == 0)
      return true;
  return false;
}

void Importer::report(Console &console) const {
  std::string summary = fmt::format("weights: {} tensors from {}", used.size(),
                                    weights.directory());
  if (joined > 0)
    summary += fmt::format(", {} parameters joined from parts", joined);
  if (cut > 0)
    summary += fmt::format(", {} parameters cut from fused ones", cut);
  if (tied > 0)
    summary += ", embedding and head from one tensor";
  console.line(summary);
  constexpr size_t shown = 5;
  std::vector<std::string> left;
  size_t count = 0;
  for (const std::string &name : weights.names())
    if (!used.count(name) && !isKnownTable(name) && ++count <= shown)
      left.push_back(name);
  if (count > 0)
    console.warning(fmt::format(
        "--init-from: the model has no such tensors as these of {}, which were "
        "left aside: {}{}",
        path, fmt::join(left, ", "),
        count > shown ? fmt::format(" and {} more", count - shown) : ""));
}

} // namespace

/// Finds every parameter's values, and has `then` do the rest.
template <typename Then>
static Status prepareImport(const LlmcProgram &program, const std::string &path,
                            Then &&then) {
  auto prepare = [&]() -> Status {
    Result<WeightFiles> weights = WeightFiles::open(path);
    if (!weights.isOk())
      return weights.status();
    Importer importer(program, *weights, path);
    LLMC_TRY(importer.plan());
    LLMC_TRY(
        checkConfig(program, joinPath(weights->directory(), "config.json")));
    return then(importer);
  };
  Status status = prepare();
  return status.isOk() ? status
                       : Status::error("--init-from: {}", status.message());
}

Status checkImport(const LlmcProgram &program, const std::string &path) {
  return prepareImport(program, path, [](Importer &) { return Status::ok(); });
}

Status importWeights(const LlmcProgram &program, Device &device,
                     const std::string &path, Console &console) {
  return prepareImport(program, path, [&](Importer &importer) {
    LLMC_TRY(importer.load(device));
    importer.report(console);
    return Status::ok();
  });
}

} // namespace llmc::runtime
