// The live page: shows what the stream says, sends corrections. What strangers typed is only ever
// text (textContent). Counts are the service's own, never those of what is shown here.

const MOST = 200; // comments shown
const KEPT = 1000; // comments remembered, for filters
const LONGEST = 300; // characters of one
const [QUIET, OVER] = [180, 1800]; // seconds without an event: the source is silent, the show over
const ROOMS = 500; // rooms that the service names at most
const SILENT = 25_000; // ms without a sign of life: the connection is dead
const LOST = 15_000; // ms of trying until we say so
const COMPLAINT = "complaint";
const STATES = ["new", "rising", "steady", "falling", "quiet"];
const AGES = [[420, "burning"], [180, "hot"], [60, "warm"], [-Infinity, "young"]];

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const on = (target, names, act) => names.split(" ").forEach((name) => target.addEventListener(name, act, { passive: name === "scroll" }));
const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const set = (id, text) => put(one(`#${id}`), text);
const copy = (id) => one(`#of-${id}`).content.firstElementChild.cloneNode(true);
const { room, rate, version, after, words } = document.body.dataset;
const A_SECOND = Number(rate); // comments shown a second, unless many waited
const phrases = JSON.parse(words);
const say = (key, values = {}) => phrases[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const number = (value) => value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 1 : 0 });
const clock = (time) => time.slice(11, 19);
let today = one("#updated").dataset.day; // by the service's clock

// The clock of a time; before it the day, where that is not today.
function when(time, short = false) {
  const hour = short ? clock(time).slice(0, 5) : clock(time), day = time.slice(0, 10);
  if (day === today) return hour;
  return `${day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day} ${hour}`;
}

// What was chosen here: in the address, to be passed on, and kept for the next time.
const kept = (() => {
  let stored = {};
  try { stored = JSON.parse(localStorage.getItem("live") ?? "{}"); } catch { /* forbidden, or not ours */ }
  const address = new URLSearchParams(location.search);
  const given = ["labels", "matters", "hide"].some((name) => address.has(name));
  const of = (name) => (given ? address.get(name) ?? "" : stored[name] ?? "");
  return { room: stored.room ?? "", labels: of("labels"), matters: of("matters"), hide: of("hide"), sound: address.get("sound") ?? stored.sound ?? "" };
})();

function keep(changes) {
  Object.assign(kept, changes);
  const address = new URL(location.href);
  for (const name of ["labels", "matters", "hide", "sound"]) {
    if (kept[name]) address.searchParams.set(name, kept[name]);
    else address.searchParams.delete(name);
  }
  if (room && !address.searchParams.has("room")) address.searchParams.set("room", room);
  history.replaceState(null, "", address);
  try { localStorage.setItem("live", JSON.stringify(kept)); } catch { /* forbidden here */ }
}

// ---------------------------------------------------------------- words of strangers

const UNSEEN = /[\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const plain = (text) => text.replace(UNSEEN, "").replace(CONTROL, " ").replace(/\p{Cs}/gu, "\ufffd");

// A comment with its evidence marked; `look` gives a mark's class and title for its labels.
function write(node, text, evidence, look, most = LONGEST) {
  const characters = Array.from(text); // counted as the service counts them
  const end = Math.min(characters.length, most);
  const spans = evidence.map(({ label, start, end: stop }) => [Math.max(0, start), Math.min(end, stop), label]).filter(([start, stop]) => start < stop);
  const cuts = [...new Set([0, end, ...spans.flatMap(([start, stop]) => [start, stop])])].sort((a, b) => a - b);
  node.replaceChildren(...cuts.slice(1).map((stop, place) => {
    const piece = plain(characters.slice(cuts[place], stop).join(""));
    const labels = spans.filter((span) => span[0] <= cuts[place] && cuts[place] < span[1]).map((span) => span[2]);
    if (!labels.length) return piece;
    const [className, title] = look(labels);
    return Object.assign(document.createElement("mark"), { className, title, textContent: piece });
  }), end < characters.length ? "…" : "");
}

// ---------------------------------------------------------------- labels: "facet/label", leaves with a point

const facets = all("#editor fieldset").map((node) => one("input", node).name);
const names = new Map(all("#filters [data-label]").map((node) => [node.dataset.label, one("span", node).textContent]));
const nameOf = (key) => names.get(key) ?? key.slice(key.indexOf("/") + 1);
const parentOf = (key) => key.slice(0, Math.max(0, key.lastIndexOf(".")));
const longName = (key) => (parentOf(key) ? `${nameOf(parentOf(key))} · ` : "") + nameOf(key);
const within = (key, wanted) => key === wanted || key.startsWith(`${wanted}.`);
const tagsOf = (comment) => facets.flatMap((facet) => (comment[facet] ?? []).map((tag) => ({ ...tag, facet, key: `${facet}/${tag.label}` })));
const asks = (comment) => Boolean(comment.act?.some((tag) => tag.label === "ask"));
const wordsOf = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}\p{M}]+/gu, "") || text;
const troubled = (comment) => Boolean(comment[COMPLAINT]?.length);
const score = (tag) => (tag.score === undefined || tag.score === 1 ? "" : `${Math.round(100 * tag.score)}%`); // people are sure

