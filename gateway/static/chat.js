// SPDX-License-Identifier: Apache-2.0
// A chat of pages that only publish to rooms; the gateway knows nothing of it. Its routes are the built-in ones:
//   emit("join", room, ack)   emit("leave", room, ack)   emit("publish", room, event, ...args, ack)
// Between pages, every event has one argument {room, who, name, id, ...}: who is this page's own random name, id its
// client id, whose middle part is the gateway's name.
//   chat    {text, key}   a message; key is the same when it is sent again, so that it is shown once
//   typing  {}            volatile
//   joined  {again}       answered by every member with `here`, to the newcomer alone
//   here    {}            also every 30 s to small rooms, so that pages which vanished are noticed
//   left    {}

import * as view from "./view.js";

const { $ } = view;
const ACK_MS = 8000, RETRY_MS = 3000;
const TYPING_EVERY_MS = 2000, TYPING_SHOWN_MS = 4500;
const ROLL_CALL_MS = 30000, SILENT_MS = 150000, ROLL_CALL_MAX = 25;
const MEMBERS_MAX = 500, KEYS_MAX = 2000;

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => b.toString(36).padStart(2, "0")).join("");
const clip = (value, max) => (typeof value === "string" ? value.slice(0, max) : "");
const nodeOf = (id) => (/^~([^~]+)~/.exec(id) || ["", ""])[1];

const rooms = new Map(); // name -> room
let current = null;
let awaySince = 0; // when the connection was lost
const me = { who: random(), name: sessionStorage.getItem("name") || guestName() };

function guestName() {
  const first = ["Amber", "Brisk", "Calm", "Dapper", "Early", "Fond", "Gentle", "Jolly", "Lucky", "Merry", "Noble", "Quiet"];
  const second = ["Badger", "Crane", "Fox", "Heron", "Lynx", "Marten", "Otter", "Owl", "Robin", "Seal", "Stoat", "Wren"];
  const [a, b] = crypto.getRandomValues(new Uint8Array(2));
  return first[a % first.length] + " " + second[b % second.length];
}

const socket = window.io ? window.io({ autoConnect: false }) : null;

// --- asking the gateway ---------------------------------------------------------------------------

async function ask(event, ...args) {
  if (!socket.connected) throw Object.assign(new Error("not connected"), { code: "away" });
  let answer;
  try {
    answer = await socket.timeout(ACK_MS).emitWithAck(event, ...args);
  } catch (error) {
    throw Object.assign(new Error(socket.connected ? "no answer in time" : "the connection was lost"), { code: "timeout" });
  }
  if (answer && answer.ok === false)
    throw Object.assign(new Error(clip(answer.error?.message, 200) || "refused"), { code: answer.error?.code });
  return answer;
}

const about = (room, more) => ({ room: room.name, who: me.who, name: me.name, id: socket.id, ...more });
const tell = (room, event, more) => ask("publish", room.name, event, about(room, more));
const quietly = () => {}; // for notices whose loss does no harm

// --- rooms ----------------------------------------------------------------------------------------

function join(name) {
  name = name.trim();
  if (!name) return;
  if (!rooms.has(name)) {
    const room = { name, state: "away", log: view.newLog(name), members: new Map(), typing: new Map(),
      keys: new Map(), waiting: [], unread: 0, attempt: 0, tried: false };
    rooms.set(name, room);
    enter(room);
  }
  select(name);
}

async function enter(room, again) {
  const attempt = ++room.attempt;
  const stale = () => rooms.get(room.name) !== room || room.attempt !== attempt;
  if (!socket.connected) return;
  setState(room, "joining");
  try {
    await ask("join", room.name);
  } catch (error) {
    if (stale()) return;
    setState(room, "failed");
    const passing = ["unavailable", "overloaded", "timeout"].includes(error.code);
    if (passing) setTimeout(() => { if (!stale()) enter(room, again); }, RETRY_MS);
    if (room.tried) return;
    room.tried = true;
    view.addNote(room.log, `Could not join: ${error.message}.${passing ? " Trying again…" : ""}`, true);
    return;
  }
  if (stale()) return;
  room.tried = false;
  setState(room, "joined");
  view.addNote(room.log, again ? "You are back in the room." : "You joined.");
  tell(room, "joined", { again: Boolean(again) }).catch(quietly);
  for (const message of room.waiting.splice(0)) send(message);
}

