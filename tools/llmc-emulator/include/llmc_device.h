//===- llmc_device.h - The intrinsics of kernels, emulated ------*- C++ -*-===//
//
// The same interface as the device's header of this name, for a host compiler:
// the text that NVRTC compiles for a GPU becomes a shared object whose kernels
// the emulator runs, one fiber a thread, and checks. Nothing is included, as
// every kernel pays for it. Every intrinsic carries the line it stands at, for
// reports. The engine includes the first part only.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DEVICE_H
#define LLMC_DEVICE_H

/// What a kernel calls; the engine sets the object's `llmc_emulator` to its
/// table when it loads it. `line` is that of the kernel's text. Pointers to
/// global memory carry the number of their argument in the upper 16 bits, so
/// that an access beyond it is seen though another argument lies there; the
/// loads and stores return where the data really are.
struct LlmcEmulator {
  int version;
  int (*coordinate)(int which); // thread, block x, block y, block z
  void (*shared)(int bytes, int line);
  void (*argument)(const char *name, const void *base, long long elements,
                   int elementBytes, int writable, int line);
  void (*barrier)(int line);
  const void *(*loadShared)(int byte, int bytes, int line);
  void *(*storeShared)(int byte, int bytes, int line);
  const void *(*loadGlobal)(const void *source, int bytes, int line);
  void *(*storeGlobal)(void *target, int bytes, int line);
  void (*copyAsync)(int byte, const void *source, int sourceBytes, int bytes,
                    int line);
  void (*copyAsyncCommit)(int line);
  void (*copyAsyncWait)(int groups, int line);
  void (*ldmatrix)(unsigned *r, int byte, int transpose, int line);
  void (*mma)(float *c, const unsigned *a, const unsigned *b, int line);
  void (*mmaTf32)(float *c, const unsigned *a, const unsigned *b, int line);
  unsigned (*shuffleXor)(unsigned value, int mask, int line);
  int (*nextTicket)(unsigned *begun, int blocks, int line);
  void (*awaitTurn)(const unsigned *turns, int places, int place, int turn,
                    int line);
  void (*endTurn)(unsigned *turns, int places, int place, int turn, int last,
                  int line);
};

#define LLMC_EMULATOR_VERSION 4

#ifndef LLMC_EMULATOR_ENGINE

extern "C" {
__attribute__((weak, visibility("default"))) const LlmcEmulator *llmc_emulator =
    nullptr;
__attribute__((weak, visibility("default"))) int llmc_emulator_version =
    LLMC_EMULATOR_VERSION;
}

#define LLMC_EMULATOR_TEXT(x) #x
// C++ linkage on purpose: the mangled name tells the driver how many arguments
// there are, and its tag how many threads a block may have.
#define LLMC_KERNEL(threads, min_blocks)                                       \
  __attribute__((visibility("default"), used,                                  \
                 abi_tag("t" LLMC_EMULATOR_TEXT(threads)))) void
#define LLMC_SHARED(bytes) llmc_emulator->shared(bytes, __LINE__)
#define LLMC_ARGUMENT(name, elements)                                          \
  llmc_emulator->argument(#name, name, elements, int(sizeof(*name)),           \
                          llmcWritable(name), __LINE__)
#define LLMC_TURNS(name, places) static LlmcTurns<places> name
#define LLMC_UNROLL
#define LLMC_INLINE static inline __attribute__((always_inline, unused))
#define LLMC_AT int line = __builtin_LINE()

struct bf16 {
  unsigned short bits;
};

template <typename T, int N> struct alignas(sizeof(T) * N) Pack {
  T v[N];
  T &operator[](int i) { return v[i]; }
  const T &operator[](int i) const { return v[i]; }
};

template <typename T> LLMC_INLINE int llmcWritable(T *) { return 1; }
template <typename T> LLMC_INLINE int llmcWritable(const T *) { return 0; }

//===----------------------------------------------------------------------===//
// Threads and barriers
//===----------------------------------------------------------------------===//

LLMC_INLINE int thread_id() { return llmc_emulator->coordinate(0); }
LLMC_INLINE int block_id_x() { return llmc_emulator->coordinate(1); }
LLMC_INLINE int block_id_y() { return llmc_emulator->coordinate(2); }
LLMC_INLINE int block_id_z() { return llmc_emulator->coordinate(3); }
LLMC_INLINE void barrier(LLMC_AT) { llmc_emulator->barrier(line); }

template <int Places> struct LlmcTurns {
  unsigned begun, turn[Places];
};

