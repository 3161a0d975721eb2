//===- EmitWriter.h - lines and names of C++ source -------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITWRITER_H
#define LLMC_COMPILER_TARGET_CUDA_EMITWRITER_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace llmc::emit {

/// Indented lines of at most 100 columns, and blank lines where asked for but
/// never two, nor one at the start or end of a block.
class SourceWriter {
public:
  void line(llvm::StringRef text);
  /// `// text`, a line for each of its lines.
  void comment(llvm::StringRef text);
  /// "if (...) {", and what follows is indented.
  void open(llvm::StringRef text);
  void close();
  /// "} else {"
  void middle(llvm::StringRef text);
  /// The next line is set apart from those before.
  void blank() { wantsBlank = true; }
  std::string take() { return std::move(text); }

private:
  void write(llvm::StringRef line);

  std::string text;
  unsigned indent = 0;
  bool wantsBlank = false, atStart = true;
};

/// Names in nested scopes: none hides another, a keyword or a function of the
/// intrinsics header.
class NameScopes {
public:
  NameScopes() { push(); }
  void push() { scopes.emplace_back(); }
  void pop() { scopes.pop_back(); }
  /// `wish`, or wish_1, wish_2, ... when it is taken.
  std::string take(llvm::StringRef wish);

private:
  bool isTaken(llvm::StringRef name) const;

  llvm::SmallVector<llvm::StringSet<>> scopes;
};

} // namespace llmc::emit

#endif