async function leave(room) {
  rooms.delete(room.name);
  room.log.remove();
  select(rooms.keys().next().value);
  if (room.state !== "joined") return;
  await tell(room, "left").catch(quietly);
  await ask("leave", room.name).catch((error) => view.showBanner(`Could not leave ${room.name}: ${error.message}.`, true));
}

function select(name) {
  current = rooms.get(name) || null;
  if (current) {
    current.unread = 0;
    view.fillTips(current.name);
  }
  history.replaceState(null, "", current ? view.hashOf(current.name) : location.pathname);
  view.showRoom(rooms, current);
  refresh();
}

function setState(room, state) {
  room.state = state;
  refresh();
}

// Many events may come at once; what they change is shown once.
let refreshing = 0;
function refresh() {
  refreshing ||= setTimeout(show, 20);
}

function show() {
  refreshing = 0;
  sessionStorage.setItem("rooms", JSON.stringify([...rooms.keys()]));
  view.showRooms(rooms, current, (name) => { select(name); view.openSide(false); });
  const others = current ? [...current.members.values()].sort((a, b) => a.name.localeCompare(b.name)) : [];
  const self = { who: me.who, name: me.name, node: nodeOf(socket.id || ""), me: true };
  view.showPeople(current?.state === "joined" ? [self, ...others] : []);
  view.showTyping(current ? [...current.typing.values()].map((t) => t.name) : []);
  let unread = 0;
  for (const room of rooms.values()) unread += room.unread;
  document.title = (unread ? `(${unread}) ` : "") + (current ? current.name + " · " : "") + "Roomcast chat";
}

// --- messages -------------------------------------------------------------------------------------

function compose(text) {
  const room = current;
  const message = { room, text, key: random() };
  message.item = view.addMessage(room.log, { name: me.name, who: me.who, text, mine: true, pending: true });
  remember(room, message.key, message);
  send(message);
}

async function send(message) {
  const { room, text, key, item } = message;
  if (room.state === "failed") {
    view.showStatus(item, "failed", "you are not in this room", () => send(message));
    return;
  }
  if (room.state !== "joined" || !socket.connected) {
    room.waiting.push(message);
    view.showStatus(item, "waiting");
    return;
  }
  view.showStatus(item, "sending");
  try {
    await tell(room, "chat", { text, key });
    if (!message.settled) view.showStatus(item, "sent");
  } catch (error) {
    if (!message.settled) view.showStatus(item, "failed", error.message, () => send(message));
  }
}

function remember(room, key, message) {
  room.keys.set(key, message);
  if (room.keys.size > KEYS_MAX) room.keys.delete(room.keys.keys().next().value);
}

function onChat(room, from, data) {
  const key = clip(data.key, 40), text = clip(data.text, 4000);
  const known = room.keys.get(key);
  if (from.who === me.who) {
    if (!known || known.settled) return;
    known.settled = true;
    view.settle(room.log, known.item);
    return;
  }
  stopTyping(room, from.who);
  if (known || !text) return;
  if (key) remember(room, key, {});
  view.addMessage(room.log, { ...from, text });
  countUnread(room);
}

function countUnread(room) {
  if (room !== current || document.hidden) room.unread++;
  refresh();
}

// --- who is here ----------------------------------------------------------------------------------

function seen(room, from) {
  if (from.who === me.who || !from.who) return;
  const known = room.members.has(from.who);
  if (known || room.members.size < MEMBERS_MAX) room.members.set(from.who, { ...from, at: Date.now() });
  if (!known || room === current) refresh();
}

