// SPDX-License-Identifier: Apache-2.0
// What roomcast-load writes of runs against a real gateway, and `roomcast-load report`, which puts them side by side.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { run, temporaryFolder } from '../lib/process.mjs';

const LOAD = process.env.ROOMCAST_LOAD;
const folder = temporaryFolder('load-report');
const file = (name) => join(folder, name);
const read = (name) => JSON.parse(readFileSync(file(name), 'utf8'));
const load = (...args) => run(LOAD, args, { name: 'roomcast-load', ms: 60_000 });
const report = (...args) => load('report', ...args);

let gateway;

before(async () => {
  gateway = await startGateway();
  const common = ['--url', gateway.base, '--pid', String(gateway.pid), '--connections', '20', '--rooms', '2', '--publishers', '2',
    '--interval', '0.1', '--no-progress'];
  const first = await load(...common, '--rate', '100', '--duration', '1', '--warmup', '0.2', '--json', file('first.json'));
  assert.equal(first.code, 0, first.stdout + first.stderr);
  const second = await load(...common, '--rate', '300', '--duration', '0.5', '--dialect', 'json', '--json', file('second.json'),
    '--html', file('second.html'));
  assert.equal(second.code, 0, second.stdout + second.stderr);
});
after(stopGateways);

/* A copy of the first report with changes. */
function variant(name, change) {
  const json = read('first.json');
  change(json);
  writeFileSync(file(name), JSON.stringify(json));
  return file(name);
}

/* The cells of the row that begins with this label. */
function row(text, label) {
  const line = text.split('\n').find((each) => each.startsWith(`${label} `));
  assert.ok(line, `no row "${label}" in\n${text}`);
  return line.slice(label.length).trim().split(/ {2,}/);
}

