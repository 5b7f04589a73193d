// SPDX-License-Identifier: Apache-2.0
// What the chat looks like. Nothing here knows of sockets; whatever came from others is only ever set as text.

const LOG_MAX = 400; // lines kept per room

export const $ = (id) => document.getElementById(id);

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(text, onClick) {
  const node = el("button", "quiet", text);
  node.type = "button";
  node.addEventListener("click", onClick);
  return node;
}

function clock() {
  const now = new Date();
  const node = el("time", "", now.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  node.dateTime = now.toISOString();
  return node;
}

function face(name, who) {
  let sum = 0;
  for (const c of who) sum = (sum * 31 + c.codePointAt(0)) >>> 0;
  const node = el("span", "face c" + (sum % 8), [...name.trim()][0]?.toUpperCase() ?? "?");
  node.setAttribute("aria-hidden", "true");
  return node;
}

// The bar

export function showLink(state, text, node, transport) {
  $("state").dataset.state = state;
  $("state").textContent = text;
  $("node").hidden = !node;
  $("node").textContent = node ? "on " + node : "";
  $("transport").hidden = !transport;
  $("transport").textContent = transport;
}

export function showBanner(text, bad) {
  $("banner").hidden = !text;
  $("banner").classList.toggle("bad", Boolean(bad));
  if ($("banner").textContent !== text) $("banner").textContent = text;
}

// The side

// Lists are made anew only when they show something new: who walks through them with the keyboard keeps his place.
function fill(list, rows, make) {
  const state = JSON.stringify(rows);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...rows.map(make));
  if (focused >= 0) list.children[Math.min(focused, rows.length - 1)]?.querySelector("button")?.focus();
}

const count = (n) => (n > 99 ? "99+" : String(n));

export function showRooms(rooms, current, onSelect) {
  const labels = { joining: "joining…", failed: "not joined", away: "waiting" };
  const rows = [...rooms.values()].map(({ name, state, unread }) => ({ name, state, unread, here: name === current?.name }));
  fill($("rooms"), rows, ({ name, state, unread, here }) => {
    const node = el("button", state);
    node.type = "button";
    node.append(el("span", "room-label", "# " + name));
    if (labels[state]) node.append(el("span", "room-state", labels[state]));
    if (unread) {
      const badge = el("span", "badge", count(unread));
      badge.append(el("span", "hidden-text", " new"));
      node.append(badge);
    }
    if (here) node.setAttribute("aria-current", "true");
    node.addEventListener("click", () => onSelect(name));
    const item = el("li");
    item.append(node);
    return item;
  });
  const unread = rows.reduce((sum, row) => sum + row.unread, 0);
  $("menu-badge").hidden = !unread;
  $("menu-badge").textContent = count(unread);
}

export function showPeople(members) {
  const rows = members.map(({ name, who, node, me }) => ({ name, who, node, me }));
  fill($("people"), rows, ({ name, who, node, me }) => {
    const item = el("li");
    const text = el("span", "who", name + (me ? " (you)" : ""));
    if (node) text.append(el("small", "", "on " + node));
    item.append(face(name, who), text);
    return item;
  });
  $("people-title").textContent = rows.length ? `People here (${rows.length})` : "People here";
}

export function openSide(open) {
  document.body.classList.toggle("open", open);
  $("menu").setAttribute("aria-expanded", String(open));
  $("shade").hidden = !open;
  if (open) $("name").focus();
  else if ($("side").contains(document.activeElement)) $("menu").focus();
}

// The room

export function newLog(name) {
  const log = el("ol", "log");
  log.setAttribute("role", "log");
  log.setAttribute("aria-label", "Messages in " + name);
  log.hidden = true;
  $("logs").append(log);
  sizes.observe(log);
  return log;
}

// Who reads the end stays there, whatever grows or shrinks; who scrolled up is left alone.
let atEnd = true;

export function scrollToEnd() {
  atEnd = true;
  $("logs").scrollTop = $("logs").scrollHeight;
  $("newest").hidden = true;
}

