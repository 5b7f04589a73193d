// SPDX-License-Identifier: Apache-2.0
// The pages that roomcast-load writes, of real runs of every kind: they draw without errors and without loading anything,
// fit a phone's screen, and show a command line as text. ROOMCAST_LOAD names the program.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWindow, sideways, startBrowser, stopBrowser } from '../lib/browser.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { run, temporaryFolder } from '../lib/process.mjs';

const LOAD = process.env.ROOMCAST_LOAD;
const folder = temporaryFolder('load-page');
const file = (name) => join(folder, name);
const PHONE = { viewport: { width: 360, height: 800 }, isMobile: true, hasTouch: true };
const SCRIPT = "true '<script>document.title = \"taken over\"</script><img src=x onerror=alert(1)>'";

/* Every kind of run: its options, the exit status, and the titles of the plots that must be there. */
const TIMES = ['Latency', 'Delivered', 'Published', 'Connections', 'CPU', 'Memory of the servers'];
const RUNS = {
  broadcast: { args: ['--rate', '100', '--duration', '1', '--warmup', '0.3'], plots: [...TIMES, 'Time to connect and join'] },
  search: { args: ['--search', '--rate', '50', '--duration', '0.3', '--max-p99', '2'],
    code: null, plots: [...TIMES, 'p99 against the rate', 'Server CPU per million deliveries against the rate'] },
  storm: { args: ['--scenario', 'storm', '--connections', '30', '--rooms', '3', '--duration', '0.2'],
    plots: ['Connections', 'CPU', 'Time to connect and join'] },
  idle: { args: ['--scenario', 'idle', '--connections', '30', '--rooms', '3', '--warmup', '0', '--duration', '0.5'], plots: ['Connections'] },
  command: { args: ['--rate', '50', '--duration', '1', '--command', SCRIPT, '--command-at', '0.4'], plots: TIMES },
  short: { args: ['--rate', '50', '--duration', '0.05', '--interval', '5'], plots: ['Latency', 'Connections'] },
  nobody: { args: ['--url', 'http://127.0.0.1:9'], code: 1, plots: ['Connections'] },
};

before(async () => {
  await startBrowser();
  const gateway = await startGateway();
  for (const [name, { args, code = 0 }] of Object.entries(RUNS)) {
    const result = await run(LOAD, ['--url', gateway.base, '--pid', String(gateway.pid), '--connections', '20', '--no-progress', '--interval', '0.1',
      '--json', file(`${name}.json`), '--html', file(`${name}.html`), ...args], { name: 'roomcast-load', ms: 120_000 });
    if (code !== null) assert.equal(result.code, code, result.stdout + result.stderr);
  }
  for (const [name, others] of [['two', ['broadcast', 'command']], ['all', Object.keys(RUNS)]]) {
    const result = await run(LOAD, ['report', '--html', file(`${name}.html`), ...others.map((each) => file(`${each}.json`))]);
    assert.equal(result.code, 0, result.stderr);
  }
});
after(async () => {
  await stopBrowser();
  await stopGateways();
});

/* A window on a page, and what it wanted to load. */
async function open(name, options) {
  const page = await openWindow('about:blank', options);
  page.requests = [];
  page.on('request', (request) => page.requests.push(request.url()));
  await page.goto(`file://${file(name)}`);
  await page.locator('h1').waitFor();
  return page;
}

async function checkPage(page, name, plots) {
  for (const title of plots) {
    const figure = page.locator('figure', { has: page.getByRole('heading', { name: title, exact: true }) }).first();
    await figure.locator('svg[role=img], p.faint').first().waitFor();
  }
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.requests.filter((url) => !url.startsWith('data:')), [`file://${file(name)}`]);
  const bad = await page.evaluate(() => [...document.querySelectorAll('svg *')].flatMap((node) =>
    [...node.attributes].filter(({ value }) => /NaN|Infinity|undefined/.test(value)).map(({ name, value }) => `${node.tagName} ${name}=${value}`)));
  assert.deepEqual(bad, []);
  assert.doesNotMatch(await page.textContent('main'), /NaN|Infinity|undefined|\[object/);
}

