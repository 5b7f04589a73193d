// SPDX-License-Identifier: Apache-2.0
// Socket.IO v5 over a raw WebSocket: every rule of the decoder, namespaces, acks, binary, and what must pass through
// byte for byte. The behaviour of socket.io 4.8 with its default parser is the reference.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { EngineSocket } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { now, within } from '../lib/wait.mjs';

const CONNECT_TIMEOUT = 500;
const PLACEHOLDER = '{"_placeholder":true,"num":0}';
const PLACEHOLDER1 = '{"_placeholder":true,"num":1}';
let base;

before(async () => {
  const settings = { connect_timeout_ms: CONNECT_TIMEOUT };
  const gateway = await startGateway({ namespaces: testNamespaces, settings });
  base = gateway.base;
});
after(stopGateways);

async function connected(...namespaces) {
  const socket = await EngineSocket.open(base);
  for (const ns of namespaces.length ? namespaces : ['']) await socket.connect(ns);
  return socket;
}

const short = (text) => (text.length > 60 ? `${text.slice(0, 57)}...` : text).replace(/[\0-\x1f]/g, (c) => `\\x${c.charCodeAt(0)}`);
const show = (messages) => messages.map((m) => (Buffer.isBuffer(m) ? `<${m.toString('hex')}>` : short(m))).join(' ');

