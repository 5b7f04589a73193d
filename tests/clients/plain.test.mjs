// SPDX-License-Identifier: Apache-2.0
// The raw dialect, server-sent events, HTTP publishing, and the other HTTP pages of a gateway: details and errors.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { begin, exchange, fetchHttp } from '../lib/http.mjs';
import { run } from '../lib/process.mjs';
import { closePeers, JsonPeer, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const MAX_BODY = 50_000;
let gateway;
let base;

before(async () => {
  const settings = { max_http_body_bytes: MAX_BODY, max_message_bytes: 20_000, ping_interval_ms: 300, ping_timeout_ms: 5000 };
  gateway = await startGateway({ namespaces: testNamespaces, settings });
  base = gateway.base;
});
afterEach(closePeers);
after(stopGateways);

describe('raw', () => {
  test('text and binary arrive verbatim, also at the sender', async () => {
    const [a, b] = [await RawPeer.open(base, { rooms: ['raw'] }), await RawPeer.open(base, { rooms: ['raw'] })];
    for (const data of ['hello', '', '{"not":"looked at', 'é€😀', 'line\nline', Buffer.from([0, 255, 10]), Buffer.alloc(0)]) {
      a.send(data);
      for (const peer of [a, b]) {
        const item = await peer.inbox.next();
        assert.equal(item.binary, Buffer.isBuffer(data));
        assert.deepEqual(item.args, [Buffer.isBuffer(data) ? { $binary: data.toString('base64') } : data]);
      }
    }
  });

  test('the room in the path is percent-decoded', async () => {
    const peer = await RawPeer.open(base, { rooms: ['a b/ü+%?'] });
    const sender = await JsonPeer.open(base);
    await sender.publish('a b/ü+%?', 'anything', 'x', 'ignored');
    assert.deepEqual((await peer.inbox.next()).args, ['x']);
  });

  test('every event of the room: its first argument, anything but strings and binary as JSON', async () => {
    const peer = await RawPeer.open(base, { rooms: ['rawjson'] });
    const sender = await JsonPeer.open(base);
    sender.sendText('{"event":"publish","args":["rawjson","n",{"b":1.0,"a":[]}]}');
    assert.deepEqual((await peer.inbox.next()).args, ['{"b":1.0,"a":[]}']);
    sender.sendText('{"event":"publish","args":["rawjson","n"]}');
    sender.sendText('{"event":"publish","args":["rawjson","n",{"x":{"$binary":"AQ=="}}]}');
    assert.deepEqual((await peer.inbox.next()).args, ['{"x":{"$binary":"AQ=="}}']);
  });

  test('other namespaces with ?ns=', async () => {
    const peer = await RawPeer.open(base, { rooms: ['nsraw'], query: '?ns=/admin' });
    const [main, admin] = [await JsonPeer.open(base), await JsonPeer.open(base, { query: '?ns=/admin' })];
    await main.publish('nsraw', 'n', 'main');
    await admin.publish('nsraw', 'n', 'admin');
    assert.deepEqual((await peer.inbox.next()).args, ['admin']);
  });

  for (const [path, status] of [['/raw/', 400], ['/raw', 404], [`/raw/${'x'.repeat(300)}`, 400], ['/raw/~x', 400],
    ['/raw/%ff', 400], ['/raw/x?ns=/nope', 404]]) {
    test(`${path.slice(0, 20)} is refused with ${status}`, async () => {
      await assert.rejects(new Promise((resolve, reject) => {
        import('../lib/packages.mjs').then(({ WebSocket }) => {
          const ws = new WebSocket(base.replace('http', 'ws') + path);
          ws.on('open', () => resolve(ws.terminate()));
          ws.on('error', reject);
        });
      }), new RegExp(path === '/raw' ? '40[04]' : String(status)));
    });
  }

  test('a message above max_message_bytes closes with 1009', async () => {
    const peer = await RawPeer.open(base, { rooms: ['big'] });
    peer.send('x'.repeat(20_001));
    assert.equal((await peer.closed).code, 1009);
  });
});

describe('SSE', () => {
  /* The bytes of a stream as they come. */
  async function stream(query, headers = {}) {
    const response = await begin(`${base}/sse?${query}`, { headers });
    const got = { text: '', ...response };
    await within(new Promise((resolve, reject) => {
      response.request.on('response', (r) => {
        got.response = r;
        r.setEncoding('utf8').on('data', (text) => { got.text += text; });
        r.on('error', () => {});
        resolve();
      });
      response.request.on('error', reject);
    }), 5000, 'the stream begins');
    return got;
  }

  test('the answer\'s head', async () => {
    const { response, abort } = await stream('room=a');
    assert.equal(response.statusCode, 200);
    assert.match(response.headers['content-type'], /^text\/event-stream/);
    assert.match(response.headers['cache-control'], /no-(store|cache)/);
    abort();
  });

  test('an event is event: and data:, a heartbeat a comment', async () => {
    const got = await stream('room=wire');
    const sender = await JsonPeer.open(base);
    await sender.publish('wire', 'chat', { a: 1 }, 'two');
    await waitFor(() => got.text.includes('event: chat\ndata: [{"a":1},"two"]\n\n'), 'the event');
    await waitFor(() => /(^|\n):[^\n]*\n\n/.test(got.text), 'a heartbeat');
    got.abort();
  });

  test('JSON with line breaks between values is still one event', async () => {
    const got = await SsePeer.open(base, { rooms: ['breaks'], events: ['n'] });
    const sender = await JsonPeer.open(base);
    sender.sendText('{"event":"publish","args":["breaks","n",{\n"a":\r\n1},\r2]}');
    assert.deepEqual((await got.heard('n')).args, [{ a: 1 }, 2]);
  });

  test('without rooms it hears the namespace', async () => {
    const got = await stream('ns=/');
    assert.equal(got.response.statusCode, 200);
    got.abort();
  });

  test('a publication after the answer\'s head is never missed', async () => {
    const sender = await JsonPeer.open(base);
    for (let i = 0; i < 30; i++) {
      const room = `fresh${i}`;
      const got = await stream(`room=${room}`);
      await sender.publish(room, 'n', i);
      await waitFor(() => got.text.includes(`data: [${i}]`), `event ${i}`, 2000, 5);
      got.abort();
    }
  });

  for (const [query, status, code] of [['room=', 400, 'bad_room_name'], ['room=~x', 400, 'bad_room_name'],
    [`room=${'x'.repeat(257)}`, 400, 'bad_room_name'], ['room=a&ns=/nope', 404, 'invalid_namespace'],
    ['room=%ff', 400, 'bad_room_name']]) {
    test(`/sse?${query.slice(0, 30)} is refused with ${status} ${code}`, async () => {
      const answer = await fetchHttp(`${base}/sse?${query}`);
      assert.equal(answer.status, status);
      assert.match(JSON.parse(answer.text).error.code, code === 'bad_room_name' ? /bad_room_name|bad_request/ : new RegExp(code));
    });
  }

  test('POST /sse is refused with 405', async () => {
    assert.equal((await fetchHttp(`${base}/sse?room=a`, { method: 'POST', body: '' })).status, 405);
  });

  test('a stream that the client closes is forgotten', async () => {
    const got = await stream('room=bye');
    await gateway.metricIs('connections', 'dialect="sse",transport="stream"', (n) => n >= 1);
    got.abort();
    await gateway.metricIs('connections', 'dialect="sse",transport="stream"', 0);
  });
});

describe('HTTP publish', () => {
  let listener;
  const hear = async () => {
    const { event, args } = await listener.inbox.next();
    return [event, ...args];
  };
  test('open', async () => {
    listener = await SocketioPeer.open(base, { rooms: ['http'] });
    /* [content type, body, what arrives] */
    const CASES = [
      ['application/json', '{"a":1.0}', { a: 1 }],
      ['application/json; charset=utf-8', '"text"', 'text'],
      ['application/json', ' [1, 2] ', [1, 2]],
      ['application/json', 'null', null],
      ['application/json', '{"b":{"$binary":"AQI="}}', { b: { $binary: 'AQI=' } }],
      ['text/plain', 'hello é', 'hello é'],
      ['text/plain;charset=UTF-8', '{"not":"parsed"}', '{"not":"parsed"}'],
      ['text/plain', '', ''],
      ['application/octet-stream', Buffer.from([0, 1, 255]), { $binary: 'AAH/' }],
      ['image/png', Buffer.from([137, 80]), { $binary: 'iVA=' }],
    ];
    for (const [type, body, expected] of CASES) {
      const answer = await post(base, 'http', { type, body });
      assert.equal(answer.status, 200, `${type}: ${answer.text}`);
      assert.equal(answer.json.ok, true);
      assert.match(answer.headers['content-type'], /^application\/json/);
      assert.deepEqual(await hear(), ['message', expected], type);
    }
    const answer = await post(base, 'http', { query: '?event=my%20event', body: '1' });
    assert.equal(answer.status, 200);
    assert.deepEqual(await hear(), ['my event', 1]);
  });

  test('curl as people type it', async () => {
    listener = await SocketioPeer.open(base, { rooms: ['http'] });
    for (const [args, expected] of [[['-d', '{"text":"hi"}'], { text: 'hi' }], [['-d', 'just text'], 'just text'],
      [['--data-binary', '[1]', '-H', 'Content-Type: application/json'], [1]]]) {
      const { code, stdout } = await run('curl', ['-s', '-w', '%{http_code}', ...args, `${base}/rooms/http`]);
      assert.equal(code, 0);
      assert.match(stdout, /200$/);
      assert.deepEqual(await hear(), ['message', expected]);
    }
  });

  test('into another namespace, and volatile', async () => {
    const admin = await JsonPeer.open(base, { query: '?ns=/admin', rooms: ['http'] });
    assert.equal((await post(base, 'http', { query: '?ns=/admin&event=n', body: '1' })).status, 200);
    assert.deepEqual((await admin.heard('n')).args, [1]);
    assert.equal((await post(base, 'http', { query: '?ns=%2Fadmin&event=v&volatile=1', body: '2' })).status, 200);
    assert.deepEqual((await admin.heard('v')).args, [2]);
  });

  test('a client id as the room reaches that client', async () => {
    const peer = await SocketioPeer.open(base);
    const answer = await post(base, peer.id, { query: '?event=direct', body: '"hello"' });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual((await peer.heard('direct')).args, ['hello']);
  });

  test('a chunked body', async () => {
    listener = await SocketioPeer.open(base, { rooms: ['http'] });
    const answer = await post(base, 'http', { body: '"chunks"', headers: { 'Transfer-Encoding': 'chunked' } });
    if (answer.status === 200) assert.deepEqual(await hear(), ['message', 'chunks']);
    else assert.equal(answer.status, 411);
  });

  test('a request without a length is refused with 411, or has an empty body', async () => {
    const answer = await exchange(gateway.port, 'POST /rooms/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 (411|400|200) /);
  });

  /* [path, options, status, code] */
  const ERRORS = [
    ['/rooms/r', { body: '{' }, 400, 'parse_error'],
    ['/rooms/r', { body: '' }, 400, 'parse_error'],
    ['/rooms/r', { body: '1 2' }, 400, 'parse_error'],
    ['/rooms/r', { body: `${'['.repeat(100)}${']'.repeat(100)}` }, 400, 'too_deep'],
    ['/rooms/r', { body: Buffer.from([0xff]), type: 'text/plain' }, 400, 'parse_error'],
    ['/rooms/r', { body: `"${'x'.repeat(MAX_BODY)}"` }, 413, 'too_large'],
    ['/rooms/r?event=disconnect', { body: '1' }, 400, 'reserved_event'],
    [`/rooms/r?event=${'e'.repeat(257)}`, { body: '1' }, 400, 'bad_event_name'],
    ['/rooms/r?ns=/nope', { body: '1' }, 404, 'invalid_namespace'],
    [`/rooms/${'r'.repeat(257)}`, { body: '1' }, 400, 'bad_room_name'],
    ['/rooms/', { body: '1' }, 400, 'bad_room_name'],
    ['/rooms/~nonsense', { body: '1' }, 404, 'gone'],
    ['/rooms/~no-such-node~x?ack=1&timeout_ms=200', { body: '1' }, /404|504/, /gone|timeout/],
  ];
  for (const [path, { body, type = 'application/json' }, status, code] of ERRORS) {
    test(`POST ${path.slice(0, 40)} ${String(body).slice(0, 20)} is refused with ${status} ${code}`, async () => {
      const answer = await fetchHttp(base + path, { method: 'POST', body, headers: { 'Content-Type': type } });
      assert.match(String(answer.status), new RegExp(status.source ?? status), answer.text);
      assert.match(answer.headers['content-type'], /^application\/json/);
      const { error } = JSON.parse(answer.text);
      assert.match(error.code, new RegExp(`^(${code.source ?? code})$`));
      assert.ok(error.message.length > 3);
    });
  }

  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    test(`${method} /rooms/r is refused with 405`, async () => {
      const answer = await fetchHttp(`${base}/rooms/r`, { method, body: method === 'GET' ? undefined : 'x' });
      assert.equal(answer.status, 405);
      assert.ok(JSON.parse(answer.text).error);
    });
  }

  test('a body of exactly the limit is accepted', async () => {
    const answer = await post(base, 'r', { body: `"${'x'.repeat(MAX_BODY - 2)}"` });
    assert.equal(answer.status, 200);
  });

  test('?ack=1 asks a client and answers with its ack', async () => {
    const peer = await SocketioPeer.open(base);
    peer.socket.on('sum', (numbers, ack) => ack(numbers[0] + numbers[1], Buffer.from([1])));
    const answer = await post(base, peer.id, { query: '?event=sum&ack=1', body: '[2,3]' });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json, { ok: true, args: [5, { $binary: 'AQ==' }] });
  });

  test('?ack=1 to a client that does not answer is 504 after timeout_ms', async () => {
    const peer = await SocketioPeer.open(base);
    const answer = await post(base, peer.id, { query: '?event=q&ack=1&timeout_ms=200', body: '1' });
    assert.equal(answer.status, 504);
    assert.equal(answer.json.error.code, 'timeout');
  });

  test('?ack=1 to a client that left is 404', async () => {
    const peer = await SocketioPeer.open(base);
    const { id } = peer;
    peer.close();
    await gateway.metricIs('connections', 'dialect="socketio",transport="websocket"', 0);
    const answer = await post(base, id, { query: '?event=q&ack=1', body: '1' });
    assert.equal(answer.status, 404);
    assert.equal(answer.json.error.code, 'gone');
  });

  test('publish_token: without it 403, with it 200', async () => {
    const guarded = await startGateway({ settings: { publish_token: 'secret' } });
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Authorization: 'secret' }, { Authorization: 'Bearer secre' },
      { Authorization: 'Bearer secrets' }]) {
      const answer = await post(guarded.base, 'r', { body: '1', headers });
      assert.ok([401, 403].includes(answer.status), String(answer.status));
      assert.match(answer.json.error.code, /^(unauthorized|forbidden)$/);
    }
    assert.equal((await post(guarded.base, 'r', { body: '1', headers: { Authorization: 'Bearer secret' } })).status, 200);
  });

  test('http_publish=false: not found', async () => {
    const closed = await startGateway({ settings: { http_publish: 'false' } });
    const answer = await post(closed.base, 'r', { body: '1' });
    assert.ok([403, 404].includes(answer.status), String(answer.status));
  });
});

