//===- KeptValues.cpp - the fewest bytes that a backward pass needs -------===//

#include "compiler/Fusion/KeptValues.h"
#include "compiler/Fusion/CostModel.h"

#include <limits>
#include <vector>

using namespace mlir;
using namespace llmc;

namespace {

/// Maximum flow by shortest augmenting paths (Edmonds and Karp 1972). A model's
/// paths are few and short: about one for each value that is kept.
class FlowNetwork {
public:
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max() / 4;

  unsigned addNode() {
    edgesOf.emplace_back();
    return edgesOf.size() - 1;
  }
  void addEdge(unsigned from, unsigned to, int64_t capacity) {
    edgesOf[from].push_back(edges.size());
    edges.push_back({to, capacity});
    edgesOf[to].push_back(edges.size());
    edges.push_back({from, 0});
  }
  void maximize(unsigned source, unsigned sink);
  /// Which nodes still have a path to `sink`.
  std::vector<bool> findReaching(unsigned sink) const;

private:
  struct Edge {
    unsigned to;
    int64_t residual;
  };
  /// An edge and its reverse stand at 2 i and 2 i + 1.
  std::vector<Edge> edges;
  std::vector<llvm::SmallVector<unsigned, 4>> edgesOf;
};

} // namespace

void FlowNetwork::maximize(unsigned source, unsigned sink) {
  constexpr unsigned kNone = ~0u;
  while (true) {
    std::vector<unsigned> cameBy(edgesOf.size(), kNone);
    std::vector<unsigned> queue = {source};
    for (size_t next = 0; next != queue.size() && cameBy[sink] == kNone; ++next)
      for (unsigned index : edgesOf[queue[next]]) {
        const Edge &edge = edges[index];
        if (edge.residual == 0 || edge.to == source || cameBy[edge.to] != kNone)
          continue;
        cameBy[edge.to] = index;
        queue.push_back(edge.to);
      }
    if (cameBy[sink] == kNone)
      return;
    int64_t amount = kUnlimited;
    auto walk = [&](auto &&visit) {
      for (unsigned node = sink; node != source;
           node = edges[cameBy[node] ^ 1].to)
        visit(cameBy[node]);
    };
    walk([&](unsigned i) { amount = std::min(amount, edges[i].residual); });
    assert(amount < kUnlimited && "a path without a value that can be kept");
    walk([&](unsigned i) {
      edges[i].residual -= amount;
      edges[i ^ 1].residual += amount;
    });
  }
}

std::vector<bool> FlowNetwork::findReaching(unsigned sink) const {
  std::vector<bool> reaches(edgesOf.size());
  std::vector<unsigned> queue = {sink};
  reaches[sink] = true;
  for (size_t next = 0; next != queue.size(); ++next)
    for (unsigned index : edgesOf[queue[next]]) {
      // The edge into this node is the reverse of one out of it.
      unsigned from = edges[index].to;
      if (edges[index ^ 1].residual == 0 || reaches[from])
        continue;
      reaches[from] = true;
      queue.push_back(from);
    }
  return reaches;
}

KeptValues
llmc::findKeptValues(ArrayRef<Operation *> forward, ArrayRef<Value> needed,
                     llvm::function_ref<bool(Operation *)> mayRecompute) {
  FlowNetwork network;
  unsigned source = network.addNode(), sink = network.addNode();
  struct Ends {
    unsigned in, out;
  };
  llvm::MapVector<Value, Ends> ends;
  for (Operation *op : forward)
    for (Value result : op->getResults()) {
      Ends value = {network.addNode(), network.addNode()};
      ends[result] = value;
      network.addEdge(value.in, value.out, getTensorBytes(result));
      if (!mayRecompute(op)) {
        network.addEdge(source, value.in, FlowNetwork::kUnlimited);
        continue;
      }
      for (Value operand : op->getOperands())
        if (auto found = ends.find(operand); found != ends.end())
          network.addEdge(found->second.out, value.in, FlowNetwork::kUnlimited);
    }
  for (Value value : needed)
    network.addEdge(ends.find(value)->second.out, sink,
                    FlowNetwork::kUnlimited);
  network.maximize(source, sink);

  // Of all minimum cuts the one nearest to the readers.
  std::vector<bool> reaches = network.findReaching(sink);
  KeptValues values;
  for (const auto &[value, end] : ends) {
    if (reaches[end.in])
      values.recomputed.insert(value);
    else if (reaches[end.out])
      values.kept.insert(value);
  }
  return values;
}