/* The messages end the whole Engine.IO connection, silently. */
function closes(what, ...messages) {
  test(`${what}: ${show(messages)} closes`, async () => {
    const socket = await connected('', '/admin');
    socket.send(...messages);
    const { code } = await socket.end();
    assert.ok([1005, 1006, 1000, 1007].includes(code), String(code));
    const text = socket.inbox.rest.filter((message) => message !== '2');
    assert.deepEqual(text, [], 'nothing is said before the close');
    const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling&sid=${socket.sid}`);
    assert.equal(JSON.parse(answer.text).code, 1);
  });
}

/* The messages do no harm and bring no answer, but for what `answer` lists. */
function stays(what, messages, answer = []) {
  test(`${what}: ${show(messages)} stays open`, async () => {
    const socket = await connected();
    socket.send(...messages);
    assert.deepEqual(await socket.alive(), answer);
    await socket.close();
  });
}

describe('packet types', () => {
  for (const packet of ['4', '47', '49', '4x', '4"', '4[]', '4-1', '4 2["a"]', '4\u00e9']) closes('unknown type', packet);
  closes('CONNECT_ERROR from a client', '44');
  closes('CONNECT_ERROR from a client', '44{"message":"x"}');
  closes('CONNECT_ERROR from a client', '44/admin,{"message":"x"}');
});

describe('CONNECT', () => {
  for (const data of ['[]', 'null', '"x"', 'true', '{', '{"a":}', '{}x', '[{}]', '{"a":1,}']) {
    test(`CONNECT with ${data} closes`, async () => {
      const socket = await EngineSocket.open(base);
      socket.send(`40${data}`);
      await socket.end();
    });
  }

  for (const data of ['', '{}', '{"token":"123"}', '{"a":{"b":[1,2,{"c":null}]}}', '{"é":"€"}', '{ "a" : 1 }']) {
    test(`CONNECT with "${data}" is answered`, async () => {
      const socket = await EngineSocket.open(base);
      const answer = await socket.connect('', data);
      const { sid, ...rest } = JSON.parse(answer.slice(2));
      assert.match(sid, /^\S+$/);
      assert.deepEqual(rest, {});
      assert.notEqual(sid, socket.sid);
      await socket.alive();
      await socket.close();
    });
  }

  for (const packet of ['40/', '40/,', '40/,{}']) {
    test(`${packet} is the namespace /`, async () => {
      const socket = await EngineSocket.open(base);
      socket.send(packet);
      assert.match(await socket.next(), /^40\{"sid":"/);
      await socket.alive();
      await socket.close();
    });
  }

  for (const packet of ['40/admin', '40/admin,', '40/admin,{}', '40/admin,{"token":"x"}']) {
    test(`${packet} is the namespace /admin`, async () => {
      const socket = await EngineSocket.open(base);
      socket.send(packet);
      assert.match(await socket.next(), /^40\/admin,\{"sid":"/);
      await socket.alive('/admin');
      await socket.close();
    });
  }

  closes('a namespace joined already', '40');
  closes('a namespace joined already', '40{}');
  closes('a namespace joined already', '40/admin,');

  for (const ns of ['/nope', '/custom?x=1', '/Admin', '/admin/', '/a"b', '/é']) {
    test(`the unknown namespace ${ns} is refused, the connection stays`, async () => {
      const socket = await connected();
      socket.send(`40${ns},{"token":1}`);
      const answer = await socket.next();
      assert.ok(answer.startsWith(`44${ns},`), answer);
      assert.deepEqual(JSON.parse(answer.slice(3 + ns.length)), { message: 'Invalid namespace' });
      await socket.alive();
      socket.send(`40${ns}`);
      assert.equal(await socket.next(), answer);
      await socket.connect('/admin');
      await socket.alive('/admin');
      await socket.close();
    });
  }

  test('each namespace has its own client id', async () => {
    const socket = await EngineSocket.open(base);
    const main = JSON.parse((await socket.connect()).slice(2)).sid;
    const admin = JSON.parse((await socket.connect('/admin')).slice('40/admin,'.length)).sid;
    assert.notEqual(main, admin);
    await socket.close();
  });

  test('a second connection joins the same namespaces', async () => {
    const sockets = [await connected(), await connected()];
    await Promise.all(sockets.map((socket) => socket.alive()));
    await Promise.all(sockets.map((socket) => socket.close()));
  });
});

describe('packets for a namespace that is not joined', () => {
  for (const packet of ['42["a"]', '421["a"]', '43', '431[]', '41', '42/admin,["a"]', '41/admin,', '43/admin,1[]',
    '451-["a",{"_placeholder":true,"num":0}]']) {
    test(`${packet} before CONNECT closes`, async () => {
      const socket = await EngineSocket.open(base);
      socket.send(packet);
      if (packet.startsWith('45')) socket.send(Buffer.from([1]));
      await socket.end();
    });
  }
  closes('a namespace that is unknown', '42/nope,["a"]');
  closes('a namespace that was left', '41/admin,', '42/admin,["a"]');
  closes('a namespace that was left', '41/admin,', '41/admin,');
  closes('the namespace / that was left', '41', '41');
});

describe('EVENT', () => {
  for (const data of ['[]', '{}', '"a"', 'null', 'true', '[null]', '[true]', '[false,1]', '[{}]', '[[]]', '[["a"]]',
    '[{"_placeholder":true,"num":0}]']) closes('no event', `42${data}`);
  for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
    closes('a reserved name', `42["${name}"]`);
    closes('a reserved name', `421["${name}",1]`);
  }
  closes('a reserved name, escaped', '42["\\u0063onnect"]');
  closes('a reserved name in another namespace', '42/admin,["disconnect"]');
  closes('a reserved name in a binary event', `451-["connect",${PLACEHOLDER}]`, Buffer.from([1]));

  stays('no data', ['42']);
  stays('no data, with an id', ['420']);
  stays('an id with leading zeros', ['42007["quiet",1]'], ['437[1]']);
  stays('id 0', ['420["quiet"]'], ['430[]']);
  stays('a large id', ['429007199254740991["quiet"]'], ['439007199254740991[]']);
  stays('the namespace written out', ['42/,5["quiet"]'], ['435[]']);
  stays('placeholders as plain data', [`426["quiet",${PLACEHOLDER},{"_placeholder":true}]`],
    [`436[${PLACEHOLDER},{"_placeholder":true}]`]);
  stays('white space', ['427[ "quiet" , 1 ]'], ['437[1]']);

  for (const text of ['42["a"]x', '42["a"] []', '42["a"]]', '42-1["a"]', '421.5["a"]', '42abc["a"]', '42["a"', '42["a',
    '42["a",]', '42[,]', '42["a",01]', '42["a",+1]', '42["a",.5]', '42["a",1.]', '42["a",1e]', '42["a",nul]',
    "42['a']", '42["\t"]', '42["a\u0000"]', '42["\\x41"]', '42["\\u12"]', '42["a" "b"]', '42{"a":1}', '42["a",{1:2}]',
    '42["a",{"b"}]', '42["a",NaN]', '42["a",Infinity]', '42["a",undefined]', '42["a"]\u001e', '42/admin["a"]']) {
    closes('broken JSON', text);
  }
});

describe('ACK', () => {
  for (const packet of ['43', '43[]', '431', '431[]', '4312345[1,2]', '431["x",{"a":1}]']) stays('an unasked ack', [packet]);
  for (const packet of ['431{}', '431"x"', '431null', '431[', '43-1[]', '431.5[]']) closes('a broken ack', packet);
  stays('an unasked binary ack', [`461-1[${PLACEHOLDER}]`, Buffer.from([1])]);
  closes('an ack in a namespace that is not joined', '43/nope,1[]');
});

describe('DISCONNECT', () => {
  closes('with data', '41{}');
  closes('with data', '41[]');
  closes('with data', '41/admin,{}');

  test('leaves one namespace, the others stay', async () => {
    const socket = await connected('', '/admin');
    socket.send('41/admin,');
    assert.deepEqual(await socket.alive(), []);
    await socket.connect('/admin');
    await socket.alive('/admin');
    await socket.close();
  });

  test('/ may be left while others stay', async () => {
    const socket = await connected('', '/admin');
    socket.send('41');
    assert.deepEqual(await socket.alive('/admin'), []);
    await socket.connect();
    await socket.alive();
    await socket.close();
  });

  test('leaving a namespace leaves its rooms', async () => {
    const socket = await connected('', '/admin');
    socket.send('421["join","d"]');
    assert.equal(await socket.next(), '431[{"ok":true,"room":"d"}]');
    socket.send('41', '40');
    assert.match(await socket.next(), /^40/);
    socket.send('422["publish","d","e",1]');
    assert.equal(await socket.next(), '432[{"ok":true}]');
    assert.deepEqual(await socket.alive(), []);
    await socket.close();
  });

  test('a connection without namespaces stays, or is closed', async () => {
    const socket = await connected();
    socket.send('41');
    socket.send('40');
    const outcome = await within(Promise.race([socket.closed.then(() => 'closed'), socket.next()]), 5000, 'either');
    if (outcome !== 'closed') assert.match(outcome, /^40/);
    socket.terminate();
  });
});

describe('binary', () => {
  for (const head of ['45["quiet"]', '45-["quiet"]', '450-["quiet"]', '4511-["quiet"]', '45x-["quiet"]', '451["quiet"]',
    '45-1-["quiet"]', '451.5-["quiet"]', '4599999999999999999999-["quiet"]', '46["x"]', '460-1[]', '4611-1[]']) {
    closes('a bad count of attachments', head);
  }
  closes('a bad placeholder', '451-["quiet",{"_placeholder":true,"num":1}]', Buffer.from([1]));
  closes('a bad placeholder', '451-["quiet",{"_placeholder":true,"num":-1}]', Buffer.from([1]));
  closes('a bad placeholder', '451-["quiet",{"_placeholder":true,"num":"0"}]', Buffer.from([1]));
  closes('a bad placeholder', '451-["quiet",{"_placeholder":true}]', Buffer.from([1]));
  closes('a placeholder as the name', `451-[${PLACEHOLDER}]`, Buffer.from([1]));
  closes('text while attachments are awaited', `451-["quiet",${PLACEHOLDER}]`, '42["a"]');
  closes('CONNECT while attachments are awaited', `451-["quiet",${PLACEHOLDER}]`, '40/x');
  closes('binary when none is awaited', Buffer.from([1]));
  closes('one attachment too many', `451-["quiet",${PLACEHOLDER}]`, Buffer.from([1]), Buffer.from([2]));

  const bytes = [Buffer.from([1, 2, 3]), Buffer.from([4])];
  stays('one attachment', [`451-1["quiet",${PLACEHOLDER}]`, bytes[0]], [`461-1[${PLACEHOLDER}]`, bytes[0]]);
  stays('an empty attachment', [`451-1["quiet",${PLACEHOLDER}]`, Buffer.alloc(0)], [`461-1[${PLACEHOLDER}]`, Buffer.alloc(0)]);
  stays('nested', [`452-1["quiet",{"a":[${PLACEHOLDER}],"b":{"c":${PLACEHOLDER1}}}]`, ...bytes],
    [`462-1[{"a":[${PLACEHOLDER}],"b":{"c":${PLACEHOLDER1}}}]`, ...bytes]);
  stays('pongs in between', [`452-1["quiet",${PLACEHOLDER},${PLACEHOLDER1}]`, bytes[0], '3', bytes[1]],
    [`462-1[${PLACEHOLDER},${PLACEHOLDER1}]`, ...bytes]);

  /* What the placeholders say must survive; how they are numbered on the way back is the server's choice. */
  async function roundTrip(messages) {
    const socket = await connected();
    socket.send(...messages);
    const head = await socket.next();
    const [, count, json] = /^46(\d+)-1(\[.*\])$/.exec(head) ?? [null, '0', head.slice(3)];
    const attachments = [];
    while (attachments.length < Number(count)) attachments.push(await socket.next());
    await socket.close();
    return JSON.parse(json, (_, v) => (v?._placeholder ? attachments[v.num].toString('hex') : v));
  }

  test('placeholders in any order', async () => {
    const got = await roundTrip([`452-1["quiet",${PLACEHOLDER1},${PLACEHOLDER}]`, ...bytes]);
    assert.deepEqual(got, ['04', '010203']);
  });

  test('a placeholder that is repeated', async () => {
    const got = await roundTrip([`451-1["quiet",${PLACEHOLDER},${PLACEHOLDER}]`, bytes[0]]);
    assert.deepEqual(got, ['010203', '010203']);
  });

  test('placeholder keys in another order, with white space', async () => {
    const got = await roundTrip(['451-1["quiet",{ "num" : 0, "_placeholder" : true }]', bytes[0]]);
    assert.deepEqual(got, ['010203']);
  });

  test('attachments that nobody refers to', async () => {
    assert.deepEqual(await roundTrip(['452-1["quiet",1]', ...bytes]), [1]);
  });

  test('ten attachments', async () => {
    const holes = Array.from({ length: 10 }, (_, i) => `{"_placeholder":true,"num":${i}}`);
    const attachments = holes.map((_, i) => Buffer.from([i]));
    const got = await roundTrip([`4510-1["quiet",${holes}]`, ...attachments]);
    assert.deepEqual(got, attachments.map((b) => b.toString('hex')));
  });

  test('a binary event in another namespace', async () => {
    const socket = await connected('/admin');
    socket.send(`451-/admin,3["quiet",${PLACEHOLDER}]`, bytes[0]);
    assert.equal(await socket.next(), `461-/admin,3[${PLACEHOLDER}]`);
    assert.deepEqual(await socket.next(), bytes[0]);
    await socket.close();
  });

  test('an event that another client gets arrives as event and attachments', async () => {
    const socket = await connected();
    socket.send('421["join","bin"]');
    await socket.next();
    socket.send(`451-2["publish","bin","b",${PLACEHOLDER}]`, bytes[0]);
    const got = [await socket.next(), await socket.next(), await socket.next()];
    const event = got.indexOf(`451-["b",${PLACEHOLDER}]`);
    assert.ok(event >= 0, show(got));
    assert.deepEqual(got[event + 1], bytes[0]);
    await socket.close();
  });
});

describe('names of events', () => {
  test('a number is an event name', async () => {
    const socket = await connected();
    socket.send('421["join","n"]');
    await socket.next();
    socket.send('42["publish","n",1,"x"]');
    assert.equal(await socket.next(), '42[1,"x"]');
    await socket.close();
  });

  for (const name of ['connection', 'error', '__proto__', 'message', 'ping', 'open', 'reconnect', 'toString', 'é😀']) {
    test(`"${name}" is an ordinary name`, async () => {
      const socket = await connected();
      socket.send('421["join","names"]');
      await socket.next();
      socket.send(`42["publish","names","${name}",1]`);
      assert.equal(await socket.next(), `42["${name}",1]`);
      await socket.close();
    });
  }

  for (const packet of ['42["connection"]', '42["error",1]', '42["__proto__",{}]', '42[1]']) {
    test(`${packet} does not close the connection`, async () => {
      const socket = await connected();
      socket.send(packet);
      await socket.alive();
      await socket.close();
    });
  }
});

/* The argument as the client writes it: it must come back the same, to the byte. */
const VERBATIM = [
  '1.0', '1.50', '-0', '1e5', '1E+5', '0.1e-7', '12345678901234567890123', '1e400', '-0.0',
  '"\\u00e9"', '"é"', '"\\/"', '"/"', '"\\u0041"', '"\\ud83d\\ude00"', '"😀"', '"\\ud800"', '"\\u2028"', '"\u2028"',
  '"\\b\\f\\n\\r\\t\\"\\\\"', '"\\u0000"', '"\u007f"',
  '{"b":1,"a":2}', '{"2":1,"1":2}', '{"a":1,"a":2}', '{ "a" : [ 1 , 2 ] }', '[]', '{}', '[[],[{}]]', 'null', 'true',
  '{"__proto__":1,"constructor":2}', '{"_placeholder":true,"num":0}', '""',
];

describe('arguments pass unchanged', () => {
  for (const text of VERBATIM) {
    test(`${text} in an event and in an ack`, async () => {
      const socket = await connected();
      socket.send(`427["echo",${text}]`);
      const got = [await socket.next(), await socket.next()].sort();
      assert.deepEqual(got, [`42["echo",${text}]`, `437[${text}]`]);
      await socket.close();
    });
  }

  test('a random document of 100 kB', async () => {
    const socket = await connected();
    const text = JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ [`k${i}`]: Math.sin(i), s: `é${i}\n` })));
    socket.send(`427["echo",${text}]`);
    const got = [await socket.next(), await socket.next()].sort();
    assert.deepEqual(got, [`42["echo",${text}]`, `437[${text}]`]);
    await socket.close();
  });
});

describe('timers', () => {
  test('a connection that joins no namespace is closed after connect_timeout_ms', async () => {
    const start = now();
    const socket = await EngineSocket.open(base);
    await socket.end();
    const took = now() - start;
    assert.ok(took >= CONNECT_TIMEOUT - 2 && took < CONNECT_TIMEOUT + 150, `${took} ms`);
  });

  test('a refused namespace does not stop the timer', async () => {
    const start = now();
    const socket = await EngineSocket.open(base);
    socket.send('40/nope,');
    assert.match(await socket.next(), /^44/);
    await socket.end();
    assert.ok(now() - start < CONNECT_TIMEOUT + 150);
  });

  test('one namespace is enough, and the timer does not come back', async () => {
    const start = now();
    const socket = await connected('', '/admin');
    socket.send('41');
    while (now() - start < CONNECT_TIMEOUT + 100) {
      await socket.alive('/admin');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await socket.close();
  });
});
