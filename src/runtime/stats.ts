import type { RuntimeStats } from '../native/load.js';

/** What `stats()` says where there is no native core. */
export const emptyStats: RuntimeStats = Object.freeze({
  harts: 0,
  hartsBusy: 0,
  schedulersEntered: 0,
  schedulers: 0,
  grants: 0,
  yields: 0,
  contextSwitches: 0,
  blocks: 0,
  unblocks: 0,
  contextYields: 0,
  contextExits: 0,
  decisions: 0,
  parks: 0,
  wakes: 0,
  handoffs: 0,
  carriers: 0,
  contexts: 0,
  contextsPooled: 0,
  guests: 0,
  jobsStarted: 0,
  jobsActive: 0,
  samples: 0,
  oversubscribedSamples: 0,
  perHart: Object.freeze([]),
});
