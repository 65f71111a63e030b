// The live page: shows what the stream says, takes corrections. What strangers typed is only ever
// text (textContent). Counts are the service's own, never those of what is shown here.

const MOST = 200; // comments shown
const KEPT = 1000; // comments remembered, for filters
const A_SECOND = 20; // comments put in a second,
const AT_ONCE = 100; // and after a pause
const LONGEST = 300; // characters of one
const SILENT = 25_000; // ms without a sign of life: the connection is dead
const LOST = 15_000; // ms of trying until we say so
const COMPLAINT = "complaint";
const STATES = ["new", "rising", "steady", "falling", "quiet"];
const AGES = [[420, "burning"], [180, "hot"], [60, "warm"]];

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const { room, version, words: said } = document.body.dataset;
const words = JSON.parse(said);
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const number = (value) => value.toLocaleString("en-US", { maximumFractionDigits: value < 100 ? 1 : 0 });
const clock = (time) => time.slice(11, 19);
const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const tell = (text) => put(one("#told"), text);
const copy = (id) => one(`#of-${id}`).content.firstElementChild.cloneNode(true);

// ---------------------------------------------------------------- words of strangers

const UNSEEN = /[\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;
const plain = (text) =>
  text.replace(UNSEEN, "").replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").replace(/\p{Cs}/gu, "\ufffd");

function write(node, text, evidence, look) {
  const characters = Array.from(text); // as the service counts them
  const end = Math.min(characters.length, LONGEST);
  const spans = evidence.map((e) => ({ ...e, start: Math.max(0, e.start), end: Math.min(end, e.end) })).filter((e) => e.start < e.end);
  const cuts = [...new Set([0, end, ...spans.flatMap((e) => [e.start, e.end])])].sort((a, b) => a - b);
  node.replaceChildren(...cuts.slice(1).map((stop, place) => {
    const piece = plain(characters.slice(cuts[place], stop).join(""));
    const here = spans.filter((e) => e.start <= cuts[place] && cuts[place] < e.end);
    if (!here.length) return piece;
    const mark = document.createElement("mark");
    const [facet, title] = look(here.map((e) => e.label));
    mark.className = facet;
    mark.title = title;
    mark.textContent = piece;
    return mark;
  }), end < characters.length ? "…" : "");
}

// ---------------------------------------------------------------- labels

const names = new Map(all("#filters [data-label]").map((node) => [node.dataset.label, one("span", node).textContent]));
const facets = all("#editor fieldset").map((node) => one("input", node).name);
const nameOf = (key) => names.get(key) ?? key.slice(key.indexOf("/") + 1);
const parentOf = (key) => (key.includes(".") ? key.slice(0, key.lastIndexOf(".")) : "");
const longName = (key) => (parentOf(key) ? `${nameOf(parentOf(key))} · ` : "") + nameOf(key);
const tagsOf = (comment) => facets.flatMap((facet) => (comment[facet] ?? []).map((tag) => ({ ...tag, facet, key: `${facet}/${tag.label}` })));
const troubled = (comment) => Boolean(comment[COMPLAINT]?.length);
const has = (comment, key) => tagsOf(comment).some((tag) => tag.key === key || tag.key.startsWith(`${key}.`));

function look(comment) {
  return (labels) => {
    const tags = tagsOf(comment).filter((tag) => labels.includes(tag.label));
    const facet = tags.find((tag) => tag.facet === COMPLAINT)?.facet ?? tags[0]?.facet ?? "";
    return [facet, tags.map((tag) => nameOf(tag.key)).join(" · ")];
  };
}

// ---------------------------------------------------------------- the stream of comments

const list = one("#list");
const known = new Map(); // seq → comment
const chosen = new Set(); // labels of the filter
let waiting = []; // what came and is not shown yet
let last = Number(document.body.dataset.after);
let allowed = AT_ONCE, counted = performance.now(), planned = false;
let hovering = false, touching = false, scrolled = false, stopped = false;

const paused = () => stopped || hovering || touching || scrolled || editor.open || Boolean(one(":focus-visible", list));
const fits = (comment) => facets.every((facet) => {
  const asked = [...chosen].filter((key) => key.startsWith(`${facet}/`));
  return !asked.length || asked.some((key) => has(comment, key));
});

function fill(node, comment) {
  node.comment = comment;
  node.classList.toggle("trouble", troubled(comment));
  node.classList.toggle("corrected", Boolean(comment.corrected));
  const time = one("time", node);
  time.dateTime = comment.time;
  put(time, clock(comment.time));
  write(one(".said", node), comment.text, comment.evidence ?? [], look(comment));
  put(one(".name", node), plain(comment.name ?? ""));
  one(".chips", node).replaceChildren(...tagsOf(comment).map((tag) => {
    const chip = document.createElement("button");
    Object.assign(chip, { type: "button", className: `chip ${tag.facet}`, tabIndex: -1, textContent: nameOf(tag.key) });
    chip.title = `${longName(tag.key)} ${Math.round(100 * tag.score)}%`;
    chip.dataset.label = tag.key;
    return chip;
  }));
  return node;
}

function remember(comment) {
  if (known.has(comment.seq)) return false;
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

function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(flush);
}

// Some of those that wait: complaints first, then the latest.
function sample(most) {
  const trouble = waiting.filter(troubled).slice(-most);
  const others = waiting.filter((comment) => !troubled(comment));
  const taken = [...trouble, ...others.slice(Math.max(0, others.length - most + trouble.length))];
  waiting = [];
  return taken.sort((a, b) => a.seq - b.seq);
}

function flush() {
  planned = false;
  const now = performance.now();
  allowed = Math.min(AT_ONCE, allowed + ((now - counted) * A_SECOND) / 1000);
  counted = now;
  if (!paused() && waiting.length && allowed >= 1) {
    const taken = sample(Math.floor(allowed));
    allowed -= taken.length;
    list.prepend(...taken.reverse().map((comment) => fill(copy("comment"), comment)));
    while (list.children.length > MOST) list.lastElementChild.remove();
  }
  showWaiting();
  if (waiting.length && !paused()) setTimeout(plan, 50);
}

function showWaiting() {
  const fresh = one("#fresh");
  fresh.hidden = !(waiting.length && paused());
  if (!fresh.hidden) put(fresh, say("fresh", { comments: waiting.length < MOST ? waiting.length : `${MOST}+` }));
  one("#none").hidden = Boolean(list.children.length || chosen.size);
  one("#no-match").hidden = Boolean(list.children.length || !chosen.size);
}

// The whole list anew, from what is remembered.
function rebuild() {
  waiting = [];
  const there = new Map(all(".comment", list).map((node) => [node.comment, node]));
  const shown = [...known.values()].filter(fits).sort((a, b) => b.seq - a.seq).slice(0, MOST);
  list.replaceChildren(...shown.map((comment) => there.get(comment) ?? fill(copy("comment"), comment)));
  showWaiting();
}

function toTop() {
  list.scrollTop = 0;
  if (list.getBoundingClientRect().top < 0) one("#stream").scrollIntoView();
  scrolled = stopped = false;
  showStopped();
  rebuild();
}

function showStopped() {
  one("#pause").setAttribute("aria-pressed", String(stopped));
  put(one("#pause"), say(stopped ? "go_on" : "pause"));
}

function scrolling() {
  scrolled = list.scrollTop > 8 || list.getBoundingClientRect().top < 0;
  if (!scrolled) plan();
}

list.addEventListener("pointerenter", (event) => { hovering = event.pointerType === "mouse"; });
list.addEventListener("pointerleave", () => { hovering = false; plan(); });
list.addEventListener("pointerdown", (event) => { touching = event.pointerType !== "mouse"; });
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(() => { touching = false; plan(); }, 800));
}
list.addEventListener("focusout", plan);
list.addEventListener("scroll", scrolling, { passive: true });
addEventListener("scroll", scrolling, { passive: true });
one("#fresh").addEventListener("click", toTop);
one("#pause").addEventListener("click", () => { if (stopped) toTop(); else { stopped = true; showStopped(); } });

