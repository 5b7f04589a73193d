// SPDX-License-Identifier: Apache-2.0
// A process that is busy a third of the time in each of two threads, holds some memory, and tells on request what it
// has used of both: for tests of those who look at it from outside.
import { isMainThread, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';

const ballast = isMainThread ? Buffer.alloc(64 << 20, 1) : null;

setInterval(() => {
  for (const end = performance.now() + 33; performance.now() < end;);
}, 100);

if (isMainThread) {
  new Worker(fileURLToPath(import.meta.url));
  process.on('message', (what) => {
    if (what === 'end') process.exit(ballast.length > 0 ? 0 : 1);
    const { user, system } = process.cpuUsage();
    process.send({ cpu: (user + system) / 1e6, rss: process.memoryUsage.rss() });
  });
}
