// How a native bench program and the harness talk: commands as words on stdin, one JSON object per line on stdout.
//
//   describe                    -> {"facts":{...},"measurements":[...]}
//   round MEASUREMENT ROTATION  -> {"samples":{"CONTENDER":NUMBER,...},"probes":[BEFORE,AFTER]}
//
// The name of a measurement may have spaces in it. A round takes one sample of every contender of the measurement,
// beginning with number ROTATION modulo their count, so that over the rounds each of them comes first equally often.
// `probes` are ping-pong round trips in nanoseconds; only synchronisation measurements have them. A sample is null when
// the machine was too busy to take it. An unknown command is answered {"error":"..."}; end of input ends the program.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace harts::bench {

struct Contender {
  std::string name;
  std::string what;
  std::function<double()> sample;  // nanoseconds per operation, NaN if it failed; not called when unavailable
  std::string unavailable;         // why this contender cannot run here, and what to do about it
};

struct Measurement {
  std::string name;
  std::string what;
  std::string baseline;     // the contender that ratios are taken against
  bool is_synchronisation;  // depends on where the two PUs are: probed before and after each round
  std::vector<Contender> contenders;
};

struct Program {
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Measurement> measurements;
  std::function<double()> probe;  // ping-pong round trip, nanoseconds; empty on a machine with one PU
};

// Answers commands until end of input. Returns the exit status.
int serve(const Program &program);

}  // namespace harts::bench
