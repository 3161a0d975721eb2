//===- SanitizerOptions.cpp - beside a library without sanitizers ---------===//
//
// The shared MLIR is built without them, so that what our code marks in
// containers and arenas that both use is wrong. The sanitizer's runtime asks
// this function, and has a weak one of its own, which comes first: this one
// must not be weak, as an inline one is.
//
//===----------------------------------------------------------------------===//

extern "C" const char *__asan_default_options();

extern "C" const char *__asan_default_options() {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}
