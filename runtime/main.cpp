//===- main.cpp - the entry of every compiled training program ------------===//

#include "train/Run.h"

int main(int argc, char **argv) {
  return llmc::runtime::runProgram(llmcProgram, argc, argv);
}
