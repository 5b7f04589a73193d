// SPDX-License-Identifier: Apache-2.0
// The page of everyone's first Socket.IO tutorial, as it is, in two windows on two gateways.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openWindow, sideways, startBrowser, stopBrowser } from '../lib/browser.mjs';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { startGateway } from '../lib/gateway.mjs';

let cluster;

before(async () => {
  cluster = await startCluster({ size: 2, nginx: true });
  await startBrowser();
});
after(async () => {
  await stopBrowser();
  await stopCluster();
});

const list = (page) => page.locator('#messages > li');

async function say(page, text) {
  await page.fill('#input', text);
  await page.press('#input', 'Enter');
}

async function chat(urls) {
  const pages = [];
  for (const url of urls) pages.push(await openWindow(`${url}/tutorial.html`));
  for (const [i, page] of pages.entries()) {
    const text = `from window ${i} <b>&é😀`;
    await say(page, text);
    for (const other of pages) {
      await list(other).nth(i).waitFor();
      assert.equal(await list(other).nth(i).textContent(), text);
    }
    assert.equal(await page.inputValue('#input'), '');
  }
  for (const page of pages) {
    assert.equal(await list(page).count(), urls.length);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
}

test('two windows on two gateways', () => chat(cluster.gateways.map((gateway) => gateway.base)));

test('two windows through NGINX', () => chat([cluster.base, cluster.base]));

test('one gateway alone, as it is started first', async () => {
  const gateway = await startGateway();
  await chat([gateway.base, gateway.base]);
});

test('on a phone nothing scrolls sideways', async () => {
  const page = await openWindow(`${cluster.base}/tutorial.html`, { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
  await say(page, 'a message that is long enough to need more than one line on a narrow screen');
  await list(page).first().waitFor();
  assert.equal(await sideways(page), 0);
  await page.context().close();
});