// ---------------------------------------------------------------- filters

let asked = 0; // when the store was last asked for the chosen labels

function choose(key, only = false) {
  if (only) chosen.clear();
  if (!key) chosen.clear();
  else if (!chosen.delete(key)) chosen.add(key);
  for (const node of all("#filters [data-label]")) {
    const { label, parent } = node.dataset;
    node.setAttribute("aria-pressed", String(chosen.has(label)));
    if (parent) node.hidden = ![...chosen].some((other) => other === parent || other.startsWith(`${parent}.`));
  }
  one("#every").setAttribute("aria-pressed", String(!chosen.size));
  list.scrollTop = 0;
  rebuild();
  if (chosen.size) ask();
}

// The stream may be a sample; of what is looked for, the store has all.
async function ask() {
  asked = Date.now();
  const answers = await Promise.all([...chosen].map(async (label) => {
    const answer = await fetch(`/v1/comments?${new URLSearchParams({ room, label, limit: 100 })}`).catch(() => null);
    return answer?.ok ? (await answer.json()).comments ?? [] : [];
  }));
  const added = answers.flat().filter(remember);
  if (!added.length) return;
  if (paused()) { waiting.push(...added.filter(fits)); showWaiting(); } else rebuild();
}

document.addEventListener("click", (event) => {
  const label = event.target.closest("[data-label]");
  if (label) {
    choose(label.dataset.label, !label.closest("#filters"));
    if (label.matches(".to")) one("#stream").scrollIntoView({ block: "nearest" });
    return;
  }
  const node = event.target.closest(".comment");
  if (node && getSelection().isCollapsed) edit(node);
});
one("#every").addEventListener("click", () => choose(""));

