//===- AutodiffOpInterface.cpp - ops that know their gradient -------------===//

#include "dialects/Interfaces/AutodiffOpInterface.h"

#include "dialects/Interfaces/AutodiffOpInterface.cpp.inc"
