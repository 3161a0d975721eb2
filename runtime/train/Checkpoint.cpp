//===- Checkpoint.cpp - states of a run that survive a crash --------------===//

#include "train/Checkpoint.h"

#include "core/File.h"
#include "train/Parameters.h"
#include "train/Program.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace llmc::runtime {
namespace {

using Json = nlohmann::ordered_json;

constexpr char modelFile[] = "model.safetensors";
constexpr char optimizerFile[] = "optimizer.safetensors";
constexpr char stateFile[] = "state.json";
constexpr char stepPrefix[] = "step_";
constexpr int formatVersion = 1;

std::string toHex(uint64_t value) { return fmt::format("{:016x}", value); }

std::string checksumOfText(const std::string &text) {
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return toHex(checksum.value());
}

Json sealToJson(const FileSeal &seal) {
  return {{"bytes", seal.bytes}, {"checksum", toHex(seal.checksum)}};
}

Json stateToJson(const RunState &state, const LlmcProgram &program) {
  Json json;
  json["version"] = formatVersion;
  json["step"] = state.step;
  json["position"] = state.position;
  json["seed"] = state.seed;
  json["tokenizer"] = state.tokenizer;
  json["model"] = program.modelName;
  json["parameters"] = program.parameters;
  json["settings"] = state.settings;
  return json;
}

/// Reads state.json and checks its own checksum.
Result<Json> readState(const std::string &path) {
  Result<std::string> text = readWholeFile(path);
  if (!text.isOk())
    return text.status();
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("checksum"))
    return Status::error("{} is not complete", path);
  Json expected = json["checksum"];
  json.erase("checksum");
  if (expected != checksumOfText(json.dump()))
    return Status::error("{} does not match its own checksum", path);
  return json;
}

/// The checksum was right, so a field of another type means another version.
Result<RunState> stateFromJson(const std::string &path, const Json &json) {
  auto hasType = [&](const char *key, Json::value_t type) {
    return json.contains(key) && json[key].type() == type;
  };
  using Type = Json::value_t;
  bool known =
      json.value("version", Json()) == formatVersion &&
      hasType("step", Type::number_unsigned) &&
      hasType("position", Type::number_unsigned) &&
      hasType("seed", Type::number_unsigned) &&
      hasType("tokenizer", Type::string) && hasType("model", Type::string) &&
      hasType("settings", Type::object) && hasType("files", Type::object);
  if (!known)
    return Status::error("{} is of another version of the runtime", path);
  RunState state;
  state.step = json["step"].get<int64_t>();
  state.position = json["position"].get<int64_t>();
  state.seed = json["seed"].get<uint64_t>();
  state.tokenizer = json["tokenizer"].get<std::string>();
  for (const auto &[key, value] : json["settings"].items())
    if (value.is_string())
      state.settings[key] = value.get<std::string>();
  return state;
}

Status verifyFile(const std::string &path, const Json &files,
                  const char *name) {
  std::string file = joinPath(path, name);
  if (!files.contains(name))
    return Status::error("{} is not listed in {}", name, stateFile);
  Result<FileSeal> seal = sealOfFile(file);
  if (!seal.isOk())
    return seal.status();
  Json expected = files[name], found = sealToJson(*seal);
  if (found == expected)
    return Status::ok();
  const char *key = found["bytes"] != expected["bytes"] ? "bytes" : "checksum";
  return Status::error("{} is damaged: expected {} {}, found {}", file, key,
                       expected[key].dump(), found[key].dump());
  return Status::ok();
}

} // namespace

std::string CheckpointStore::pathOf(int64_t step) const {
  return joinPath(directory, fmt::format("{}{:06}", stepPrefix, step));
}

