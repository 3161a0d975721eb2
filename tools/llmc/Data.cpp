//===- Data.cpp - llmc data: text to token shards -------------------------===//

#include "Commands.h"
#include "train/TokenShard.h"

#include <fmt/format.h>

using namespace llmc;

int llmc::run(const DataCommand &command) {
  if (!(command.heldOut >= 0 && command.heldOut < 1))
    return fail(fmt::format("--held-out expects a part of the text in [0, 1), "
                            "found {}",
                            command.heldOut));
  runtime::ByteShardOptions options;
  options.heldOut = command.heldOut;
  auto summary =
      runtime::writeByteShards(command.texts, command.output, options);
  if (!summary.isOk())
    return fail(summary.message());
  fmt::print("{}: {} tokens to train on, {} held out, vocabulary 256\n",
             command.output, summary->trainTokens, summary->heldOutTokens);
  for (const std::string &file : summary->files)
    fmt::print("  {}\n", file);
  return 0;
}
