// SPDX-License-Identifier: Apache-2.0
// Makes vectors_socketio.txt: what the real socket.io-parser says of some hundred packets and mutations of them.
//   (in a scratch folder) npm install socket.io-parser@4.2.7
//   NODE_PATH=<scratch folder>/node_modules node make_vectors_socketio.js [how many] [seed] > vectors_socketio.txt
"use strict";
const { Decoder } = require("socket.io-parser");
const { version } = JSON.parse(
  require("fs").readFileSync(require.resolve("socket.io-parser").replace(/build.*/, "package.json")));

const P = (n) => `{"_placeholder":true,"num":${n}}`;
const SEEDS = [
  "0", '0{"token":"123"}', '0/admin,{"token":"no"}', "0/custom", "0/,", '0/,{}', '07{"a":1}', "0[]", "0null", '0"a"', "0{", "0 {}x",
  "1", "1/admin,", "1/admin", "1{}", "15", "1null", '1/x,"bye"',
  '2["hey","Jude"]', '20["q",{"a":1}]', "2[1]", "2[-1.5e3,2]", '2["a",1,true,null,{"b":[[],{}]},"\\u00e9\\ud83d\\ude00"]',
  '2/admin,["a"]', '2/admin,12["a","b"]', '2/,["a"]', '2/,3["a"]', '2/a/b?x=1,["a"]', "2", "20", "2/x,", "2/x,5",
  "2[]", "2{}", '2"a"', "2[null]", "2[true]", "2[{}]", "2[[]]", '2["a"', '2["a"]x', '2["a",]', '2["a" "b"]', '2-1["a"]', '21.5["a"]',
  '2abc["a"]', '2007["a"]', '29007199254740991["a"]', '212345678901["a"]', '2["a"] ', '2["connection"]', '2["error"]', '2[""]', '2["__proto__"]',
  '2["connect"]', '2["connect_error"]', '2["disconnect"]', '2["disconnecting"]', '2["newListener"]', '2["removeListener"]',
  '2["conn\\u0065ct"]', '2["\\u0064isconnect",1]', '2["Connect"]', '2["connect "]', `2["a",${P(0)}]`, `2[${P(0)}]`,
  "3[]", '30["r",{"a":1}]', "3/admin,7[1,2,3]", "3", "30", "3{}", '3"a"', "3[", "3[null]", "3[[],{}]",
  '4{"message":"x"}', '4/admin,{"message":"Not authorized","data":{"code":42}}', '4"text"', "4", "4[]", "4null", "41", "4true",
  `51-["bin",${P(0)}]`, `52-/admin,["baz",${P(0)},{"k":${P(1)}}]`, `51-/a,9["b",${P(0)}]`, `53-["a",${P(2)},${P(0)},${P(1)}]`,
  `51-["a",${P(0)},${P(0)}]`, '51-["a"]', "51-", "51-/x,", "51-7", `51-["a",${P(1)}]`, `51-["a",${P(-1)}]`, '51-["a",{"_placeholder":true}]',
  '51-["a",{"_placeholder":true,"num":"0"}]', '51-["a",{"_placeholder":true,"num":null}]', '51-["a",{"_placeholder":false,"num":9}]',
  '51-["a",{"_placeholder":1,"num":9}]', `51-["a",[[{"x":[${P(0)}]}]]]`, `51-["a",{"x":${P(3)},"_placeholder":true,"num":0}]`,
  `51-["a",{"_placeh\\u006flder":true,"num":5}]`, `51-[${P(0)}]`, `51-["connect",${P(0)}]`, `510-["a",${P(9)}]`, `511-["a",${P(0)}]`,
  `50-["a"]`, `5["a",${P(0)}]`, `5-["a"]`, `51["a"]`, `5-1-["a"]`, `5a-["a"]`, `501-["a",${P(0)}]`, `5100-["a"]`, `51-{}`, `51-[]`, "5", "5-", "51",
  `61-[${P(0)}]`, `61-0[${P(0)}]`, `62-/adm,3[${P(1)},"x",${P(0)}]`, `61-[]`, "61-", `61-[${P(1)}]`, "6[]", "60-[]", `61-{"a":${P(0)}}`,
  "", "7", "9[]", "a", "-1", "/", ",", '["a"]', "{}", "\u00e9", '2/\u00e9,["\u20ac","\ud83d\ude00"]', '2["\u2028"]', '2["a\u0000"]', '2["a\n"]',
];
const TOKENS = ["0", "1", "2", "5", "6", "9", "-", "/", ",", "/x,", "[", "]", "{", "}", '"', "\\", ":", "1-", '"a"', "null", "true",
  P(0), P(1), '"_placeholder"', "connect", "\\u0061", "[]", "{}", ".", "e", "\u00e9", "12"];

