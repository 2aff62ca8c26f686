// The page: what is on it, and what it asks the engine for. A coding is a Float32Array.
"use strict";

const COUNT = 32; // samples
const HELD_AT_FIRST = 3;
const SECONDS = 2; // from one held image to the next
const FARTHEST = 4; // along a direction, in standard deviations of a coding

const $ = (id) => document.getElementById(id);
const program = JSON.parse($("program").textContent);
const [height, width] = program.image_shape;
const classes = program.class_count ?? 0;
const nameOf = (label) => program.class_names[label] ?? `class ${label}`;
const directions = program.directions.map((direction) => Float32Array.from(direction));

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function say(text) {
  $("status").textContent = text;
}

// --- The engine: a worker that makes one image at a time -----------------------------------------

const worker = new Worker(URL.createObjectURL(new Blob([$("engine").textContent], { type: "text/javascript" })));
const waiting = new Map(); // from a job's name to the newest order of that name
const times = [];
let busy = true, job = null, afterwards = []; // afterwards: once nothing waits any more

worker.onmessage = ({ data }) => {
  if (data.error) {
    say(`The generator cannot run in this browser: ${data.error}. Please try a newer browser.`);
    return;
  }
  if (data.ready) {
    say("");
  } else {
    const { done } = job;
    times.push(data.milliseconds);
    if (times.length > 50) times.shift();
    done(data.pixels);
  }
  busy = false;
  next();
};
worker.onerror = ({ message }) => say(`The generator cannot begin in this browser: ${message}`);
worker.postMessage({ program, weights: $("weights").textContent });

// Asks for an image. An older order of the same name that has not begun is dropped.
function order(name, coding, label, done) {
  waiting.set(name, { name, coding, label, done });
  next();
}

function next() {
  if (busy || !waiting.size) {
    if (!busy) {
      showSpeed();
      for (const act of afterwards.splice(0)) act();
    }
    return;
  }
  // The stage first, but never twice while others wait: a film orders it again and again.
  const others = [...waiting.keys()].filter((name) => name !== "stage");
  const stage = waiting.has("stage") && !(job?.name === "stage" && others.length);
  const name = stage ? "stage" : others[0];
  job = waiting.get(name);
  waiting.delete(name);
  busy = true;
  worker.postMessage({ coding: job.coding, label: job.label });
}

// Acts once all images are drawn that were asked for. A film, which never ends to ask, pauses.
function whenDrawn(act) {
  playing = false;
  showPlaying();
  afterwards.push(act);
  next();
}

function showSpeed() {
  if (!times.length) return;
  const median = [...times].sort((a, b) => a - b)[times.length >> 1];
  $("speed").textContent = `${Number(median.toPrecision(2))} ms an image`;
}

function draw(canvas, pixels) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
}

// --- Codings -------------------------------------------------------------------------------------

// Uniform numbers of a seed (the generator sfc32), so that a page begins with the same samples.
function uniform(seed) {
  let a = 0x9e3779b9, b = 0x243f6a88, c = 0xb7e15162, d = seed | 0;
  const draw = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return ((t >>> 0) + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) draw();
  return draw;
}

function normal(seed) {
  const draw = uniform(seed);
  return Float32Array.from({ length: program.codings_size }, () =>
    Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw()));
}

const truncation = () => Number($("truncation").value);
// Where the first number of a coding decides a cluster, it stays what it is.
const clustered = program.bounds.length > 0;
const truncated = (coding) =>
  coding.map((number, i) => (clustered && i === 0 ? number : number * truncation()));

function moved({ coding, amounts }) {
  return coding.map((number, i) =>
    directions.reduce((sum, direction, d) => sum + amounts[d] * direction[i], number));
}

