// Transcendental functions on vectors become arithmetic; rsqrt is left alone.
// RUN: llmc-opt %s --llmc-approximate-math | FileCheck %s

// CHECK-LABEL: func.func @approximated
// CHECK-NOT: math.exp
// CHECK-NOT: math.tanh
// CHECK: return
func.func @approximated(%x: vector<8xf32>) -> vector<8xf32> {
  %e = math.exp %x : vector<8xf32>
  %p = math.exp2 %e : vector<8xf32>
  %t = math.tanh %p : vector<8xf32>
  return %t : vector<8xf32>
}

// CHECK-LABEL: func.func @kept
// CHECK: math.rsqrt
func.func @kept(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.rsqrt %x : vector<8xf32>
  return %r : vector<8xf32>
}
