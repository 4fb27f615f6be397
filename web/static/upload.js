import { announce } from "./live.js";
import { follow, show } from "./jobs.js";
import { dropZone, hidden } from "./drop.js";

const atOnce = 2; // uploads; the other connections are for the jobs' events
const rowsMost = 200; // of files that wait: the rest is counted
const firstPause = 2000; // ms before a busy server is asked again
const longestPause = 60000;

// uploads turns the plain form into one that sends each file by itself, with
// its progress, and takes files and folders that are dropped on it.
function uploads(root) {
  const form = root.querySelector("form.upload");
  if (!form) return;
  const queue = new Queue(form, root.getElementById("upload-state"));
  form.classList.add("live");
  form.querySelector("button[type=submit]").hidden = true;
  const folder = form.querySelector("#folder");
  if ("webkitdirectory" in folder) {
    folder.webkitdirectory = true;
    folder.closest(".field").hidden = false;
  }
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      const chosen = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
      queue.add(chosen.filter(({ file, path }) => path === file.name || !path.split("/").some(hidden)));
      input.value = "";
    });
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); });
  dropZone(form, (files) => queue.add(files), announce);
}

// Queue sends files, a few at a time. A file is waiting, sending, failed or
// sent; what waits is held while the server is busy or the person signed out.
class Queue {
  constructor(form, state) {
    this.form = form;
    this.state = state;
    this.waiting = [];
    this.sending = new Set();
    this.failed = [];
    this.sent = 0;
    this.total = 0;
    this.held = ""; // why nothing is sent
    this.pause = firstPause;
    const on = (name, act) => state.querySelector(`[data-upload=${name}]`).addEventListener("click", act);
    on("resume", () => this.resume());
    on("retry", () => this.retryFailed());
    on("cancel", () => this.cancelRest());
    addEventListener("beforeunload", (event) => { if (this.busy()) event.preventDefault(); });
    // Whoever signed in in another window comes back here.
    addEventListener("focus", () => { if (this.held === "signedout") this.resume(); });
  }

  busy() { return this.waiting.length + this.sending.size > 0; }

  add(files) {
    if (files.length === 0) return;
    const collection = this.form.elements.collection.value.trim();
    for (const { file, path } of files) this.take({ file, path, collection, row: null, request: null });
    announce(files.length === 1 ? `Uploading ${files[0].path}.` : `Uploading ${files.length} files.`);
    this.next();
  }

  // take lines a file up. One that is too large is refused before it is sent.
  take(upload) {
    this.total++;
    const most = Number(this.form.dataset.max);
    if (most > 0 && upload.file.size > most) {
      this.fail(upload, `The file is larger than the ${size(most)} that are taken.`, false);
      return;
    }
    this.waiting.push(upload);
  }

  next() {
    while (!this.held && this.sending.size < atOnce && this.waiting.length > 0) this.send(this.waiting.shift());
    for (const upload of this.waiting.slice(0, rowsMost)) this.rowOf(upload);
    this.tell();
  }

  rowOf(upload) {
    if (!upload.row) {
      upload.row = addRow(upload.path);
      bind(upload.row, "cancel", () => this.cancel(upload));
      bind(upload.row, "retry", () => this.retry(upload));
      mark(upload.row, "waiting", "Waits to be sent.");
      buttons(upload.row, true, false);
    }
    return upload.row;
  }

