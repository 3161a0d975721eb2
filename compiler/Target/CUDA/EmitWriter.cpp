//===- EmitWriter.cpp - lines and names of C++ source ---------------------===//

#include "compiler/Target/CUDA/EmitWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>

using namespace llmc::emit;
using llvm::StringRef;

static constexpr size_t columns = 100;

//===----------------------------------------------------------------------===//
// SourceWriter
//===----------------------------------------------------------------------===//

void SourceWriter::write(StringRef line) {
  if (wantsBlank && !atStart)
    text += '\n';
  wantsBlank = atStart = false;
  text.append(indent, ' ');
  text += line.str();
  text += '\n';
}

/// Where to break `line`: behind a comma or before an operator, within as few
/// brackets as can be, and as late as can be. There are no strings in kernels.
static size_t findBreak(StringRef line, size_t width) {
  // The loosest first.
  static constexpr StringRef separators[] = {
      ", ", " ? ", " : ", " || ", " && ", " + ", " - ", " * ", " / "};
  size_t earliest = width / 3, best = StringRef::npos;
  // A template's arguments stay together where anything else can part.
  constexpr unsigned kTemplateDepth = 8;
  unsigned depth = 0, leastCost = ~0u;
  for (size_t i = 0; i < std::min(line.size(), width); ++i) {
    // Brackets of templates stand beside a name, comparisons between blanks.
    bool isBeside = i > 0 && line[i - 1] != ' ';
    if (StringRef("([{").contains(line[i]))
      ++depth;
    if (StringRef(")]}").contains(line[i]))
      depth -= depth > 0;
    if (line[i] == '<' && isBeside)
      depth += kTemplateDepth;
    if (line[i] == '>' && isBeside)
      depth -= std::min(depth, kTemplateDepth);
    const StringRef *separator = llvm::find_if(separators, [&](StringRef text) {
      return line.drop_front(i).starts_with(text);
    });
    if (i < earliest || separator == std::end(separators))
      continue;
    unsigned cost = 16 * depth + (separator - separators);
    if (cost > leastCost)
      continue;
    leastCost = cost;
    best = *separator == ", " ? i + 1 : i;
  }
  return best;
}

void SourceWriter::line(StringRef text) {
  std::string rest = text.str();
  unsigned outer = indent;
  while (indent + rest.size() > columns) {
    size_t place = findBreak(rest, columns - indent);
    if (place == StringRef::npos)
      break;
    write(StringRef(rest).take_front(place));
    rest = StringRef(rest).drop_front(place).ltrim().str();
    indent = outer + 4;
  }
  write(rest);
  indent = outer;
}

void SourceWriter::comment(StringRef text) {
  while (!text.empty()) {
    auto [first, rest] = text.split('\n');
    // A backslash at the end would make the next line a comment, too.
    write("// " + first.rtrim("\\ \r\t").str());
    text = rest;
  }
}

void SourceWriter::open(StringRef text) {
  line(text);
  indent += 2;
  wantsBlank = false;
  atStart = true;
}

void SourceWriter::close() {
  indent -= 2;
  wantsBlank = false;
  write("}");
}

void SourceWriter::middle(StringRef text) {
  indent -= 2;
  wantsBlank = false;
  open(text);
}

//===----------------------------------------------------------------------===//
// NameScopes
//===----------------------------------------------------------------------===//

/// Keywords of C++17 and CUDA, the header's functions and what NVRTC declares
/// of itself that a kernel's value is likely to be called.
static bool isReserved(StringRef name) {
  static const llvm::StringSet<> words = {
      "alignas",       "alignof",      "and",
      "and_eq",        "asm",          "auto",
      "bitand",        "bitor",        "bool",
      "break",         "case",         "catch",
      "char",          "class",        "compl",
      "const",         "const_cast",   "constexpr",
      "continue",      "decltype",     "default",
      "delete",        "do",           "double",
      "dynamic_cast",  "else",         "enum",
      "explicit",      "export",       "extern",
      "false",         "float",        "for",
      "friend",        "goto",         "if",
      "inline",        "int",          "long",
      "mutable",       "namespace",    "new",
      "noexcept",      "not",          "not_eq",
      "nullptr",       "operator",     "or",
      "or_eq",         "private",      "protected",
      "public",        "register",     "reinterpret_cast",
      "return",        "short",        "signed",
      "sizeof",        "static",       "static_assert",
      "static_cast",   "struct",       "switch",
      "template",      "this",         "throw",
      "true",          "try",          "typedef",
      "typeid",        "typename",     "union",
      "unsigned",      "using",        "virtual",
      "void",          "volatile",     "while",
      "xor",           "xor_eq",       "bf16",
      "Pack",          "thread_id",    "block_id_x",
      "block_id_y",    "block_id_z",   "barrier",
      "load_global",   "store_global", "load_shared",
      "store_shared",  "cp_async",     "cp_async_commit",
      "cp_async_wait", "ldmatrix",     "ldmatrix_trans",
      "mma",           "shuffle_xor",  "pack_bf16",
      "to_float",      "to_bf16",      "exp_f32",
      "log_f32",       "tanh_f32",     "sqrt_f32",
      "rsqrt_f32",     "exp_approx",   "tanh_approx",
      "max_f32",       "min_f32",      "fma_f32",
      "threadIdx",     "blockIdx",     "blockDim",
      "gridDim",       "warpSize"};
  return words.contains(name) || name.starts_with("llmc_") ||
         name.starts_with("LLMC_") || name.starts_with("__");
}

/// `wish` as an identifier.
static std::string makeIdentifier(StringRef wish) {
  std::string name;
  for (char c : wish)
    name += llvm::isAlnum(c) ? c : '_';
  if (name.empty() || llvm::isDigit(name[0]))
    name = "v" + name;
  return name;
}

bool NameScopes::isTaken(StringRef name) const {
  return isReserved(name) || llvm::any_of(scopes, [&](const auto &scope) {
           return scope.contains(name);
         });
}

std::string NameScopes::take(StringRef wish) {
  std::string base = makeIdentifier(wish), name = base;
  for (unsigned i = 1; isTaken(name); ++i)
    name = base + "_" + std::to_string(i);
  scopes.back().insert(name);
  return name;
}