template <int Places>
LLMC_INLINE int next_ticket(LlmcTurns<Places> &turns, int blocks, LLMC_AT) {
  return llmc_emulator->nextTicket(&turns.begun, blocks, line);
}
LLMC_INLINE int again(int x) { return x; }
template <int Places>
LLMC_INLINE void await_turn(const LlmcTurns<Places> &turns, int place, int turn,
                            LLMC_AT) {
  llmc_emulator->awaitTurn(turns.turn, Places, place, turn, line);
}
template <int Places>
LLMC_INLINE void end_turn(LlmcTurns<Places> &turns, int place, int turn,
                          int last, LLMC_AT) {
  llmc_emulator->endTurn(turns.turn, Places, place, turn, last, line);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

template <typename T, int N> constexpr bool llmcIsAccess() {
  constexpr int bytes = sizeof(T) * N;
  return bytes >= 1 && bytes <= 16 && (bytes & (bytes - 1)) == 0;
}

template <typename T, int N>
LLMC_INLINE Pack<T, N> load_global(const T *p, LLMC_AT) {
  static_assert(llmcIsAccess<T, N>(), "an access has 1, 2, 4, 8 or 16 bytes");
  Pack<T, N> pack;
  __builtin_memcpy(&pack, llmc_emulator->loadGlobal(p, sizeof(pack), line),
                   sizeof(pack));
  return pack;
}

template <typename T, int N>
LLMC_INLINE void store_global(T *p, Pack<T, N> pack, LLMC_AT) {
  static_assert(llmcIsAccess<T, N>(), "an access has 1, 2, 4, 8 or 16 bytes");
  __builtin_memcpy(llmc_emulator->storeGlobal(p, sizeof(pack), line), &pack,
                   sizeof(pack));
}

template <typename T, int N>
LLMC_INLINE Pack<T, N> load_shared(int byte, LLMC_AT) {
  static_assert(llmcIsAccess<T, N>(), "an access has 1, 2, 4, 8 or 16 bytes");
  Pack<T, N> pack;
  __builtin_memcpy(&pack, llmc_emulator->loadShared(byte, sizeof(pack), line),
                   sizeof(pack));
  return pack;
}

template <typename T, int N>
LLMC_INLINE void store_shared(int byte, Pack<T, N> pack, LLMC_AT) {
  static_assert(llmcIsAccess<T, N>(), "an access has 1, 2, 4, 8 or 16 bytes");
  __builtin_memcpy(llmc_emulator->storeShared(byte, sizeof(pack), line), &pack,
                   sizeof(pack));
}

template <int Bytes>
LLMC_INLINE void cp_async(int byte, const void *source,
                          int source_bytes = Bytes, LLMC_AT) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16,
                "cp_async copies 4, 8 or 16 bytes");
  llmc_emulator->copyAsync(byte, source, source_bytes, Bytes, line);
}

LLMC_INLINE void cp_async_commit(LLMC_AT) {
  llmc_emulator->copyAsyncCommit(line);
}
template <int N> LLMC_INLINE void cp_async_wait(LLMC_AT) {
  llmc_emulator->copyAsyncWait(N, line);
}

//===----------------------------------------------------------------------===//
// What a warp does together
//===----------------------------------------------------------------------===//

LLMC_INLINE void ldmatrix(unsigned *r, int byte, LLMC_AT) {
  llmc_emulator->ldmatrix(r, byte, 0, line);
}
LLMC_INLINE void ldmatrix_trans(unsigned *r, int byte, LLMC_AT) {
  llmc_emulator->ldmatrix(r, byte, 1, line);
}
LLMC_INLINE void mma(float *c, const unsigned *a, const unsigned *b, LLMC_AT) {
  llmc_emulator->mma(c, a, b, line);
}
LLMC_INLINE void mma_tf32(float *c, const unsigned *a, const unsigned *b,
                          LLMC_AT) {
  llmc_emulator->mmaTf32(c, a, b, line);
}
LLMC_INLINE int shuffle_xor(int v, int mask, LLMC_AT) {
  return int(llmc_emulator->shuffleXor(unsigned(v), mask, line));
}
LLMC_INLINE float shuffle_xor(float v, int mask, LLMC_AT) {
  unsigned bits;
  __builtin_memcpy(&bits, &v, 4);
  bits = llmc_emulator->shuffleXor(bits, mask, line);
  __builtin_memcpy(&v, &bits, 4);
  return v;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

LLMC_INLINE float to_float(bf16 v) {
  unsigned bits = unsigned(v.bits) << 16;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}

/// Round to nearest even; every NaN becomes 0x7fff, as on the device.
LLMC_INLINE bf16 to_bf16(float f) {
  unsigned bits;
  __builtin_memcpy(&bits, &f, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return bf16{0x7fff};
  bits += 0x7fffu + ((bits >> 16) & 1u);
  return bf16{(unsigned short)(bits >> 16)};
}

LLMC_INLINE unsigned pack_bf16(float low, float high) {
  return unsigned(to_bf16(low).bits) | unsigned(to_bf16(high).bits) << 16;
}

/// Round to 10 bits of fraction, ties away from zero; every NaN becomes
/// 0x7fffffff, as on the device.
LLMC_INLINE unsigned to_tf32(unsigned bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return 0x7fffffffu;
  return (bits + 0x1000u) & ~0x1fffu;
}
LLMC_INLINE unsigned to_tf32(float x) {
  unsigned bits;
  __builtin_memcpy(&bits, &x, 4);
  return to_tf32(bits);
}

LLMC_INLINE float exp_f32(float x) { return __builtin_expf(x); }
LLMC_INLINE float exp2_f32(float x) { return __builtin_exp2f(x); }
LLMC_INLINE float log_f32(float x) { return __builtin_logf(x); }
LLMC_INLINE float tanh_f32(float x) { return __builtin_tanhf(x); }
LLMC_INLINE float sqrt_f32(float x) { return __builtin_sqrtf(x); }
LLMC_INLINE float rsqrt_f32(float x) { return 1.0f / __builtin_sqrtf(x); }
LLMC_INLINE float exp_approx(float x) { return __builtin_expf(x); }
LLMC_INLINE float exp2_approx(float x) { return __builtin_exp2f(x); }
LLMC_INLINE float tanh_approx(float x) { return __builtin_tanhf(x); }
LLMC_INLINE float max_f32(float a, float b) {
  return a >= b || b != b ? a : b; // of a NaN and a number, the number
}
LLMC_INLINE float min_f32(float a, float b) { return a <= b || b != b ? a : b; }
/// The product is exact in double; only the sum rounds twice, which differs
/// from one rounding in about one of 2^29 cases.
LLMC_INLINE float fma_f32(float a, float b, float c) {
  return float(double(a) * double(b) + double(c));
}

#undef LLMC_AT
#undef LLMC_INLINE

#endif // LLMC_EMULATOR_ENGINE
#endif // LLMC_DEVICE_H