// The arc between two codings, as far as `part` of it. Codings at right angles, as those that are
// drawn nearly are, stay standard normal on it.
function onArc(here, there, part) {
  const dot = (a, b) => a.reduce((sum, number, i) => sum + number * b[i], 0);
  const cosine = dot(here, there) / Math.sqrt(dot(here, here) * dot(there, there));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine || 0)));
  const sine = Math.sin(angle);
  const [a, b] = sine < 1e-3 ? [1 - part, part]
    : [Math.sin((1 - part) * angle) / sine, Math.sin(part * angle) / sine];
  return here.map((number, i) => a * number + b * there[i]);
}

// --- What is shown -------------------------------------------------------------------------------

let samples = []; // {coding, label}
let held = []; // {number, sample, coding, label, amounts}, `sample` one of `samples` or of earlier
let current = null; // the held image on the stage, or null
let position = null; // on the arcs, or null: the stage then shows `current`
let seed = 0, lastNumber = 0, playing = false;

function onStage() {
  if (position === null) return current && { coding: moved(current), label: current.label };
  const from = Math.floor(position) % held.length, part = position - Math.floor(position);
  const [here, there] = [held[from], held[(from + 1) % held.length]];
  const nearer = part < 0.5 ? here : there, coding = onArc(moved(here), moved(there), part);
  if (clustered) coding[0] = nearer.coding[0];
  return {
    coding,
    label: nearer.label,
    caption: `On the arc from ${here.number} to ${there.number}`,
  };
}

function caption(shown) {
  if (!shown) return "No image is held. Choose a sample.";
  const parts = [shown.caption ?? `Image ${current.number}`];
  if (classes) parts.push(nameOf(shown.label));
  const used = shown.caption ? [] : directions.flatMap((_, d) => (current.amounts[d] ? [d + 1] : []));
  if (used.length) parts.push(`moved along ${used.join(", ")}`);
  if (truncation() < 1) parts.push(`truncation ${truncation()}`);
  return parts.join(" · ");
}

function showStage() {
  const shown = onStage();
  $("caption").textContent = caption(shown);
  $("image").hidden = !shown;
  $("controls").disabled = !shown;
  if (shown) order("stage", truncated(shown.coding), shown.label, (pixels) => draw($("image"), pixels));
}

function showSample(index) {
  const { coding, label } = samples[index], tile = $("grid").children[index];
  const holder = held.find(({ sample }) => sample === samples[index]);
  tile.setAttribute("aria-pressed", Boolean(holder));
  tile.setAttribute("aria-label", `Sample ${index + 1}${classes ? `, ${nameOf(label)}` : ""}`);
  tile.lastChild.textContent = holder?.number ?? "";
  return { tile, coding, label };
}

function drawSamples() {
  samples.forEach((_, index) => {
    const { tile, coding, label } = showSample(index);
    order(`sample ${index}`, truncated(coding), label, (pixels) => draw(tile.firstChild, pixels));
  });
}

function drawHeld(item) {
  order(`held ${item.number}`, truncated(moved(item)), item.label, (pixels) => draw(item.canvas, pixels));
}

function listHeld() {
  $("held").replaceChildren(...held.map((item) => item.entry));
  const enough = held.length > 1;
  $("play").disabled = $("position").disabled = !enough;
  $("position").max = Math.max(held.length, 1);
  if (!enough) stop();
  markCurrent();
  samples.forEach((_, index) => showSample(index));
}

function markCurrent() {
  for (const item of held) {
    const tile = item.entry.firstChild, here = item === current && position === null;
    here ? tile.setAttribute("aria-current", "true") : tile.removeAttribute("aria-current");
  }
  directions.forEach((_, d) => setAmount(d, current?.amounts[d] ?? 0));
  if (current && classes) $("class").value = current.label;
}

function setAmount(d, amount) {
  const [input, output] = [$(`direction-${d}`), $(`amount-${d}`)];
  input.value = amount;
  output.textContent = amount > 0 ? `+${amount.toFixed(1)}` : amount.toFixed(1).replace("-", "−");
}