// ---------------------------------------------------------------- the stream of comments

const list = one("#list");
const known = new Map(); // seq → comment
const chosen = new Set(); // labels of the filter
const gone = new Set(); // seqs of what was deleted
const holds = new Set(); // why the list stands still
let waiting = []; // came, and is not shown yet
let last = Number(after), allowed = MOST, counted = performance.now(), planned = false, asked = 0;

const paused = () => holds.size || editor.open || one(":focus-visible", list);
const hold = (why, still) => { holds[still ? "add" : "delete"](why); plan(); };
const folded = new Set(); // seqs of comments that came with the page as part of another's row
const rows = new Map(); // words → the row that stands for all comments with them
const switches = { matters: false, hide: false };
const narrowed = () => chosen.size > 0 || switches.matters || switches.hide;
const wanted = (comment) => !(switches.hide && comment.noise) && !(switches.matters && (comment.noise || !(troubled(comment) || asks(comment))));
const fits = (comment) => wanted(comment) && facets.every((facet) => { // of one facet any label, of several facets each
  const wanted = [...chosen].filter((key) => key.startsWith(`${facet}/`));
  return !wanted.length || tagsOf(comment).some((tag) => wanted.some((key) => within(tag.key, key)));
});

function fill(node, comment) {
  const tags = tagsOf(comment);
  node.comment = comment;
  node.classList.toggle("trouble", troubled(comment));
  node.classList.toggle("corrected", Boolean(comment.corrected));
  node.classList.toggle("noise", Boolean(comment.noise));
  put(one(".kind", node), comment.noise ? say(comment.noise) : "");
  one(".chips", node).title = comment.corrected ? say("corrected_by", { by: plain(comment.correction.by) || "?" }) : "";
  put(one("time", node), when(comment.time));
  one("time", node).dateTime = comment.time;
  put(one(".name", node), plain(Array.from(comment.name ?? "").slice(0, 60).join("")));
  write(one(".said", node), comment.text, comment.evidence ?? [], (labels) => {
    const here = tags.filter((tag) => labels.includes(tag.label));
    return [(here.find((tag) => tag.facet === COMPLAINT) ?? here[0])?.facet ?? "", here.map((tag) => nameOf(tag.key)).join(" · ")];
  });
  one(".chips", node).replaceChildren(...tags.map((tag) => {
    const chip = document.createElement("button");
    chip.dataset.label = tag.key;
    const look = { type: "button", className: `chip ${tag.facet}`, tabIndex: -1, textContent: nameOf(tag.key) };
    return Object.assign(chip, look, { title: `${longName(tag.key)} ${score(tag)}`.trim() });
  }));
  return node;
}

function count(node, times) {
  node.times = times;
  const same = one(".same", node);
  put(same, times > 1 ? `×${number(times)}` : "");
  same.title = times > 1 ? say("same", { times: number(times) }) : "";
}

// Show a comment on top; one with words that stand there already makes that row count one more.
// What nobody said in words of their own stays where it is, so that it does not hold the top.
function show(comment) {
  const key = wordsOf(comment.text), row = rows.get(key);
  if (!row) {
    const node = fill(copy("comment"), comment);
    count(node, comment.times ?? 1);
    rows.set(key, node);
    return list.prepend(node);
  }
  count(row, row.times + (comment.times ?? 1));
  if (comment.seq < row.comment.seq) return;
  fill(row, comment);
  if (!comment.noise) list.prepend(row);
}