describe('other pages', () => {
  test('/healthz and /readyz', async () => {
    assert.equal((await fetchHttp(`${base}/healthz`)).status, 200);
    await gateway.waitReady();
  });

  test('/metrics is Prometheus text with the build', async () => {
    const answer = await fetchHttp(`${base}/metrics`);
    assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.match(answer.text, /^roomcast_build_info\{.*version="[^"]+".*\} 1$/m);
    assert.match(answer.text, /^# HELP roomcast_connections Open connections$/m);
    assert.match(answer.text, /^# TYPE roomcast_connections gauge$/m);
    assert.match(answer.text, /^roomcast_bus_latency_seconds_bucket\{le="\+Inf"\} \d+$/m);
    assert.match(answer.text, /^roomcast_loop_lag_seconds_count \d+$/m);
  });

  test('the demo pages and the client bundle', async () => {
    for (const [path, type, text] of [['/', 'text/html', /Roomcast/], ['/index.html', 'text/html', /Roomcast/],
      ['/tutorial.html', 'text/html', /chat message/], ['/style.css', 'text/css', /\{/], ['/chat.js', /javascript/, /./],
      ['/socket.io/socket.io.js', /javascript/, /Socket\.IO v4/]]) {
      const answer = await fetchHttp(base + path);
      assert.equal(answer.status, 200, path);
      assert.match(answer.headers['content-type'], new RegExp(type));
      assert.match(answer.text, text);
    }
  });

  test('the client bundle has an ETag and is not sent twice', async () => {
    const first = await fetchHttp(`${base}/socket.io/socket.io.js`);
    assert.ok(first.headers.etag);
    const second = await fetchHttp(`${base}/socket.io/socket.io.js`, { headers: { 'If-None-Match': first.headers.etag } });
    assert.equal(second.status, 304);
    assert.equal(second.body.length, 0);
  });

  for (const path of ['/nothing', '/../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/..%2f..%2fetc/passwd', '/%00', '/socket.io/../healthzz',
    '/socket.io/nothing.js']) {
    test(`GET ${path} is not found`, async () => {
      const answer = await exchange(gateway.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1.1 (404|400|403) /);
      assert.doesNotMatch(answer, /root:/);
    });
  }

  test('HEAD has no body', async () => {
    const answer = await exchange(gateway.port, 'HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1.1 (200|405) /);
    assert.equal(answer.split('\r\n\r\n')[1], '');
  });

  test('/ws without an upgrade says what it is for', async () => {
    const answer = await fetchHttp(`${base}/ws`);
    assert.ok([400, 426].includes(answer.status), String(answer.status));
  });
});
