// SPDX-License-Identifier: Apache-2.0
// Waiting for conditions with deadlines: no test sleeps in the hope that something has happened meanwhile.
import { performance } from 'node:perf_hooks';

export const DEADLINE = 10_000;

export const now = () => performance.now();

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Resolves like promise, or rejects after ms naming what was awaited. */
export function within(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
    timer.unref(); /* what a test left waiting must not keep its process; the programs it started do while it runs */
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* Calls condition (sync or async) until it returns something true, which is returned. The last exception it threw is
 * part of the error. */
export async function waitFor(condition, what = 'condition', ms = DEADLINE, every = 20) {
  const end = now() + ms;
  let trouble = '';
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      trouble = '';
    } catch (error) {
      trouble = ` (${error.message})`;
    }
    if (now() >= end) throw new Error(`not within ${ms} ms: ${what}${trouble}`);
    await delay(every);
  }
}

/* A queue of things that arrived, read in order or searched, with a deadline. */
export class Inbox {
  constructor(name = 'inbox') {
    this.name = name;
    this.all = [];
    this.taken = 0;
    this.waiters = [];
  }

  push(item) {
    this.all.push(item);
    for (const waiter of this.waiters.splice(0)) waiter();
  }

  /* What arrived and was not taken yet. */
  get rest() {
    return this.all.slice(this.taken);
  }

  async changed(ms, what) {
    let wake;
    const change = new Promise((resolve) => {
      wake = resolve;
      this.waiters.push(wake);
    });
    try {
      await within(change, ms, `${this.name}: ${what}; it has ${brief(this.rest)}`);
    } finally {
      this.waiters = this.waiters.filter((waiter) => waiter !== wake);
    }
  }

  /* The next item, in order. */
  async next(ms = DEADLINE) {
    const end = now() + ms;
    while (this.taken >= this.all.length) await this.changed(Math.max(1, end - now()), 'anything');
    return this.all[this.taken++];
  }

  /* The next item that match() accepts; what stands before it counts as taken. */
  async find(match, ms = DEADLINE, what = 'an item that matches') {
    const end = now() + ms;
    for (;;) {
      while (this.taken < this.all.length) {
        const item = this.all[this.taken++];
        if (match(item)) return item;
      }
      await this.changed(Math.max(1, end - now()), what);
    }
  }

  /* The next count items. */
  async take(count, ms = DEADLINE) {
    const end = now() + ms;
    const items = [];
    while (items.length < count) items.push(await this.next(Math.max(1, end - now())));
    return items;
  }
}

export function brief(value, limit = 300) {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > limit ? `${text.slice(0, limit)}... (${text.length} characters)` : text;
}