function trim() {
  while (list.children.length > MOST) {
    const { comment } = list.lastElementChild;
    if (comment) rows.delete(wordsOf(comment.text));
    list.lastElementChild.remove();
  }
}

function remember(comment) {
  if (known.has(comment.seq) || folded.has(comment.seq) || gone.has(comment.seq)) return false;
  known.set(comment.seq, comment);
  if (known.size > KEPT) known.delete(known.keys().next().value);
  return true;
}

function receive(comment) {
  last = Math.max(last, comment.seq);
  if (!remember(comment) || !fits(comment)) return;
  waiting.push(comment);
  if (waiting.length > 2 * MOST) waiting = waiting.slice(-MOST);
  plan();
}

function relabel(comment) { // somebody corrected it, or took that back
  const node = all(".comment", list).find((other) => other.comment.seq === comment.seq);
  const before = known.get(comment.seq) ?? node?.comment;
  if (!before) return;
  for (const key of ["corrected", "correction"]) delete before[key];
  Object.assign(before, comment);
  if (node) fill(node, before);
  else if (chosen.size && fits(before) && !paused()) rebuild();
}

function forget({ seqs }) { // what was deleted leaves every place at once
  for (const seq of seqs) {
    gone.add(seq);
    known.delete(seq);
  }
  waiting = waiting.filter((comment) => !gone.has(comment.seq));
  if (edited && gone.has(edited.comment.seq)) editor.close();
  for (const node of all(".comment", list)) if (gone.has(node.comment.seq)) node.remove();
  for (const node of all("[data-seq]")) if (gone.has(Number(node.dataset.seq))) node.remove();
  showWaiting();
}

function plan() {
  if (!planned) requestAnimationFrame(flush);
  planned = true;
}

// Of those that wait, as many as may be shown: complaints first, then the latest.
function sample(most) {
  const trouble = waiting.filter(troubled).slice(-most);
  const others = waiting.filter((comment) => !troubled(comment)).reverse().slice(0, most - trouble.length);
  waiting = [];
  return [...trouble, ...others].sort((a, b) => b.seq - a.seq);
}

function flush(now) {
  planned = false;
  allowed = Math.min(MOST, allowed + (Math.max(0, now - counted) * A_SECOND) / 1000);
  counted = now;
  if (!paused() && waiting.length && allowed >= 1) {
    const taken = sample(Math.floor(allowed));
    allowed -= taken.length;
    taken.reverse().forEach(show);
    trim();
  }
  showWaiting();
  if (waiting.length && !paused()) setTimeout(plan, 50);
}

function showWaiting() {
  one("#fresh").hidden = !(waiting.length && paused());
  set("fresh", say("fresh", { comments: waiting.length < MOST ? waiting.length : `${MOST}+` }));
}

function rebuild() { // the whole list, from what is remembered
  rows.clear();
  list.replaceChildren();
  [...known.values()].filter(fits).sort((a, b) => a.seq - b.seq).forEach(show);
  const last = [...list.children].sort((a, b) => b.comment.seq - a.comment.seq);
  list.replaceChildren(...last);
  trim();
  waiting = [];
  showWaiting();
}

function stop(still) {
  hold("button", still);
  one("#pause").setAttribute("aria-pressed", String(still));
  set("pause", say(still ? "go_on" : "pause"));
  if (still) return;
  list.scrollTop = 0;
  if (list.getBoundingClientRect().top < 60) one("#stream").scrollIntoView();
  rebuild();
}

on(list, "pointerenter pointerleave", (event) => hold("pointer", event.type === "pointerenter" && event.pointerType === "mouse"));
on(list, "pointerdown", (event) => hold("finger", event.pointerType !== "mouse"));
on(window, "pointerup pointercancel", () => setTimeout(hold, 800, "finger", false));
for (const target of [list, window]) on(target, "scroll", () => hold("scroll", list.scrollTop > 8 || list.getBoundingClientRect().top < 60));
on(list, "focusout", plan);
on(one("#fresh"), "click", () => stop(false));
on(one("#pause"), "click", () => stop(!holds.has("button")));

// ---------------------------------------------------------------- filters

