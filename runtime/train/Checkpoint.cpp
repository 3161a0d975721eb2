//===- Checkpoint.cpp - states of a run that survive a crash --------------===//

#include "train/Checkpoint.h"

#include "core/File.h"
#include "train/CheckpointFiles.h"
#include "train/MomentShards.h"
#include "train/Parameters.h"
#include "train/Program.h"
#include "train/TensorStorage.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace llmc::runtime {
namespace {

constexpr char configFile[] = "config.json";
constexpr char latestFile[] = "latest";
constexpr char unfinished[] = ".tmp";
/// Elements of a weight that are read at a time.
constexpr int64_t blockElements = int64_t(1) << 16;

/// A checkpoint that this user may not read is whole, as far as anyone can
/// tell: to go on from an older one would write over it.
Status checkMayRead(const std::string &path) {
  std::vector<std::string> files = {path};
  if (Result<std::vector<std::string>> names = listDirectory(path);
      names.isOk())
    for (const std::string &name : *names)
      files.push_back(joinPath(path, name));
  for (const std::string &file : files)
    if (::access(file.c_str(), R_OK) != 0 && errno == EACCES)
      return Status::error("cannot read {}: {}; have its owner permit it, or "
                           "name another --out",
                           file, std::strerror(EACCES));
  return Status::ok();
}

} // namespace

std::string CheckpointStore::pathOf(int64_t step) const {
  return joinPath(directory, checkpointName(step));
}

Result<std::vector<int64_t>> CheckpointStore::steps() const {
  std::vector<int64_t> found;
  if (!pathExists(directory))
    return found;
  Result<std::vector<std::string>> names = listDirectory(directory);
  if (!names.isOk())
    return Status::error("--out: {}", names.message());
  for (const std::string &name : *names)
    if (std::optional<int64_t> step = stepOfCheckpointName(name))
      found.push_back(*step);
  std::sort(found.rbegin(), found.rend());
  return found;
}

/// What is written, in this order.
std::vector<TensorSource> CheckpointStore::moments() const {
  std::vector<TensorSource> sources =
      parameterSources(program, device, LlmcArenaMoment1, "m.");
  for (TensorSource &source :
       parameterSources(program, device, LlmcArenaMoment2, "v."))
    sources.push_back(std::move(source));
  return sources;
}

Status CheckpointStore::begin(const std::string &target,
                              const std::string &temporary) const {
  LLMC_TRY(makeDirectories(directory));
  LLMC_TRY(removeTree(temporary));
  // One of the same step is damaged, or the run would have gone on from it. It
  // goes first: on a small disk there is no room for both.
  LLMC_TRY(removeTree(target));
  return makeDirectories(temporary);
}

Status CheckpointStore::writeOwnTensors(std::map<std::string, FileSeal> &files,
                                        const std::string &path) const {
  Communicator &ranks = device.ranks();
  const bool shards = hasMomentShards(program);
  if (!shards && ranks.rank() != 0)
    return Status::ok();
  const std::string name =
      shards ? momentShardName(ranks.rank(), ranks.size()) : optimizerFile;
  Result<FileSeal> seal =
      writeSafetensors(joinPath(path, name),
                       shards ? ownMoments(program, device) : moments(), {});
  if (!seal.isOk())
    return seal.status();
  files[name] = *seal;
  return Status::ok();
}

Status CheckpointStore::writeOwnWeights(const SafetensorsLayout &layout,
                                        const std::string &path) const {
  const TensorStorage storage(program, device, LlmcArenaParameter);
  const std::vector<const LlmcTensor *> tensors = parametersOf(program);
  std::vector<float> block(static_cast<size_t>(blockElements));
  PlacedFile file;
  LLMC_TRY(file.open(path));
  for (size_t i = 0; i < tensors.size(); ++i)
    for (const ShardPiece &piece : storage.shareOf(*tensors[i]))
      for (int64_t at = 0; at < piece.count; at += blockElements) {
        const int64_t count = std::min(blockElements, piece.count - at);
        LLMC_TRY(storage.readOwn(piece, at, count, block.data()));
        const int64_t element = piece.first + at - tensors[i]->offset / 4;
        LLMC_TRY(file.write(layout.offsets[i] + element * 4, block.data(),
                            count * 4));
      }
  return file.close();
}

