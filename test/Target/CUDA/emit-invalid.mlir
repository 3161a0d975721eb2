// RUN: llmc-opt %s --llmc-cuda-print-source -split-input-file -verify-diagnostics -o /dev/null

// One case for each way in which a kernel cannot be printed.

cuda.kernel @unknown_op(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'memref.dim' op has no form in CUDA C++ for these types}}
  %d = memref.dim %x, %c0 : memref<64xf32>
  %p = cuda.load_global %x[%d] : memref<64xf32> -> vector<1xf32>
  cuda.store_global %p, %x[%d] : vector<1xf32>, memref<64xf32>
  cuda.return
}

// -----

cuda.kernel @unknown_statement(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %true = arith.constant true
  // expected-error @below {{'cf.assert' op has no form in CUDA C++ for these types}}
  cf.assert %true, "never"
  cuda.return
}

// -----

cuda.kernel @vector_arithmetic(%x: memref<64xf32>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %t = cuda.thread_id
  %p = cuda.load_global %x[%t] : memref<64xf32> -> vector<4xf32>
  // expected-error @below {{'arith.addf' op has no form in CUDA C++ for these types}}
  %q = arith.addf %p, %p : vector<4xf32>
  cuda.store_global %q, %x[%t] : vector<4xf32>, memref<64xf32>
  cuda.return
}

// -----

// expected-error @below {{'cuda.kernel' op has a value of type 'f64', which kernels cannot hold}}
cuda.kernel @argument_type(%x: memref<64xf64>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  cuda.return
}

// -----

// expected-error @below {{'cuda.kernel' op argument 1 of type 'memref<8x8xf32, strided<[?, 1]>>' has no static extent}}
cuda.kernel @argument_extent(%x: memref<64xf32>, %y: memref<8x8xf32, strided<[?, 1]>>) attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  cuda.return
}

// -----

cuda.kernel @no_offset() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 128 : i64} {
  // expected-error @below {{'cuda.shared' op has no offset, expected llmc-cuda-allocate-shared to have set it}}
  %s = cuda.shared : memref<128xi8, 3>
  cuda.return
}

// -----

cuda.kernel @beyond_shared() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>, shared_bytes = 128 : i64} {
  // expected-error @below {{'cuda.shared' op ends at byte 256 of the shared memory, the kernel has 128}}
  %s = cuda.shared {offset = 128 : i64} : memref<128xi8, 3>
  cuda.return
}