function choose(key) {
  if (!key) chosen.clear();
  else if (!chosen.delete(key)) chosen.add(key);
  for (const node of all("#filters [data-label]")) {
    const { label, parent } = node.dataset;
    node.setAttribute("aria-pressed", String(chosen.has(label)));
    if (parent) node.hidden = ![...chosen].some((other) => within(other, parent));
  }
  narrow();
}

function narrow() {
  keep({ labels: [...chosen].join(","), matters: switches.matters ? "1" : "", hide: switches.hide ? "1" : "" });
  for (const name in switches) one(`#${name}`).setAttribute("aria-pressed", String(switches[name]));
  one("#every").setAttribute("aria-pressed", String(!chosen.size));
  one("#stream").classList.toggle("filtered", narrowed());
  list.scrollTop = 0;
  rebuild();
  if (looksFor().length) ask();
}

// Labels that the list is to show; empty where it shows all.
function looksFor() {
  if (chosen.size || !switches.matters) return [...chosen];
  return ["act/ask", ...[...names.keys()].filter((key) => key.startsWith(`${COMPLAINT}/`) && !parentOf(key))];
}

for (const name in switches) on(one(`#${name}`), "click", () => { switches[name] = !switches[name]; narrow(); });

async function ask() { // the stream may be a sample; of what is looked for, the store has all
  asked = Date.now();
  const answers = await Promise.all(looksFor().map(async (label) => {
    const answer = await fetch(`/v1/comments?${new URLSearchParams({ room, label, limit: 100 })}`).catch(() => null);
    return answer?.ok ? (await answer.json()).comments ?? [] : [];
  }));
  const added = answers.flat().sort((a, b) => a.seq - b.seq).filter(remember).filter(fits);
  if (added.length && paused()) waiting.push(...added);
  else if (added.length) rebuild();
  showWaiting();
}

on(document, "click", ({ target }) => {
  const label = target.closest("[data-label]"), row = target.closest(".comment");
  if (label && !label.closest("#filters")) chosen.clear();
  if (label) choose(label.dataset.label);
  if (label?.matches(".to")) one("#stream").scrollIntoView({ block: "nearest" });
  if (row && !label && getSelection().isCollapsed) edit(row);
});
on(one("#every"), "click", () => choose(""));

// ---------------------------------------------------------------- correcting labels

const editor = one("#editor"), form = one("form", editor), boxes = all("[type=checkbox]", form);
let edited = null, closing = 0; // the row

function edit(row) {
  clearTimeout(closing);
  edited = row;
  const tags = tagsOf(row.comment);
  put(one(".whole bdi", editor), plain(row.comment.text));
  for (const box of boxes) {
    const key = `${box.name}/${box.value}`, tag = tags.find((other) => other.key === key);
    box.checked = tags.some((other) => within(other.key, key));
    put(one("small", box.parentNode), tag ? score(tag) : "");
  }
  form.elements.note.value = "";
  try { form.elements.by.value ||= localStorage.getItem("by") ?? ""; } catch { /* forbidden here */ }
  outcome("", "");
  one("#undo").hidden = !row.comment.correction;
  editor.showModal();
}

function outcome(look, text) {
  one(".outcome", editor).className = `outcome ${look}`;
  put(one(".outcome", editor), text);
}

async function send(method, address, body) { // empty where it was taken, else why not
  const options = { method, headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout?.(10_000) };
  const answer = await fetch(address, { ...options, body: body && JSON.stringify(body) }).catch(() => null);
  if (answer?.ok) return "";
  return answer ? (await answer.json().catch(() => ({}))).detail ?? String(answer.status) : say("no_answer");
}

