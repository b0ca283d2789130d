// Prints the topology, or the code and the message of the error.
import { runtime } from '../../../src/runtime/index.js';

try {
  console.log(JSON.stringify(runtime.topology()));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.log(JSON.stringify({ code, message }));
}
