#include "testing/faults/scenario.hpp"