on(form, "change", ({ target }) => {
  const same = boxes.filter((box) => box.name === target.name);
  if (target.dataset.parent && target.checked) same.find((box) => box.value === target.dataset.parent).checked = true;
  if (!target.checked) same.filter((box) => box.dataset.parent === target.value).forEach((box) => { box.checked = false; });
});
on(form, "submit", async (event) => {
  event.preventDefault();
  const row = edited, by = form.elements.by.value.trim(), note = form.elements.note.value.trim();
  const labels = Object.fromEntries(facets.map((facet) => {
    const checked = boxes.filter((box) => box.name === facet && box.checked);
    return [facet, checked.filter((box) => !checked.some((leaf) => leaf.dataset.parent === box.value)).map((box) => box.value)];
  }));
  try { localStorage.setItem("by", by); } catch { /* forbidden here */ }
  outcome("", say("saving"));
  const why = await send("POST", "/v1/labels", { labels: [{ seq: row.comment.seq, ...labels, by, note }] });
  if (why) return outcome("bad", say("failed", { why }));
  outcome("good", say("saved")); // the stream brings the labels, here and elsewhere
  closing = setTimeout(() => editor.close(), 900);
});
on(one("#undo"), "click", async () => {
  outcome("", say("saving"));
  const why = await send("DELETE", `/v1/labels/${edited.comment.correction.id}`);
  if (why) return outcome("bad", say("failed", { why }));
  outcome("good", say("undone"));
  closing = setTimeout(() => editor.close(), 900);
});
on(one("#cancel"), "click", () => editor.close());
on(editor, "click", ({ target }) => { if (target === editor) editor.close(); });
on(editor, "close", () => { clearTimeout(closing); plan(); });

// ---------------------------------------------------------------- what is going on now

const keyOf = (spot) => `${spot.facet}/${spot.label}`;
const by = (people) => say(people === 1 ? "by_one" : "by", { people: number(people) });
let states = new Map(all("#spots .badge").map((node) => [one(".to", node.parentNode).dataset.label, STATES.find((state) => node.classList.contains(state))]));
let began = Date.now(); // when the ages were true

// A list in the order of its items; what stays is changed in place.
function keyed(id, items, key, fillIn) {
  const parent = one(`#${id}`), old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, place) => {
    const node = old.get(key(item)) ?? copy(id);
    old.delete(key(item));
    node.dataset.key = key(item);
    fillIn(node, item, (part, text) => put(one(part, node), text));
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  old.forEach((node) => node.remove());
}

// Complaints as cards: each with its leaves beneath, the loudest card first.
function families(spots) {
  const told = new Set(spots.map(keyOf)), cards = new Map();
  const rank = (card) => STATES.indexOf(card.state);
  for (const spot of spots) if (!told.has(parentOf(keyOf(spot)))) cards.set(keyOf(spot), { spot, leaves: [], state: spot.state });
  for (const spot of spots) {
    const card = cards.get(parentOf(keyOf(spot)));
    if (!card) continue;
    card.leaves.push(spot);
    if (STATES.indexOf(spot.state) < rank(card)) card.state = spot.state;
  }
  return [...cards.values()].sort((a, b) => rank(a) - rank(b));
}

// How a complaint stands against its usual level, in words that fit its state.
function compared(spot) {
  if (spot.state === "quiet") return "";
  if (spot.usual === null) return say("no_past");
  if (spot.state === "steady") return say("as_usual");
  if (spot.times) return say("times", { times: number(spot.times) });
  return spot.usual ? "" : say("unusual");
}

function fillLabel(node, spot) {
  const key = keyOf(spot), badge = one(".badge", node), title = say("show_label", { label: nameOf(key) });
  Object.assign(one(".to", node), { title, textContent: nameOf(key) }).dataset.label = key;
  badge.className = `badge ${spot.state}`;
  put(badge, say(`state.${spot.state}`));
  put(one(".by", node), by(spot.people));
  put(one(".times", node), compared(spot));
  return node;
}

function fillSpot(node, { spot, leaves, state }, fit) {
  const key = keyOf(spot);
  node.className = `spot ${state}`;
  one(".leaves", node).replaceChildren(...leaves.map((leaf) => fillLabel(copy("leaves"), leaf)));
  fillLabel(node, spot);
  fit(".parent", parentOf(key) && nameOf(parentOf(key)));
  one(".pasted", node).hidden = !spot.pasted;
  fit(".pasted b", spot.pasted ? say("pasted", { people: number(spot.pasted.people) }) : "");
  fit(".pasted .said", spot.pasted ? plain(Array.from(spot.pasted.text).slice(0, 120).join("")) : "");
  fit(".lines", say(spot.comments === 1 ? "lines_one" : "lines", { comments: number(spot.comments) }));
  fit(".since", spot.since ? say("since", { at: when(spot.since, true) }) : "");
  one(".quotes", node).replaceChildren(...spot.quotes.slice(0, 3).filter((quote) => quote.text !== spot.pasted?.text).map((quote) => {
    const line = copy("quotes");
    line.dataset.seq = quote.seq;
    put(one("time", line), when(quote.time, true));
    write(one(".said", line), quote.text, [{ ...quote, label: "" }], () => [spot.facet, ""], 120);
    return line;
  }));
}