describe('the report of a run', () => {
  test('says what was run, when, and how it went', () => {
    const json = read('first.json');
    assert.match(json.started, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(json.verdict, ['ok: every subscriber got every accepted message once and in order']);
    assert.equal(json.options.connections, 20);
    assert.equal(json.options.drain_timeout, 10);
    assert.equal(json.options.search, false);
    for (const key of ['json', 'html', 'no_progress', 'help']) assert.ok(!(key in json.options), key);
  });

  test('has the whole distribution of latencies', () => {
    const { count, max, p50, buckets } = read('first.json').latency_us;
    assert.equal(buckets.reduce((sum, [, n]) => sum + n, 0), count);
    assert.equal(buckets.at(-1)[0], max);
    assert.deepEqual(buckets.map(([top]) => top), buckets.map(([top]) => top).sort((a, b) => a - b));
    let seen = 0;
    assert.equal(buckets.find(([, n]) => (seen += n) >= count / 2)[0], p50);
  });

  test('has the times of its phases, in order', () => {
    const { seconds, steps: [{ from }] } = read('first.json');
    const times = [0, from.connecting, from.publishing, from.measuring, from.draining, from.over, seconds];
    for (let i = 1; i < times.length; i++) assert.ok(times[i] >= times[i - 1], times.join(' '));
    assert.ok(from.measuring - from.publishing >= 0.2, 'the warm-up');
    assert.ok(from.draining - from.measuring >= 0.9, 'what was measured');
  });

  test('the timeline reaches the end, and adds up', () => {
    const { timeline, published, delivered, seconds } = read('first.json');
    const sum = (key) => timeline.reduce((all, sample) => all + sample[key], 0);
    assert.equal(sum('published'), published);
    assert.equal(sum('delivered'), delivered);
    assert.ok(Math.abs(sum('seconds') - timeline.at(-1).at) < 0.01);
    assert.ok(timeline.at(-1).at <= seconds);
    assert.ok(timeline.every(({ server_cpu: cpu }) => cpu >= 0 && cpu < 5), 'what the server used before is not counted');
  });
});

test('a run that is shorter than an interval has one sample with all of it', async () => {
  const { code } = await load('--url', gateway.base, '--connections', '4', '--rate', '100', '--duration', '0.1', '--interval', '60',
    '--json', file('short.json'));
  assert.equal(code, 0);
  const { timeline, delivered, published } = read('short.json');
  assert.deepEqual(timeline.map((sample) => [sample.published, sample.delivered]), [[published, delivered]]);
  assert.ok(published > 0 && timeline[0].max_us >= timeline[0].p50_us);
});

test('progress: nobody publishes, and there is no latency', async () => {
  const { code, stderr, stdout } = await load('--url', gateway.base, '--scenario', 'idle', '--connections', '4', '--rooms', '2', '--warmup', '0',
    '--duration', '0.5', '--interval', '0.1');
  assert.equal(code, 0);
  assert.match(stderr, /s waiting  connected 4\/4 .* p99 -  /);
  assert.doesNotMatch(stderr, /publishing/);
  assert.match(stdout, /^nobody publishes, 0\.5 s measured$/m);
  assert.match(stdout, /^heartbeats +0 answered$/m);
});

test('bad choices are told which ones there are', async () => {
  assert.match((await load('--scenario', 'quiet')).stderr, /expected one of broadcast, rooms, .*failover, got "quiet"/);
  assert.match((await load('--dialect', 'mqtt')).stderr, /expected one of socketio, .*sse.*, got "mqtt"/);
});

test('-h: groups, defaults by scenario, and no line is too long', async () => {
  const { code, stdout } = await load('-h');
  assert.equal(code, 0);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line);
  assert.match(stdout, /\n\nServers:\n {2}--pid PID /);
  assert.match(stdout.replace(/\s+/g, ' '), /--connections N clients; each joins one room \[by scenario; broadcast: 1000\] --rooms/);
  assert.match(stdout, /--size BYTES .*\[by scenario; broadcast: 64\]/);
  assert.match(stdout, /--burst N [^[]*\[1\]/);
  assert.equal(stdout, (await load('--help')).stdout);
});

for (const args of [['--help'], ['report', '--help'], ['report', file('first.json')]]) {
  test(`standard output that takes nothing: ${args.map((arg) => arg.split('/').at(-1)).join(' ')}`, async () => {
    const { code } = await run('sh', ['-c', '"$0" "$@" > /dev/full', LOAD, ...args], { name: 'roomcast-load' });
    assert.equal(code, 2);
  });
}

describe('numbers on the page', () => {
  const source = readFileSync(new URL('../../loadtest/report/plot.js', import.meta.url), 'utf8');
  const { digits3, formats } = runInContext(`${source}; ({ digits3, formats })`, createContext({}));

  test('three digits, of which zeros at the end are only left out behind the point', () => {
    const expected = [[0, '0'], [1, '1'], [1.5, '1.5'], [1.234, '1.23'], [10, '10'], [99.94, '99.9'], [99.95, '100'], [99.97, '100'],
      [100, '100'], [100.4, '100'], [1230, '1230'], [0.1, '0.1'], [0.02, '0.02'], [1e-10, '1e-10'], [-99.97, '-100']];
    for (const [number, text] of expected) assert.equal(digits3(number), text, `${number}`);
    for (let x = 1e-5; x < 1e5; x *= 1.0007) assert.ok(Math.abs(Number(digits3(x)) / x - 1) <= 0.005, `${x}: ${digits3(x)}`);
  });

  test('with units, at their borders', () => {
    assert.equal(formats.counts(99.97), '100');
    assert.equal(formats.counts(9999.4), '9,999');
    assert.equal(formats.counts(99_970), '100 k');
    assert.equal(formats.counts(999_700), '1 M');
    assert.equal(formats.us(99.97), '100 µs');
    assert.equal(formats.us(999_700), '1 s');
    assert.equal(formats.bytes(99_970_000), '100 MB');
  });
});

describe('roomcast-load report', () => {
  test('two runs side by side', async () => {
    const { code, stdout, stderr } = await report(file('first.json'), file('second.json'));
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /^ +first +second$/m);
    assert.deepEqual(row(stdout, '--dialect'), ['socketio', 'json']);
    assert.deepEqual(row(stdout, '--rate'), ['100', '300']);
    const [, attained] = row(stdout, 'messages/s');
    assert.ok(Math.abs(parseFloat(attained) - 300) < 15, attained);
    assert.deepEqual(row(stdout, 'verdict'), ['ok', 'ok']);
    assert.deepEqual(row(stdout, 'faults'), ['none', 'none']);
    assert.doesNotMatch(stdout, /failed|differ/);
    const ratio = read('second.json').deliveries_per_second / read('first.json').deliveries_per_second;
    const [, printed] = / x([\d.]+)$/.exec(row(stdout, 'deliveries/s')[1]);
    assert.ok(Math.abs(printed / ratio - 1) < 0.01, `${printed} for ${ratio}`);
    for (const label of ['latency p50', 'latency p99.9', 'connects/s', 'CPU s/million deliveries']) assert.equal(row(stdout, label).length, 2);
    assert.doesNotMatch(stdout, /--connections|--html/, 'only what differs');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80 && line === line.trimEnd(), `"${line}"`);
  });

  test('faults, with those of all steps', async () => {
    const bad = variant('bad.json', (json) => {
      json.ok = false;
      json.lost = 3;
      json.steps = [{ ...json.steps[0], lost: 2 }, { ...json.steps[0], lost: 3 }];
    });
    const { code, stdout } = await report(file('first.json'), bad);
    assert.equal(code, 0);
    assert.deepEqual(row(stdout, 'verdict'), ['ok', 'FAILED']);
    assert.deepEqual(row(stdout, 'lost'), ['0', '5']);
    assert.match(stdout, /^Run 2 \(bad\) failed/m);
    assert.doesNotMatch(stdout, /^duplicated/m);
  });

  test('a run that did not begin has no faults, and none can be said of it', async () => {
    const { code } = await load('--url', 'http://127.0.0.1:9', '--connections', '2', '--no-progress', '--json', file('nobody.json'));
    assert.equal(code, 1);
    const { stdout } = await report(file('first.json'), file('nobody.json'));
    assert.deepEqual(row(stdout, 'faults'), ['none', '-']);
    assert.match(stdout, /^Run 2 \(nobody\) failed, .*:\nFAILED: .*refused/m);
  });

  test('other scenarios are pointed out', async () => {
    const { stdout } = await report(file('first.json'), variant('chat.json', (json) => { json.options.scenario = 'chat'; }));
    assert.match(stdout, /^The scenarios differ/m);
  });

  test('the faults of a search came at rates that did not hold', async () => {
    const searched = variant('search.json', (json) => {
      json.options.search = true;
      json.steps = [{ ...json.steps[0], missed: 7 }, json.steps[0]];
    });
    const { stdout } = await report(file('first.json'), searched);
    assert.match(stdout, /^The faults of run 2 \(search\) came at rates that did not hold\.$/m);
  });

  test('large and small ratios', async () => {
    const other = variant('ratios.json', (json) => {
      json.latency_us.p50 = 1890 * read('first.json').latency_us.p50;
      json.messages_per_second = read('first.json').messages_per_second / 300_000;
      json.generator_cpu = read('first.json').generator_cpu / 2;
    });
    const { stdout } = await report(file('first.json'), other);
    assert.match(row(stdout, 'latency p50')[1], / x1890$/);
    assert.match(row(stdout, 'messages/s')[1], / \/300 k$/);
    assert.match(row(stdout, 'generator, cores')[1], / x0\.5$/);
  });

  test('names that are too long for a column, or the same, are told before', async () => {
    const long = variant('a-name-that-is-too-long-for-a-column.json', () => {});
    const named = (await report(file('first.json'), long)).stdout;
    assert.match(named, /^run 1: first\nrun 2: a-name-that-is-too-long-for-a-column\n +run 1 +run 2\n/);
    mkdirSync(file('other'));
    writeFileSync(file('other/first.json'), readFileSync(file('first.json')));
    const same = (await report(file('first.json'), file('other/first.json'))).stdout;
    assert.ok(same.startsWith(`run 1: ${folder}/first\nrun 2: ${folder}/other/first\n`), same);
  });

  test('options with long values have lines of their own', async () => {
    const other = variant('other.json', (json) => { json.options.command = 'kill -9 $(pidof roomcast-gateway)'; });
    const { stdout } = await report(file('first.json'), other);
    assert.match(stdout, /^--command\n {2}first +-\n {2}other +kill -9 \$\(pidof roomcast-gateway\)$/m);
  });

  test('figures that a report does not have are left out', async () => {
    const bare = variant('bare.json', (json) => {
      for (const key of Object.keys(json)) if (!['version', 'ok', 'seconds', 'options', 'timeline'].includes(key)) delete json[key];
    });
    const { code, stdout } = await report(file('first.json'), bare);
    assert.equal(code, 0);
    assert.deepEqual(row(stdout, 'latency p99').slice(1), ['-']);
    assert.equal((await report(bare, '--html', file('bare.html'))).code, 0);
  });

  test('the page of one report is the page of its run', async () => {
    assert.equal((await report('--html', file('again.html'), file('second.json'))).code, 0);
    const data = (name) => JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(readFileSync(file(name), 'utf8'))[1]);
    assert.deepEqual(data('again.html').runs[0].report, data('second.html').runs[0].report);
    assert.deepEqual(data('again.html').facts, data('second.html').facts);
    assert.deepEqual(data('second.html').runs[0].report, read('second.json'));
  });

  test('the page on standard output, the table on standard error', async () => {
    const { stdout, stderr } = await report(file('first.json'), '--html=-');
    assert.ok(stdout.startsWith('<!DOCTYPE html>') && stdout.endsWith('</html>\n'));
    assert.match(stderr, /latency p99/);
  });

  test('--help', async () => {
    const { code, stdout } = await report('--help');
    assert.equal(code, 0);
    assert.match(stdout, /^usage: roomcast-load report \[--html FILE\] REPORT\.json/);
    assert.match((await load('--help')).stdout, /roomcast-load report/);
  });

  const refused = [
    ['no file', () => [], /expected the names of reports, got none/],
    ['an option that there is not', () => ['--frobnicate'], /unknown option "--frobnicate"/],
    ['--html without a name', () => [file('first.json'), '--html'], /a file name is needed after "--html"/],
    ['--html with an empty name', () => [file('first.json'), '--html='], /expected a file name/],
    ['seventeen files', () => Array(17).fill(file('first.json')), /more than 16 reports/],
    ['a file that is not there', () => ['/no/such.json'], /cannot read "\/no\/such\.json": No such file/],
    ['a folder', () => [folder], /cannot read ".*": Is a directory/],
    ['an empty file', () => ['/dev/null'], /"\/dev\/null" is not JSON/],
    ['what is not JSON', () => [LOAD], /is not JSON: line 1/],
    ['JSON cut off', () => {
      writeFileSync(file('cut.json'), readFileSync(file('first.json'), 'utf8').slice(0, 500));
      return [file('cut.json')];
    }, /cut\.json" is not JSON/],
    ['a list', () => {
      writeFileSync(file('list.json'), '[1]');
      return [file('list.json')];
    }, /is not a report of roomcast-load --json: expected the text "version"/],
    ['options of another kind', () => [variant('odd.json', (json) => { json.options = { scenario: 1 }; })], /expected "options" with scenario/],
    ['lists of another kind', () => [variant('odd.json', (json) => { json.timeline = 7; })], /expected the list "timeline"/],
    ['a page that cannot be written', () => [file('first.json'), '--html', '/no/such/page.html'], /option --html: cannot write "\/no\/such\/page\.html"/],
  ];
  for (const [what, args, message] of refused) {
    test(`refused: ${what}`, async () => {
      const { code, stderr } = await report(...args());
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    });
  }

  test('a report with members of other kinds does no harm', async () => {
    const odd = variant('odd.json', (json) => {
      json.latency_us = 'none';
      json.steps = [1, null, 'x'];
      json.servers = [];
      json.options.urls = [7, {}];
      json.options.rate = { a: 1 };
      json.connects_per_second = -5;
    });
    const { code, stderr } = await report(file('first.json'), odd);
    assert.equal(code, 0, stderr);
  });
});
