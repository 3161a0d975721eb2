//===- GroupOrder.cpp - an acyclic graph kept in order --------------------===//

#include "compiler/Fusion/GroupOrder.h"

#include "llvm/ADT/STLExtras.h"

#include <cassert>

using namespace llmc;

// Groups looked at in one check before it gives up. Llama 2 7B has about 1,500
// groups per function; a layer has about 40.
static constexpr size_t kSearchLimit = 2048;

GroupOrder::Node GroupOrder::addNode() {
  Node node = position.size();
  position.push_back(node);
  visited.push_back(0);
  predecessors.emplace_back();
  successors.emplace_back();
  return node;
}

llvm::SmallVector<GroupOrder::Node>
GroupOrder::reach(Node start, unsigned low, unsigned high,
                  const std::vector<llvm::SmallVector<Node, 4>> &edges,
                  size_t limit) {
  ++search;
  llvm::SmallVector<Node> found = {start};
  visited[start] = search;
  for (size_t i = 0; i < found.size(); ++i) {
    for (Node next : edges[found[i]]) {
      if (visited[next] == search || position[next] < low ||
          position[next] > high)
        continue;
      visited[next] = search;
      found.push_back(next);
    }
    if (found.size() > limit)
      break;
  }
  return found;
}

bool GroupOrder::canAddEdges(llvm::ArrayRef<Node> from, Node to) {
  unsigned high = position[to];
  for (Node node : from)
    high = std::max(high, position[node]);
  if (high == position[to])
    return true;
  llvm::SmallVector<Node> reached =
      reach(to, position[to], high, successors, kSearchLimit);
  if (reached.size() > kSearchLimit)
    return false;
  return llvm::none_of(
      from, [&](Node node) { return node != to && visited[node] == search; });
}

void GroupOrder::addEdge(Node from, Node to) {
  if (from == to || llvm::is_contained(predecessors[to], from))
    return;
  predecessors[to].push_back(from);
  successors[from].push_back(to);
  if (position[from] < position[to])
    return;

  // What `to` leads to moves behind what leads to `from`; the positions that
  // both sets hold are dealt out again, each set in its old order.
  unsigned low = position[to], high = position[from];
  llvm::SmallVector<Node> before =
      reach(from, low, high, predecessors, SIZE_MAX);
  llvm::SmallVector<Node> after = reach(to, low, high, successors, SIZE_MAX);
  assert(visited[from] != search && "the edge closes a cycle");
  auto byPosition = [&](Node a, Node b) { return position[a] < position[b]; };
  llvm::sort(before, byPosition);
  llvm::sort(after, byPosition);
  before.append(after);
  llvm::SmallVector<unsigned> slots;
  for (Node node : before)
    slots.push_back(position[node]);
  llvm::sort(slots);
  for (auto [node, slot] : llvm::zip_equal(before, slots))
    position[node] = slot;
}

std::vector<GroupOrder::Node> GroupOrder::getOrder() const {
  std::vector<Node> order(position.size());
  for (Node node = 0; node < position.size(); ++node)
    order[position[node]] = node;
  return order;
}
