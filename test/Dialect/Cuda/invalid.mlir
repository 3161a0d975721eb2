// One negative case per constraint of the cuda dialect, named after its label.
// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{has 48 threads, expected a multiple of 32 up to 1024}}
cuda.kernel @kernel_c1() attributes {threads = 48 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{has 0 threads}}
cuda.kernel @kernel_c1_least() attributes {threads = 0 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{has 1056 threads}}
cuda.kernel @kernel_c1_most() attributes {threads = 1056 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{grid has 2 extents, expected 3}}
cuda.kernel @kernel_c2() attributes {threads = 32 : i64, grid = array<i64: 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{grid extent 0 is not positive}}
cuda.kernel @kernel_c2_positive() attributes {threads = 32 : i64, grid = array<i64: 1, 0, 1>} { cuda.return }

// -----

// expected-error @+1 {{returns values, a kernel has none}}
cuda.kernel @kernel_c3() -> f32 attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{argument of type 'index' is not global memory of static shape}}
cuda.kernel @kernel_c4(%n: index) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{argument of type 'memref<64xi8, 3>' is not global memory}}
cuda.kernel @kernel_c4_shared(%s: memref<64xi8, 3>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{argument of type 'memref<?xf32>' is not global memory of static shape}}
cuda.kernel @kernel_c4_dynamic(%x: memref<?xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{argument of type 'memref<4xf32, "l2">' is not global memory}}
cuda.kernel @kernel_c4_space(%x: memref<4xf32, "l2">) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} { cuda.return }

// -----

// expected-error @+1 {{min_blocks 0 is not positive}}
cuda.kernel @kernel_c5() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, min_blocks = 0 : i64} { cuda.return }

// -----

// expected-error @+1 {{shared_bytes -1 is negative}}
cuda.kernel @kernel_c5_bytes() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = -1 : i64} { cuda.return }

// -----

cuda.kernel @unroll_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{extent 0 and step 1 must be positive}}
  cuda.unroll %i to 0 { }
  cuda.return
}

// -----

cuda.kernel @unroll_c1_step() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{extent 4 and step -2 must be positive}}
  cuda.unroll %i to 4 step -2 { }
  cuda.return
}

// -----

cuda.kernel @unroll_c2() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{expected one index as the argument of its body}}
  "cuda.unroll"() <{extent = 4 : i64, step = 1 : i64}> ({
  ^body(%i: i32):
  }) : () -> ()
  cuda.return
}

// -----

cuda.kernel @block_id_axis() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{attribute 'axis' failed to satisfy constraint: 32-bit signless integer attribute whose minimum value is 0 whose maximum value is 2}}
  %b = cuda.block_id 3
  cuda.return
}

// -----

cuda.kernel @registers_type() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{array in registers, memref<NxT, 5>}}
  %r = cuda.registers : memref<4xf32>
  cuda.return
}

// -----

cuda.kernel @shared_type() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{bytes of shared memory, memref<Nxi8, 3>}}
  %s = cuda.shared : memref<4xf32, 3>
  cuda.return
}

// -----

cuda.kernel @shared_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{offset 64 is not a multiple of 128}}
  %s = cuda.shared {offset = 64 : i64} : memref<64xi8, 3>
  cuda.return
}

// -----

cuda.kernel @shared_c1_negative() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{offset -128 is not a multiple of 128}}
  %s = cuda.shared {offset = -128 : i64} : memref<64xi8, 3>
  cuda.return
}

// -----

cuda.kernel @load_global_c1(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{pack of 'bf16' does not match memory of 'f32'}}
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<2xbf16>
  cuda.return
}

// -----

cuda.kernel @load_global_c2(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{pack 'vector<8xf32>' is 32 bytes, expected 2, 4, 8 or 16}}
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<8xf32>
  cuda.return
}

// -----

cuda.kernel @load_global_type(%x: memref<64xf16>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{must be vector of 32-bit float or bfloat16 type or 32-bit signless integer values}}
  %v = cuda.load_global %x[%t] : memref<64xf16> -> vector<2xf16>
  cuda.return
}

