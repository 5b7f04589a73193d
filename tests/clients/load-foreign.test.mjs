// SPDX-License-Identifier: Apache-2.0
// roomcast-load against Socket.IO servers as other people write them: with messages that they wrap or take as text,
// without acknowledgements, without an echo to the sender, without a join event, and with authentication.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { assertCounters, load } from '../lib/broker.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';

const servers = [];
after(() => Promise.all(servers.map((io) => io.close())));

/* A server that does this with each connection: its address. */
async function serve(connected, { use } = {}) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const io = new Server(http);
  servers.push(io);
  if (use) io.use(use);
  io.on('connection', (socket) => connected(socket, io));
  return `http://127.0.0.1:${http.address().port}`;
}

const joins = (socket) => socket.on('join', (room, ack) => {
  socket.join(room);
  ack?.();
});

/* A server that takes 'say' (room, message, ack) and tells the room in this way. */
const chat = (tell) => serve((socket, io) => {
  joins(socket);
  socket.on('say', (room, message, ack) => {
    tell(io.to(room), message, socket, room);
    ack?.();
  });
});

const SAY = ['--publish-event', 'say', '--publish-args', '["{room}",{message}]', '--message-event', 'said'];
const SAY_TEXT = ['--publish-event', 'say', '--publish-args', '["{room}","{message}"]', '--message-event', 'said'];

function assertAll(result, { delivered = 240, acknowledged = 60 } = {}) {
  assertCounters(result, {}, 0);
  assert.equal(result.report.published, 60);
  assert.equal(result.report.acknowledged, acknowledged);
  assert.equal(result.report.delivered, delivered);
}

let id = 0;
const wrapped = {
  'in an object': (to, message, socket) => to.emit('said', { from: socket.id, text: message, tags: [{}, '{'] }),
  'as the second argument': (to, message) => to.emit('said', ++id, message),
  'in a list': (to, message, socket) => to.emit('said', [{ id: ++id }, [{ user: { name: socket.id }, message }]]),
  'printed anew': (to, { p, s, t, x }) => to.emit('said', { text: { x, t, s, p } }),
  'as text': (to, message) => to.emit('said', JSON.stringify(message, null, 2)),
  'as text in text': (to, message, socket) =>
    to.emit('said', JSON.stringify({ from: socket.id, text: JSON.stringify(message) })),
  'with bytes beside it': (to, message) => to.emit('said', Buffer.from('{'), message),
};

describe('where the message stands', { concurrency: 4 }, () => {
  for (const [what, tell] of Object.entries(wrapped)) for (const dialect of ['socketio', 'polling'])
    test(`${what}: ${dialect}`, async () => assertAll(await load(await chat(tell), ['--dialect', dialect, ...SAY])));

  test('taken and returned as text', async () => {
    const texts = new Set();
    const url = await chat((to, message) => {
      texts.add(typeof message);
      to.emit('said', message);
    });
    assertAll(await load(url, SAY_TEXT));
    assert.deepEqual([...texts], ['string']);
  });

  test('text with something before and after it', async () => {
    const url = await chat((to, message, socket) => to.emit('said', { line: `${socket.id}: "${message}"\n` }));
    assertAll(await load(url, [...SAY_TEXT, '--size', '5000']));
  });

  test('a gateway that relays text', async () => {
    const gateway = await startGateway();
    after(stopGateways);
    for (const dialect of ['socketio', 'json'])
      assertAll(await load(gateway.base, ['--dialect', dialect, '--room-prefix', dialect, '--publish-args',
        '["{room}","{event}",{"from":["{room}"],"text":"{message}"}]']));
  });

  test('a message that is cut is none', async () => {
    const cut = await load(await chat((to, message) => to.emit('said', { text: { ...message, x: message.x.slice(1) } })), SAY);
    assertCounters(cut, { lost: 240, unexpected: 240 });
    assert.match(cut.stdout,
      /^hint: --message-event is right, "said" arrives, but without the message that was published: does the server send it on, and does --publish-args say/m);
    assert.doesNotMatch(cut.stdout, /is --message-event right\?/);
  });

  test('one among many is cut', async () => {
    const url = await chat((to, message) => to.emit('said', { text: message.s === 5 ? { ...message, s: '5' } : message }));
    assertCounters(await load(url, SAY), { lost: 12, unexpected: 12 });
  });

  test('another event', async () => {
    const other = await load(await chat((to, message) => to.emit('told', message)), SAY);
    assertCounters(other, { lost: 240 });
    assert.match(other.stdout, /^hint: not one delivery arrived: is --message-event right\?$/m);
  });
});