Status CheckpointStore::writeModel(CheckpointState &whole,
                                   const std::string &path) const {
  Communicator &ranks = device.ranks();
  const std::string file = joinPath(path, modelFile);
  const std::vector<TensorSource> weights =
      parameterSources(program, device, LlmcArenaParameter);
  const std::map<std::string, std::string> metadata = {
      {"model", program.modelName}, {"step", std::to_string(whole.run.step)}};
  if (ranks.size() == 1) {
    Result<FileSeal> seal = writeSafetensors(file, weights, metadata);
    if (seal.isOk())
      whole.files[modelFile] = *seal;
    return seal.status();
  }
  const SafetensorsLayout layout = layOut(weights, metadata);
  auto begin = [&]() -> Status {
    LLMC_TRY(PlacedFile::create(file, layout.bytes));
    PlacedFile head;
    LLMC_TRY(head.open(file));
    LLMC_TRY(head.write(0, layout.head.data(),
                        static_cast<int64_t>(layout.head.size())));
    return head.close();
  };
  LLMC_TRY(agree(ranks.rank() == 0 ? begin() : Status::ok()));
  LLMC_TRY(agree(writeOwnWeights(layout, file)));
  if (ranks.rank() != 0)
    return Status::ok();
  // The checksum is of all bytes in their order, so that it is the same however
  // many ranks have written them.
  Result<FileSeal> seal = sealOfFile(file);
  if (seal.isOk())
    whole.files[modelFile] = *seal;
  return seal.status();
}

Status CheckpointStore::agree(const Status &own) const {
  Status all = device.ranks().agree(own);
  return all.isOk() ? all
                    : Status::error("the checkpoint could not be written: {}",
                                    all.message());
}

Status CheckpointStore::writeTensors(CheckpointState &whole,
                                     const std::string &path) const {
  Communicator &ranks = device.ranks();
  Status own = writeModel(whole, path);
  // An error of all.
  if (!own.isOk() && !ranks.isOwnError())
    return own;
  if (own.isOk())
    own = writeOwnTensors(whole.files, path);
  if (ranks.size() == 1)
    return own;
  LLMC_TRY(agree(own));
  if (!hasMomentShards(program))
    return Status::ok();
  std::vector<FileSeal> seals(static_cast<size_t>(ranks.size()));
  LLMC_TRY(
      ranks.allGather(&whole.files[momentShardName(ranks.rank(), ranks.size())],
                      seals.data(), sizeof(FileSeal)));
  for (int rank = 0; rank < ranks.size(); ++rank)
    whole.files[momentShardName(rank, ranks.size())] =
        seals[static_cast<size_t>(rank)];
  return Status::ok();
}

Status CheckpointStore::complete(const CheckpointState &whole,
                                 const std::string &target,
                                 const std::string &temporary) {
  // Not among the checksums: it says nothing that a run goes on from, and users
  // may add to it, such as the tokens that end a text.
  if (program.config)
    LLMC_TRY(
        writeFileAtomically(joinPath(temporary, configFile), program.config));
  // Hands the names of all files beside it to the disk, too.
  LLMC_TRY(writeFileAtomically(joinPath(temporary, stateFile),
                               formatCheckpointState(whole)));
  LLMC_TRY(renamePath(temporary, target));
  LLMC_TRY(syncDirectory(directory));
  LLMC_TRY(writeFileAtomically(joinPath(directory, latestFile),
                               checkpointName(whole.run.step) + "\n"));
  return dropOld(whole.run.step);
}

