import { announce } from "./live.js";
import { follow, show } from "./jobs.js";

const atOnce = 2; // uploads; the other connections are for the jobs' events

// uploads turns the plain form into one that sends each file by itself, with
// its progress, and takes files that are dropped on it.
export function uploads(root) {
  const form = root.querySelector("form.upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const queue = [];
  let sending = 0;
  const next = () => {
    while (sending < atOnce && queue.length > 0) {
      sending++;
      send(form, queue.shift()).finally(() => { sending--; next(); });
    }
  };
  const take = (files) => {
    const added = [...files].map((file) => ({ file, row: addRow(file) }));
    if (added.length === 0) return;
    queue.push(...added);
    announce(added.length === 1 ? `Uploading ${added[0].file.name}.` : `Uploading ${added.length} files.`);
    next();
  };
  form.classList.add("live");
  form.querySelector("button[type=submit]").hidden = true;
  form.addEventListener("submit", (event) => { event.preventDefault(); take(input.files); input.value = ""; });
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
  dropZone(form, take);
}

function dropZone(form, take) {
  const over = (yes) => (event) => {
    event.preventDefault();
    form.classList.toggle("over", yes);
  };
  form.addEventListener("dragenter", over(true));
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files);
  });
  // A file that misses the zone is not to replace the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
}

function addRow(file) {
  const template = document.getElementById("job-template");
  const row = template.content.firstElementChild.cloneNode(true);
  row.querySelector(".job-name").textContent = file.name;
  const list = document.getElementById("jobs");
  list.prepend(row);
  list.hidden = false;
  document.getElementById("no-jobs")?.remove();
  state(row, "uploading", "Uploading");
  return row;
}

function state(row, status, detail) {
  row.dataset.status = status;
  const badge = row.querySelector(".badge");
  badge.textContent = status;
  badge.dataset.status = status;
  const text = row.querySelector(".job-detail");
  text.textContent = detail;
  text.dataset.error = status === "failed" ? "yes" : "";
}

function send(form, { file, row }) {
  const bar = row.querySelector("progress");
  const body = new FormData();
  body.append("library_uid", form.dataset.library);
  body.append("file", file, file.name);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/library/api/ingest/");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.hidden = false;
      bar.max = event.total || 1;
      bar.value = event.loaded;
    });
    request.addEventListener("load", () => { arrived(row, request); done(); });
    request.addEventListener("error", () => {
      refused(row, "The upload was cut short. Is the server still there?");
      done();
    });
    request.send(body);
  });
}

function arrived(row, request) {
  const answer = request.response;
  row.querySelector("progress").hidden = true;
  if (request.status === 202 && answer) {
    show(row, answer);
    follow(row);
    return;
  }
  if (request.status === 200 && answer) {
    state(row, "unchanged", "This very document is here already.");
    const open = row.querySelector(".job-open");
    open.hidden = false;
    open.href = `${location.pathname}items/${answer.item_uid}/`;
    announce(`${row.querySelector(".job-name").textContent}: unchanged`);
    return;
  }
  refused(row, request.status === 401 ? "You are signed out. Reload the page to sign in." : faultText(answer));
}

function faultText(answer) {
  if (!answer) return "The server did not take this file.";
  if (answer.detail) return answer.detail;
  return Object.values(answer).flat().join(" ");
}

function refused(row, why) {
  row.querySelector("progress").hidden = true;
  state(row, "failed", why);
  announce(`${row.querySelector(".job-name").textContent}: ${why}`);
}