let state;
function random(n) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}

function mutate(text) {
  const at = random(text.length + 1);
  const cut = [0, 0, 1, 2, 1 + random(5)][random(5)];
  const piece = random(4) === 0 ? "" : TOKENS[random(TOKENS.length)];
  return text.slice(0, at) + piece + text.slice(at + cut);
}

// The packet, or null when the parser throws, with all its attachments given.
function decode(text) {
  const packet = new Decoder().decodeString(text);
  const decoder = new Decoder();
  let done = packet.attachments === undefined;
  decoder.on("decoded", () => (done = true));
  decoder.add(text);
  for (let i = 0; i < (packet.attachments || 0); i++) decoder.add(Buffer.alloc(1));
  if (!done) throw new Error("incomplete");
  return packet;
}

function verdict(text) {
  try {
    return decode(text);
  } catch (e) {
    return null;
  }
}

function nested(value) {
  if (typeof value !== "object" || value === null) return false;
  const inside = Object.values(value);
  return inside.some(nested) || (value._placeholder === true && inside.some((v) => typeof v === "object" && v !== null));
}

// What Node takes by accident and nobody sends: other notations of numbers, blanks where digits belong, ids that
// are no longer exact, fractions as placeholder numbers, placeholders hidden by a second member of the same name, placeholders that hold
// arrays or objects.
function quirk(text, packet) {
  if (packet === null) return false;
  const head = /^(?:[0-4]|[56][0-9]+-)(?:\/[^,]*(?:,|$))?[0-9]*(?=[^\s0-9/]|$)/.exec(text);
  if (head === null || packet.id > Number.MAX_SAFE_INTEGER) return true;
  if (packet.attachments === undefined) return false;
  if (/"num"\s*:\s*(-|[0-9]+[.eE])/.test(text)) return true;
  if (nested(packet.data)) return true;
  const plain = (s) => s.replace(/\s/g, "").length;
  return packet.data !== undefined && plain(JSON.stringify(packet.data)) < plain(text.slice(head[0].length));
}

function literal(text) {
  let out = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const c = String.fromCharCode(byte);
    if (byte < 32 || byte > 126 || c === "?") out += "\\" + byte.toString(8).padStart(3, "0");
    else out += c === '"' || c === "\\" ? "\\" + c : c;
  }
  return `"${out}"`;
}

function row(text, p) {
  if (p === null) return `REFUSAL(${literal(text)}),`;
  const event = p.type === 2 || p.type === 5;
  const list = Array.isArray(p.data);
  const name = event && list ? String(p.data[0]) : "";
  const args = list ? p.data.length - (event ? 1 : 0) : p.data === undefined ? -1 : 0;
  const id = p.id === undefined ? -1 : p.id;
  return `PACKET(${literal(text)}, ${p.type}, ${p.attachments || 0}, ${id}, ${literal(p.nsp)}, ${literal(name)}, ${args}),`;
}

function main(count, seed) {
  state = seed;
  const texts = new Set(SEEDS);
  const balance = [0, 0];
  while (texts.size < count) {
    let text = SEEDS[random(SEEDS.length)];
    for (let times = 1 + random(3); times > 0; times--) text = mutate(text);
    const accepted = verdict(text) !== null ? 1 : 0;
    if (texts.has(text) || balance[accepted] > balance[1 - accepted] + 5) continue;
    texts.add(text);
    balance[accepted]++;
  }
  const rows = [];
  for (const text of texts) {
    const packet = verdict(text);
    const name = packet && Array.isArray(packet.data) ? String(packet.data[0]) : "";
    if (!text.isWellFormed() || !name.isWellFormed()) continue; // half a surrogate pair: no UTF-8
    if (!quirk(text, packet)) rows.push(row(text, packet));
  }
  console.log(`/* SPDX-License-Identifier: Apache-2.0 */
/* Generated by make_vectors_socketio.js with socket.io-parser ${version}: packets and mutations of them, and what
 * that parser makes of each. Its accidents are left out (see there). C, to be included.
 * text, type, attachments, id or -1, namespace, event name, number of arguments or -1 without data */
static const struct vector VECTORS[] = {`);
  for (const r of rows) console.log("    " + r);
  console.log("};");
}

main(Number(process.argv[2] || 900), Number(process.argv[3] || 42));
