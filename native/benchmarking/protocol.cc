#include "benchmarking/protocol.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace harts::bench {
namespace {

std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// Joins what `each(item)` makes of the items that it does not leave empty.
template <class Items, class Each>
std::string joined(const Items &items, Each each) {
  std::string out;
  for (const auto &item : items) {
    const std::string text = each(item);
    if (text.empty()) continue;
    if (!out.empty()) out += ',';
    out += text;
  }
  return out;
}

std::string describe(const Contender &contender) {
  std::string out = "{\"name\":" + quoted(contender.name) + ",\"what\":" + quoted(contender.what);
  if (!contender.unavailable.empty()) out += ",\"unavailable\":" + quoted(contender.unavailable);
  return out + '}';
}

std::string describe(const Measurement &measurement) {
  return "{\"name\":" + quoted(measurement.name) + ",\"what\":" + quoted(measurement.what) + ",\"unit\":\"ns\"" +
         ",\"baseline\":" + quoted(measurement.baseline) +
         ",\"synchronisation\":" + (measurement.is_synchronisation ? "true" : "false") + ",\"contenders\":[" +
         joined(measurement.contenders, [](const Contender &contender) { return describe(contender); }) + "]}";
}

std::string describe(const Program &program) {
  return "{\"facts\":{" +
         joined(program.facts, [](const auto &fact) { return quoted(fact.first) + ":" + quoted(fact.second); }) +
         "},\"measurements\":[" +
         joined(program.measurements, [](const Measurement &measurement) { return describe(measurement); }) + "]}";
}

std::string error(const std::string &text) { return "{\"error\":" + quoted(text) + "}"; }

std::string round(const Program &program, const Measurement &measurement, size_t rotation) {
  const bool is_probed = measurement.is_synchronisation && program.probe;
  const double before = is_probed ? program.probe() : 0;
  const size_t count = measurement.contenders.size();
  std::vector<std::string> samples;
  for (size_t i = 0; i < count; ++i) {
    const Contender &contender = measurement.contenders[(i + rotation) % count];
    if (!contender.unavailable.empty()) continue;
    samples.push_back(quoted(contender.name) + ":" + number(contender.sample()));
  }
  std::string out = "{\"samples\":{" + joined(samples, [](const std::string &sample) { return sample; }) + "}";
  if (is_probed) out += ",\"probes\":[" + number(before) + "," + number(program.probe()) + "]";
  return out + '}';
}

std::string answer(const Program &program, const std::string &line) {
  if (line == "describe") return describe(program);
  const std::string command = "round ";
  if (line.rfind(command, 0) != 0) return error("unknown command: " + line);
  for (const Measurement &measurement : program.measurements) {
    const std::string begin = command + measurement.name + " ";
    if (line.rfind(begin, 0) != 0) continue;
    char *end = nullptr;
    const unsigned long rotation = std::strtoul(line.c_str() + begin.size(), &end, 10);
    if (end != line.c_str() + begin.size() && *end == '\0') return round(program, measurement, rotation);
  }
  return error("unknown measurement: " + line);
}

}  // namespace

int serve(const Program &program) {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(program, line) << std::endl;
  return 0;
}

}  // namespace harts::bench
