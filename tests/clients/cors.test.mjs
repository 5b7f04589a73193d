// SPDX-License-Identifier: Apache-2.0
// CORS headers on polling, on errors, on preflight requests and on the WebSocket handshake, for every setting of
// allowed_origins and cors_credentials.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { RawSocket } from '../lib/rawsocket.mjs';

const POLLING = '/socket.io/?EIO=4&transport=polling';
const GOOD = 'https://app.example.com';
const SECOND = 'http://localhost:8080';
const BAD = 'https://evil.example.net';
const gateways = {};

before(async () => {
  gateways.off = await startGateway();
  gateways.any = await startGateway({ settings: { allowed_origins: '*' } });
  gateways.list = await startGateway({ settings: { allowed_origins: `${GOOD}, ${SECOND}`, cors_credentials: 'true' } });
});
after(stopGateways);

const get = (name, path, origin, options = {}) => fetchHttp(`${gateways[name].base}${path}`,
  { ...options, headers: { ...(origin && { Origin: origin }), ...options.headers } });

const preflight = (name, origin, path = POLLING) => get(name, path, origin, {
  method: 'OPTIONS',
  headers: { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-custom, authorization' },
});

test('by default there are no CORS headers', async () => {
  for (const path of [POLLING, `${POLLING}&sid=unknown`]) {
    const { headers } = await get('off', path, GOOD);
    for (const name of Object.keys(headers)) assert.doesNotMatch(name, /^access-control/);
  }
});

test('by default OPTIONS is a bad handshake method', async () => {
  const answer = await preflight('off', GOOD);
  assert.equal(answer.status, 400);
  assert.deepEqual(JSON.parse(answer.text), { code: 2, message: 'Bad handshake method' });
});

test('*: every answer allows every origin, errors too', async () => {
  for (const path of [POLLING, `${POLLING}&sid=unknown`, '/socket.io/?EIO=4&transport=tcp']) {
    const answer = await get('any', path, GOOD);
    assert.equal(answer.headers['access-control-allow-origin'], '*', path);
  }
});

test('*: POST answers too', async () => {
  const { sid } = JSON.parse((await get('any', POLLING, GOOD)).text.slice(1));
  const answer = await get('any', `${POLLING}&sid=${sid}`, GOOD, { method: 'POST', body: '40' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
});

test('*: preflight', async () => {
  const answer = await preflight('any', GOOD);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  const methods = answer.headers['access-control-allow-methods'].split(/, */);
  assert.ok(methods.includes('GET') && methods.includes('POST'), String(methods));
  assert.equal(answer.headers['access-control-allow-headers'], 'x-custom, authorization');
  assert.match(answer.headers.vary, /Access-Control-Request-Headers/i);
  assert.equal(answer.body.length, 0);
});

for (const origin of [GOOD, SECOND]) {
  test(`a listed origin (${origin}) is echoed, with credentials`, async () => {
    for (const path of [POLLING, `${POLLING}&sid=unknown`]) {
      const { headers } = await get('list', path, origin);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /Origin/i);
    }
  });
}

test('a listed origin: preflight', async () => {
  const answer = await preflight('list', GOOD);
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], GOOD);
  assert.equal(answer.headers['access-control-allow-credentials'], 'true');
  assert.equal(answer.headers['access-control-allow-headers'], 'x-custom, authorization');
});

for (const origin of [BAD, `${GOOD}.evil.net`, 'https://app.example.co', 'null', `${GOOD}:444`]) {
  test(`an origin that is not listed (${origin}) is answered without permission`, async () => {
    const answer = await get('list', POLLING, origin);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
}

test('a request without Origin is answered', async () => {
  assert.equal((await get('list', POLLING)).status, 200);
  assert.equal((await get('any', POLLING)).status, 200);
});

test('the WebSocket handshake carries the same headers', async () => {
  const path = '/socket.io/?EIO=4&transport=websocket';
  const any = await RawSocket.open(gateways.any.port, path, { Origin: GOOD });
  assert.match(any.response, /access-control-allow-origin: \*\r\n/i);
  any.destroy();
  const listed = await RawSocket.open(gateways.list.port, path, { Origin: GOOD });
  assert.match(listed.response, new RegExp(`access-control-allow-origin: ${GOOD}\r\n`, 'i'));
  assert.match(listed.response, /access-control-allow-credentials: true\r\n/i);
  listed.destroy();
});

test('an Origin with control characters does no harm', async () => {
  const origin = 'http://x\x01y';
  const answer = await RawSocket.open(gateways.any.port, '/socket.io/?EIO=4&transport=websocket', { Origin: origin })
    .then((raw) => { raw.destroy(); return raw.response; }, (error) => error.message);
  assert.match(answer, /^(HTTP\/1.1 (101|4\d\d)|closed)/);
});
