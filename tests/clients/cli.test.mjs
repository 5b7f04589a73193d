// SPDX-License-Identifier: Apache-2.0
// The command line and configuration of roomcast-gateway: flags, environment, file, their precedence, and a clear
// message with exit status 2 for everything that is wrong.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { configFile, runGateway, startGateway, stopGateways } from '../lib/gateway.mjs';

after(stopGateways);

const table = readFileSync(new URL('../../core/base/settings_table.h', import.meta.url), 'utf8');
const KEYS = [...table.matchAll(/^X_(UINT|STR|BOOL)\((\w+), ([^,]+)/gm)].map(([, kind, key, value]) => (
  { kind, key, value: value.replace(/"/g, '') }));

const printed = async (args, env) => {
  const { code, stdout, stderr } = await runGateway([...args, '--print-config'], { env });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};

test('--help shows every option and every key with its default', async () => {
  const { code, stdout, stderr } = await runGateway(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const option of ['--config', '--listen', '--bus', '--node-id', '--set', '--check-config', '--print-config', '--version', '--help']) {
    assert.ok(stdout.includes(option), option);
  }
  assert.ok(KEYS.length > 30);
  for (const { key, value } of KEYS) {
    assert.match(stdout, new RegExp(`\\b${key}\\b`), key);
    if (value) assert.ok(stdout.includes(value), `${key}: ${value}`);
  }
});

test('--version', async () => {
  const { code, stdout } = await runGateway(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^roomcast-gateway \d+\.\d+\.\d+/);
});

/* [what, arguments, the message must have] */
const BAD_OPTIONS = [
  ['an unknown option', ['--nope'], /--nope/],
  ['an argument that is no option', ['nope'], /nope/],
  ['an option without its value', ['--config'], /--config/],
  ['an option without its value', ['--set'], /--set/],
  ['--set without =', ['--set', 'ping_interval_ms'], /ping_interval_ms/],
  ['an unknown key', ['--set', 'ping_intervall_ms=1'], /ping_intervall_ms.*ping_interval_ms/],
  ['an unknown key in another style', ['--set', 'pingInterval=1'], /pingInterval/],
  ['not a number', ['--set', 'ping_interval_ms=soon'], /ping_interval_ms.*50 to 3600000.*soon/],
  ['too small', ['--set', 'ping_interval_ms=49'], /ping_interval_ms.*50 to 3600000.*49/],
  ['too large', ['--set', 'max_attachments=11'], /max_attachments.*0 to 10/],
  ['negative', ['--set', 'max_connections=-1'], /max_connections/],
  ['a number with a tail', ['--set', 'max_attachments=1x'], /max_attachments/],
  ['an overflow', ['--set', 'max_queue_bytes=99999999999999999999999'], /max_queue_bytes/],
  ['not a boolean', ['--set', 'http_publish=perhaps'], /http_publish.*perhaps/],
  ['a bad log level', ['--set', 'log_level=loud'], /log_level.*loud/],
  ['a bad log format', ['--set', 'log_format=xml'], /log_format.*xml/],
  ['a bad port', ['--listen', '127.0.0.1:99999'], /99999/],
  ['a bad port', ['--listen', 'x:y:z'], /x:y:z/],
  ['a bad host', ['--listen', '999.1.1.1:0'], /999\.1\.1\.1/],
  ['a bus of another kind', ['--bus', 'kafka://x'], /kafka/],
  ['a bus URL without a host', ['--bus', 'redis://'], /redis:\/\//],
  ['a bus URL with a bad port', ['--bus', 'redis://localhost:0x/1'], /bus/],
  ['a bus URL with a bad database', ['--bus', 'redis://localhost:6379/x'], /bus/],
  ['a bad node id', ['--node-id', 'a b'], /node_id|node-id/],
  ['a node id that is too long', ['--node-id', 'x'.repeat(33)], /node_id|node-id/],
  ['a bad proxy list', ['--set', 'trusted_proxies=10.0.0.0/99'], /trusted_proxies/],
  ['a file that is not there', ['--config', '/nonexistent/roomcast.json'], /\/nonexistent\/roomcast\.json/],
  ['a folder as the file', ['--config', '/tmp'], /\/tmp/],
  ['a static folder that is not there', ['--set', 'static_dir=/nonexistent/static'], /\/nonexistent\/static/],
];

for (const [what, args, pattern] of BAD_OPTIONS) {
  test(`${what} (${args.join(' ').slice(0, 60)}) exits 2 and says so`, async () => {
    const { code, stdout, stderr } = await runGateway(['--listen', '127.0.0.1:0', ...args], { ms: 5000 });
    assert.equal(code, 2, stderr);
    assert.match(stderr, pattern);
    assert.equal(stdout, '');
  });
}

const routes = (value) => ({ namespaces: { '/': { routes: value } } });
/* [what, file, the message must have]: each message also names the file. */
const BAD_FILES = [
  ['empty', '', /line 1|end of file|expected/i],
  ['no JSON', '{"listen": ', /line 1/],
  ['a list', '[]', /object/],
  ['an unknown key', { lisen: '3000' }, /lisen.*listen/],
  ['a bad value', { ping_interval_ms: 'soon' }, /ping_interval_ms/],
  ['a value out of range', { ping_interval_ms: 1 }, /ping_interval_ms.*50/],
  ['a value of another type', { ping_interval_ms: [] }, /ping_interval_ms/],
  ['a fraction', { ping_interval_ms: 100.5 }, /ping_interval_ms/],
  ['duplicate keys', '{"listen":"1","listen":"2"}', /listen|duplicate/],
  ['namespaces of another type', { namespaces: [] }, /namespaces: expected/],
  ['no namespace', { namespaces: {} }, /namespaces: expected/],
  ['a namespace without /', { namespaces: { chat: { routes: {} } } }, /namespaces\.chat: .*begins with/],
  ['a namespace of another type', { namespaces: { '/': [] } }, /namespaces\.\/: expected/],
  ['an unknown member of a namespace', { namespaces: { '/': { route: {} } } }, /namespaces\.\/\.route: unknown key/],
  ['routes of another type', routes([]), /namespaces\.\/\.routes: expected/],
  ['steps of another type', routes({ e: {} }), /namespaces\.\/\.routes\.e: expected a list/],
  ['a step of another type', routes({ e: ['join'] }), /routes\.e\[0\]: expected a step/],
  ['an empty step', routes({ e: [{}] }), /routes\.e\[0\].*unknown step/],
  ['an unknown step', routes({ join: [{ joni: '$0' }] }), /namespaces\.\/\.routes\.join\[0\]\.joni: unknown step/],
  ['an unknown step, second', routes({ e: [{ join: '$0' }, { ak: [] }] }), /routes\.e\[1\]\.ak: unknown step/],
  ['an unknown key in a step', routes({ e: [{ join: '$0', too: 'x' }] }), /routes\.e\[0\]\.join\.too: unknown key/],
  ['emit without to', routes({ e: [{ emit: 'x' }] }), /routes\.e\[0\]\.emit: "to" is missing/],
  ['a reserved event', routes({ e: [{ emit: 'disconnect', to: '*' }] }), /routes\.e\[0\]\.emit: .*reserved/],
  ['a $ event', routes({ e: [{ emit: '$$x', to: '*' }] }), /reserved|unknown value/],
  ['a route for a reserved event', routes({ disconnect: [] }), /routes\.disconnect: not an event name/],
  ['an unknown life-cycle event', routes({ $conect: [] }), /routes\.\$conect: .*\$connect/],
  ['an unknown value', routes({ e: [{ ack: ['$usr'] }] }), /routes\.e\[0\]\.ack\.args\[0\]: unknown value.*\$user/],
  ['a value that is no room', routes({ e: [{ join: '$args' }] }), /routes\.e\[0\]\.join: .*cannot name a room/],
  ['a number as a room', routes({ e: [{ join: 7 }] }), /routes\.e\[0\]\.join: /],
  ['an empty room', routes({ e: [{ join: '' }] }), /routes\.e\[0\]\.join: /],
  ['a room with ~', routes({ e: [{ join: '~x' }] }), /routes\.e\[0\]\.join: .*~/],
  ['a room that is too long', routes({ e: [{ join: 'x'.repeat(257) }] }), /max_room_name_bytes/],
  ['to of another type', routes({ e: [{ emit: 'x', to: 5 }] }), /routes\.e\[0\]\.emit\.to/],
  ['a bad list of targets', routes({ e: [{ emit: 'x', to: ['a', {}] }] }), /routes\.e\[0\]\.emit\.to\[1\]/],
  ['a bad except', routes({ e: [{ emit: 'x', to: '*', except: '$args' }] }), /routes\.e\[0\]\.emit\.except/],
  ['volatile of another type', routes({ e: [{ emit: 'x', to: '*', volatile: 1 }] }), /volatile/],
  ['args of another type', routes({ e: [{ emit: 'x', to: '*', args: 'x' }] }), /args: expected a list/],
  ['reject of another type', routes({ e: [{ reject: 1 }] }), /routes\.e\[0\]\.reject: expected the text/],
  ['an ack in a life-cycle route', routes({ $connect: [{ ack: [] }] }), /routes\.\$connect\[0\]\.ack: nothing to ack/],
  ['a reject in a life-cycle route', routes({ $connect: [{ reject: 'x' }] }), /routes\.\$connect\[0\]\.reject: nothing to reject/],
  ['an argument in a life-cycle route', routes({ $connect: [{ join: '$0' }] }), /routes\.\$connect\[0\]\.join: .*no event/],
  ['a join in $disconnect', routes({ $disconnect: [{ join: 'x' }] }), /routes\.\$disconnect\[0\]\.join: no join/],
  ['a request to rooms', routes({ e: [{ request: 'q', to: '$rooms' }] }), /routes\.e\[0\]\.request: .*one client/],
  ['a placeholder as a literal', routes({ e: [{ ack: [{ _placeholder: true, num: 0 }] }] }), /_placeholder/],
  ['user_from_auth of another type', { namespaces: { '/': { user_from_auth: 1 } } }, /user_from_auth: expected a string/],
];

describe('--check-config', () => {
  for (const [what, content, pattern] of BAD_FILES) {
    test(`${what}: exits 2, names the file and the place`, async () => {
      const file = configFile(content);
      const { code, stdout, stderr } = await runGateway(['--config', file, '--check-config']);
      assert.equal(code, 2, stderr + stdout);
      assert.ok(stderr.includes(file), stderr);
      assert.match(stderr, pattern);
    });
  }

  test('a bad file also stops the gateway from starting', async () => {
    const { code, stderr } = await runGateway(['--listen', '127.0.0.1:0', '--config', configFile({ lisen: '1' })], { ms: 5000 });
    assert.equal(code, 2);
    assert.match(stderr, /lisen/);
  });

  test('a good file: exits 0', async () => {
    const file = configFile({ ping_interval_ms: 1000, http_publish: false, namespaces: { '/': { routes: { a: [] } }, '/b': {} } });
    const { code } = await runGateway(['--config', file, '--check-config']);
    assert.equal(code, 0);
  });

  test('without a file, and the cluster\'s own file: exits 0', async () => {
    assert.equal((await runGateway(['--check-config'])).code, 0);
    const own = new URL('../../deploy/roomcast.json', import.meta.url).pathname;
    const { code, stderr } = await runGateway(['--config', own, '--check-config']);
    assert.equal(code, 0, stderr);
  });
});

describe('--print-config', () => {
  test('without anything shows every default, and the built-in routes', async () => {
    const config = await printed([]);
    for (const { key, kind, value } of KEYS) {
      if (key === 'node_id' || key === 'static_dir') continue;
      const expected = kind === 'UINT' ? Number(value) : kind === 'BOOL' ? value === '1' : value;
      assert.equal(config[key], expected, key);
    }
    assert.deepEqual(Object.keys(config.namespaces['/'].routes).sort(), ['*', 'join', 'leave', 'publish']);
  });

  test('what it prints is a configuration file that prints the same', async () => {
    const file = configFile({ ping_interval_ms: 1234, allowed_origins: 'https://a.example, https://b.example', http_publish: false,
      namespaces: { '/x': { user_from_auth: 'n', routes: { e: [{ emit: 'a', to: ['$0', 'b'], args: ['$1..', { q: 'ü"' }] }] } } } });
    const first = await printed(['--config', file]);
    assert.equal(first.ping_interval_ms, 1234);
    const second = await printed(['--config', configFile(first)]);
    assert.deepEqual(second, first);
  });

  test('secrets are not shown in the clear, or come back the same', async () => {
    const config = await printed(['--bus', 'redis://user:pass@127.0.0.1:1/2']);
    assert.match(config.bus, /^redis:\/\//);
  });
});

describe('precedence', () => {
  const file = () => configFile({ ping_interval_ms: 1001, ping_timeout_ms: 1002, connect_timeout_ms: 1003 });

  test('flags win over environment over file over default', async () => {
    const env = { ROOMCAST_PING_TIMEOUT_MS: '2002', ROOMCAST_CONNECT_TIMEOUT_MS: '2003' };
    const config = await printed(['--config', file(), '--set', 'connect_timeout_ms=3003'], env);
    assert.deepEqual([config.ping_interval_ms, config.ping_timeout_ms, config.connect_timeout_ms, config.upgrade_timeout_ms],
      [1001, 2002, 3003, 10000]);
  });

  test('the short flags are keys too', async () => {
    const config = await printed(['--listen', '127.0.0.1:4', '--bus', 'redis://127.0.0.1:5', '--node-id', 'n6'], { ROOMCAST_LISTEN: '7' });
    assert.deepEqual([config.listen, config.bus, config.node_id], ['127.0.0.1:4', 'redis://127.0.0.1:5', 'n6']);
  });

  test('the last of two flags wins', async () => {
    assert.equal((await printed(['--set', 'ping_interval_ms=100', '--set', 'ping_interval_ms=200'])).ping_interval_ms, 200);
  });

  test('--set takes values with = in them', async () => {
    assert.equal((await printed(['--set', 'publish_token=a=b=c'])).publish_token, 'a=b=c');
  });

  test('an unknown variable, and a bad value, name themselves', async () => {
    for (const [name, value] of [['ROOMCAST_PING_INTERVAL', '100'], ['ROOMCAST_PING_INTERVAL_MS', 'x']]) {
      const { code, stderr } = await runGateway(['--check-config'], { env: { [name]: value } });
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(name, 'i'));
    }
  });

  for (const [text, expected] of [['1', true], ['0', false], ['true', true], ['false', false], ['yes', true], ['no', false], ['on', true], ['off', false]]) {
    test(`http_publish=${text} is ${expected}, or an error`, async () => {
      const { code, stdout } = await runGateway(['--set', `http_publish=${text}`, '--print-config']);
      if (code === 0) assert.equal(JSON.parse(stdout).http_publish, expected);
      else assert.ok(!['1', '0', 'true', 'false'].includes(text));
    });
  }
});

describe('starting', () => {
  test('a port in use says so', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address();
    const { code, stderr } = await runGateway(['--listen', `127.0.0.1:${port}`], { ms: 5000 });
    server.close();
    assert.ok(code === 1 || code === 2, String(code));
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}.*in use`));
  });

  test('IPv6', async () => {
    const gateway = await startGateway({ settings: { listen: '[::1]:0' } });
    const { fetchHttp } = await import('../lib/http.mjs');
    assert.equal((await fetchHttp(`http://[::1]:${gateway.port}/healthz`)).status, 200);
    gateway.base = `http://[::1]:${gateway.port}`;
  });

  test('logs as JSON are JSON, line by line', async () => {
    const gateway = await startGateway({ settings: { log_format: 'json', log_level: 'debug' } });
    const { JsonPeer } = await import('../lib/peers.mjs');
    const peer = await JsonPeer.open(gateway.base);
    peer.sendText('{"event":"join","args":["\\"odd\\nroom"],"ack":1}');
    await peer.inbox.next();
    peer.close();
    await gateway.stop();
    const lines = gateway.log.trim().split('\n');
    assert.ok(lines.length > 1);
    for (const line of lines) assert.equal(typeof JSON.parse(line).level, 'string');
  });

  test('SIGINT ends it too', async () => {
    const gateway = await startGateway();
    gateway.signal('SIGINT');
    assert.deepEqual(await gateway.exit(10_000), { code: 0, signal: null });
  });
});
