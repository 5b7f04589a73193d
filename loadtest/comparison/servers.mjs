// SPDX-License-Identifier: Apache-2.0
// Servers on their core, started together and ended together.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { Process, temporaryFolder } from '../../tests/lib/process.mjs';
import { waitFor } from '../../tests/lib/wait.mjs';
import { here, programs } from './machine.mjs';
import { nchan } from './peers/nchan.mjs';

/* A program on that core, with that many files. lastSignal ends it when this process ends. */
export function pinned(name, core, files, command, args, lastSignal = 'SIGKILL') {
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const line = ['-c', core, 'prlimit', `--nofile=${files}`, command, ...args.map(String)];
  return new Process(name, 'taskset', line, { env, lastSignal });
}

/* A process and those that it started. */
function family(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.map(Number)];
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

export class Servers {
  /* place: {core, files, port}; the servers take this port and those after it. */
  constructor({ core, files, port }) {
    Object.assign(this, { core, files, next: port, processes: [], urls: [] });
  }

  async run(name, command, args, lastSignal) {
    const port = this.next++;
    if (await answers(port)) throw new Error(`port ${port} is in use: see --port`);
    const server = pinned(name, this.core, this.files, command, args(port), lastSignal);
    this.processes.push(server);
    await waitFor(() => server.status || answers(port), `${name} listens on port ${port}`);
    if (server.status) throw new Error(`${name} ended at once: ${server.stderr}${server.stdout}`);
    return port;
  }

  /* One that clients connect to. */
  async serve(...what) {
    this.urls.push(`http://127.0.0.1:${await this.run(...what)}`);
  }

  async redis() {
    const folder = temporaryFolder('compare');
    const port = await this.run('redis-server', 'redis-server',
      (own) => ['--bind', '127.0.0.1', '--port', own, '--save', '', '--appendonly', 'no', '--dir', folder]);
    return `redis://127.0.0.1:${port}`;
  }

  async gateways(count, bus = 'memory') {
    for (let i = 0; i < count; i++) {
      await this.serve('roomcast-gateway', programs.gateway,
        (port) => ['--listen', `127.0.0.1:${port}`, '--bus', bus, '--set', 'log_level=warn', '--set', 'static_dir=none']);
    }
  }

  async node(count, script, ...more) {
    for (let i = 0; i < count; i++) {
      await this.serve(script, process.execPath, (port) => [join(here, 'peers', script), port, ...more]);
    }
  }

  async nchan() {
    /* Killed outright it would leave its worker behind. */
    await this.serve('nginx', 'nginx', (port) => nchan(port, temporaryFolder('nchan'), this.files), 'SIGTERM');
  }

  async reference(...more) {
    await this.serve('roomcast-reference', programs.reference, (port) => ['--port', port, ...more]);
  }

  /* All of them, and what they started. */
  get pids() {
    return this.processes.flatMap(({ pid }) => family(pid));
  }

  /* How one of them ended, if one did. */
  get trouble() {
    const ended = this.processes.find(({ status }) => status);
    return ended && `${ended.name} ended ${JSON.stringify(ended.status)}: ${ended.stderr.slice(-500)}`;
  }

  async stop() {
    const processes = this.processes.splice(0).reverse();
    for (const each of processes) each.kill(each.lastSignal);
    await Promise.all(processes.map((each) => each.exit()));
  }
}