function fillQuestion(node, { text, people, comments, answered, seconds, seq }, fit) {
  node.dataset.seq = seq;
  const waits = one(".age", node), reply = one(".reply", node);
  const how = answered === null ? "" : !answered ? "none" : answered >= comments ? "all" : "some";
  if (waits) waits.dataset.seconds = seconds;
  if (reply) reply.className = `reply ${how}`;
  if (reply) put(reply, how && say(`answered_${how}`, { answered, comments }));
  fit(".said", plain(Array.from(text).slice(0, 120).join("")));
  fit(".by", by(people));
}

function picture(series) {
  const hour = series.slice(-60), counts = hour.map((minute) => minute.comments), most = Math.max(0, ...counts);
  const bars = counts.map((count, place) => {
    const height = count ? Math.max(0.6, (24 * count) / most) : 0.3;
    return `M${(place + 60 - counts.length + 0.12).toFixed(2)} 24v-${height.toFixed(2)}h.76V24z`;
  });
  one("#past").setAttribute("d", bars.slice(0, -1).join(""));
  one("#present").setAttribute("d", bars.slice(-1).join(""));
  const begin = counts.findIndex(Boolean), whole = begin < 0 ? [] : counts.slice(begin, -1);
  set("mean", whole.length ? say("mean", { rate: number(whole.reduce((a, b) => a + b) / whole.length) }) : "");
  set("peak", most ? say("peak", { comments: number(most), at: clock(hour[counts.indexOf(most)].minute).slice(0, 5) }) : "");
}

function update(now) {
  began = Date.now();
  today = now.at.slice(0, 10);
  lastEvent = { at: now.last_event, seconds: now.last_event_seconds };
  for (const figure of ["voice_rate", "people", "comments"]) set(figure, number(now[figure]));
  set("rate", say("rate", { rate: number(now.rate) }));
  set("noise", now.one_tap || now.spam ? ` · ${say("noise", { one_tap: number(now.one_tap), spam: number(now.spam) })}` : "");
  set("waiting", number(now.open_questions));
  set("open-count", now.open_questions ? number(now.open_questions) : "");
  set("first-of", now.open_questions > now.unanswered.length ? say("first_of", { listed: now.unanswered.length, all: number(now.open_questions) }) : "");
  set("updated", say("updated", { at: clock(now.at) }));
  picture(now.series);
  const spots = [...now.hotspots].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  const open = [...now.unanswered].sort((a, b) => b.people * b.seconds - a.people * a.seconds);
  keyed("spots", families(spots), ({ spot }) => keyOf(spot), fillSpot);
  keyed("unanswered", open, (question) => question.text, fillQuestion);
  keyed("asked", now.asked, (question) => question.text, fillQuestion);
  const counts = new Map(now.labels.map((label) => [keyOf(label), number(label.comments)]));
  for (const node of all("#filters [data-label]")) put(one("small", node), counts.get(node.dataset.label) ?? "");
  one("#sampled").hidden = now.rate <= 60 * A_SECOND;
  alarm(spots);
  grow();
  if (looksFor().length && now.rate > 30 * A_SECOND && Date.now() - asked > 5000) ask();
}

function alarm(spots) {
  const loud = spots.filter((spot) => STATES.indexOf(spot.state) < 2);
  const fresh = loud.filter((spot) => STATES.indexOf(states.get(keyOf(spot)) ?? "quiet") > 1);
  states = new Map(spots.map((spot) => [keyOf(spot), spot.state]));
  here = families(loud).length;
  set("hot-count", String(here || ""));
  entitle();
  if (!fresh.length) return;
  set("told", fresh.map((spot) => say("new_hotspot", { label: longName(keyOf(spot)), state: say(`state.${spot.state}`) })).join(" "));
  beep();
}

// ---------------------------------------------------------------- other rooms

let here = 0; // cards that are loud in this room
let burning = {}; // room → its complaints that are rising or new

