//===- ImagesTests.cpp - the parts of compileImages -----------------------===//

#include "compiler/Target/CUDA/CompileImages.h"
#include "compiler/Target/CUDA/ImageCache.h"
#include "compiler/Target/CUDA/Nvrtc.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <gtest/gtest.h>

using namespace llmc;

//===----------------------------------------------------------------------===//
// parseResourceReport
//===----------------------------------------------------------------------===//

static const char *const nvrtc13 = R"(
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'gemm' for 'sm_89'
ptxas info    : Function properties for gemm
ptxas         .     40 bytes stack frame, 36 bytes spill stores, 52 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 40 bytes cumulative stack size, 4096 bytes smem, 376 bytes cmem[0]
ptxas info    : Compile time = 95.939 ms
)";

TEST(ResourceReport, numbersOfTheKernel) {
  auto resources = parseResourceReport(nvrtc13, "gemm");
  ASSERT_TRUE(resources);
  EXPECT_EQ(resources->registers, 255);
  EXPECT_EQ(resources->stackFrame, 40);
  EXPECT_EQ(resources->spillStores, 36);
  EXPECT_EQ(resources->spillLoads, 52);
  EXPECT_EQ(resources->staticShared, 4096);
}

TEST(ResourceReport, otherFormOfTheLines) {
  // As ptxas 12 prints them, with a function that was not inlined.
  auto resources = parseResourceReport(
      "ptxas info    : Compiling entry function 'f' for 'sm_89'\n"
      "ptxas info    : Function properties for f\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 32 registers, 352 bytes cmem[0]\n"
      "ptxas info    : Function properties for helper\n"
      "    8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads\n",
      "f");
  ASSERT_TRUE(resources);
  EXPECT_EQ(resources->registers, 32);
  EXPECT_EQ(resources->stackFrame, 0);
  EXPECT_EQ(resources->spillStores, 0);
  EXPECT_EQ(resources->staticShared, 0);
}

TEST(ResourceReport, nothingOfThisKernel) {
  EXPECT_FALSE(parseResourceReport(nvrtc13, "gem"));
  EXPECT_FALSE(parseResourceReport("", "gemm"));
  EXPECT_FALSE(parseResourceReport(
      "ptxas info    : Compiling entry function 'gemm' for 'sm_89'\n", "gemm"));
}

//===----------------------------------------------------------------------===//
// ImageCache
//===----------------------------------------------------------------------===//

namespace {
class Cache : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("llmc", directory));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  std::string fileOf(const std::string &key) {
    return directory.str().str() + "/" + key + ".image";
  }
  static KernelImage image(size_t bytes) {
    KernelImage image;
    image.symbol = "gemm_1";
    image.cubin = std::string(bytes, '\0') + "cubin";
    image.ptx = ".version 9.0";
    image.resources = {213, 1, 2, 3, 4};
    return image;
  }

  llvm::SmallString<128> directory;
  std::string key = ImageCache::keyOf("compiler", "text");
};
} // namespace

TEST_F(Cache, keepsImages) {
  ImageCache cache(directory);
  EXPECT_FALSE(cache.find(key));
  cache.store(key, image(10));
  auto found = ImageCache(directory).find(key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->symbol, "gemm_1");
  EXPECT_EQ(found->cubin, image(10).cubin);
  EXPECT_EQ(found->ptx, ".version 9.0");
  EXPECT_EQ(found->resources.registers, 213);
  EXPECT_EQ(found->resources.spillStores, 1);
  EXPECT_EQ(found->resources.spillLoads, 2);
  EXPECT_EQ(found->resources.staticShared, 3);
  EXPECT_EQ(found->resources.stackFrame, 4);
}

TEST_F(Cache, keysTellPartsApart) {
  EXPECT_EQ(key.size(), 64u);
  EXPECT_NE(ImageCache::keyOf("ab", "c"), ImageCache::keyOf("a", "bc"));
}

TEST_F(Cache, everyDamageCountsAsMissing) {
  ImageCache cache(directory);
  cache.store(key, image(0));
  std::string whole =
      (*llvm::MemoryBuffer::getFile(fileOf(key)))->getBuffer().str();
  auto write = [&](const std::string &bytes) {
    std::error_code code;
    llvm::raw_fd_ostream(fileOf(key), code) << bytes;
  };
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    write(damaged);
    EXPECT_FALSE(cache.find(key)) << "byte " << at;
    write(whole.substr(0, at));
    EXPECT_FALSE(cache.find(key)) << "cut at " << at;
  }
  write(whole);
  EXPECT_TRUE(cache.find(key));
}

TEST_F(Cache, dropsTheLeastRecentlyUsed) {
  ImageCache cache(directory, /*limit=*/2500);
  std::string keys[4];
  auto now = std::chrono::system_clock::now();
  for (int index = 0; index < 4; ++index) {
    keys[index] = ImageCache::keyOf("compiler", std::to_string(index));
    cache.store(keys[index], image(800));
    int descriptor;
    ASSERT_FALSE(llvm::sys::fs::openFileForReadWrite(
        fileOf(keys[index]), descriptor, llvm::sys::fs::CD_OpenExisting,
        llvm::sys::fs::OF_None));
    ASSERT_FALSE(llvm::sys::fs::setLastAccessAndModificationTime(
        descriptor, now - std::chrono::hours(10 - index)));
    llvm::sys::fs::file_t file = descriptor;
    llvm::sys::fs::closeFile(file);
  }
  std::string other = directory.str().str() + "/notes.txt";
  std::error_code code;
  llvm::raw_fd_ostream(other, code) << std::string(5000, 'x');
  EXPECT_TRUE(cache.find(keys[0])); // used now
  cache.trim();
  EXPECT_TRUE(cache.find(keys[0]));
  EXPECT_FALSE(cache.find(keys[1]));
  EXPECT_FALSE(cache.find(keys[2]));
  EXPECT_TRUE(cache.find(keys[3]));
  EXPECT_TRUE(llvm::sys::fs::exists(other));
}

TEST_F(Cache, worksWithoutADirectory) {
  ImageCache none("");
  none.store(key, image(1));
  EXPECT_FALSE(none.find(key));
  none.trim();
}

//===----------------------------------------------------------------------===//
// parseArch and Nvrtc::open
//===----------------------------------------------------------------------===//

TEST(Arch, names) {
  EXPECT_EQ(llvm::cantFail(parseArch("sm_89")), 89);
  EXPECT_EQ(llvm::cantFail(parseArch("sm_120")), 120);
  EXPECT_EQ(llvm::cantFail(parseArch("emulated")), 0);
  for (const char *wrong : {"", "89", "sm_", "sm_8x", "sm_75", "gfx90"})
    EXPECT_NE(llvm::toString(parseArch(wrong).takeError()), "") << wrong;
}

TEST(Nvrtc, saysWhatToInstall) {
  auto missing = Nvrtc::open({"libno-such-nvrtc.so", "/usr/lib/libnone.so"});
  ASSERT_FALSE(missing);
  std::string text = llvm::toString(missing.takeError());
  for (const char *part :
       {"the loader's path, /usr/lib", "cuda-nvrtc-13-0", "nvidia-cuda-nvrtc",
        "CUDA_HOME", "LLMC_NVRTC", "--target=cpu"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Nvrtc, anotherLibraryIsNone) {
  auto other = Nvrtc::open({"libm.so.6"});
  ASSERT_FALSE(other);
  EXPECT_NE(llvm::toString(other.takeError()).find("no function nvrtcVersion"),
            std::string::npos);
}