const sizes = new ResizeObserver(() => atEnd && scrollToEnd());
sizes.observe($("logs"));
// Only scrolling up leaves the end: when this is called, lines may have come since the scrolling.
let lastTop = 0;
$("logs").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = $("logs");
  if (scrollHeight - scrollTop - clientHeight < 60) atEnd = true;
  else if (scrollTop < lastTop) atEnd = false;
  lastTop = scrollTop;
  if (atEnd) $("newest").hidden = true;
});

// Everything that is not confirmed yet stays below what has its place in the room's order.
function append(log, node, pending) {
  log.insertBefore(node, pending ? null : log.querySelector(".message.pending, .message.failed"));
  while (log.children.length > LOG_MAX) log.firstElementChild.remove();
  if (pending) scrollToEnd();
  else if (!atEnd && !log.hidden) $("newest").hidden = false;
}

export function addNote(log, text, bad) {
  append(log, el("li", bad ? "note bad" : "note", text));
}

// who: "" for what comes from no chat page
export function addMessage(log, { name, who, node, text, mine, code, pending }) {
  const item = el("li", "message" + (mine ? " mine" : "") + (who ? "" : " foreign"));
  const bubble = el("div", "bubble");
  const meta = el("p", "meta");
  meta.append(el("span", "from", name));
  if (node) meta.append(el("span", "", "on " + node));
  meta.append(clock());
  bubble.append(meta, el("p", code ? "body code" : "body", text));
  const picture = who ? face(name, who) : el("span", "face other", "›_");
  picture.setAttribute("aria-hidden", "true");
  item.append(picture, bubble);
  if (mine) {
    const status = el("p", "status");
    status.setAttribute("aria-live", "polite");
    bubble.append(status);
  }
  append(log, item, pending);
  return item;
}

// state: "waiting", "sending", "failed", or "sent"
export function showStatus(item, state, why, onRetry) {
  const status = item.querySelector(".status");
  item.classList.toggle("pending", state === "sending" || state === "waiting");
  item.classList.toggle("failed", state === "failed");
  const texts = { waiting: "waits for the connection", sending: "sending…", failed: "Not sent: " + why, sent: "" };
  status.textContent = texts[state];
  if (state === "failed") status.append(document.createElement("br"), button("Send again", onRetry));
}

// The message came back from the room: here is its place.
export function settle(log, item) {
  showStatus(item, "sent");
  item.remove();
  append(log, item);
}

export function showTyping(names) {
  const text = names.length > 2 ? "Several people are typing…"
    : names.length ? names.join(" and ") + (names.length > 1 ? " are" : " is") + " typing…" : "";
  if ($("typing").textContent !== text) $("typing").textContent = text;
}

export function showRoom(rooms, room) {
  for (const each of rooms.values()) each.log.hidden = each !== room;
  $("room-title").textContent = room ? "# " + room.name : "No room";
  for (const id of ["leave", "tips-button", "text"]) $(id).disabled = !room;
  $("composer").querySelector("button").disabled = !room;
  if (!room) showTips(false);
  $("text").placeholder = room ? "Message to " + room.name : "Join a room first";
  scrollToEnd();
}

export function showTips(open) {
  $("tips").hidden = !open;
  $("tips-button").setAttribute("aria-expanded", String(open));
}

export function fillTips(room) {
  // The name stands inside single quotes of a shell
  const name = encodeURIComponent(room).replace(/'/g, "%27");
  $("second").href = $("share").dataset.copy = location.origin + location.pathname + hashOf(room);
  $("curl").textContent = `curl -d 'Hello from curl' '${location.origin}/rooms/${name}'`;
  $("sse").textContent = `curl -N '${location.origin}/sse?room=${name}'`;
}

export function hashOf(room) {
  return "#room=" + encodeURIComponent(room);
}

// navigator.clipboard is there only over https and on localhost; a phone in the same network has neither.
export async function copy(text, from) {
  const before = from.firstChild.textContent;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text);
    from.firstChild.textContent = "Copied";
  } catch {
    from.firstChild.textContent = "Not allowed";
  }
  setTimeout(() => { from.firstChild.textContent = before; }, 1500);
}

function copyBySelection(text) {
  const area = el("textarea", "hidden-text", text);
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}
