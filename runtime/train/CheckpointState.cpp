//===- CheckpointState.cpp - state.json of a checkpoint -------------------===//

#include "train/CheckpointState.h"

#include "core/Json.h"

#include <algorithm>

namespace llmc::runtime {
namespace {

using Json = nlohmann::ordered_json;
using Type = Json::value_t;

constexpr char stepPrefix[] = "step_";
constexpr int formatVersion = 1;

/// Text that is not UTF-8, such as a file name's, is printed all the same.
std::string dumpJson(const Json &json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace);
}

std::string checksumOf(const Json &json) {
  std::string text = dumpJson(json, /*indent=*/-1);
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return formatChecksum(checksum.value());
}

const Json *findOfType(const Json &json, const char *key, Type type) {
  auto found = json.find(key);
  return found != json.end() && found->type() == type ? &*found : nullptr;
}

// Each of these sets `value` and returns true when the field is of the right
// form.

bool readCount(const Json &json, const char *key, int64_t &value) {
  // Far above any run, far below what sums of counts can overflow.
  constexpr uint64_t largest = uint64_t(1) << 60;
  const Json *found = findOfType(json, key, Type::number_unsigned);
  if (!found || found->get<uint64_t>() > largest)
    return false;
  value = found->get<int64_t>();
  return true;
}

bool readText(const Json &json, const char *key, std::string &value) {
  const Json *found = findOfType(json, key, Type::string);
  if (found)
    value = found->get<std::string>();
  return found;
}

bool readSeed(const Json &json, uint64_t &value) {
  const Json *found = findOfType(json, "seed", Type::number_unsigned);
  if (found)
    value = found->get<uint64_t>();
  return found;
}

bool readSettings(const Json &json, std::map<std::string, std::string> &value) {
  const Json *found = findOfType(json, "settings", Type::object);
  if (!found)
    return false;
  for (const auto &[key, setting] : found->items())
    if (setting.is_string())
      value[key] = setting.get<std::string>();
  return true;
}

bool readChecksum(const Json &json, uint64_t &value) {
  std::string text;
  if (!readText(json, "checksum", text))
    return false;
  value = std::strtoull(text.c_str(), nullptr, 16);
  return formatChecksum(value) == text;
}

bool readFiles(const Json &json, std::map<std::string, FileSeal> &value) {
  const Json *found = findOfType(json, "files", Type::object);
  if (!found)
    return false;
  for (const auto &[name, file] : found->items()) {
    FileSeal &seal = value[name];
    if (!file.is_object() || !readCount(file, "bytes", seal.bytes) ||
        !readChecksum(file, seal.checksum))
      return false;
  }
  return true;
}

} // namespace

std::string formatChecksum(uint64_t value) {
  return fmt::format("{:016x}", value);
}

std::string checkpointName(int64_t step) {
  return fmt::format("{}{:06}", stepPrefix, step);
}

std::optional<int64_t> stepOfCheckpointName(const std::string &name) {
  const size_t prefix = sizeof(stepPrefix) - 1;
  bool isName = name.size() > prefix && name.size() <= prefix + 18 &&
                name.compare(0, prefix, stepPrefix) == 0 &&
                std::all_of(name.begin() + prefix, name.end(),
                            [](char c) { return c >= '0' && c <= '9'; });
  if (!isName)
    return std::nullopt;
  int64_t step = std::stoll(name.substr(prefix));
  // Another number of zeros is not a name of ours.
  return checkpointName(step) == name ? std::optional(step) : std::nullopt;
}

std::string formatCheckpointState(const CheckpointState &state) {
  Json json;
  json["version"] = formatVersion;
  json["step"] = state.run.step;
  json["position"] = state.run.position;
  json["seed"] = state.run.seed;
  json["tokenizer"] = state.run.tokenizer;
  json["model"] = state.model;
  json["parameters"] = state.parameters;
  json["settings"] = state.run.settings;
  json["files"] = Json::object();
  for (const auto &[name, seal] : state.files)
    json["files"][name] = {{"bytes", seal.bytes},
                           {"checksum", formatChecksum(seal.checksum)}};
  json["checksum"] = checksumOf(json);
  return dumpJson(json, /*indent=*/2) + "\n";
}

Result<CheckpointState> parseCheckpointState(const std::string &path,
                                             const std::string &text) {
  Json json = parseJson<Json>(text);
  if (!json.is_object() || !json.contains("checksum"))
    return Status::error("{} is not complete", path);
  Json expected = json["checksum"];
  json.erase("checksum");
  if (expected != checksumOf(json))
    return Status::error("{} does not match its own checksum", path);

  // The checksum was right, so a field of another form means another version.
  CheckpointState state;
  RunState &run = state.run;
  int64_t version = 0;
  bool known = readCount(json, "version", version) &&
               version == formatVersion && readCount(json, "step", run.step) &&
               readCount(json, "position", run.position) &&
               readSeed(json, run.seed) &&
               readText(json, "tokenizer", run.tokenizer) &&
               readText(json, "model", state.model) &&
               readCount(json, "parameters", state.parameters) &&
               readSettings(json, run.settings) && readFiles(json, state.files);
  if (!known)
    return Status::error("{} is of another version of the runtime", path);
  return state;
}

} // namespace llmc::runtime