Result<std::vector<int64_t>> CheckpointStore::steps() const {
  std::vector<int64_t> found;
  if (!pathExists(directory))
    return found;
  Result<std::vector<std::string>> names = listDirectory(directory);
  if (!names.isOk())
    return Status::error("--out: {}", names.message());
  const size_t prefix = sizeof(stepPrefix) - 1;
  for (const std::string &name : *names) {
    bool digits = name.size() > prefix && name.size() <= prefix + 18 &&
                  name.compare(0, prefix, stepPrefix) == 0 &&
                  std::all_of(name.begin() + prefix, name.end(),
                              [](char c) { return c >= '0' && c <= '9'; });
    if (digits)
      found.push_back(std::stoll(name.substr(prefix)));
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

Status CheckpointStore::writeFiles(const RunState &state,
                                   const std::string &path) const {
  LLMC_TRY(makeDirectories(path));
  Json json = stateToJson(state, program);
  Result<FileSeal> model = writeSafetensors(
      joinPath(path, modelFile),
      parameterSources(program, device, LlmcArenaParameter),
      {{"model", program.modelName}, {"step", std::to_string(state.step)}});
  if (!model.isOk())
    return model.status();
  json["files"][modelFile] = sealToJson(*model);

  std::vector<TensorSource> moments =
      parameterSources(program, device, LlmcArenaMoment1, "m.");
  for (TensorSource &source :
       parameterSources(program, device, LlmcArenaMoment2, "v."))
    moments.push_back(std::move(source));
  Result<FileSeal> optimizer =
      writeSafetensors(joinPath(path, optimizerFile), moments, {});
  if (!optimizer.isOk())
    return optimizer.status();
  json["files"][optimizerFile] = sealToJson(*optimizer);

  json["checksum"] = checksumOfText(json.dump());
  LLMC_TRY(writeFileAtomically(joinPath(path, stateFile), json.dump(2) + "\n"));
  return syncDirectory(path);
}

Result<std::string> CheckpointStore::save(const RunState &state) {
  const std::string target = pathOf(state.step);
  const std::string temporary = target + ".tmp";
  LLMC_TRY(makeDirectories(directory));
  LLMC_TRY(removeTree(temporary)); // left by a run that was cut off
  if (Status status = writeFiles(state, temporary); !status.isOk()) {
    // On a full disk, what could not be finished must not keep the room.
    LLMC_TRY(removeTree(temporary));
    return status;
  }
  // A damaged checkpoint of the same step may be in the way after a resume.
  LLMC_TRY(removeTree(target));
  LLMC_TRY(renamePath(temporary, target));
  LLMC_TRY(syncDirectory(directory));
  std::string name = fmt::format("{}{:06}\n", stepPrefix, state.step);
  LLMC_TRY(writeFileAtomically(joinPath(directory, "latest"), name));
  LLMC_TRY(dropOld());
  return target;
}

Status CheckpointStore::dropOld() {
  if (keep == 0)
    return Status::ok();
  Result<std::vector<int64_t>> present = steps();
  if (!present.isOk())
    return present.status();
  for (size_t i = static_cast<size_t>(keep); i < present->size(); ++i)
    LLMC_TRY(removeTree(pathOf((*present)[i])));
  return Status::ok();
}

Result<RunState> CheckpointStore::verify(const std::string &path) const {
  std::string statePath = joinPath(path, stateFile);
  Result<Json> json = readState(statePath);
  if (!json.isOk())
    return json.status();
  Result<RunState> state = stateFromJson(statePath, *json);
  if (!state.isOk())
    return state.status();
  if ((*json)["model"] != program.modelName)
    return Status::error("it is of the model '{}', this program trains '{}'",
                         (*json)["model"].get<std::string>(),
                         program.modelName);
  const Json &files = (*json)["files"];
  for (const char *name : {modelFile, optimizerFile})
    LLMC_TRY(verifyFile(path, files, name));

  Result<SafetensorsFile> model =
      SafetensorsFile::open(joinPath(path, modelFile));
  if (!model.isOk())
    return model.status();
  LLMC_TRY(checkParameterFile(program, *model));
  Result<SafetensorsFile> optimizer =
      SafetensorsFile::open(joinPath(path, optimizerFile));
  if (!optimizer.isOk())
    return optimizer.status();
  LLMC_TRY(checkParameterFile(program, *optimizer, "m."));
  LLMC_TRY(checkParameterFile(program, *optimizer, "v."));
  return state;
}

Status CheckpointStore::load(const std::string &path, bool withOptimizer) {
  Result<SafetensorsFile> model =
      SafetensorsFile::open(joinPath(path, modelFile));
  if (!model.isOk())
    return model.status();
  LLMC_TRY(loadParameterFile(program, device, *model, LlmcArenaParameter));
  if (!withOptimizer)
    return Status::ok();
  Result<SafetensorsFile> optimizer =
      SafetensorsFile::open(joinPath(path, optimizerFile));
  if (!optimizer.isOk())
    return optimizer.status();
  LLMC_TRY(
      loadParameterFile(program, device, *optimizer, LlmcArenaMoment1, "m."));
  return loadParameterFile(program, device, *optimizer, LlmcArenaMoment2, "v.");
}

Result<std::optional<CheckpointStore::Loaded>>
CheckpointStore::loadNewest(bool withOptimizer) {
  Result<std::vector<int64_t>> present = steps();
  if (!present.isOk())
    return present.status();
  Loaded loaded;
  for (int64_t step : *present) {
    loaded.path = pathOf(step);
    Result<RunState> state = verify(loaded.path);
    if (!state.isOk()) {
      loaded.skipped.push_back(
          fmt::format("{} skipped: {}", loaded.path, state.message()));
      continue;
    }
    LLMC_TRY(load(loaded.path, withOptimizer));
    loaded.state = std::move(*state);
    return std::optional<Loaded>(std::move(loaded));
  }
  if (loaded.skipped.empty())
    return std::optional<Loaded>();
  std::string reasons;
  for (const std::string &reason : loaded.skipped)
    reasons += "\n  " + reason;
  return Status::error("no checkpoint in {} can be used; name another --out, "
                       "or remove them to start again{}",
                       directory, reasons);
}

} // namespace llmc::runtime
