//===- GroupOrder.h - an acyclic graph kept in order ------------*- C++ -*-===//
//
// Groups of ops form a graph; joining an op to an existing group adds edges
// into it, which must not close a cycle. The order is kept up to date while
// edges are added, so that a check looks only at the groups between the two
// ends (Pearce and Kelly 2006, "A dynamic topological sort algorithm for
// directed acyclic graphs").
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_GROUPORDER_H
#define LLMC_COMPILER_FUSION_GROUPORDER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <vector>

namespace llmc {

class GroupOrder {
public:
  using Node = unsigned;

  /// Adds a node after all others.
  Node addNode();

  /// Whether each of the edges `from[i]` -> `to` can be added without a cycle.
  /// A search that gets too long answers no, which keeps the whole linear.
  bool canAddEdges(llvm::ArrayRef<Node> from, Node to);

  /// Adds `from` -> `to` and repairs the order. Edges onto itself and repeated
  /// edges are ignored. The edge must not close a cycle.
  void addEdge(Node from, Node to);

  /// The nodes, each after all that have an edge to it.
  std::vector<Node> getOrder() const;

private:
  /// Collects what is reachable from `start` along `edges` without leaving
  /// the positions [low, high]; stops once it has more than `limit` nodes.
  llvm::SmallVector<Node>
  reach(Node start, unsigned low, unsigned high,
        const std::vector<llvm::SmallVector<Node, 4>> &edges, size_t limit);

  std::vector<llvm::SmallVector<Node, 4>> predecessors, successors;
  std::vector<unsigned> position; // [node]
  std::vector<unsigned> visited;  // [node], the search that saw it last
  unsigned search = 0;
};

} // namespace llmc

#endif