Result<std::string> CheckpointStore::save(const RunState &state) {
  Communicator &ranks = device.ranks();
  const std::string target = pathOf(state.step);
  const std::string temporary = target + unfinished;
  const bool isFirst = ranks.rank() == 0;
  Status begun = isFirst ? begin(target, temporary) : Status::ok();
  LLMC_TRY(ranks.size() == 1 ? begun : ranks.agree(begun));
  CheckpointState whole;
  whole.run = state;
  whole.model = program.modelName;
  whole.parameters = program.parameters;
  Status status = writeTensors(whole, temporary);
  if (status.isOk() && isFirst)
    status = complete(whole, target, temporary);
  if (!status.isOk()) {
    // On a full disk, what could not be finished must not keep the room. That
    // it could not be written is what there is to say, removed or not.
    if (isFirst)
      (void)removeTree(temporary);
    return status;
  }
  return target;
}

Status CheckpointStore::dropOld(int64_t newest) {
  if (keep == 0)
    return Status::ok();
  Result<std::vector<int64_t>> present = steps();
  if (!present.isOk())
    return present.status();
  int64_t kept = 0;
  for (int64_t step : *present) {
    if (step > newest || ++kept <= keep)
      continue;
    // A name that says complete must not be seen while its files go.
    const std::string path = pathOf(step), temporary = path + unfinished;
    LLMC_TRY(removeTree(temporary));
    LLMC_TRY(renamePath(path, temporary));
    LLMC_TRY(removeTree(temporary));
  }
  return Status::ok();
}

Result<std::vector<std::string>> CheckpointStore::removeUnfinished() {
  Result<std::vector<std::string>> names = listDirectory(directory);
  if (!names.isOk())
    return Status::error("--out: {}", names.message());
  std::vector<std::string> removed;
  const size_t suffix = sizeof(unfinished) - 1;
  for (const std::string &name : *names) {
    if (name.size() < suffix ||
        name.compare(name.size() - suffix, suffix, unfinished) != 0 ||
        !stepOfCheckpointName(name.substr(0, name.size() - suffix)))
      continue;
    removed.push_back(joinPath(directory, name));
    LLMC_TRY(removeTree(removed.back()));
  }
  return removed;
}

Status CheckpointStore::verify(const std::string &path, RunState &run,
                               Status &verdict) const {
  Communicator &ranks = device.ranks();
  Result<CheckpointState> state = readState(path);
  auto checkShare = [&]() -> Status {
    LLMC_TRY(state.status());
    if (state->model != program.modelName)
      return Status::error("it is of the model '{}', this program trains '{}'",
                           state->model, program.modelName);
    // What another machine has read says nothing about what this one reads.
    for (const std::string &name :
         shareOfFiles(state->files, ranks.localRank(), ranks.localSize()))
      LLMC_TRY(verifyFile(path, state->files, name));
    return Status::ok();
  };
  LLMC_TRY(ranks.exchangeErrors(checkShare(), verdict));
  if (!verdict.isOk())
    return Status::ok();
  // Of files that nobody found damaged.
  run = state->run;
  return ranks.exchangeErrors(checkShapes(path, state->files), verdict);
}

static Result<MomentShards>
openMomentShards(const std::string &path,
                 const std::vector<std::string> &names) {
  std::vector<std::string> paths;
  for (const std::string &name : names)
    paths.push_back(joinPath(path, name));
  return MomentShards::open(paths);
}

Status CheckpointStore::checkShapes(const std::string &path,
                                    const FileSeals &files) const {
  Result<SafetensorsFile> model =
      SafetensorsFile::open(joinPath(path, modelFile));
  if (!model.isOk())
    return model.status();
  LLMC_TRY(checkParameterFile(program, *model));
  const std::vector<std::string> names = momentShardsOf(files);
  if (!names.empty()) {
    Result<MomentShards> shards = openMomentShards(path, names);
    return shards.isOk() ? shards->check(program) : shards.status();
  }
  Result<SafetensorsFile> optimizer =
      SafetensorsFile::open(joinPath(path, optimizerFile));
  if (!optimizer.isOk())
    return optimizer.status();
  LLMC_TRY(checkParameterFile(program, *optimizer, "m."));
  return checkParameterFile(program, *optimizer, "v.");
}

