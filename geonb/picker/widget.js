// The picker: click, drop, paste or camera. Big photos are shrunk here; all travel as messages in
// parts, never as widget state, so that a saved notebook does not hold them.

const PART = 4_000_000; // bytes a message; Jupyter's server drops one over 10 MiB without a word
const PATIENCE = 1500; // milliseconds until a kernel that does not answer is called busy
const HEAD = 262_144; // bytes at the start of a JPEG, where its EXIF lies
const THUMBNAIL = 160; // pixels
const SHRINK_OVER = 8_000_000; // bytes; JPEGs beyond it are shrunk
const MAX_SIDE = 2048; // pixels on the longer side of a shrunk photo

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const megabytes = (n) => (n < 1e5 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`);

// The picture drawn with its longer side at most `side`, as a JPEG; turned upright by its EXIF.
async function drawn(bitmap, side, quality) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = make("canvas", {
    width: Math.max(1, Math.round(bitmap.width * scale)),
    height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

async function shrunk(bitmap, side, limit) {
  for (let s = side, quality = 0.92; s >= 256; s = Math.round(s * 0.7), quality = 0.85) {
    const blob = await drawn(bitmap, s, quality);
    if (blob && blob.size <= limit) return blob;
  }
  return null;
}

// What the browser cannot decode, but the kernel may: HEIC, AVIF, TIFF.
async function kernelMayRead(file) {
  const start = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const text = String.fromCharCode(...start);
  return text.slice(4, 8) === "ftyp" || text.startsWith("II*\0") || text.startsWith("MM\0*");
}

// What tells the place of a photo of its name: an XMP sidecar, or Google Takeout's JSON.
const isSidecar = (file) => /\.(xmp|json)$/i.test(file.name);

// The files of a drop: of a folder those that the picker accepts, without its subfolders', for there
// other photos may have the same names, and so would their sidecars.
async function dropped(transfer, accept) {
  const files = [...transfer.files]; // before anything is awaited, as is the next: then both are gone
  const folder = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).find((entry) => entry?.isDirectory);
  const isAccepted = ({ name, type }) => !name.startsWith(".") && accept.toLowerCase().split(/\s*,\s*/).some((kind) =>
    kind.startsWith(".") ? name.toLowerCase().endsWith(kind) : type.startsWith(kind.replace("*", "")));
  try {
    const inside = folder ? (await filesIn(folder)).filter(isAccepted) : [];
    return inside.length ? inside.sort((a, b) => (a.name < b.name ? -1 : 1)) : files;
  } catch {
    return files; // a page of no origin may not read folders: each is then refused by name
  }
}

async function filesIn(folder) {
  const reader = folder.createReader(), entries = [];
  for (let some = [0]; some.length; entries.push(...some)) // a browser gives a hundred at a time
    some = await new Promise((done, fail) => reader.readEntries(done, fail));
  const files = entries.filter((entry) => entry.isFile);
  return Promise.all(files.map((entry) => new Promise((done, fail) => entry.file(done, fail))));
}

async function isJpeg(file) {
  const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  return start[0] === 0xff && start[1] === 0xd8 && start[2] === 0xff;
}

// One row of the list: thumbnail, name, size, and what became of the file.
function row(file) {
  const image = make("img", { alt: file.name, hidden: true });
  const about = make("span", { className: "geonb-picked-size", textContent: megabytes(file.size) });
  const state = make("span", { className: "geonb-picked-state" });
  const name = make("span", { className: "geonb-picked-name", textContent: file.name });
  return { image, about, state, element: make("li", {}, image, make("span", {}, name, about, state)) };
}

// What is to be sent for a file, and whether it was shrunk; an error names what cannot be sent.
async function prepared(model, file, line) {
  const limit = model.get("max_bytes");
  const tooLarge = () => new Error(`larger than ${megabytes(limit)}; choose a smaller file`);
  if (!file.size) throw new Error("the file is empty");
  if (model.get("_plain") || isSidecar(file)) {
    if (file.size > limit) throw tooLarge();
    return { blob: file, shrunk: false };
  }
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap && !(await kernelMayRead(file)))
    throw new Error(`not a picture that can be read (${file.type || "unknown kind"})`);
  try {
    let blob = file;
    if (bitmap) {
      line.image.src = URL.createObjectURL(await drawn(bitmap, THUMBNAIL, 0.8));
      line.image.hidden = false;
      line.about.textContent = `${bitmap.width} × ${bitmap.height}, ${megabytes(file.size)}`;
      // Of other formats the EXIF may lie anywhere: they go as they are, in more parts.
      if (file.size > SHRINK_OVER && (await isJpeg(file)))
        blob = (await shrunk(bitmap, MAX_SIDE, SHRINK_OVER)) ?? file;
    }
    if (blob.size > limit) throw tooLarge();
    return { blob, shrunk: blob !== file };
  } finally {
    bitmap?.close();
  }
}

// What a callback prints and displays answers the message that completed its file. It goes back to
// the kernel, numbered because messages may overtake each other, and is shown below the callback.
let outputs = 0;
const shownBelow = (model, choice) => ({ iopub: { output: ({ content }) => {
  const { text, data, traceback } = content, number = outputs++;
  model.send({ type: "output", choice, number, content: data ? { data } : { text: text ?? traceback.join("\n") } });
} } });

async function send(model, choice, id, file, { blob, shrunk }) {
  const head = shrunk ? await file.slice(0, HEAD).arrayBuffer() : new ArrayBuffer(0);
  const parts = Math.ceil(blob.size / PART);
  const about = { name: file.name, mime: blob.type, modified: file.lastModified };
  const answers = model.get("_plain") ? undefined : shownBelow(model, choice);
  model.send({ type: "start", choice, id, parts, ...about }, answers, [new DataView(head)]);
  for (let i = 0; i < parts; i++) {
    const part = await blob.slice(i * PART, (i + 1) * PART).arrayBuffer();
    model.send({ type: "part", choice, id, index: i }, answers, [new DataView(part)]);
  }
}

function render({ model, el }) {
  const plain = model.get("_plain");
  const options = { type: "file", accept: model.get("accept"), multiple: model.get("multiple"), hidden: true };
  const input = make("input", { ...options, className: "geonb-files" });
  const camera = make("input", { ...options, accept: "image/*", className: "geonb-camera", multiple: false });
  camera.setAttribute("capture", "environment");
  const choose = make("button", { type: "button", textContent: model.get("description") });
  const shoot = make("button", { type: "button", textContent: "Take a photo…" });
  shoot.hidden = plain || !matchMedia("(pointer: coarse)").matches;
  const hint = make("span", { className: "geonb-hint", textContent: "or drop or paste photos here", hidden: plain });
  const list = make("ul", { className: "geonb-picked" });
  list.setAttribute("role", "status");
  const zone = make("div", { className: plain ? "geonb-plain" : "geonb-drop", tabIndex: plain ? -1 : 0 });
  zone.append(choose, shoot, hint, list, input, camera);
  zone.setAttribute("role", "group");
  zone.setAttribute("aria-label", plain ? "File upload" : "Photo picker");
  // JupyterLab would take keys pressed here for commands: Ctrl+V would paste a cell.
  zone.dataset.lmSuppressShortcuts = "true";
  el.classList.add("geonb");
  el.append(zone);

  const waiting = new Map(); // id -> what to do with the kernel's answer
  let turn = 0;

  async function takeOne(file, mine) {
    const line = row(file);
    const say = (text, kind) => Object.assign(line.state, { textContent: text, className: `geonb-picked-state ${kind}` });
    list.append(line.element);
    say("reading…", "");
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    try {
      const ready = await prepared(model, file, line);
      if (mine !== turn) return;
      const size = ready.shrunk ? `shrunk to ${megabytes(ready.blob.size)}, ` : "";
      const busy = () => say(`${size}waiting: the kernel is busy, and takes the photo when it is free`, "busy");
      const timer = setTimeout(busy, PATIENCE);
      const answered = new Promise((resolve) => waiting.set(id, (answer) => {
        clearTimeout(timer);
        if (answer.type === "here") say(`${size}arrived`, "here");
        else say(answer.text, "refused");
        resolve();
      }));
      say(`${size}sending…`, "");
      await send(model, mine, id, file, ready);
      return { answered }; // in an object, so that nobody waits for it yet
    } catch (error) {
      say(`not sent: ${error.message}`, "refused");
    }
  }

  async function take(files) {
    const sidecars = plain ? [] : [...files].filter(isSidecar);
    const others = [...files].filter((file) => !sidecars.includes(file));
    const chosen = model.get("multiple") ? others : others.slice(0, 1);
    if (!sidecars.length && !chosen.length) return;
    const mine = (turn = Math.max(Date.now(), turn + 1)); // grows, also from view to view
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren();
    waiting.clear();
    model.send({ type: "choice", choice: mine }); // first of all, so that no earlier photo stands for this one
    const arrived = []; // the sidecars, before the photos whose places they tell
    for (const file of sidecars) if (mine === turn) arrived.push((await takeOne(file, mine))?.answered);
    await Promise.all(arrived);
    for (const file of chosen) if (mine === turn) await takeOne(file, mine);
  }

  const answered = (message) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  };
  model.on("msg:custom", answered);

  for (const field of [input, camera]) {
    field.onchange = () => {
      take(field.files);
      field.value = ""; // so that the same file can be chosen again
    };
  }
  choose.onclick = () => input.click();
  shoot.onclick = () => camera.click();
  if (!plain) listen(zone, take, model);
  return () => model.off("msg:custom", answered);
}

function listen(zone, take, model) {
  const keep = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  zone.ondragover = (event) => {
    keep(event);
    zone.classList.add("over");
  };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = async (event) => {
    keep(event);
    zone.classList.remove("over");
    take(await dropped(event.dataTransfer, model.get("accept")));
  };
  zone.onpaste = (event) => {
    if (!event.clipboardData.files.length) return;
    keep(event);
    take(event.clipboardData.files);
  };
}

export default { render };
