// SPDX-License-Identifier: Apache-2.0
// Gateways under test as real processes. A gateway must end with status 0 and without a word from a sanitizer or an
// assert, or the test file that started it fails.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchHttp } from './http.mjs';
import { parseMetrics, recordMetrics, value } from './metrics.mjs';
import { Process, run, temporaryFolder } from './process.mjs';
import { waitFor } from './wait.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
export const program = resolve(process.env.ROOMCAST_GATEWAY ?? join(root, 'build/asan/roomcast-gateway'));

const SANITIZERS = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:exitcode=23',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};
/* lws_create_context() of libwebsockets 4.1 never frees one object, whoever uses it. Any leak beside it changes the
 * summary's count. (A suppression by name would also hide what our own callbacks leak: libwebsockets calls them.) */
const LWS_LEAK = new RegExp('={10,}\\n==\\d+==ERROR: LeakSanitizer: detected memory leaks\\n\\n'
  + 'Direct leak of \\d+ byte\\(s\\) in 1 object\\(s\\) allocated from:\\n +#0 .* in __interceptor_realloc .*\\n'
  + ' +#1 .*libwebsockets\\.so.*\\n\\nSUMMARY: AddressSanitizer: \\d+ byte\\(s\\) leaked in 1 allocation\\(s\\)\\.\\n');
const LSAN_EXIT = 23;
const TROUBLE = /Sanitizer|runtime error:|Assertion .* failed|_ASSERT|stack smashing/;

/* Memory that a sanitizer keeps for itself hides growth of the program: for tests that look at rss(). */
export const FLAT = { ASAN_OPTIONS: `${SANITIZERS.ASAN_OPTIONS}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64` };

/* Small values for tests, overridden by what a test asks for. */
const DEFAULTS = { listen: '127.0.0.1:0', drain_timeout_ms: 300, log_level: 'warn' };

const started = [];
let count = 0;

/* Writes a configuration file into a folder of its own; returns its path. content: object or text. */
export function configFile(content, name = 'roomcast.json') {
  const path = join(temporaryFolder('config'), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return path;
}

const flags = (settings) => Object.entries(settings).flatMap(([key, text]) => ['--set', `${key}=${text}`]);

/* The exit status as it would be without the known leak; throws when a sanitizer or an assert said anything else. */
function cleanStatus(status, log) {
  const rest = log.replace(LWS_LEAK, '');
  assert.doesNotMatch(rest, TROUBLE);
  return status.code === LSAN_EXIT && rest !== log ? { ...status, code: 0 } : status;
}

/* Runs the program to its end, e.g. with --check-config: {code, stdout, stderr}. */
export async function runGateway(args, options = {}) {
  const result = await run(program, args, { ...options, env: { ...SANITIZERS, ...options.env } });
  const { code } = cleanStatus(result, result.stderr);
  return { ...result, code };
}

export class Gateway {
  /* settings: by key. namespaces: the routes, written to a file. env, args: more of each. */
  static async start({ settings = {}, namespaces, config, env = {}, args = [] } = {}) {
    const self = new Gateway();
    self.options = { settings, namespaces, config, env, args };
    self.label = settings.node_id ?? `gateway${++count}`;
    await self.launch();
    started.push(self);
    return self;
  }

  async launch(port) {
    assert.ok(existsSync(program), `${program} does not exist: build it, or set ROOMCAST_GATEWAY`);
    const { settings, namespaces, config, env, args } = this.options;
    const file = config ?? (namespaces && configFile({ namespaces }));
    const all = { ...DEFAULTS, ...settings };
    if (port) all.listen = `127.0.0.1:${port}`;
    const line = [...(file ? ['--config', file] : []), ...flags(all), ...args];
    this.process = new Process(this.label, program, line, { env: { ...SANITIZERS, ...env } });
    const [, address] = await this.process.line(/^listening on (\S+)$/m);
    this.port = Number(/:(\d+)$/.exec(address)[1]);
    this.base = `http://127.0.0.1:${this.port}`;
    this.ws = `ws://127.0.0.1:${this.port}`;
    this.killed = false;
  }

  get pid() {
    return this.process.pid;
  }

  get log() {
    return this.process.stderr;
  }

  rss() {
    return this.process.rss();
  }

  async metrics() {
    const answer = await fetchHttp(`${this.base}/metrics`);
    assert.equal(answer.status, 200);
    const series = parseMetrics(answer.text);
    recordMetrics(this.label, series);
    return series;
  }

  async metric(name, labels) {
    return value(await this.metrics(), name, labels);
  }

  /* Waits until the series has the value (or the function accepts it). */
  async metricIs(name, labels, expected, ms) {
    const accept = typeof expected === 'function' ? expected : (v) => v === expected;
    let last;
    await waitFor(async () => accept(last = await this.metric(name, labels)), `${name}{${labels}} is ${expected}`, ms, 30)
      .catch((error) => { throw new Error(`${error.message}; it is ${last}`); });
    return last;
  }

  async ready() {
    return (await fetchHttp(`${this.base}/readyz`)).status === 200;
  }

  async waitReady(ms = 15_000) {
    await waitFor(() => this.ready(), `${this.label} is ready`, ms, 50);
  }

  /* As a crash: no warning. */
  async kill() {
    this.killed = true;
    this.process.kill('SIGKILL');
    await this.process.exit();
  }

  async restart() {
    assert.ok(this.process.status, 'restart() is for a gateway that ended');
    await this.launch(this.port);
  }

  signal(name) {
    this.process.kill(name);
  }

  /* Ends it as an operator would, and checks how it went. */
  async stop(ms = 20_000) {
    if (this.process.status === null) {
      await this.metrics().catch(() => {});
      this.process.kill('SIGCONT');
      this.process.kill('SIGTERM');
      await this.process.exit(ms).catch((error) => {
        this.process.kill('SIGKILL');
        throw new Error(`${error.message}\n${this.log}`);
      });
    }
    this.check();
  }

  check() {
    const status = cleanStatus(this.process.status, this.log);
    if (!this.killed) assert.deepEqual(status, { code: 0, signal: null }, `${this.label}: ${this.log}`);
  }

  /* Ends by itself, within ms: its status, which is checked for what sanitizers say. */
  async exit(ms) {
    return cleanStatus(await this.process.exit(ms), this.log);
  }
}

export const startGateway = (options) => Gateway.start(options);

/* For after(): ends every gateway of this file; throws when one of them did not end well. */
export async function stopGateways() {
  const results = await Promise.allSettled(started.splice(0).map((gateway) => gateway.stop()));
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map((result) => result.reason.message).join('\n'));
}