function onJoined(room, from, data) {
  if (from.who === me.who) return;
  view.addNote(room.log, `${from.name} ${data.again ? "is back" : "joined"}${from.node ? " on " + from.node : ""}.`);
  // A big room's members do not all answer
  if (Math.random() < 30 / room.members.size)
    setTimeout(() => socket.connected && ask("publish", from.id, "here", about(room)).catch(quietly), Math.random() * 400);
}

function onLeft(room, from) {
  stopTyping(room, from.who);
  if (room.members.delete(from.who)) view.addNote(room.log, `${from.name} left.`);
  refresh();
}

function onTyping(room, from) {
  if (from.who === me.who) return;
  stopTyping(room, from.who);
  const timer = setTimeout(() => { stopTyping(room, from.who); refresh(); }, TYPING_SHOWN_MS);
  room.typing.set(from.who, { name: from.name, timer });
  refresh();
}

function stopTyping(room, who) {
  clearTimeout(room.typing.get(who)?.timer);
  room.typing.delete(who);
}

function rollCall() {
  for (const room of rooms.values()) {
    if (room.state !== "joined" || !socket.connected || room.members.size > ROLL_CALL_MAX) continue;
    socket.volatile.emit("publish", room.name, "here", about(room));
    for (const member of room.members.values())
      if (Date.now() - member.at > SILENT_MS) {
        room.members.delete(member.who);
        view.addNote(room.log, `${member.name} is gone.`);
      }
  }
  refresh();
}

// --- what arrives ---------------------------------------------------------------------------------

const handlers = { chat: onChat, typing: onTyping, joined: onJoined, here: quietly, left: onLeft };

function onEvent(event, ...args) {
  const data = args[0];
  const room = rooms.get(data?.room);
  if (Object.hasOwn(handlers, event) && room && typeof data.who === "string") {
    const from = { who: clip(data.who, 40), name: clip(data.name, 40) || "?", id: clip(data.id, 80), node: nodeOf(clip(data.id, 80)) };
    if (event !== "left") seen(room, from);
    handlers[event](room, from, data);
  } else {
    onForeign(event, args, room);
  }
}

// From curl, a plain WebSocket, another page. A Socket.IO event does not say which room it was sent to.
function onForeign(event, args, room) {
  room = room || current;
  if (!room) return;
  const { text, code } = event === "message" && args.length === 1 ? readable(args[0])
    : { text: args.map((arg) => readable(arg).text).join(", "), code: true };
  const somewhere = rooms.size > 1 && !args[0]?.room ? " to one of your rooms" : "";
  const name = `event “${clip(event, 60)}”` + (event === "message" ? somewhere : "");
  view.addMessage(room.log, { name, who: "", text, code });
  countUnread(room);
}

function readable(value) {
  if (typeof value === "string") return { text: clip(value, 4000) };
  if (value instanceof ArrayBuffer) {
    const bytes = new Uint8Array(value);
    const hex = Array.from(bytes.subarray(0, 32), (b) => b.toString(16).padStart(2, "0")).join(" ");
    return { text: `${bytes.length} bytes: ${hex}${bytes.length > 32 ? " …" : ""}`, code: true };
  }
  const text = JSON.stringify(value, (_, v) => (v instanceof ArrayBuffer ? `(${v.byteLength} bytes)` : v), 1);
  return { text: clip(text, 4000), code: true };
}

// --- the connection -------------------------------------------------------------------------------

function showConnected() {
  view.showLink("connected", "Connected", nodeOf(socket.id), socket.io.engine.transport.name);
}

function onConnect() {
  const again = awaySince > 0;
  if (again) {
    const seconds = Math.max(1, Math.round((Date.now() - awaySince) / 1000));
    for (const room of rooms.values())
      view.addNote(room.log, `You were away for ${seconds} s: what others wrote meanwhile is not shown here.`);
  }
  awaySince = 0;
  view.showBanner("");
  showConnected();
  for (const room of rooms.values()) enter(room, again);
}

