// SPDX-License-Identifier: Apache-2.0
// Child processes of the tests: every one is known, its output is kept, and it ends when the test file's process ends,
// however that happens.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from './wait.mjs';

const running = new Set();
const folders = new Set();

process.on('exit', () => {
  for (const process of running) process.kill(process.lastSignal);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
/* A signal ends the process through the handler above. */
for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) {
  process.on(signal, () => process.exit(status));
}

/* A temporary folder that is removed at the end. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `roomcast-test-${name}-`));
  folders.add(folder);
  return folder;
}

/* The gateway takes every ROOMCAST_ variable as a setting of its own: those of the tests are not for it. */
function environment(more) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ROOMCAST_'));
  return { ...Object.fromEntries(own), ...more };
}

export class Process {
  /* lastSignal: what ends it when the tests end before it does; the kernel sends it too if the tests are killed. */
  constructor(name, command, args, { env = {}, cwd, lastSignal = 'SIGKILL' } = {}) {
    this.name = name;
    this.lastSignal = lastSignal;
    this.stdout = '';
    this.stderr = '';
    this.status = null;
    const signal = lastSignal.replace('SIG', '');
    this.child = spawn('setpriv', ['--pdeathsig', signal, '--', command, ...args], {
      cwd,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.stdout += text; });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => this.ended({ error }, resolve));
      this.child.on('close', (code, signal) => this.ended({ code, signal }, resolve));
    });
  }

  ended(status, resolve) {
    running.delete(this);
    this.status = status;
    resolve(status);
  }

  get pid() {
    return this.child.pid;
  }

  kill(signal = 'SIGKILL') {
    if (!this.status) this.child.kill(signal);
  }

  /* A line of standard output that matches; fails at once when the process ends before. */
  async line(pattern, ms = 20_000) {
    const seen = new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.stdout);
        if (match) resolve(match);
      };
      this.child.stdout.on('data', look);
      look();
      this.exited.then((status) => reject(new Error(
        `${this.name} ended (${JSON.stringify(status)}) before it printed ${pattern}: ${this.stderr}`)));
    });
    return within(seen, ms, `${this.name} prints ${pattern}; it said: ${this.stdout}${this.stderr}`);
  }

  async exit(ms = 20_000) {
    return within(this.exited, ms, `${this.name} (pid ${this.pid}) exits`);
  }

  /* Resident memory in bytes. */
  rss() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }
}

/* Runs a program to its end: {code, stdout, stderr}. */
export async function run(command, args, options = {}) {
  const process = new Process(options.name ?? command, command, args, options);
  const status = await process.exit(options.ms ?? 20_000).catch((error) => {
    process.kill('SIGKILL');
    throw new Error(`${error.message}: ${process.stdout}${process.stderr}`);
  });
  if (status.error) throw status.error;
  return { ...status, stdout: process.stdout, stderr: process.stderr };
}
