// From what was recorded to JSON in the trace format of Chrome.
#pragma once

#include <cstdint>
#include <vector>

#include "trace_ring.h"

namespace lithe::core {

struct TrackedRecord {
  TraceRecord record;
  int track = 0;  // the hart's number, or the number of harts for the ring of those outside
};

struct TraceSnapshot {
  std::vector<TrackedRecord> records;  // track by track, each in the order of its events
  std::vector<uint64_t> lost;          // per track
  int harts = 0;
  uint64_t end = 0;  // when the recording stopped, or when it was read
};

// Returns 0, LITHE_ENOMEM or LITHE_EIO. Changes the order of the records.
int trace_write(TraceSnapshot &snapshot, int fd);

}  // namespace lithe::core