const elsewhere = () => Object.keys(burning).filter((name) => name !== room);
const shortName = (name) => plain(Array.from(name).slice(0, 60).join(""));

function entitle() {
  const others = elsewhere(), all = here + others.length;
  const fire = others.length ? `${others.map(shortName).join(" ").slice(0, 40)}! ` : "";
  document.title = `${all ? `(${all}) ` : ""}${fire}${say("title")} ${shortName(room)}`;
}

function burn(rooms, quietly = false) {
  const before = burning;
  burning = rooms;
  one("#elsewhere span").replaceChildren(...elsewhere().flatMap((name) => {
    const link = document.createElement("a"), address = new URL(location.href);
    address.searchParams.set("room", name);
    const spots = burning[name].map((spot) => say("burns_label", { label: nameOf(keyOf(spot)), people: number(spot.people) })).join(" · ");
    return [Object.assign(link, { href: address.search, textContent: say("burns", { room: shortName(name), spots }) }), " "];
  }));
  one("#elsewhere").hidden = !elsewhere().length;
  for (const option of one("#rooms select").options) {
    option.dataset.name ??= option.textContent;
    put(option, `${burning[option.value] ? "● " : ""}${option.dataset.name}`);
  }
  entitle();
  const keys = (rooms, name) => (rooms[name] ?? []).map(keyOf);
  const fresh = elsewhere().filter((name) => keys(burning, name).some((key) => !keys(before, name).includes(key)));
  if (!fresh.length || quietly) return;
  set("told", fresh.map((name) => say("burns", { room: shortName(name), spots: keys(burning, name).map(longName).join(" · ") })).join(" "));
  beep();
}

// ---------------------------------------------------------------- the source of this room's events

let lastEvent = JSON.parse(one("#source").dataset.last);

function watchSource() {
  const passed = (Date.now() - began) / 1000, { at, seconds } = lastEvent;
  const since = (seconds ?? 0) + passed;
  const kind = !at ? "none" : since < QUIET ? "live" : since < OVER ? "silent" : "ended";
  const values = { age: age(since), at: when(at ?? "2000-01-01T00:00:00", true) };
  const changed = document.body.dataset.source !== kind;
  document.body.dataset.source = kind;
  set("source", say(`source.${kind}`, values));
  one("#silent").hidden = kind === "live";
  set("silent", kind === "live" ? "" : say(`silent.${kind}`, values));
  if (changed && kind === "silent") set("told", say("silent.silent", values));
}

const two = (value) => String(Math.floor(value) % 60).padStart(2, "0");
const age = (seconds) => (seconds < 3600 ? Math.floor(seconds / 60) : `${Math.floor(seconds / 3600)}:${two(seconds / 60)}`) + `:${two(seconds)}`;

function grow() {
  for (const node of all(".age")) {
    const seconds = Number(node.dataset.seconds) + (Date.now() - began) / 1000;
    node.className = `age ${AGES.find(([least]) => seconds >= least)[1]}`;
    put(node, age(seconds));
  }
  if (!lostAt) watchSource();
}

// ---------------------------------------------------------------- sound

let audio = null;

function beep() {
  audio?.resume(); // phones put it to sleep
  for (const [pitch, wait] of audio ? [[880, 0], [1175, 0.18]] : []) {
    const tone = audio.createOscillator(), volume = audio.createGain(), start = audio.currentTime + wait;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.2, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.17);
  }
}

function listen(sounds) {
  audio?.close();
  audio = sounds ? new AudioContext() : null;
  if (audio) audio.onstatechange = showSound;
  showSound();
}

function showSound() { // a browser is mute until its page was touched
  const button = one("#sound");
  button.setAttribute("aria-pressed", String(Boolean(audio)));
  put(one("span", button), say(!audio ? "sound_off" : audio.state === "running" ? "sound_on" : "sound_waits"));
}

on(one("#sound"), "click", () => {
  listen(!audio);
  keep({ sound: audio ? "1" : "" });
  beep();
});
on(document, "pointerdown keydown", () => audio?.resume());

// ---------------------------------------------------------------- the connection

const acts = { comment: receive, labels: relabel, deleted: forget, now: update, model: remodel, gap: skip, rooms: offer, burning: burn };
let source = null, state = "connecting", heard = 0, tries = 0, lostAt = 0, next = 0;

