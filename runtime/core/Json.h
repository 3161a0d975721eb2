//===- Json.h - JSON from files that anyone may have written --------------===//

#ifndef LLMC_RUNTIME_CORE_JSON_H
#define LLMC_RUNTIME_CORE_JSON_H

#include <nlohmann/json.hpp>
#include <string>

namespace llmc::runtime {

/// Parses `text`; a discarded value when it is not JSON, or nested deeper than
/// any file of ours. Copying, comparing and printing a value recurse, so that
/// depth without a limit would let a file overflow the stack.
template <typename Json = nlohmann::json>
Json parseJson(const std::string &text) {
  constexpr int maxDepth = 32;
  bool tooDeep = false;
  auto watchDepth = [&](int depth, typename Json::parse_event_t, Json &) {
    tooDeep |= depth > maxDepth;
    return !tooDeep;
  };
  Json json = Json::parse(text, watchDepth, /*allow_exceptions=*/false);
  return tooDeep ? Json(Json::value_t::discarded) : json;
}

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_JSON_H
