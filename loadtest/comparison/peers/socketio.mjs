// SPDX-License-Identifier: Apache-2.0
// A Socket.IO server as its documentation shows one, with the two events that the load generator emits.
//
//   node socketio.mjs PORT                          alone
//   node socketio.mjs PORT classic|sharded REDIS    one of a cluster, over @socket.io/redis-adapter
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, kind, redis] = process.argv.slice(2);

async function adapter() {
  if (!kind) return undefined;
  const publisher = createClient({ url: redis });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return kind === 'sharded' ? createShardedAdapter(publisher, subscriber) : createAdapter(publisher, subscriber);
}

const io = new Server({ adapter: await adapter() });

io.on('connection', (socket) => {
  socket.on('join', async (room, ack) => {
    await socket.join(room);
    ack({ ok: true });
  });
  socket.on('publish', (room, event, message, ack) => {
    io.to(room).emit(event, message);
    ack({ ok: true });
  });
});

io.listen(Number(port));
console.log(`listening on 127.0.0.1:${port}`);