function onDisconnect(reason) {
  awaySince = Date.now();
  view.showLink("connecting", "Reconnecting…");
  view.showBanner("The connection was lost. Trying again…");
  for (const room of rooms.values()) {
    room.members.clear();
    setState(room, "away");
  }
  // Only this reason is not followed by a reconnection of the client's own
  if (reason === "io server disconnect") setTimeout(() => socket.connect(), RETRY_MS);
}

function onConnectError(error) {
  view.showLink(navigator.onLine ? "connecting" : "offline", navigator.onLine ? "Reconnecting…" : "Offline");
  if (socket.active) view.showBanner(`No gateway answers (${error.message}). Trying again…`, true);
  else {
    view.showLink("offline", "Refused");
    view.showBanner(`The gateway refused this page: ${error.message}`, true);
  }
}

function connect() {
  socket.on("connect", onConnect);
  socket.on("disconnect", onDisconnect);
  socket.on("connect_error", onConnectError);
  socket.onAny(onEvent);
  socket.io.on("open", () => socket.io.engine.on("upgrade", () => socket.connected && showConnected()));
  socket.io.on("reconnect_attempt", (n) => view.showLink("connecting", `Reconnecting (${n})…`));
  socket.connect();
  setInterval(rollCall, ROLL_CALL_MS);
  addEventListener("pagehide", () => {
    for (const room of rooms.values())
      if (room.state === "joined" && socket.connected) socket.emit("publish", room.name, "left", about(room));
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted || !socket.connected) return;
    for (const room of rooms.values()) tell(room, "joined", { again: true }).catch(quietly);
  });
}

// --- the page -------------------------------------------------------------------------------------

const roomInHash = () => new URLSearchParams(location.hash.slice(1).replace(/\+/g, "%2B")).get("room");

function rename() {
  const name = $("name").value.trim();
  $("name").value = me.name = name || me.name;
  sessionStorage.setItem("name", me.name);
  for (const room of rooms.values()) if (room.state === "joined") tell(room, "here").catch(quietly);
  refresh();
}

function onForm(id, fn) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    fn();
  });
}

let typedAt = 0;
function typed() {
  if (current?.state !== "joined" || !$("text").value || Date.now() - typedAt < TYPING_EVERY_MS) return;
  typedAt = Date.now();
  socket.volatile.emit("publish", current.name, "typing", about(current));
}

function wire() {
  $("name").value = me.name;
  $("name").addEventListener("change", rename);
  onForm("name-form", () => { $("name").blur(); view.openSide(false); });
  onForm("join-form", () => {
    join($("room-name").value);
    $("room-name").value = "";
    view.openSide(false);
  });
  onForm("composer", () => {
    const text = $("text").value.trim();
    if (!text || !current) return;
    compose(text);
    $("text").value = "";
    typedAt = 0;
  });
  $("text").addEventListener("input", typed);
  $("leave").addEventListener("click", () => leave(current));
  $("newest").addEventListener("click", view.scrollToEnd);
  $("tips-button").addEventListener("click", () => view.showTips($("tips").hidden));
  $("share").addEventListener("click", () => view.copy($("share").dataset.copy, $("share")));
  for (const id of ["curl", "sse"])
    $(id + "-copy").addEventListener("click", () => view.copy($(id).textContent, $(id + "-copy")));
  $("menu").addEventListener("click", () => view.openSide(!document.body.classList.contains("open")));
  $("shade").addEventListener("click", () => view.openSide(false));
  addEventListener("keydown", (event) => event.key === "Escape" && view.openSide(false));
  addEventListener("hashchange", () => join(roomInHash() || ""));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && current) current.unread = 0;
    refresh();
  });
}

if (!socket) {
  view.showLink("offline", "Not loaded");
  view.showBanner("This gateway serves no Socket.IO client at /socket.io/socket.io.js.", true);
} else {
  wire();
  connect();
  const before = JSON.parse(sessionStorage.getItem("rooms") || "[]");
  for (const name of before) join(name);
  join(roomInHash() || before[0] || "lobby");
  view.showTips(before.length === 0 && innerHeight >= 600);
}