function remodel(model) {
  set("model", say("model", model));
  one("#due").hidden = !model.due;
  put(one("#notice span"), say("model_changed", model));
  one("#notice").hidden = model.version === version;
}

function skip({ skipped }) {
  list.prepend(Object.assign(document.createElement("li"), { className: "gap", textContent: say("gap", { comments: number(skipped) }) }));
}

function offer(names) {
  const select = one("#rooms select"), known = new Set([...select.options].map((option) => option.value));
  const added = names.filter((name) => !known.has(name));
  // the page was written before there was any room
  if (!room && names.length && !names.includes(room)) return location.reload();
  const left = [...select.options].filter((option) => option.value !== room && !names.includes(option.value));
  if (names.length < ROOMS) left.forEach((option) => option.remove());
  for (const name of added) select.append(new Option(plain(name).slice(0, 60) || say("room"), name, false, name === room));
  const several = select.options.length > 1;
  one("#rooms").hidden = !several;
  one("h1").classList.toggle("unseen", several);
}

function connect() {
  source?.close();
  [next, heard] = [0, Date.now()];
  source = new EventSource(`/v1/stream?${new URLSearchParams({ room, rate, now: 1, after: last })}`);
  source.onopen = () => { tries = lostAt = 0; showState(); };
  source.onerror = lose;
  for (const name in acts) on(source, name, ({ data }) => { heard = Date.now(); acts[name](JSON.parse(data)); });
  showState();
}

function lose() {
  source.close();
  lostAt ||= Date.now();
  tries += 1;
  next = Date.now() + Math.min(15_000, 500 * 2 ** tries) * (0.75 + Math.random() / 4);
  showState();
  // the stream does not say why; without a token we have to sign in
  if (tries > 1) fetch("/v1/model").then((answer) => answer.status === 401 && location.reload(), () => {});
}

function showState() {
  const before = state, since = Date.now() - lostAt, seconds = Math.max(0, Math.ceil((next - Date.now()) / 1000));
  state = lostAt ? (since > LOST ? "lost" : "reconnecting") : source.readyState === EventSource.OPEN ? "connected" : "connecting";
  one("#state").className = `state ${state}`;
  put(one("#state .words"), lostAt && next ? say(`${state}_in`, { seconds, age: age(since / 1000) }) : say(state));
  one("#retry").hidden = one("#old").hidden = !lostAt;
  set("old", say("old", { at: one("#updated").textContent.match(/[\d:]{8}/)?.[0] ?? "" }));
  document.body.classList.toggle("stale", Boolean(lostAt));
  if (state !== before) set("told", say(state));
}

setInterval(() => {
  grow();
  if (next && Date.now() >= next) connect();
  else if (!next && Date.now() - heard > SILENT) lose();
  else showState();
}, 500);
on(one("#retry"), "click", connect);
on(one("#notice button"), "click", () => { one("#notice").hidden = true; });
on(window, "online", () => lostAt && connect());
on(document, "visibilitychange", () => { if (lostAt && !document.hidden) connect(); plan(); });
on(window, "pagehide", () => source.close());
on(window, "pageshow", ({ persisted }) => persisted && connect());
for (const form of all("#rooms")) on(form, "change", () => form.submit());

function start() {
  const given = new URLSearchParams(location.search).has("room");
  const offered = [...one("#rooms select").options].some((option) => option.value === kept.room);
  if (!given && kept.room && kept.room !== room && offered) {
    const address = new URL(location.href);
    address.searchParams.set("room", kept.room);
    return location.replace(address);
  }
  for (const node of all(".comment", list).reverse()) {
    node.comment = JSON.parse(node.dataset.known);
    node.times = node.comment.times;
    node.comment.also.forEach((seq) => folded.add(seq));
    remember(node.comment);
    rows.set(wordsOf(node.comment.text), node);
  }
  for (const name in switches) switches[name] = Boolean(kept[name]);
  const labels = kept.labels.split(",").filter((key) => names.has(key));
  keep({ room });
  if (kept.sound) listen(true);
  labels.forEach(choose);
  if (!labels.length && narrowed()) narrow();
  burn(JSON.parse(document.body.dataset.burning), true);
  here = all("#spots > .new, #spots > .rising").length;
  entitle();
  connect();
}

start();