// -----

cuda.kernel @store_global_c1(%x: memref<64xf32>, %y: memref<64xi32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  // expected-error @+1 {{pack of 'f32' does not match memory of 'i32'}}
  cuda.store_global %v, %y[%t] : vector<1xf32>, memref<64xi32>
  cuda.return
}

// -----

cuda.kernel @store_global_c2(%y: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %v = arith.constant dense<0.0> : vector<3xf32>
  // expected-error @+1 {{pack 'vector<3xf32>' is 12 bytes, expected 2, 4, 8 or 16}}
  cuda.store_global %v, %y[%t] : vector<3xf32>, memref<64xf32>
  cuda.return
}

// -----

cuda.kernel @load_shared_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  // expected-error @+1 {{pack 'vector<16xbf16>' is 32 bytes}}
  %v = cuda.load_shared %s[%t] : memref<64xi8, 3> -> vector<16xbf16>
  cuda.return
}

// -----

cuda.kernel @load_shared_type(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  // expected-error @+1 {{bytes of shared memory, memref<Nxi8, 3>, but got 'memref<64xf32>'}}
  %v = cuda.load_shared %x[%t] : memref<64xf32> -> vector<1xf32>
  cuda.return
}

// -----

cuda.kernel @store_shared_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  %v = arith.constant dense<0.0> : vector<6xbf16>
  // expected-error @+1 {{pack 'vector<6xbf16>' is 12 bytes}}
  cuda.store_shared %v, %s[%t] : vector<6xbf16>, memref<64xi8, 3>
  cuda.return
}

// -----

cuda.kernel @cp_async_c1(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  // expected-error @+1 {{copies 12 bytes, expected 4, 8 or 16}}
  cuda.cp_async 12 %s[%t], %x[%t] : memref<64xi8, 3>, memref<64xf32>
  cuda.return
}

// -----

cuda.kernel @cp_async_c2(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  %n = arith.constant 16 : index
  // expected-error @+1 {{reads 16 bytes, expected 0 to 8}}
  cuda.cp_async 8 %s[%t], %x[%t] of %n : memref<64xi8, 3>, memref<64xf32>
  cuda.return
}

// -----

cuda.kernel @cp_async_wait_groups() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  // expected-error @+1 {{attribute 'groups' failed to satisfy constraint: 64-bit signless integer attribute whose minimum value is 0}}
  cuda.cp_async_wait -1
  cuda.return
}

// -----

cuda.kernel @ldmatrix_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  %a = cuda.registers : memref<16xf32, 5>
  // expected-error @+1 {{registers holds 'f32', expected 'i32'}}
  cuda.ldmatrix %s[%t], %a[%t] : memref<64xi8, 3>, memref<16xf32, 5>
  cuda.return
}

// -----

cuda.kernel @ldmatrix_c2() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %s = cuda.shared : memref<64xi8, 3>
  %a = cuda.registers : memref<16xi32, 5>
  %c13 = arith.constant 13 : index
  // expected-error @+1 {{registers has 16 registers, expected 4 from 13 on}}
  cuda.ldmatrix %s[%t], %a[%c13] : memref<64xi8, 3>, memref<16xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  // expected-error @+1 {{acc holds 'i32', expected 'f32'}}
  cuda.mma %a[%t], %a[%t], %a[%t] : memref<4xi32, 5>, memref<4xi32, 5>, memref<4xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_c1_a() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  // expected-error @+1 {{a holds 'f32', expected 'i32'}}
  cuda.mma %f[%t], %f[%t], %a[%t] : memref<4xf32, 5>, memref<4xf32, 5>, memref<4xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_c1_b() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  // expected-error @+1 {{b holds 'f32', expected 'i32'}}
  cuda.mma %f[%t], %a[%t], %f[%t] : memref<4xf32, 5>, memref<4xi32, 5>, memref<4xf32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_c2() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  %b = cuda.registers : memref<1xi32, 5>
  // expected-error @+1 {{b has 1 registers, expected 2 from 0 on}}
  cuda.mma %f[%t], %a[%t], %b[%t] : memref<4xf32, 5>, memref<4xi32, 5>, memref<1xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_tf32_c1() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  // expected-error @+1 {{acc holds 'i32', expected 'f32'}}
  cuda.mma_tf32 %a[%t], %a[%t], %a[%t] : memref<4xi32, 5>, memref<4xi32, 5>, memref<4xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_tf32_c1_a() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  // expected-error @+1 {{a holds 'f32', expected 'i32'}}
  cuda.mma_tf32 %f[%t], %f[%t], %a[%t] : memref<4xf32, 5>, memref<4xf32, 5>, memref<4xi32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_tf32_c1_b() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  // expected-error @+1 {{b holds 'f32', expected 'i32'}}
  cuda.mma_tf32 %f[%t], %a[%t], %f[%t] : memref<4xf32, 5>, memref<4xi32, 5>, memref<4xf32, 5>
  cuda.return
}

