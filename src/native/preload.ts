// Imported for its effect: the native core, with our libgomp.so.1, is loaded when the package is, so that an addon that is
// loaded later and needs a libgomp.so.1 gets ours. Loading starts no thread; what fails here fails again, with its
// reason, for whoever needs the native core.
import { hasNative } from './load.js';

hasNative();
