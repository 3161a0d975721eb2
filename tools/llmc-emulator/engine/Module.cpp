//===- Module.cpp - Compiled kernels --------------------------------------===//

#include "Module.h"
#include "../ptx/Code.h"
#include "Interface.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace llmc::emulator {

Module::~Module() {
  if (handle)
    dlclose(handle);
}

Kernel *Module::find(const std::string &name) {
  auto it = kernels.find(name);
  return it == kernels.end() ? nullptr : &it->second;
}

// The driver API gives no size: the section headers come last, or a section.
static size_t imageBytes(const char *image, const Elf64_Ehdr &header) {
  size_t bytes = header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, image + header.e_shoff + i * header.e_shentsize,
                sizeof(section));
    if (section.sh_type != SHT_NOBITS &&
        section.sh_offset + section.sh_size > bytes)
      bytes = section.sh_offset + section.sh_size;
  }
  return bytes;
}

static std::vector<const char *> functionNames(const char *image,
                                               const Elf64_Ehdr &header) {
  std::vector<const char *> names;
  auto section = [&](unsigned index) {
    return reinterpret_cast<const Elf64_Shdr *>(image + header.e_shoff +
                                                index * header.e_shentsize);
  };
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    if (section(i)->sh_type != SHT_DYNSYM)
      continue;
    const char *strings = image + section(section(i)->sh_link)->sh_offset;
    auto symbols =
        reinterpret_cast<const Elf64_Sym *>(image + section(i)->sh_offset);
    for (size_t j = 0; j < section(i)->sh_size / sizeof(Elf64_Sym); ++j)
      if (ELF64_ST_TYPE(symbols[j].st_info) == STT_FUNC &&
          symbols[j].st_shndx != SHN_UNDEF)
        names.push_back(strings + symbols[j].st_name);
  }
  return names;
}

// "name[abi:t128](bf16 const*, float*)": the tag is LLMC_KERNEL's.
bool Module::addKernel(const char *mangled, std::string &error) {
  int status = 0;
  char *demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string text = demangled ? demangled : "";
  std::free(demangled);
  size_t tag = text.find("[abi:t"), open = text.find('(');
  if (tag == std::string::npos || open == std::string::npos || tag > open)
    return true;
  Kernel kernel;
  kernel.name = text.substr(0, tag);
  kernel.maxThreads = std::atoi(text.c_str() + tag + 6);
  std::string parameters = text.substr(open + 1, text.rfind(')') - open - 1);
  for (size_t begin = 0; begin < parameters.size(); ++kernel.numArguments) {
    size_t end = std::min(parameters.find(", ", begin), parameters.size());
    std::string type = parameters.substr(begin, end - begin);
    begin = end + 2;
    if (type == "float" || type == "double" || kernel.numArguments == 32) {
      error = "kernel '" + kernel.name +
              "' has a floating-point argument or more than 32 arguments";
      return false;
    }
    if (type.back() == '*')
      kernel.pointers |= 1u << kernel.numArguments;
  }
  kernel.function = dlsym(handle, mangled);
  if (!kernel.function) {
    error = "the image has no code for kernel '" + kernel.name + "'";
    return false;
  }
  kernels[kernel.name] = kernel;
  return true;
}

std::unique_ptr<Module> Module::loadPtx(const char *text, std::string &error) {
  if (std::strstr(text, ".version") == nullptr) {
    error = "the image is neither an ELF file nor PTX";
    return nullptr;
  }
  auto module = std::make_unique<Module>();
  for (std::shared_ptr<const ptx::Code> &code : ptx::decode(text, error)) {
    Kernel &kernel = module->kernels[code->name];
    kernel.name = code->name;
    kernel.numArguments = int(code->parameters.size());
    for (const ptx::Code::Parameter &parameter : code->parameters)
      kernel.argumentBytes.push_back(parameter.bytes);
    kernel.maxThreads = code->maxThreads;
    kernel.code = std::move(code);
  }
  if (module->kernels.empty())
    return nullptr;
  return module;
}

std::unique_ptr<Module> Module::load(const void *data, std::string &error) {
  const char *image = static_cast<const char *>(data);
  Elf64_Ehdr header;
  if (std::memcmp(image, ELFMAG, SELFMAG) != 0)
    return loadPtx(image, error);
  std::memcpy(&header, image, sizeof(header));
  if (header.e_machine != EM_X86_64 || header.e_type != ET_DYN) {
    error = "the image is not for the emulator: compile with --arch=emulated";
    return nullptr;
  }
  size_t bytes = imageBytes(image, header);
  int file = memfd_create("llmc-kernels", MFD_CLOEXEC);
  if (file < 0) {
    error = "memfd_create failed";
    return nullptr;
  }
  for (size_t done = 0; done < bytes;) {
    ssize_t count = write(file, image + done, bytes - done);
    if (count <= 0) {
      close(file);
      error = "writing the image to memory failed";
      return nullptr;
    }
    done += size_t(count);
  }
  auto module = std::make_unique<Module>();
  // The loader takes two objects of one path for the same: each gets a path of
  // its own, though the file's number comes again.
  static std::atomic<unsigned> loaded{0};
  std::string path = "/proc/self/fd/";
  for (unsigned number = loaded++; number; number /= 2)
    path += number % 2 ? "./" : "/";
  path += std::to_string(file);
  module->handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  close(file);
  if (!module->handle) {
    error = dlerror();
    return nullptr;
  }
  auto table = static_cast<const LlmcEmulator **>(
      dlsym(module->handle, "llmc_emulator"));
  if (!table) {
    error = "the image was not compiled against the emulator's llmc_device.h";
    return nullptr;
  }
  auto version =
      static_cast<const int *>(dlsym(module->handle, "llmc_emulator_version"));
  if (!version || *version != LLMC_EMULATOR_VERSION) {
    error = "the image was compiled against another version of the emulator's "
            "llmc_device.h; compile the model again";
    return nullptr;
  }
  *table = &kernelInterface;
  for (const char *name : functionNames(image, header))
    if (!module->addKernel(name, error))
      return nullptr;
  return module;
}

std::unique_ptr<Module> Module::loadFile(const std::string &path,
                                         std::string &error) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> image{std::istreambuf_iterator<char>(file),
                          std::istreambuf_iterator<char>()};
  image.push_back(0);
  if (image.size() < sizeof(Elf64_Ehdr)) {
    error = "cannot read '" + path + "'";
    return nullptr;
  }
  return load(image.data(), error);
}

} // namespace llmc::emulator
