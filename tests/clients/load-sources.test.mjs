// SPDX-License-Identifier: Apache-2.0
// roomcast-load --source: where connections come from, as the server sees it; and which targets may be loaded.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assertCounters, Broker, load } from '../lib/broker.mjs';

const INSIDE = 'ROOMCAST_TEST_NETWORK'; /* in the environment: this is the process inside */
const HERE = '10.77.0.1', FROM = ['10.77.0.2', '10.77.0.3', '10.77.0.4'];

/* A run, and how many connections came from each address. */
async function from(url, options) {
  const seen = new Map();
  const broker = await new Broker('socketio', {
    server: { host: '0.0.0.0' },
    join(self, peer) {
      const { remoteAddress } = peer._socket;
      seen.set(remoteAddress, (seen.get(remoteAddress) ?? 0) + 1);
    },
  }).start();
  try {
    return { seen, ...await load(broker.url.replace('127.0.0.1', url), options) };
  } finally {
    broker.stop();
  }
}

/* In a network of its own, with four addresses and twenty ports of each. */
async function inside() {
  const many = ['--connections', '45'];
  const refused = await from(HERE, many);
  assert.equal(refused.code, 2, refused.said);
  assert.match(refused.stderr, /46 connections to 10\.77\.0\.1:\d+ are more than one local address has ports for \(about 19\): give .* with --source/);
  const result = await from(HERE, [...many, '--source', FROM.join()]);
  assertCounters(result, {}, 0);
  assert.deepEqual([...result.seen.keys()].sort(), FROM);
  for (const [address, count] of result.seen) assert.ok(count >= 14 && count <= 16, `${address}: ${count}`);
  const away = await from(HERE, ['--source', '192.0.2.1']);
  assert.equal(away.code, 2);
}

if (process.env[INSIDE]) {
  await inside();
} else {
  describe('--source', { concurrency: 2 }, () => {
    const skip = spawnSync('unshare', ['--net', 'true']).status !== 0 && 'needs the right to make a network';
    test('addresses for a target that is not loopback', { skip }, () => {
      const commands = ['ip link set lo up', ...[HERE, ...FROM].map((address) => `ip address add ${address}/24 dev lo`),
        'echo 40000 40019 >/proc/sys/net/ipv4/ip_local_port_range', `exec "${process.execPath}" "${fileURLToPath(import.meta.url)}"`];
      const { status, stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', commands.join(' && ')],
        { env: { ...process.env, [INSIDE]: '1', NODE_TEST_CONTEXT: undefined }, encoding: 'utf8', timeout: 60_000 });
      assert.equal(status, 0, stdout + stderr);
    });

    test('several, given in both ways', async () => {
      const result = await from('127.0.0.1', ['--source', '127.0.0.21,127.0.0.22', '--source', '127.0.0.23']);
      assertCounters(result, {}, 0);
      assert.deepEqual([...result.seen.keys()].sort(), ['127.0.0.21', '127.0.0.22', '127.0.0.23']);
      assert.deepEqual(result.report.options.source, ['127.0.0.21,127.0.0.22', '127.0.0.23']);
    });

    for (const [source, url, message] of [
      ['192.0.2.1', '127.0.0.1', /option --source: "192\.0\.2\.1" is not an address of this machine that can be connected from: Cannot assign/],
      ['127.0.0.2', '[::1]', /option --source: 127\.0\.0\.2 cannot reach http:\/\/\[::1\]:1 \(\[::1\]:1\): expected IPv6 addresses/],
      ['here', '127.0.0.1', /option --source: expected an IP address of this machine, or several with commas, got "here"/],
    ]) test(`${source} for ${url}`, async () => {
      const { code, stderr } = await load(`http://${url}:1`, ['--source', source]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  });

  test('0.0.0.0 is this machine', async () => {
    const result = await from('0.0.0.0', []);
    assertCounters(result, {}, 0);
    assert.deepEqual([...result.seen.keys()], ['127.0.0.1']);
  });

  test('link-local addresses are refused: clouds have services there', async () => {
    const { code, stderr } = await load('http://169.254.169.254', []);
    assert.equal(code, 2);
    assert.match(stderr, /169\.254\.169\.254:80, which is neither a loopback nor a private address/);
  });
}
