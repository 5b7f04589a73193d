// SPDX-License-Identifier: Apache-2.0
// The demo chat: two windows on two gateways, rooms, who is here, typing, what others write from a terminal, a phone's
// screen, and coming back after the gateway was killed.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openWindow, sideways, startBrowser, stopBrowser } from '../lib/browser.mjs';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { post } from '../lib/peers.mjs';
import { waitFor } from '../lib/wait.mjs';

let cluster;
let gateways;

before(async () => {
  cluster = await startCluster({ size: 3, nginx: true });
  ({ gateways } = cluster);
  await startBrowser();
});
after(async () => {
  await stopBrowser();
  await stopCluster();
});

async function openChat(base, { room = 'demo', name, ...options } = {}) {
  const page = await openWindow(`${base}/#room=${encodeURIComponent(room)}`, options);
  await page.locator('#state[data-state=connected]').waitFor();
  await page.locator('#logs', { hasText: 'You joined.' }).waitFor();
  if (name) {
    await page.locator('#name').evaluate((input, text) => {
      input.value = text;
      input.dispatchEvent(new Event('change'));
    }, name);
  }
  return page;
}

async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

const shows = (page, text) => page.locator('#logs').getByText(text, { exact: true }).first().waitFor();
const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));

test('two windows on different gateways chat', async () => {
  const [one, two] = [await openChat(gateways[0].base, { name: 'Ann' }), await openChat(gateways[1].base, { name: 'Bob' })];
  assert.match(await one.textContent('#node'), /node1/);
  assert.match(await two.textContent('#node'), /node2/);
  await say(one, 'hello <b>Bob</b> é😀');
  await shows(two, 'hello <b>Bob</b> é😀');
  await say(two, 'hello Ann');
  await shows(one, 'hello Ann');
  assert.equal(await one.locator('#logs').getByText('hello Ann', { exact: true }).count(), 1);
  assert.deepEqual([...one.errors, ...two.errors], []);
  await close(one, two);
});

test('the page says which transport it is on, and it is WebSocket in the end', async () => {
  const page = await openChat(cluster.base);
  await waitFor(async () => (await page.textContent('#transport')).includes('websocket'), 'the upgrade is shown');
  await close(page);
});

test('who is here, who joined, who left', async () => {
  const one = await openChat(gateways[0].base, { room: 'people', name: 'Ann' });
  const two = await openChat(gateways[2].base, { room: 'people', name: 'Bob' });
  await one.locator('#people', { hasText: 'Bob' }).waitFor();
  await two.locator('#people', { hasText: 'Ann' }).waitFor();
  await close(two);
  await one.locator('#logs', { hasText: /Bob left/ }).waitFor();
  await waitFor(async () => !(await one.textContent('#people')).includes('Bob'), 'Bob is not listed any more');
  await close(one);
});

test('typing is shown', async () => {
  const [one, two] = [await openChat(gateways[0].base, { name: 'Ann' }), await openChat(gateways[1].base, { name: 'Bob' })];
  await waitFor(async () => {
    await one.fill('#text', '');
    await one.locator('#text').pressSequentially('typ');
    return /Ann/.test(await two.textContent('#typing'));
  }, 'Ann is typing', 10_000, 500);
  await close(one, two);
});

test('rooms keep apart', async () => {
  const [one, two] = [await openChat(gateways[0].base, { room: 'first' }), await openChat(gateways[1].base, { room: 'second' })];
  await say(one, 'only in first');
  await shows(one, 'only in first');
  await say(two, 'only in second');
  await shows(two, 'only in second');
  assert.equal(await two.locator('#logs').getByText('only in first').count(), 0);
  await two.fill('#room-name', 'first');
  await two.press('#room-name', 'Enter');
  await waitFor(async () => {
    await say(one, 'now both');
    return await two.locator('#logs').getByText('now both').count() > 0;
  }, 'the second window hears the first room', 10_000, 200);
  await close(one, two);
});

test('what is published with curl arrives', async () => {
  const page = await openChat(gateways[1].base, { room: 'curl' });
  const answer = await post(gateways[2].base, 'curl', { body: '"written in a terminal"' });
  assert.equal(answer.status, 200);
  await shows(page, 'written in a terminal');
  await close(page);
});

for (const [what, viewport] of [['a phone', { width: 360, height: 640 }], ['a small phone', { width: 320, height: 568 }]]) {
  test(`on ${what} nothing scrolls sideways, and a message can be sent`, async () => {
    const page = await openChat(gateways[0].base, { room: 'phone', viewport, isMobile: true, hasTouch: true });
    assert.equal(await sideways(page), 0);
    await say(page, 'a-very-long-word-without-any-place-to-break-it-'.repeat(4));
    await page.locator('#logs').getByText('a-very-long-word').first().waitFor();
    assert.equal(await sideways(page), 0);
    await page.tap('#menu');
    await page.locator('#people').waitFor();
    assert.equal(await sideways(page), 0);
    await waitFor(() => page.locator('#rooms').evaluate((node) => node.getBoundingClientRect().left >= 0), 'the side is shown');
    await close(page);
  });
}

test('the gateway is killed: the page says so, comes back on another one, and the chat goes on', async () => {
  const one = await openChat(cluster.base, { room: 'crash', name: 'Ann' });
  const node = /node\d/.exec(await one.textContent('#node'))[0];
  const survivor = gateways.find((gateway) => gateway.label !== node);
  const two = await openChat(survivor.base, { room: 'crash', name: 'Bob' });
  const victim = gateways.find((gateway) => gateway.label === node);
  const seen = one.evaluate(() => new Promise((resolve) => {
    new MutationObserver(() => {
      const { state } = document.getElementById('state').dataset;
      if (state !== 'connected') resolve(document.getElementById('banner').textContent);
    }).observe(document.getElementById('state'), { attributes: true, childList: true });
  }));
  await victim.kill();
  assert.match(await seen, /lost|Trying again/i);
  await one.locator('#state[data-state=connected]').waitFor({ timeout: 20_000 });
  await waitFor(async () => !(await one.textContent('#node')).includes(node), 'another gateway');
  await one.locator('#logs', { hasText: 'You are back in the room.' }).waitFor();
  await say(two, 'welcome back');
  await shows(one, 'welcome back');
  await say(one, 'thanks');
  await shows(two, 'thanks');
  await close(one, two);
  await victim.restart();
});

test('what is written while nobody answers is sent later', async () => {
  const lonely = gateways[0];
  const one = await openChat(lonely.base, { room: 'later' });
  const two = await openChat(gateways[1].base, { room: 'later' });
  await lonely.kill();
  await one.locator('#state:not([data-state=connected])').waitFor();
  await say(one, 'written offline');
  await lonely.restart();
  await lonely.waitReady();
  await shows(two, 'written offline');
  await close(one, two);
});
