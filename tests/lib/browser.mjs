// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, headless, driven through playwright-core, which brings no browser of its own.
import { existsSync } from 'node:fs';
import { playwright } from './packages.mjs';
import { temporaryFolder } from './process.mjs';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--no-default-browser-check'];

let browser = null;

export async function startBrowser() {
  if (!executablePath) throw new Error('Chromium is not installed (Debian package chromium)');
  process.env.HOME = temporaryFolder('chromium');
  browser = await playwright().chromium.launch({ executablePath, args: ARGS, headless: true, timeout: 60_000 });
  return browser;
}

export async function stopBrowser() {
  await browser?.close();
  browser = null;
}

/* A window of its own (nothing shared with others) on url; errors of the page are collected in page.errors. */
export async function openWindow(url, { viewport = { width: 1100, height: 800 }, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  page.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error' && !url.endsWith('/favicon.ico')) page.errors.push(`${message.text()} ${url}`);
  });
  await page.goto(url);
  return page;
}

/* How far the page can be scrolled sideways. */
export const sideways = (page) => page.evaluate(() => {
  const root = document.scrollingElement;
  return root.scrollWidth - root.clientWidth;
});
