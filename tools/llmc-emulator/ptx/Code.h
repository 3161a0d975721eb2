//===- Code.h - A kernel's PTX, decoded -------------------------*- C++ -*-===//
//
// Registers are slots of a warp's register file: 32 lanes beside each other,
// of 2, 4 or 8 bytes; a predicate is one word with a bit for each lane. What
// is constant and the special registers have slots, too, so that an
// instruction finds all its operands in the same way.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_PTX_CODE_H
#define LLMC_EMULATOR_PTX_CODE_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::emulator::ptx {

class Warp;
struct Instruction;
using Execute = void (*)(Warp &, const Instruction &);

/// Who must have come before an instruction is executed, and what follows.
enum class Flow : uint8_t {
  Lanes,   // the lanes that are here; the next instruction
  Warp,    // all lanes of the warp
  Members, // the lanes that the last operand names: shfl.sync
  Barrier, // all threads of the block
  Branch,  // a label
  Return
};

/// An instruction as the tables of the opcodes say it.
struct Opcode {
  std::string name; // "add.s32"
  /// One letter an operand: p, h, w, d a register or constant of one bit, 16,
  /// 32, 64 bits; i an integer, 0 the integer 0; a an address; l a label;
  /// braces and "|" as in the text.
  std::string operands;
  Execute execute = nullptr;
  Flow flow = Flow::Lanes;
};

struct Instruction {
  Execute execute = nullptr;
  const uint32_t *operands = nullptr; // slots, integers; an address has two
  const Opcode *opcode = nullptr;
  int32_t target = 0; // of a branch
  int32_t line = 0;
  int32_t guard = -1; // slot of a predicate, or none
  bool guardNegated = false;
  uint8_t operandCount = 0;
  Flow flow = Flow::Lanes;
};

/// Shared memory begins here in its own space: as on GPUs of compute
/// capability 9, where the system keeps the first KiB. A kernel that takes an
/// offset for an address is found out.
constexpr uint64_t sharedBase = 1024;
/// Generic addresses of shared memory are this beyond those of its own space;
/// those of global memory are the same in both.
constexpr uint64_t sharedWindow = uint64_t(0x7f) << 56;

enum class Special : uint8_t { Tid, Ntid, Ctaid, Nctaid, Lane };

/// The module's variables in global memory, which outlast launches.
using Variables = std::vector<uint32_t>;

struct Code {
  Code() = default;
  Code(const Code &) = delete;

  struct Constant {
    uint32_t slot;
    char width;
    uint64_t value;
  };
  struct SpecialRegister {
    uint32_t slot;
    Special which;
    int axis;
  };
  struct Parameter {
    int offset, bytes;
  };

  std::string name;
  int maxThreads = 1024;
  int staticShared = 0; // bytes before the part that the launch sizes
  std::shared_ptr<Variables> variables; // of the module
  std::vector<Parameter> parameters;
  int parameterBytes = 0;
  std::vector<Instruction> instructions;
  std::vector<uint32_t> operands;
  std::vector<Constant> constants;
  std::vector<SpecialRegister> specials;
  uint32_t fileBytes = 0; // of a warp's registers
  /// Opcodes that were put together for this kernel.
  std::map<std::string, std::unique_ptr<Opcode>, std::less<>> opcodes;
};

/// The kernels of a module. Empty, and `error` says why, if the text cannot be
/// executed: whatever is not known is found here, not when it is run.
std::vector<std::shared_ptr<const Code>> decode(std::string_view text,
                                                std::string &error);

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_CODE_H
