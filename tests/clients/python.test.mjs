// SPDX-License-Identifier: Apache-2.0
// Runs python_client.py, a client that shares no code with the JavaScript ones, over each transport.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { run } from '../lib/process.mjs';
import { testNamespaces } from '../lib/routes.mjs';

const PYTHON = '/usr/bin/python3'; /* the one that Debian's python3-socketio is for */
const script = fileURLToPath(new URL('python_client.py', import.meta.url));
let gateway;

before(async () => {
  gateway = await startGateway({ namespaces: testNamespaces });
});
after(stopGateways);

const expected = (transport) => ({
  transport: transport === 'polling' ? 'polling' : 'websocket',
  'ids differ': 4,
  ack: [1, 'é€😀', { a: [null, true] }],
  'binary ack': [{ $binary: '0001ff' }, { in: { $binary: '78' } }],
  join: { ok: true, room: 'py' },
  publish: { ok: true },
  'publish binary': { ok: true },
  heard: [['/', 'text', { n: 1 }], ['/', { $binary: '0708' }]],
  namespaces: [['/admin', 'admin'], ['/', 'main']],
  leave: { ok: true },
  'after leaving': [['/', 'fence']],
  error: 'bad_room_name',
  done: 0,
});

for (const transport of ['websocket', 'polling', 'upgrade']) {
  test(`python-socketio over ${transport}`, async () => {
    const { code, stdout, stderr } = await run(PYTHON, [script, gateway.base, transport], { ms: 60_000 });
    assert.equal(code, 0, stderr + stdout);
    const steps = stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(Object.fromEntries(steps.map(({ step, value }) => [step, value])), expected(transport));
  });
}
