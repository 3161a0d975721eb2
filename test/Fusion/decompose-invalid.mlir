// RUN: not llmc-opt %s -llmc-decompose="max-splits=0" 2>&1 | FileCheck %s
// CHECK: error: expected max-splits and norm-splits of at least 1, found 0 and 256
module {
}