Status CheckpointStore::loadMoments(const std::string &path) {
  Result<CheckpointState> state = readState(path);
  if (!state.isOk())
    return state.status();
  const std::vector<std::string> names = momentShardsOf(state->files);
  if (!names.empty()) {
    Result<MomentShards> shards = openMomentShards(path, names);
    if (!shards.isOk())
      return shards.status();
    LLMC_TRY(shards->load(program, device, LlmcArenaMoment1, "m."));
    return shards->load(program, device, LlmcArenaMoment2, "v.");
  }
  Result<SafetensorsFile> optimizer =
      SafetensorsFile::open(joinPath(path, optimizerFile));
  if (!optimizer.isOk())
    return optimizer.status();
  LLMC_TRY(
      loadParameterFile(program, device, *optimizer, LlmcArenaMoment1, "m."));
  return loadParameterFile(program, device, *optimizer, LlmcArenaMoment2, "v.");
}

Status CheckpointStore::load(const std::string &path, bool withOptimizer) {
  Result<SafetensorsFile> model =
      SafetensorsFile::open(joinPath(path, modelFile));
  if (!model.isOk())
    return model.status();
  LLMC_TRY(loadParameterFile(program, device, *model, LlmcArenaParameter));
  return withOptimizer ? loadMoments(path) : Status::ok();
}

std::optional<std::string>
CheckpointStore::checkLatest(const std::vector<int64_t> &present) const {
  const std::string path = joinPath(directory, latestFile);
  if (!pathExists(path))
    return std::nullopt; // cut off before the first was named
  Result<std::string> name = readWholeFile(path, largestStateBytes);
  if (!name.isOk())
    return name.message();
  if (!name->empty() && name->back() == '\n')
    name->pop_back();
  std::optional<int64_t> step = stepOfCheckpointName(*name);
  if (!step)
    return fmt::format("{} names no checkpoint", path);
  if (std::find(present.begin(), present.end(), *step) == present.end())
    return fmt::format("{} names {}, which is not there", path, *name);
  return std::nullopt;
}

Result<std::vector<int64_t>> CheckpointStore::sameSteps() const {
  Communicator &ranks = device.ranks();
  Result<std::vector<int64_t>> own = steps();
  LLMC_TRY(ranks.agree(own.status()));
  std::vector<int64_t> first = *own;
  int64_t count = static_cast<int64_t>(first.size());
  LLMC_TRY(ranks.broadcast(&count, sizeof(count), 0));
  first.resize(static_cast<size_t>(count));
  if (count > 0)
    LLMC_TRY(ranks.broadcast(first.data(),
                             count * static_cast<int64_t>(sizeof(int64_t)), 0));
  LLMC_TRY(ranks.agree(
      first == *own
          ? Status::ok()
          : Status::error("finds other checkpoints in {} than rank 0; it must "
                          "be one directory that all ranks see",
                          directory)));
  return own;
}

Result<std::optional<CheckpointStore::Loaded>>
CheckpointStore::loadNewest(bool withOptimizer) {
  Communicator &ranks = device.ranks();
  Result<std::vector<int64_t>> present = sameSteps();
  if (!present.isOk())
    return present.status();
  Loaded loaded;
  if (present->empty())
    return std::optional<Loaded>();
  if (std::optional<std::string> wrong = checkLatest(*present))
    loaded.skipped.push_back(std::move(*wrong));
  for (int64_t step : *present) {
    loaded.path = pathOf(step);
    LLMC_TRY(ranks.agree(checkMayRead(loaded.path)));
    Status verdict = Status::ok();
    LLMC_TRY(verify(loaded.path, loaded.state, verdict));
    if (!verdict.isOk()) {
      loaded.skipped.push_back(
          fmt::format("{} skipped: {}", loaded.path, verdict.message()));
      continue;
    }
    LLMC_TRY(ranks.agree(load(loaded.path, withOptimizer)));
    return std::optional<Loaded>(std::move(loaded));
  }
  std::string reasons;
  for (const std::string &reason : loaded.skipped)
    reasons += "\n  " + reason;
  return ranks.common(
      Status::error("no checkpoint in {} can be used; name another --out, or "
                    "remove them to start again{}",
                    directory, reasons));
}

} // namespace llmc::runtime