describe('the sender is left out', { concurrency: 4 }, () => {
  const toOthers = (to, message, socket, room) => socket.to(room).emit('said', message);

  test('and is owed nothing', async () => {
    assertAll(await load(await chat(toOthers), [...SAY, '--no-echo']), { delivered: 180 });
    assertAll(await load(await chat(toOthers), [...SAY, '--no-echo', '--publishers', '12', '--processes', '3']),
      { delivered: 180 });
  });

  test('who is not told so sees them lost', async () => {
    const { stdout, ...result } = await load(await chat(toOthers), SAY);
    assertCounters({ stdout, ...result }, { lost: 60 });
    assert.match(stdout, /^hint: lost are as many as were published: .* use --no-echo$/m);
  });

  test('who gets its own all the same', async () => {
    const { stdout, ...result } = await load(await chat((to, message) => to.emit('said', message)), [...SAY, '--no-echo']);
    assertCounters({ stdout, ...result }, { unexpected: 60 });
    assert.equal(result.report.delivered, 180);
    assert.match(stdout, /^hint: unexpected are as many as were published: /m);
  });

  test('what others do not get is lost', async () => {
    const url = await chat((to, message, socket, room) => message.s === 5 || socket.to(room).emit('said', message));
    assertCounters(await load(url, [...SAY, '--no-echo']), { lost: 9 });
  });

  test('and nobody else is there', async () => {
    const { code, stderr } = await load('http://127.0.0.1:1', ['--no-echo', '--rooms', '12']);
    assert.equal(code, 2);
    assert.match(stderr, /option --no-echo: expected more --connections than --rooms \(12\): else nobody gets a message/);
  });
});

describe('authentication', () => {
  const use = (socket, next) => next(socket.handshake.auth.token === 'a "secret"' ? undefined : new Error('who are you?'));
  const echo = (socket, io) => {
    joins(socket);
    socket.on('publish', (room, event, message, ack) => {
      io.to(room).emit(event, message);
      ack();
    });
  };

  for (const dialect of ['socketio', 'polling']) test(dialect, async () => {
    const url = await serve(echo, { use });
    const result = await load(url, ['--dialect', dialect, '--auth', '{"token":"a \\"secret\\""}']);
    assertAll(result);
    assert.doesNotMatch(JSON.stringify(result.report) + result.said, /secret/);
    const { code, stderr } = await load(url, ['--dialect', dialect, '--auth', '{"token":"b"}']);
    assert.equal(code, 1);
    assert.match(stderr, /the server ended the conversation: \{"message":"who are you\?"\}/);
  });

  test('no JSON object', async () => {
    const { code, stderr } = await load('http://127.0.0.1:1', ['--auth', 'token']);
    assert.equal(code, 2);
    assert.match(stderr, /option --auth: expected a JSON object of at most 65536 bytes, got "token"/);
  });
});

describe('what is acknowledged', { concurrency: 4 }, () => {
  const silent = (socket, io) => {
    socket.on('join', (room) => socket.join(room));
    socket.on('say', (room, message, ack) => {
      io.to(room).emit('said', message);
      ack?.();
    });
  };
  const deaf = (socket, io) => {
    joins(socket);
    socket.on('say', (room, message) => io.to(room).emit('said', message));
  };

  test('publications only', async () => assertAll(await load(await serve(silent), [...SAY, '--no-join-acks'])));

  test('joins only', async () => assertAll(await load(await serve(deaf), [...SAY, '--no-publish-acks']), { acknowledged: 0 }));

  test('the wrong way round', async () => {
    const unanswered = await load(await serve(deaf), SAY);
    assert.equal(unanswered.report.unanswered, 60);
    assert.match(unanswered.stdout, /^hint: if the server does not acknowledge publications, use --no-publish-acks$/m);
    const waiting = await load(await serve(silent), [...SAY, '--connect-timeout', '0.5']);
    assert.equal(waiting.code, 1);
    assert.match(waiting.stderr, /timed out waiting for the answer to the join \(if it sends none: --no-join-acks\)/);
  });

  test('nobody has to join: one room', async () => {
    const url = await serve((socket, io) => {
      socket.on('say', (room, message) => io.emit('said', { room, message }));
      socket.onAny((event) => event === 'join' && socket.disconnect());
    });
    assertAll(await load(url, [...SAY, '--no-join', '--no-publish-acks', '--rooms', '1']), { delivered: 720, acknowledged: 0 });
  });

  test('nobody has to join: the room is in the address', async () => {
    const url = await serve((socket) => {
      const { room } = socket.handshake.query;
      socket.join(room);
      socket.on('say', (message, ack) => {
        socket.to(room).emit('said', { message });
        ack();
      });
    });
    const options = [...SAY, '--publish-args', '[{message}]', '--no-join', '--no-echo', '--path', '/socket.io/?room={room}'];
    assertAll(await load(url, options), { delivered: 180 });
  });

  test('people talk without ever leaving', async () => {
    const url = await serve((socket) => socket.onAny((event, message, ack) => {
      if (['join', 'leave'].includes(event)) return socket.disconnect();
      socket.broadcast.emit(event === 'say' ? message.as : 'confused', message);
      ack?.();
    }));
    const result = await load(url, ['--scenario', 'chat', '--rooms', '1', ...SAY, '--publish-args',
      '[{"as":"{event}","what":{message}}]', '--no-join', '--no-echo', '--publishers', '3']);
    assertAll(result, { delivered: 660 });
    assert.ok(result.report.typing > 0);
    assert.equal(result.report.moves, 0);
  });
});
