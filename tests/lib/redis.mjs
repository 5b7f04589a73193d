// SPDX-License-Identifier: Apache-2.0
// A real Redis of a test's own: on a free port, without persistence, that can be killed, stopped and started again.
import net from 'node:net';
import { Process, temporaryFolder } from './process.mjs';
import { waitFor, within } from './wait.mjs';

const started = [];

/* A port that nobody listens on. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/* One command on a connection of its own; the raw reply. */
export async function redisCommand(port, ...words) {
  const socket = net.connect(port, '127.0.0.1');
  const parts = words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word))));
  const request = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]);
  const reply = new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\r\n')) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
  socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...request]));
  try {
    return await within(reply, 5000, `Redis answers ${words[0]}`);
  } finally {
    socket.destroy();
  }
}

export class Redis {
  static async start({ args = [] } = {}) {
    const self = new Redis();
    self.args = args;
    self.port = await freePort();
    self.folder = temporaryFolder('redis');
    await self.launch();
    started.push(self);
    return self;
  }

  async launch() {
    this.process = new Process('redis', 'redis-server', ['--bind', '127.0.0.1', '--port', this.port, '--save', '',
      '--appendonly', 'no', '--dir', this.folder, ...this.args]);
    await waitFor(async () => (await this.command('PING')) === '+PONG\r\n', 'Redis answers');
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  command(...words) {
    return redisCommand(this.port, ...words);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.process.exit();
  }

  async restart() {
    await this.launch();
  }

  pause() {
    this.process.kill('SIGSTOP');
  }

  resume() {
    this.process.kill('SIGCONT');
  }

  async stop() {
    this.process.kill('SIGCONT');
    this.process.kill('SIGTERM');
    await this.process.exit();
  }
}

export async function stopRedis() {
  await Promise.all(started.splice(0).map((redis) => redis.stop()));
}
