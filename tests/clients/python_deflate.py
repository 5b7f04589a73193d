# SPDX-License-Identifier: Apache-2.0
"""A second implementation of permessage-deflate: aiohttp (Debian's python3-aiohttp) against a raw room, which sends
back what it is sent.

python_deflate.py URL. Prints one JSON object: the window bits that were agreed on, and how many messages came back as
they were.
"""
import asyncio
import json
import random
import sys

import aiohttp


async def main(url):
    words = [f"word{i}" for i in range(500)]
    texts = [" ".join(random.choice(words) for _ in range(n)) for n in (0, 3, 100, 5000, 100)]
    async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as ws:
        same = 0
        for text in texts:
            await ws.send_str(text)
            same += (await asyncio.wait_for(ws.receive_str(), 10)) == text
        print(json.dumps({"compress": ws.compress, "same": same}))


asyncio.run(main(sys.argv[1]))
