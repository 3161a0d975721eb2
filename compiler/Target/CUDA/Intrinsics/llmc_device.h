//===- llmc_device.h - what kernels call, on the device ---------*- C++ -*-===//
//
// The one header of generated kernels, and the one place with inline assembly.
// NVRTC gets it by name; it includes nothing. A second header of this name runs
// the same kernels on the CPU: both offer the same functions, and nothing else
// may be called by a kernel.
//
// Needs compute capability 8.0 or later. (PTX ISA 8: cp.async, ldmatrix,
// mma.sync, cvt.rn.bf16x2, cvt.rna.tf32, tanh.approx, ld.acquire,
// st.release)
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DEVICE_H
#define LLMC_DEVICE_H

#define LLMC_DEVICE __device__ __forceinline__
#define LLMC_UNROLL _Pragma("unroll")

/// Before a kernel's name. Registers are limited so that an SM can hold
/// `min_blocks` blocks.
#define LLMC_KERNEL(threads, min_blocks)                                       \
  extern "C" __global__ void __launch_bounds__(threads, min_blocks)

/// The block's shared memory is dynamic: its size is given at the launch.
#define LLMC_SHARED(bytes)                                                     \
  do {                                                                         \
  } while (0)
extern __shared__ __align__(128) unsigned char llmc_shared[];

/// Name and extent of an argument, for those who check accesses.
#define LLMC_ARGUMENT(name, elements)                                          \
  do {                                                                         \
  } while (0)

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

struct bf16 {
  unsigned short bits;
};

/// N elements that are loaded and stored by one instruction.
template <typename T, int N> struct alignas(sizeof(T) * N) Pack {
  T v[N];
  LLMC_DEVICE T &operator[](int i) { return v[i]; }
  LLMC_DEVICE const T &operator[](int i) const { return v[i]; }
};

/// The machine's own type of so many bytes. Accesses go through it since a
/// struct's array would be read element by element.
template <int Bytes> struct LlmcWord;
template <> struct LlmcWord<1> {
  typedef unsigned char Type;
};
template <> struct LlmcWord<2> {
  typedef unsigned short Type;
};
template <> struct LlmcWord<4> {
  typedef unsigned Type;
};
template <> struct LlmcWord<8> {
  typedef uint2 Type;
};
template <> struct LlmcWord<16> {
  typedef uint4 Type;
};

template <typename T, int N>
LLMC_DEVICE Pack<T, N> llmc_load(const void *source) {
  typedef typename LlmcWord<sizeof(T) * N>::Type Word;
  return __builtin_bit_cast(Pack<T, N>, *static_cast<const Word *>(source));
}

template <typename T, int N>
LLMC_DEVICE void llmc_store(void *target, const Pack<T, N> &v) {
  typedef typename LlmcWord<sizeof(T) * N>::Type Word;
  *static_cast<Word *>(target) = __builtin_bit_cast(Word, v);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

LLMC_DEVICE int thread_id() { return threadIdx.x; }
LLMC_DEVICE int block_id_x() { return blockIdx.x; }
LLMC_DEVICE int block_id_y() { return blockIdx.y; }
LLMC_DEVICE int block_id_z() { return blockIdx.z; }

/// All threads of the block meet; shared memory written before is seen after.
LLMC_DEVICE void barrier() { __syncthreads(); }

LLMC_DEVICE float shuffle_xor(float v, int mask) {
  return __shfl_xor_sync(0xffffffffu, v, mask);
}
LLMC_DEVICE int shuffle_xor(int v, int mask) {
  return __shfl_xor_sync(0xffffffffu, v, mask);
}

//===----------------------------------------------------------------------===//
// Blocks that wait for each other
//===----------------------------------------------------------------------===//

/// How many blocks of a launch have begun, and at each place whose turn it is.
/// All are 0 at first, and again behind each launch.
template <int Places> struct LlmcTurns {
  unsigned begun, turn[Places];
};

/// Before a kernel. It lies with the kernel's code, so that two launches of one
/// kernel must not run at the same time on a device.
#define LLMC_TURNS(name, places) static __device__ LlmcTurns<places> name

/// Numbers the launch's blocks as they begin; for one thread of each.
template <int Places>
LLMC_DEVICE int next_ticket(LlmcTurns<Places> &turns, int blocks) {
  return atomicInc(&turns.begun, blocks - 1);
}

/// The same number, of which the compiler does not know that it is: what comes
/// of it is computed again, and not kept in registers meanwhile.
LLMC_DEVICE int again(int x) {
  asm volatile("" : "+r"(x));
  return x;
}

/// Waits until the lower turns at a place have ended; what they have stored is
/// seen behind it. Of two blocks that share a place, the one with the higher
/// turn needs the higher ticket: it then waits for a block that runs, and not
/// for one that may begin only when it ends itself.
template <int Places>
LLMC_DEVICE void await_turn(LlmcTurns<Places> &turns, int place, int turn) {
  if (turn == 0)
    return;
  if (threadIdx.x == 0) {
    for (;;) {
      unsigned now;
      asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                   : "=r"(now)
                   : "l"(__cvta_generic_to_global(&turns.turn[place]))
                   : "memory");
      if (now == turn)
        break;
      __nanosleep(100);
    }
  }
  __syncthreads();
}

