// SPDX-License-Identifier: Apache-2.0
// Compressed WebSocket messages (permessage-deflate) by hand.
import crypto from 'node:crypto';
import zlib from 'node:zlib';

const RATIO = 200; /* INFLATE_RATIO in core/codec/deflate.h */

/* A message's payload, as a client sends it: `ws` with its defaults makes the same of it. */
export const deflate = (data, options = {}) => zlib.deflateRawSync(data, { finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);

/* Text that just passes: as long as its payload allows, which one x more does not make longer. It is `noise`
   characters of noise and then so many x, about 160 times as many in all. */
export function dense(noise = 1000) {
  for (;;) {
    const head = crypto.randomBytes(noise / 2).toString('hex');
    for (let length = noise, i = 0; i < 20; i++) {
      const text = head + 'x'.repeat(length - noise);
      const [allowed, more] = [text, `${text}x`].map((each) => RATIO * deflate(each).length);
      if (allowed === length && more === allowed) return text;
      length = allowed;
    }
  }
}