for (const [name, { plots }] of Object.entries(RUNS)) {
  test(`${name}: the plots are there, on a phone nothing scrolls sideways`, async () => {
    const wide = await open(`${name}.html`, { viewport: { width: 1280, height: 900 } });
    await checkPage(wide, `${name}.html`, plots);
    assert.equal(await sideways(wide), 0);
    await wide.context().close();
    const phone = await open(`${name}.html`, { ...PHONE, colorScheme: 'dark' });
    await checkPage(phone, `${name}.html`, plots);
    await phone.locator('summary').evaluateAll((all) => all.forEach((summary) => { summary.parentNode.open = true; }));
    assert.equal(await sideways(phone), 0);
    assert.equal(await phone.evaluate(() => innerWidth), 360, 'it did not zoom out');
    await phone.context().close();
  });
}

for (const name of ['two', 'all']) {
  test(`${name} side by side`, async () => {
    const page = await open(`${name}.html`, PHONE);
    await checkPage(page, `${name}.html`, ['Latency', 'Latency, p99', 'Delivered', 'Connections']);
    assert.equal(await sideways(page), 0);
    await page.context().close();
  });
}

describe('what the page says', () => {
  const json = (name) => JSON.parse(readFileSync(file(`${name}.json`), 'utf8'));

  test('the verdict and the figures of the report', async () => {
    const page = await open('broadcast.html');
    assert.match(await page.locator('[role=status]').textContent(), /✓ ok.*every subscriber got every accepted message/);
    assert.match(await page.locator('main > p').nth(1).textContent(), /^20 connections to 1 URL in 1 room; 1 publisher, 100 messages\/s of 64 bytes/);
    assert.match(await page.locator('.figures').textContent(), /Lost0 /);
    assert.match(await page.locator('.key').textContent(), /connecting .*warm-up 0\.3.*publishing (1|0\.9).*draining/);
    const text = await page.locator('#text pre').textContent();
    assert.match(text, new RegExp(`delivered +${json('broadcast').delivered} of `));
    assert.equal(await page.locator('#text').getAttribute('open'), null);
    await page.context().close();
  });

  test('a run that failed, and why', async () => {
    const page = await open('nobody.html');
    assert.match(await page.locator('[role=status]').textContent(), /✗ failed.*Connection refused/);
    assert.match(await page.title(), /failed/);
    await page.context().close();
  });

  test('faults come first, with their count', async () => {
    const bad = json('broadcast');
    Object.assign(bad, { ok: false, verdict: ['FAILED: duplicated 7: messages that a subscriber got again'] });
    bad.steps[0].duplicated = 7;
    writeFileSync(file('bad.json'), JSON.stringify(bad));
    assert.equal((await run(LOAD, ['report', '--html', file('bad.html'), file('bad.json')])).code, 0);
    const page = await open('bad.html');
    const row = page.locator('section', { has: page.getByRole('heading', { name: 'Faults' }) }).locator('tbody tr').first();
    assert.equal(await row.textContent(), 'duplicated7messages that a subscriber got again');
    assert.equal(await row.locator('.bad').count(), 1);
    await page.context().close();
  });

  test('failover: who came back, who missed something, and who saw it late', async () => {
    const cuts = json('broadcast');
    const each = (count, sum, p50, max) => ({ ...cuts.missed_by, count, sum, p50, max });
    Object.assign(cuts, { cuts: true, disconnected: 110, reconnects: 110, clients_cut: 105, missed: 1230, lost: 30, late: 400,
      missed_by: each(100, 1230, 12, 20), lost_by: each(30, 30, 1, 1), late_by: each(95, 400, 4, 7) });
    Object.assign(cuts.options, { scenario: 'failover', connections: 300 });
    Object.assign(cuts.outage_us, { count: 110, p50: 700_000, max: 1_400_000 });
    cuts.latency_us.max = 1_520_000;
    writeFileSync(file('cuts.json'), JSON.stringify(cuts));
    assert.equal((await run(LOAD, ['report', '--html', file('cuts.html'), file('cuts.json')])).code, 0);
    const page = await open('cuts.html', PHONE);
    assert.match(await page.locator('.figures').textContent(), /Reconnected110 of 110/);
    const section = page.locator('section', { has: page.getByRole('heading', { name: 'Clients' }) });
    const rows = await section.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
    assert.deepEqual(rows, [['that were disconnected, and missed some', '100 of 105', '1,230', '12', '20'],
      ['that stayed connected, and missed some', '30 of 195', '30', '1', '1'], ['that got some later than 1 s', '95 of 300', '400', '4', '7']]);
    assert.match(await section.locator('p').textContent(), /110 of 110 connections that were cut came back.* away for 700 ms \(p50\), at most 1\.4 s.*the latest 1\.52 s/);
    assert.equal(await sideways(page), 0);
    await page.context().close();
    const other = await open('broadcast.html');
    assert.equal(await other.getByRole('heading', { name: 'Clients' }).count(), 0);
    await other.context().close();
  });

  test('a rate just below a hundred is not a hundred times smaller', async () => {
    const near = json('broadcast');
    near.deliveries_per_second = 99.97;
    writeFileSync(file('near.json'), JSON.stringify(near));
    assert.equal((await run(LOAD, ['report', '--html', file('near.html'), file('near.json')])).code, 0);
    const page = await open('near.html');
    assert.match(await page.locator('.figures').textContent(), /Delivered100 \/s/);
    await page.context().close();
  });

  test('runs without --pid have no line among the servers', async () => {
    const without = json('broadcast');
    delete without.servers;
    for (const sample of without.timeline) sample.server_cpu = sample.server_rss_bytes = 0;
    writeFileSync(file('without.json'), JSON.stringify(without));
    assert.equal((await run(LOAD, ['report', '--html', file('servers.html'), file('broadcast.json'), file('without.json')])).code, 0);
    const page = await open('servers.html');
    const lines = (title) => page.locator('figure', { has: page.getByRole('heading', { name: title, exact: true }) }).locator('polyline');
    await lines('CPU of the servers').first().waitFor();
    assert.equal(await lines('Connections').count(), 2);
    assert.equal(await lines('CPU of the servers').count(), 1);
    assert.equal(await lines('Memory of the servers').count(), 1);
    await page.context().close();
  });

  test('a run has the same colour in all plots, also where another has nothing to show', async () => {
    const first = json('broadcast'), second = json('broadcast');
    delete first.connect_us;
    writeFileSync(file('unconnected.json'), JSON.stringify(first));
    writeFileSync(file('connected.json'), JSON.stringify(second));
    assert.equal((await run(LOAD, ['report', '--html', file('colours.html'), file('unconnected.json'), file('connected.json')])).code, 0);
    const page = await open('colours.html');
    await page.waitForFunction(() => [...document.querySelectorAll('figure')].every((figure) => figure.querySelector('polyline')));
    const colours = await page.evaluate(() => [...document.querySelectorAll('figure')].map((figure) => {
      const entry = [...figure.querySelectorAll('.legend li')].find((li) => li.textContent.startsWith('connected'));
      const lines = [...figure.querySelectorAll('polyline')].map((line) => line.style.stroke);
      return [figure.querySelector('h3').textContent, entry?.querySelector('line').style.stroke, lines.at(-1)];
    }));
    assert.ok(colours.some(([title]) => title === 'Time to connect and join'), colours.join(' | '));
    for (const [title, ...of] of colours) assert.deepEqual(of, ['var(--c1)', 'var(--c1)'], title);
    assert.ok(await page.locator('figure', { hasText: 'Time to connect and join' }).locator('.legend').isVisible(), 'it is said whose line it is');
    await page.context().close();
  });

  test('without --pid the one line of the CPU plot is the load generator\'s, in its colour', async () => {
    const without = json('broadcast');
    delete without.servers;
    writeFileSync(file('generator.json'), JSON.stringify(without));
    assert.equal((await run(LOAD, ['report', '--html', file('generator.html'), file('generator.json')])).code, 0);
    const strokeIn = async (name, title) => {
      const page = await open(name);
      const figure = page.locator('figure', { has: page.getByRole('heading', { name: title, exact: true }) });
      await figure.locator('polyline').first().waitFor();
      const strokes = await figure.locator('polyline').evaluateAll((all) => all.map((line) => line.style.stroke));
      await page.context().close();
      return strokes;
    };
    const [, generator] = await strokeIn('broadcast.html', 'CPU');
    assert.deepEqual(await strokeIn('generator.html', 'CPU of the load generator'), [generator]);
  });

  test('rounds: what the generator used while connecting, as in the text', async () => {
    const storm = json('storm');
    [0.05, 0.07, 0.04].forEach((cores, i) => Object.assign(storm.steps[i], { connect_generator_cpu: cores, generator_cpu: 0.01 }));
    writeFileSync(file('rounds.json'), JSON.stringify(storm));
    assert.equal((await run(LOAD, ['report', '--html', file('rounds.html'), file('rounds.json')])).code, 0);
    const page = await open('rounds.html');
    const rows = page.locator('section', { has: page.getByRole('heading', { name: 'Rounds' }) }).locator('tbody tr');
    assert.deepEqual(await rows.locator('td:last-child').allTextContents(), ['5 %', '7 %', '4 %']);
    await page.context().close();
    const real = await open('storm.html');
    const inText = [...(await real.locator('#text pre').textContent()).matchAll(/^ +\d+ .* (\d+ %)$/gm)].map(([, share]) => share);
    const shown = real.locator('section', { has: real.getByRole('heading', { name: 'Rounds' }) }).locator('td:last-child');
    assert.deepEqual(await shown.allTextContents(), inText);
    assert.equal(inText.length, 3);
    await real.context().close();
  });

  test('rounds that are shorter than a sample are seen among the connections', async () => {
    const storm = json('storm');
    storm.timeline = [[30, 0, 0.02], [30, 0, 1.4], [30, 30, 2.1]].map(([joined, fewest, when], i) => ({ ...storm.timeline[0],
      at: i + 1, seconds: 1, joined, fewest, fewest_at: when }));
    writeFileSync(file('dips.json'), JSON.stringify(storm));
    assert.equal((await run(LOAD, ['report', '--html', file('dips.html'), file('dips.json')])).code, 0);
    const page = await open('dips.html');
    const drawn = await page.evaluate(() => {
      const { of, ...how } = OVER_TIME.find(({ title }) => title === 'Connections');
      return track(runs[0].report, of, how);
    });
    assert.deepEqual(drawn, [[0, 0], [1, 30], [1.4, 0], [2, 30], [3, 30]]);
    await page.context().close();
  });

  test('no text is smaller than 12 pixels on a phone', async () => {
    for (const name of ['two.html', 'storm.html']) {
      const page = await open(name, PHONE);
      const small = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((node) => [...node.childNodes]
        .some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()) && parseFloat(getComputedStyle(node).fontSize) < 12)
        .map((node) => `${node.tagName} ${node.textContent}`));
      assert.deepEqual(small, [], name);
      await page.context().close();
    }
  });

  test('intervals in which publishing begins or ends are not ones of a lower rate', async () => {
    const even = json('broadcast');
    even.seconds = 4;
    even.steps = [{ ...even.steps[0], measured_seconds: 2, from: { connecting: 0.1, publishing: 0.4, measuring: 0.4, draining: 2.4, over: 2.7 } }];
    for (const [name, published, rates] of [['many', [60, 100, 40, 0], [100, 100, 100, 0]], ['few', [6, 10, 4, 0], [10, 10, null, 0]]]) {
      even.timeline = published.map((n, i) => ({ ...even.timeline[0], at: i + 1, seconds: 1, published: n, delivered: 19 * n }));
      writeFileSync(file(`${name}.json`), JSON.stringify(even));
      assert.equal((await run(LOAD, ['report', '--html', file(`${name}.html`), file(`${name}.json`)])).code, 0);
      const page = await open(`${name}.html`);
      const drawn = await page.evaluate(() => ['Published', 'Delivered'].map((wanted) =>
        track(runs[0].report, OVER_TIME.find(({ title }) => title === wanted).of, {}).map(([, rate]) => rate && Math.round(rate))));
      assert.deepEqual(drawn, [rates, rates.map((rate) => rate && 19 * rate)]);
      await page.context().close();
    }
  });

  test('on a phone the labels of distributions do not touch, and no word is broken', async () => {
    const search = json('search');
    for (const step of search.steps) step.why = 'disconnected 11';
    search.latency_us.count = 1_000_000;
    search.latency_us.buckets = [[100, 999_999], [5000, 1]];
    writeFileSync(file('narrow.json'), JSON.stringify(search));
    assert.equal((await run(LOAD, ['report', '--html', file('narrow.html'), file('narrow.json')])).code, 0);
    const page = await open('narrow.html', PHONE);
    const touching = await page.evaluate(() => [...document.querySelectorAll('svg[role=img]')].flatMap((picture) => {
      const boxes = [...picture.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()])
        .filter(([text]) => text.endsWith('%'));
      return boxes.slice(1).filter(([, box], i) => box.left <= boxes[i][1].right).map(([text]) => text);
    }));
    assert.deepEqual(touching, []);
    const lines = await page.evaluate(() => [...document.querySelectorAll('td.text')].filter((cell) => cell.textContent.endsWith('disconnected 11'))
      .map((cell) => {
        const range = document.createRange();
        const at = cell.firstChild.data.indexOf('disconnected');
        range.setStart(cell.firstChild, at);
        range.setEnd(cell.firstChild, at + 'disconnected'.length);
        return range.getClientRects().length;
      }));
    assert.ok(lines.length > 0 && lines.every((n) => n === 1), lines.join(' '));
    await page.context().close();
  });

  test('a command line is shown as text, and its time is marked', async () => {
    const page = await open('command.html');
    assert.ok((await page.locator('main').textContent()).includes(SCRIPT));
    assert.equal(await page.locator('main img, main script, pre img').count(), 0);
    assert.doesNotMatch(await page.title(), /taken over/);
    assert.ok(await page.locator('svg .mark').count() >= 5);
    await page.context().close();
  });

  test('the search: a row for each rate, the one that is the result is marked', async () => {
    const page = await open('search.html');
    assert.match(await page.locator('h1').textContent(), /broadcast, search for the highest rate/);
    if (json('search').search.rate > 0) assert.equal(await page.locator('section .bad').count(), 0);
    const rates = page.locator('section', { has: page.getByRole('heading', { name: 'The rates that were tried' }) });
    assert.equal(await rates.locator('tbody tr').count(), json('search').steps.length);
    assert.equal(await rates.locator('tr.chosen').count() >= 1, json('search').search.rate > 0);
    await page.context().close();
  });

  test('pointing at a plot shows the values there', async () => {
    const page = await open('broadcast.html', { viewport: { width: 1000, height: 900 } });
    const figure = page.locator('figure', { has: page.getByRole('heading', { name: 'Latency', exact: true }) }).first();
    await figure.locator('svg[role=img]').hover();
    await figure.locator('.legend li', { hasText: /^at [\d.]+ s$/ }).waitFor();
    assert.match(await figure.locator('.legend').textContent(), /p50 [\d.]+ (µs|ms)/);
    await page.context().close();
  });

  test('without scripts the report is there as text', async () => {
    const page = await openWindow(`file://${file('broadcast.html')}`, { javaScriptEnabled: false });
    assert.ok(await page.locator('#text pre').isVisible());
    await page.context().close();
  });

  test('turned by a quarter the plots are drawn anew, and fit', async () => {
    const page = await open('broadcast.html', PHONE);
    await page.setViewportSize({ width: 800, height: 360 });
    await page.waitForFunction(() => [...document.querySelectorAll('svg[role=img]')].every((node) => {
      const { width } = node.getBoundingClientRect();
      return width > 360 && Math.abs(node.viewBox.baseVal.width - width) < 2;
    }));
    assert.equal(await sideways(page), 0);
    await page.context().close();
  });
});