// ---------------------------------------------------------------- correcting labels

const editor = one("#editor"), form = one("form", editor), outcome = one(".outcome", editor);
const boxes = all("input[type=checkbox]", form);
let edited = null; // the row

function edit(node) {
  edited = node;
  const tags = tagsOf(node.comment);
  put(one(".whole bdi", editor), plain(node.comment.text));
  for (const box of boxes) {
    const key = `${box.name}/${box.value}`;
    const tag = tags.find((other) => other.key === key);
    box.checked = has(node.comment, key);
    put(one("small", box.parentNode), tag ? `${Math.round(100 * tag.score)}%` : "");
  }
  form.elements.note.value = "";
  try { form.elements.by.value ||= localStorage.getItem("by") ?? ""; } catch { /* not allowed here */ }
  result("", "");
  editor.showModal();
}

function result(look, text) {
  outcome.className = `outcome ${look}`;
  put(outcome, text);
}

form.addEventListener("change", ({ target }) => {
  const same = boxes.filter((box) => box.name === target.name);
  if (target.dataset.parent && target.checked) same.find((box) => box.value === target.dataset.parent).checked = true;
  if (!target.checked) same.filter((box) => box.dataset.parent === target.value).forEach((box) => { box.checked = false; });
});
one("#cancel").addEventListener("click", () => editor.close());
editor.addEventListener("click", (event) => { if (event.target === editor) editor.close(); });
editor.addEventListener("close", plan);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const node = edited, by = form.elements.by.value.trim();
  const labels = Object.fromEntries(facets.map((facet) => {
    const checked = boxes.filter((box) => box.name === facet && box.checked);
    // a leaf says its parent
    return [facet, checked.filter((box) => !checked.some((leaf) => leaf.dataset.parent === box.value)).map((box) => box.value)];
  }));
  const body = { labels: [{ seq: node.comment.seq, ...labels, by, note: form.elements.note.value.trim() }] };
  try { localStorage.setItem("by", by); } catch { /* not allowed here */ }
  result("", say("saving"));
  try {
    const answer = await fetch("/v1/labels", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) return result("bad", say("failed", { why: (await answer.json().catch(() => ({}))).detail ?? answer.status }));
  } catch {
    return result("bad", say("failed", { why: say("no_answer") }));
  }
  result("good", say("saved"));
  tell(say("saved"));
  const tags = Object.fromEntries(facets.map((facet) => [facet, labels[facet].map((label) => ({ label, score: 1 }))]));
  const kept = Object.values(labels).flat();
  Object.assign(node.comment, tags, { corrected: true, evidence: (node.comment.evidence ?? []).filter((e) => kept.includes(e.label)) });
  fill(node, node.comment);
  setTimeout(() => { if (edited === node) editor.close(); }, 900);
});

// ---------------------------------------------------------------- what is going on now

let states = new Map(all("#spots > li").map((node) => [node.dataset.key, STATES.find((state) => node.classList.contains(state))]));
let began = Date.now(); // when the ages were true

