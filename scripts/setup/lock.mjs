import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/**
 * Runs `work` while no other process runs the setup of the same checkout.
 *
 * The lock is a listening socket in Linux's abstract namespace, named after the checkout: the kernel frees it however
 * its owner ends, so there are no stale lock files. A waiter connects to it and tries again when the connection drops.
 *
 * @template T
 * @param {string} root
 * @param {() => void} onWait called once, if another process holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock(root, onWait, work) {
  const name = `\0harts-setup-${createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 32)}`;
  let waited = false;
  for (;;) {
    const server = await listen(name);
    if (server !== undefined) {
      try {
        return await work();
      } finally {
        server.release();
      }
    }
    if (!waited) onWait();
    waited = true;
    await ownerGone(name);
  }
}

/** @param {string} name @returns {Promise<{ release: () => void } | undefined>} undefined when the name is taken */
function listen(name) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiters = new Set();
    const server = createServer((socket) => {
      waiters.add(socket);
      socket.on('error', () => {}).on('close', () => waiters.delete(socket));
    });
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve({
        release() {
          server.close();
          for (const socket of waiters) socket.destroy();
        },
      });
    });
  });
}

/** @param {string} name @returns {Promise<void>} */
function ownerGone(name) {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.on('error', () => {}).on('close', () => resolve());
  });
}