// --- What a person does --------------------------------------------------------------------------

function hold(sample) {
  const item = { number: ++lastNumber, sample, ...sample, amounts: directions.map(() => 0) };
  item.canvas = element("canvas", { width, height });
  const tile = element("button", { type: "button", className: "tile", onclick: () => select(item) },
    item.canvas, element("span", { className: "badge", textContent: item.number }));
  tile.setAttribute("aria-label", `Image ${item.number}`);
  const release = element("button", { type: "button", className: "release", textContent: "×", onclick: () => letGo(item) });
  release.setAttribute("aria-label", `Let image ${item.number} go`);
  item.entry = element("li", {}, tile, release);
  held.push(item);
  drawHeld(item);
  select(item);
  listHeld();
  return item;
}

function letGo(item) {
  const index = held.indexOf(item), hadFocus = item.entry.contains(document.activeElement);
  held = held.filter((other) => other !== item);
  waiting.delete(`held ${item.number}`);
  if (current === item) current = held[Math.min(index, held.length - 1)] ?? null;
  stop();
  listHeld();
  showStage();
  if (hadFocus) (held[Math.min(index, held.length - 1)]?.entry.lastChild ?? $("grid").firstChild).focus();
  say(`Image ${item.number} was let go. ${held.length} held.`);
}

function select(item) {
  stop();
  current = item;
  markCurrent();
  showStage();
}

function choose(index) {
  const holder = held.find(({ sample }) => sample === samples[index]);
  if (holder) return letGo(holder);
  const item = hold(samples[index]);
  say(`Sample ${index + 1} is held as image ${item.number}.`);
}

function change(apply) {
  // On an arc, a change is one of the image that was selected last.
  stop();
  apply(current);
  markCurrent();
  drawHeld(current);
  showStage();
}

function newSamples() {
  const choice = $("classes").value;
  samples = Array.from({ length: COUNT }, (_, i) => ({
    coding: normal(seed * COUNT + i),
    label: classes ? (choice === "" ? i % classes : Number(choice)) : 0,
  }));
  drawSamples();
}

// Ends a walk; the stage shows the selected image again.
function stop() {
  playing = false;
  position = null;
  $("position").value = 0;
  $("position").removeAttribute("aria-valuetext");
  showPlaying();
}

function showPlaying() {
  $("play").toggleAttribute("data-playing", playing);
  $("play").lastChild.textContent = playing ? "Pause" : "Play";
}

function moveTo(place) {
  position = place;
  $("position").value = place;
  $("position").setAttribute("aria-valuetext", caption(onStage()));
  markCurrent();
  showStage();
}

function play() {
  playing = !playing;
  showPlaying();
  say(playing ? "Playing." : "Paused.");
  let before = performance.now();
  const step = (now) => {
    if (!playing) return;
    moveTo(((position ?? 0) + Math.max(0, now - before) / 1000 / SECONDS) % held.length);
    before = now;
    requestAnimationFrame(step);
  };
  if (playing) requestAnimationFrame(step);
}

// --- Files ---------------------------------------------------------------------------------------

function save(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: `${document.title}-${name}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${link.download} was saved.`);
}

function saveCodings(name, shown) {
  const exact = (number) => Number(number.toPrecision(9)); // enough for float32
  const file = { codings: shown.map(({ coding }) => Array.from(truncated(coding), exact)) };
  if (classes) file.labels = shown.map(({ label }) => label);
  save(name, new Blob([JSON.stringify(file)], { type: "application/json" }));
}

function saveSamples() {
  const tiles = [...$("grid").children], columns = 8;
  const all = element("canvas", { width: columns * width, height: Math.ceil(tiles.length / columns) * height });
  const context = all.getContext("2d");
  tiles.forEach((tile, i) => {
    context.drawImage(tile.firstChild, (i % columns) * width, Math.floor(i / columns) * height);
  });
  all.toBlob((blob) => save("samples.png", blob));
}