function keyed(id, items, keyOf, write) {
  const parent = one(`#${id}`), old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  items.forEach((item, place) => {
    const key = keyOf(item), node = old.get(key) ?? copy(id);
    old.delete(key);
    node.dataset.key = key;
    write(node, item);
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  old.forEach((node) => node.remove());
}

const by = (people) => say(people === 1 ? "by_one" : "by", { people: number(people) });
const cut = (text) => plain(Array.from(text).slice(0, 120).join(""));

function writeSpot(node, spot) {
  const key = `${spot.facet}/${spot.label}`;
  node.className = `spot ${spot.state}`;
  put(one(".to", node), nameOf(key));
  one(".to", node).dataset.label = key;
  one(".to", node).title = say("show_label", { label: nameOf(key) });
  put(one(".parent", node), parentOf(key) ? nameOf(parentOf(key)) : "");
  put(one(".badge", node), say(`state.${spot.state}`));
  put(one(".by", node), by(spot.people));
  put(one(".lines", node), say(spot.comments === 1 ? "lines_one" : "lines", { comments: number(spot.comments) }));
  put(one(".times", node), spot.times ? say("times", { times: number(spot.times) }) : say("unusual"));
  put(one(".since", node), spot.since ? say("since", { at: clock(spot.since).slice(0, 5) }) : "");
  one(".quotes", node).replaceChildren(...spot.quotes.slice(0, 3).map((quote) => {
    const line = copy("quotes");
    put(one("time", line), clock(quote.time).slice(0, 5));
    write(one(".said", line), quote.text, [{ ...quote, label: "" }], () => [spot.facet, ""]);
    return line;
  }));
}

function writeOpen(node, question) {
  one(".age", node).dataset.seconds = question.seconds;
  put(one(".said", node), cut(question.text));
  put(one(".by", node), by(question.people));
}

function writeAsked(node, question) {
  const { answered, comments } = question;
  const how = answered === null ? "" : !answered ? "none" : answered >= comments ? "all" : "some";
  put(one(".by", node), by(question.people));
  put(one(".said", node), cut(question.text));
  one(".reply", node).className = `reply ${how}`;
  put(one(".reply", node), how && say(`answered_${how}`, { answered, comments }));
}

function picture(series) {
  const counts = series.slice(-60).map((minute) => minute.comments), most = Math.max(0, ...counts);
  const bars = counts.map((count, place) => {
    const height = count ? Math.max(0.6, (24 * count) / most) : 0.3;
    return `M${(place + 60 - counts.length + 0.12).toFixed(2)} 24v-${height.toFixed(2)}h.76V24z`;
  });
  one("#past").setAttribute("d", bars.slice(0, -1).join(""));
  one("#present").setAttribute("d", bars.at(-1) ?? "");
  const begin = counts.findIndex(Boolean), whole = begin < 0 ? [] : counts.slice(begin, -1);
  put(one("#mean"), whole.length ? say("mean", { rate: number(whole.reduce((a, b) => a + b) / whole.length) }) : "");
  const peak = series.slice(-60)[counts.indexOf(most)];
  put(one("#peak"), most ? say("peak", { comments: number(most), at: clock(peak.minute).slice(0, 5) }) : "");
}

function update(now) {
  began = Date.now();
  for (const figure of ["rate", "people", "comments"]) put(one(`#${figure}`), number(now[figure]));
  put(one("#waiting"), String(now.unanswered.length));
  put(one("#updated"), say("updated", { at: clock(now.at) }));
  picture(now.series);
  keyed("spots", now.hotspots.toSorted((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)), (spot) => `${spot.facet}/${spot.label}`, writeSpot);
  keyed("unanswered", now.unanswered.toSorted((a, b) => b.people * b.seconds - a.people * a.seconds), (question) => question.text, writeOpen);
  keyed("asked", now.asked, (question) => question.text, writeAsked);
  const counts = new Map(now.labels.map((label) => [`${label.facet}/${label.label}`, label.comments]));
  for (const node of all("#filters [data-label]")) put(one("small", node), counts.get(node.dataset.label) ? number(counts.get(node.dataset.label)) : "");
  one("#sampled").hidden = now.rate <= 60 * A_SECOND;
  alarm(now.hotspots);
  grow();
  if (chosen.size && now.rate > 30 * A_SECOND && Date.now() - asked > 5000) ask();
}

function alarm(hotspots) {
  const loud = hotspots.filter((spot) => STATES.indexOf(spot.state) < 2);
  const fresh = loud.filter((spot) => STATES.indexOf(states.get(`${spot.facet}/${spot.label}`) ?? "quiet") > 1);
  states = new Map(hotspots.map((spot) => [`${spot.facet}/${spot.label}`, spot.state]));
  for (const spot of fresh) tell(say("new_hotspot", { label: longName(`${spot.facet}/${spot.label}`), state: say(`state.${spot.state}`) }));
  if (fresh.length) beep();
  put(one("#hot-count"), String(loud.length || ""));
  put(one("#open-count"), one("#waiting").textContent.replace(/^0$/, ""));
  document.title = `${loud.length ? `(${loud.length}) ` : ""}${say("title")} ${plain(room)}`;
}

const length = (seconds) => {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};

function grow() {
  for (const node of all(".age")) {
    const seconds = Number(node.dataset.seconds) + (Date.now() - began) / 1000;
    node.className = `age ${AGES.find(([least]) => seconds >= least)?.[1] ?? "young"}`;
    put(node, length(seconds));
  }
}

// ---------------------------------------------------------------- sound

let audio = null;

function beep() {
  if (!audio) return;
  [880, 1175].forEach((pitch, place) => {
    const tone = audio.createOscillator(), volume = audio.createGain(), start = audio.currentTime + 0.18 * place;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.2, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.17);
  });
}

one("#sound").addEventListener("click", ({ currentTarget }) => {
  if (audio) audio.close();
  audio = audio ? null : new AudioContext();
  currentTarget.setAttribute("aria-pressed", String(Boolean(audio)));
  put(one("span", currentTarget), say(audio ? "sound_on" : "sound_off"));
  beep();
});

// ---------------------------------------------------------------- the connection

let source = null, state = "connecting", heard = 0, tries = 0, lostAt = 0, next = 0;

function connect() {
  source?.close();
  next = 0;
  heard = Date.now();
  show(lostAt ? state : "connecting");
  source = new EventSource(`/v1/stream?${new URLSearchParams({ room, rate: document.body.dataset.rate, now: 1, after: last })}`);
  source.onopen = () => { tries = lostAt = 0; show("connected"); };
  source.onerror = lose;
  const on = (name, act) => source.addEventListener(name, (event) => { heard = Date.now(); act(JSON.parse(event.data)); });
  on("comment", receive);
  on("now", update);
  on("model", (model) => {
    put(one("#model"), say("model", model));
    one("#notice").hidden = model.version === version;
    put(one("#notice span"), say("model_changed", model));
  });
  on("gap", ({ skipped }) => {
    const node = document.createElement("li");
    node.className = "gap";
    node.textContent = say("gap", { comments: number(skipped) });
    list.prepend(node);
  });
}

function lose() {
  source.close();
  lostAt ||= Date.now();
  tries += 1;
  next = Date.now() + Math.min(15_000, 500 * 2 ** tries) * (0.75 + Math.random() / 4);
  show(Date.now() - lostAt > LOST ? "lost" : "reconnecting");
  // the stream does not say why: without a token we have to sign in
  if (tries > 1) fetch("/v1/model").then((answer) => { if (answer.status === 401) location.reload(); }, () => {});
}

function show(now) {
  const box = one("#state"), seconds = Math.max(0, Math.ceil((next - Date.now()) / 1000));
  if (now !== state) tell(say(now));
  state = now;
  box.className = `state ${now}`;
  const values = { seconds, age: length((Date.now() - lostAt) / 1000) };
  put(one(".words", box), next ? say(now === "lost" ? "lost_in" : "reconnect_in", values) : say(now));
  one("#retry").hidden = now === "connected" || now === "connecting";
  one("#old").hidden = !lostAt;
  if (lostAt) put(one("#old"), say("old", { at: one("#updated").textContent.match(/[\d:]{8}/)?.[0] ?? "" }));
  document.body.classList.toggle("stale", Boolean(lostAt));
}

setInterval(() => {
  grow();
  if (lostAt) show(Date.now() - lostAt > LOST ? "lost" : "reconnecting");
  if (next && Date.now() >= next) connect();
  else if (!next && Date.now() - heard > SILENT) lose();
}, 500);
one("#retry").addEventListener("click", connect);
one("#notice button").addEventListener("click", () => { one("#notice").hidden = true; });
addEventListener("online", () => { if (lostAt) connect(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { if (lostAt) connect(); plan(); } });
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
one("#rooms")?.addEventListener("change", ({ currentTarget }) => currentTarget.submit());

for (const node of all(".comment", list).reverse()) {
  node.comment = JSON.parse(node.dataset.known);
  remember(node.comment);
}
showWaiting();
connect();
