//===- ResourceReport.cpp - what ptxas says a kernel takes ----------------===//
//
//   ptxas info    : Compiling entry function 'gemm' for 'sm_89'
//   ptxas info    : Function properties for gemm
//   ptxas         .     0 bytes stack frame, 8 bytes spill stores, 4 bytes ...
//   ptxas info    : Used 213 registers, used 1 barriers, 376 bytes cmem[0]
//
// What stands before a colon or a full stop differs between versions, so that
// only the phrases are looked for. Functions that were not inlined have
// properties of their own, which are not the kernel's.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/ResourceReport.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

/// The number before `phrase`, as in "8 bytes spill stores"; `value` is kept
/// when there is none.
static void readBefore(StringRef line, StringRef phrase, int &value) {
  size_t end = line.find(phrase);
  if (end == StringRef::npos)
    return;
  StringRef number = line.take_front(end).rtrim();
  number = number.take_back(number.size() -
                            number.find_last_not_of("0123456789") - 1);
  int read;
  if (!number.getAsInteger(10, read))
    value = read;
}

std::optional<llmc::KernelResources>
llmc::parseResourceReport(StringRef log, StringRef symbol) {
  SmallVector<StringRef> lines;
  log.split(lines, '\n');
  KernelResources resources;
  bool ownEntry = false, ownProperties = false, found = false;
  for (StringRef line : lines) {
    if (line.contains("Compiling entry function")) {
      ownEntry = line.contains(("'" + symbol + "'").str());
      continue;
    }
    size_t properties = line.find("Function properties for ");
    if (properties != StringRef::npos) {
      StringRef name = line.drop_front(properties + 24).trim();
      ownProperties = name == symbol || name == ("'" + symbol + "'").str();
      continue;
    }
    if (ownProperties) {
      readBefore(line, " bytes stack frame", resources.stackFrame);
      readBefore(line, " bytes spill stores", resources.spillStores);
      readBefore(line, " bytes spill loads", resources.spillLoads);
    }
    if (ownEntry && line.contains(" registers")) {
      readBefore(line, " registers", resources.registers);
      readBefore(line, " bytes smem", resources.staticShared);
      found = true;
      ownEntry = false;
    }
  }
  if (!found)
    return std::nullopt;
  return resources;
}