// --- The page ------------------------------------------------------------------------------------

function addDirections() {
  directions.forEach((_, d) => {
    const input = element("input", {
      type: "range", id: `direction-${d}`, min: -FARTHEST, max: FARTHEST, step: 0.1, value: 0,
      oninput: () => change((item) => { item.amounts[d] = Number(input.value); }),
    });
    // Not an <output>, which would take the label from the slider. The slider tells its value.
    const value = element("span", { id: `amount-${d}`, className: "value", ariaHidden: "true" });
    const label = element("span", {}, `Direction ${d + 1}`, value);
    $("directions").append(element("label", { className: "slider" }, label, input));
  });
}

function addClasses() {
  $("class-field").hidden = $("classes-field").hidden = !classes;
  const options = () => Array.from({ length: classes }, (_, i) => element("option", { value: i, textContent: program.class_names[i] ?? i }));
  $("class").append(...options());
  $("classes").append(element("option", { value: "", textContent: "all in turn" }), ...options());
}

function addTiles() {
  for (let index = 0; index < COUNT; index++) {
    const tile = element("button", { type: "button", className: "tile", tabIndex: index ? -1 : 0, onclick: () => choose(index) },
      element("canvas", { width, height }), element("span", { className: "badge" }));
    $("grid").append(tile);
  }
}

// One stop of the Tab key for all samples; arrow keys move between them.
function moveFocus(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const tiles = [...$("grid").children], index = tiles.indexOf(document.activeElement);
  const columns = getComputedStyle($("grid")).gridTemplateColumns.split(" ").length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -index, End: tiles.length - 1 - index };
  const to = tiles[index + steps[event.key]];
  if (!to) return;
  event.preventDefault();
  for (const tile of tiles) tile.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}

function showTruncation() {
  $("truncation-value").textContent = truncation().toFixed(2);
}

function begin() {
  document.querySelector("h1").textContent = document.title;
  const colours = program.image_shape[2] === 3 ? "colour" : "grey";
  const kinds = classes ? `, ${classes} classes` : "";
  $("subtitle").textContent = `A generator of images: ${height} × ${width}, ${colours}${kinds}, from codings of ${program.codings_size} numbers`;
  addDirections();
  addClasses();
  addTiles();
  showTruncation();
  newSamples();
  samples.slice(0, HELD_AT_FIRST).forEach(hold);
  select(held[0]);
}

$("grid").onkeydown = moveFocus;
$("play").onclick = play;
$("position").oninput = () => {
  playing = false;
  showPlaying();
  moveTo(Number($("position").value));
};
$("class").onchange = () => change((item) => { item.label = Number($("class").value); });
$("reset").onclick = () => change((item) => {
  item.amounts.fill(0);
  item.label = item.sample.label;
});
$("truncation").oninput = () => {
  showTruncation();
  drawSamples();
  held.forEach(drawHeld);
  showStage();
};
$("classes").onchange = newSamples;
$("more").onclick = () => {
  seed += 1;
  newSamples();
  say("New samples.");
};
$("image-png").onclick = () => whenDrawn(() => $("image").toBlob((blob) => save("image.png", blob)));
$("image-json").onclick = () => saveCodings("coding.json", [onStage()]);
$("samples-png").onclick = () => whenDrawn(saveSamples);
$("samples-json").onclick = () => saveCodings("codings.json", samples);

// For other scripts and the console: RGBA pixels of a coding, as the page shows it.
window.explorer = {
  image: (coding, label = 0) =>
    new Promise((done) => {
      if (!Number.isInteger(label) || label < 0 || label >= Math.max(classes, 1)) {
        throw new RangeError(`The label is ${label}; expected 0 to ${Math.max(classes, 1) - 1}.`);
      }
      order(Symbol("image"), Float32Array.from(coding), label, done);
    }),
};
begin();