  send(upload) {
    const row = this.rowOf(upload);
    mark(row, "uploading", "Uploading");
    buttons(row, true, false);
    this.sending.add(upload);
    const request = new XMLHttpRequest();
    upload.request = request;
    request.open("POST", "/library/api/ingest/");
    request.responseType = "json";
    const bar = row.querySelector("progress");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.hidden = false;
      bar.max = event.total || 1;
      bar.value = event.loaded;
    });
    const done = (act) => async () => {
      upload.request = null;
      bar.hidden = true;
      await act();
      this.sending.delete(upload);
      this.next();
    };
    request.addEventListener("load", done(() => this.answered(upload, request)));
    request.addEventListener("error", done(() => this.cut(upload)));
    request.addEventListener("abort", done(() => this.fail(upload, "Cancelled before it was sent whole.", true, "cancelled")));
    request.send(body(this.form.dataset.library, upload));
  }

  answered(upload, request) {
    const answer = request.response;
    switch (request.status) {
      case 202:
        this.arrived(upload);
        show(upload.row, answer);
        follow(upload.row);
        return;
      case 200:
        this.arrived(upload);
        unchanged(upload.row, this.form.dataset.library, answer);
        return;
      case 401:
        this.hold(upload, "signedout");
        return;
      case 429:
      case 503:
        this.wait(upload, Number(request.getResponseHeader("Retry-After")) * 1000);
        return;
      default:
        this.fail(upload, faultText(answer, request.status), request.status >= 500);
    }
  }

  arrived(upload) {
    this.sent++;
    this.pause = firstPause;
    buttons(upload.row, false, false);
  }

  // cut tells a server that is away from one that hung up on this file, as
  // it may on somebody who is signed out before all is sent.
  async cut(upload) {
    const status = await fetch("/library/api/me/").then((answer) => answer.status, () => 0);
    if (status === 401) this.hold(upload, "signedout");
    else if (status === 0) this.wait(upload, 0, "away");
    else this.fail(upload, "The upload was cut short. Try again.", true);
  }

  fail(upload, why, again, status = "failed") {
    const row = this.rowOf(upload);
    mark(row, status, why);
    buttons(row, false, again);
    upload.again = again;
    this.failed.push(upload);
    announce(`${upload.path}: ${why}`);
  }

  back(upload) {
    this.waiting.unshift(upload);
    mark(this.rowOf(upload), "waiting", "Waits to be sent.");
    buttons(upload.row, true, false);
  }

  // hold keeps the list until somebody acts.
  hold(upload, why) {
    this.back(upload);
    this.held = why;
  }

  // wait lets a busy server breathe, as long as it asks for.
  wait(upload, asked, why = "busy") {
    this.back(upload);
    if (this.held) return;
    this.held = why;
    setTimeout(() => this.resume(), asked > 0 ? Math.min(asked, longestPause) : this.pause);
    this.pause = Math.min(2 * this.pause, longestPause);
  }

  resume() {
    this.held = "";
    this.next();
  }

  cancel(upload) {
    if (upload.request) {
      upload.request.abort();
      return;
    }
    const at = this.waiting.indexOf(upload);
    if (at < 0) return;
    this.waiting.splice(at, 1);
    this.fail(upload, "Cancelled before it was sent.", true, "cancelled");
    this.next();
  }

  cancelRest() {
    const rest = this.waiting.splice(0);
    this.total -= rest.length;
    for (const upload of rest) upload.row?.remove();
    for (const upload of [...this.sending]) upload.request.abort();
    this.held = "";
    announce(rest.length === 1 ? "1 upload is cancelled." : `${rest.length} uploads are cancelled.`);
    this.next();
  }

  retry(upload) {
    this.failed = this.failed.filter((other) => other !== upload);
    this.back(upload);
    this.next();
  }

  retryFailed() {
    for (const upload of this.failed.filter((failed) => failed.again)) this.retry(upload);
  }

  // tell says how all of it stands. It is no alert: what matters is announced
  // as it happens.
  tell() {
    const text = this.state.querySelector(".upload-text");
    const left = this.waiting.length + this.sending.size;
    this.state.hidden = this.total === 0;
    this.state.dataset.kind = this.held ? "warning" : "";
    const said = [`${this.sent} of ${this.total} ${this.total === 1 ? "file" : "files"} sent.`];
    if (this.failed.length > 0) said.push(`${this.failed.length} not taken.`);
    if (this.waiting.length > rowsMost) said.push(`${this.waiting.length - rowsMost} more wait than are listed.`);
    said.push({
      signedout: "Your session has ended. Sign in in a new window, and come back: the list is kept.",
      away: "The server is not there right now. It goes on when it is back.",
      busy: "The server is busy. It goes on in a moment.",
    }[this.held] || "");
    const line = said.filter(Boolean).join(" ");
    if (text.textContent !== line) text.textContent = line;
    const bar = this.state.querySelector("progress");
    bar.max = this.total || 1;
    bar.value = this.sent;
    bar.hidden = left === 0;
    this.button("resume", this.held !== "");
    this.button("signin", this.held === "signedout");
    this.button("cancel", left > 0);
    this.button("retry", left === 0 && this.failed.some((upload) => upload.again));
  }

  button(name, shown) { this.state.querySelector(`[data-upload=${name}]`).hidden = !shown; }
}

function body(library, upload) {
  const form = new FormData();
  form.append("library_uid", library);
  if (upload.collection) form.append("collection", upload.collection);
  form.append("filename", upload.path);
  form.append("file", upload.file, upload.file.name);
  return form;
}

function addRow(name) {
  const template = document.getElementById("job-template");
  const row = template.content.firstElementChild.cloneNode(true);
  row.querySelector(".job-name").textContent = name;
  const list = document.getElementById("jobs");
  list.prepend(row);
  list.hidden = false;
  document.getElementById("no-jobs")?.remove();
  return row;
}

function mark(row, status, detail) {
  row.dataset.status = status;
  const badge = row.querySelector(".badge");
  badge.textContent = status;
  badge.dataset.status = status;
  const text = row.querySelector(".job-detail");
  text.textContent = detail;
  text.dataset.error = status === "failed" ? "yes" : "";
}

// Until a file is a job, the job's buttons act on its upload.
function bind(row, name, act) {
  row.querySelector(`form.job-${name}`)?.addEventListener("submit", (event) => {
    if (row.dataset.id) return; // it is a job now
    event.preventDefault();
    act();
  });
}


function buttons(row, cancel, retry) {
  const set = (name, shown) => {
    const form = row.querySelector(`form.job-${name}`);
    if (form) form.hidden = !shown;
  };
  set("cancel", cancel);
  set("retry", retry);
}

function unchanged(row, library, answer) {
  mark(row, "unchanged", "This very document is here already.");
  const open = row.querySelector(".job-open");
  open.hidden = false;
  open.href = `/libraries/${library}/items/${answer.item_uid}/`;
  announce(`${row.querySelector(".job-name").textContent}: unchanged`);
}

function faultText(answer, status) {
  if (answer?.detail) return answer.detail;
  if (answer && typeof answer === "object") return Object.values(answer).flat().join(" ");
  if (status === 413) return "The file is larger than what is taken.";
  return "The server did not take this file.";
}

function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let n = bytes;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) { n /= 1024; unit++; }
  return `${Number(n.toPrecision(4))} ${units[unit]}`;
}

uploads(document);