/// Ends a turn; `last` leaves the place to the next launch's first.
template <int Places>
LLMC_DEVICE void end_turn(LlmcTurns<Places> &turns, int place, int turn,
                          int last) {
  __syncthreads();
  if (threadIdx.x == 0)
    asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(
                     __cvta_generic_to_global(&turns.turn[place])),
                 "r"(turn == last ? 0 : turn + 1)
                 : "memory");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

template <typename T, int N> LLMC_DEVICE Pack<T, N> load_global(const T *p) {
  return llmc_load<T, N>(p);
}

template <typename T, int N> LLMC_DEVICE void store_global(T *p, Pack<T, N> v) {
  llmc_store(p, v);
}

/// `byte` counts from the start of the block's shared memory, here and below.
template <typename T, int N> LLMC_DEVICE Pack<T, N> load_shared(int byte) {
  return llmc_load<T, N>(llmc_shared + byte);
}

template <typename T, int N>
LLMC_DEVICE void store_shared(int byte, Pack<T, N> v) {
  llmc_store(llmc_shared + byte, v);
}

LLMC_DEVICE unsigned llmc_shared_address(int byte) {
  return static_cast<unsigned>(__cvta_generic_to_shared(llmc_shared)) + byte;
}

/// Copies Bytes (4, 8, 16) to shared memory in the background.
template <int Bytes> LLMC_DEVICE void cp_async(int byte, const void *source) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "4, 8 or 16 bytes");
  unsigned target = llmc_shared_address(byte);
  // 16 bytes can pass by L1, which they would only wash out.
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target),
                 "l"(__cvta_generic_to_global(source))
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(target),
                 "l"(__cvta_generic_to_global(source)), "n"(Bytes)
                 : "memory");
}

/// Reads only `source_bytes`, the rest becomes zero; 0 reads nothing.
template <int Bytes>
LLMC_DEVICE void cp_async(int byte, const void *source, int source_bytes) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "4, 8 or 16 bytes");
  unsigned target = llmc_shared_address(byte);
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target),
                 "l"(__cvta_generic_to_global(source)), "r"(source_bytes)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(target),
                 "l"(__cvta_generic_to_global(source)), "n"(Bytes),
                 "r"(source_bytes)
                 : "memory");
}

/// Closes a group of this thread's copies.
LLMC_DEVICE void cp_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most the N newest groups of this thread are under way.
template <int N> LLMC_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

/// Four 8x8 matrices of 16-bit elements; lane l names row l % 8 of matrix l
/// / 8.
LLMC_DEVICE void ldmatrix(unsigned *r, int byte) {
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(llmc_shared_address(byte))
      : "memory");
}

LLMC_DEVICE void ldmatrix_trans(unsigned *r, int byte) {
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(llmc_shared_address(byte))
      : "memory");
}

/// c[4] += a[4] b[2]: m16n8k16 on bf16. Not volatile: it only computes, and
/// independent products may be reordered.
LLMC_DEVICE void mma(float *c, const unsigned *a, const unsigned *b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// c[4] += a[4] b[2]: m16n8k8 on f32 that to_tf32 has rounded.
LLMC_DEVICE void mma_tf32(float *c, const unsigned *a, const unsigned *b) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// Two values rounded to the nearest bf16, ties to even; `low` in bits 0..15.
LLMC_DEVICE unsigned pack_bf16(float low, float high) {
  unsigned packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}

LLMC_DEVICE float to_float(bf16 x) {
  return __uint_as_float(static_cast<unsigned>(x.bits) << 16);
}

LLMC_DEVICE bf16 to_bf16(float x) {
  bf16 rounded;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded.bits) : "f"(x));
  return rounded;
}

/// The bits of the nearest f32 with 10 bits of fraction, ties away from zero.
LLMC_DEVICE unsigned to_tf32(float x) {
  unsigned rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(x));
  return rounded;
}
LLMC_DEVICE unsigned to_tf32(unsigned bits) {
  return to_tf32(__uint_as_float(bits));
}

LLMC_DEVICE float exp_f32(float x) { return expf(x); }
LLMC_DEVICE float exp2_f32(float x) { return exp2f(x); }
LLMC_DEVICE float log_f32(float x) { return logf(x); }
LLMC_DEVICE float tanh_f32(float x) { return tanhf(x); }
LLMC_DEVICE float sqrt_f32(float x) { return sqrtf(x); }
LLMC_DEVICE float rsqrt_f32(float x) { return rsqrtf(x); }
LLMC_DEVICE float max_f32(float x, float y) { return fmaxf(x, y); }
LLMC_DEVICE float min_f32(float x, float y) { return fminf(x, y); }
LLMC_DEVICE float fma_f32(float a, float b, float c) { return fmaf(a, b, c); }

/// 2^x by the hardware's approximation, and e^x = 2^(x log2 e).
LLMC_DEVICE float exp2_approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
LLMC_DEVICE float exp_approx(float x) {
  return exp2_approx(x * 1.4426950408889634f);
}

LLMC_DEVICE float tanh_approx(float x) {
  float y;
  asm("tanh.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

#endif
