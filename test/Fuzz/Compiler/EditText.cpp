//===- EditText.cpp - mutations of text by words and lines ----------------===//

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// Edits text by words and lines: names and numbers take each other's places,
/// numbers become ones that are at the end of some range, lines come twice, go
/// or change places.
static std::string editText(llvm::StringRef text, unsigned seed) {
  static const char *const numbers[] = {"0",
                                        "1",
                                        "-1",
                                        "2",
                                        "3",
                                        "16",
                                        "64",
                                        "65536",
                                        "2147483647",
                                        "2147483648",
                                        "1e308",
                                        "1e-45",
                                        "4294967296",
                                        "nan",
                                        "9223372036854775807",
                                        "?",
                                        "",
                                        "-9223372036854775808",
                                        "18446744073709551615"};
  std::minstd_rand random(seed);
  auto below = [&](size_t limit) { return limit ? random() % limit : 0; };
  if (below(2)) {
    llvm::SmallVector<llvm::StringRef> lines;
    text.split(lines, '\n');
    size_t one = below(lines.size()), other = below(lines.size());
    switch (below(3)) {
    case 0:
      std::swap(lines[one], lines[other]);
      break;
    case 1:
      lines.insert(lines.begin() + other, llvm::StringRef(lines[one]));
      break;
    default:
      lines.erase(lines.begin() + one);
    }
    return llvm::join(lines, "\n");
  }
  // Words, with what stands between them.
  struct Word {
    size_t begin, end;
  };
  std::vector<Word> words;
  auto isPart = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; };
  for (size_t i = 0; i < text.size();) {
    size_t begin = i;
    while (i < text.size() && isPart(text[i]))
      ++i;
    if (i > begin)
      words.push_back({begin, i});
    else
      ++i;
  }
  if (words.empty())
    return text.str();
  Word word = words[below(words.size())];
  llvm::StringRef old = text.slice(word.begin, word.end), next;
  if (llvm::isDigit(old.front()) && below(3)) {
    next = numbers[below(std::size(numbers))];
  } else {
    Word source = words[below(words.size())];
    next = text.slice(source.begin, source.end);
  }
  return (text.take_front(word.begin) + next + text.drop_front(word.end)).str();
}

/// Half of the mutations are of text, the others libFuzzer's own.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  if (seed % 2)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string next =
      editText({reinterpret_cast<const char *>(data), size}, seed);
  size_t length = std::min(next.size(), maxSize);
  std::memcpy(data, next.data(), length);
  return length;
}