// -----

cuda.kernel @mma_tf32_c2() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %a = cuda.registers : memref<4xi32, 5>
  %f = cuda.registers : memref<4xf32, 5>
  %b = cuda.registers : memref<1xi32, 5>
  // expected-error @+1 {{b has 1 registers, expected 2 from 0 on}}
  cuda.mma_tf32 %f[%t], %a[%t], %b[%t] : memref<4xf32, 5>, memref<4xi32, 5>, memref<1xi32, 5>
  cuda.return
}

// -----

cuda.kernel @shuffle_xor_mask(%x: memref<1xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<1xf32>
  // expected-error @+1 {{attribute 'mask' failed to satisfy constraint: 64-bit signless integer attribute whose minimum value is 1 whose maximum value is 31}}
  %w = cuda.shuffle_xor %v 32 : f32
  cuda.return
}

// -----

func.func @convert_layout_c1(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{input 'tensor<4x4xf32>' and result 'tensor<4x8xf32>' differ in more than their layouts}}
  %y = cuda.convert_layout %x : tensor<4x4xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @partial_sum_c1(%x: tensor<4x64xf32>) {
  // expected-error @+1 {{input 'tensor<4x64xf32>' and result 'tensor<8x4xf32>' differ beside axis 1}}
  %y = cuda.partial_sum %x axis 1 : tensor<4x64xf32> -> tensor<8x4xf32>
  return
}

// -----

func.func @partial_sum_c1_axis(%x: tensor<4x64xf32>) {
  // expected-error @+1 {{axis 2 is not 0 or 1}}
  %y = cuda.partial_sum %x axis 2 : tensor<4x64xf32> -> tensor<4x4xf32>
  return
}

// -----

// expected-error @+1 {{layout of rank 2 has 1 coordinates in its bases}}
func.func private @layout_c1(tensor<4x4xf32, #cuda.layout<registers = [[1]], lanes = [], warps = [], repeat = [1, 1]>>)

// -----

// expected-error @+1 {{basis has 1 coordinates, expected 2}}
func.func private @layout_c1_basis(tensor<4x4xf32, #cuda.layout<registers = [[0, 1]], lanes = [[1]], warps = [], repeat = [1, 1]>>)

// -----

// expected-error @+1 {{layout of rank 3 with 3 repetitions, expected rank 1 or 2}}
func.func private @layout_c1_rank(tensor<4x4xf32, #cuda.layout<registers = [], lanes = [], warps = [], repeat = [1, 1, 1]>>)

// -----

// expected-error @+1 {{basis coordinate 3 is neither 0 nor a power of two}}
func.func private @layout_c2(tensor<4x4xf32, #cuda.layout<registers = [[0, 3]], lanes = [], warps = [], repeat = [1, 1]>>)

// -----

// expected-error @+1 {{repetition 0 is not positive}}
func.func private @layout_c3(tensor<4x4xf32, #cuda.layout<registers = [], lanes = [], warps = [], repeat = [1, 0]>>)
