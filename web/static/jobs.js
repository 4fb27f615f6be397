import { announce } from "./live.js";
import { localTimes } from "./times.js";

// A browser opens about six connections to a server. Three are followed at a
// time, the oldest first: those are the ones that run.
const atOnce = 3;
const active = ["queued", "running"];
const firstPause = 2000; // ms before a job whose events broke off is asked for again
const longestPause = 30000;
const waiting = [];
let following = 0;

function followJobs(root) {
  const rows = [...root.querySelectorAll(".job[data-id]")];
  for (const row of rows.reverse()) follow(row);
  for (const element of root.querySelectorAll(".without-live")) element.hidden = true;
  root.addEventListener("submit", act);
}

// act cancels or retries a job without leaving the page. What does not go so
// goes by the form.
async function act(event) {
  const form = event.target.closest("form.job-cancel, form.job-retry");
  const row = form?.closest(".job");
  if (!row?.dataset.id || event.defaultPrevented) return;
  event.preventDefault();
  try {
    const name = form.classList.contains("job-retry") ? "retry" : "cancel";
    const answer = await fetch(`${jobPath(row)}${name}/`, { method: "POST", headers: { Accept: "application/json" } });
    if (answer.status !== 202) throw new Error("not taken");
    show(row, await answer.json());
  } catch {
    form.submit();
    return;
  }
  if (form.hidden) row.querySelector(".actions form:not([hidden]) button, .job-open:not([hidden])")?.focus();
  announce(`${row.querySelector(".job-name").textContent}: ${row.dataset.status}`);
  if (active.includes(row.dataset.status)) follow(row);
  else refresh();
}

// follow keeps a row like its job until that ends.
export function follow(row) {
  if (!row.dataset.id || !active.includes(row.dataset.status)) return;
  waiting.push(row);
  next();
}

function next() {
  while (following < atOnce && waiting.length > 0) {
    const row = waiting.shift();
    if (!row.isConnected) continue; // the list was taken anew
    following++;
    watch(row).finally(() => { following--; next(); });
  }
}

const jobPath = (row) => `/library/api/jobs/${encodeURIComponent(row.dataset.id)}/`;

// watch follows a job to its end. A browser comes back to a connection that
// was cut by itself, and gives up at an answer that is no stream, as of a
// proxy whose server starts anew: then the job is asked for again, ever less
// often.
async function watch(row) {
  for (let pause = firstPause; row.isConnected; pause = Math.min(2 * pause, longestPause)) {
    if (await stream(row)) return;
    const standing = await ask(row);
    if (standing === "gone") return;
    if (standing === "ended") return ended(row);
    await new Promise((done) => { setTimeout(done, pause); });
  }
}

// stream shows events until the job has ended (true) or the browser gives up.
function stream(row) {
  return new Promise((done) => {
    const source = new EventSource(`${jobPath(row)}events/`);
    source.addEventListener("job", (event) => {
      const job = JSON.parse(event.data);
      show(row, job);
      if (active.includes(job.status)) return;
      source.close();
      ended(row);
      done(true);
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) done(false);
    });
  });
}

// ask looks how a job stands, once.
async function ask(row) {
  try {
    const answer = await fetch(jobPath(row), { headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      note(row, "You are signed out. Reload the page to see how this stands.");
      return "gone";
    }
    if (answer.status === 404) {
      note(row, "This job is not there any more.");
      return "gone";
    }
    if (!answer.ok) return "unknown";
    const job = await answer.json();
    show(row, job);
    return active.includes(job.status) ? "active" : "ended";
  } catch {
    return "unknown"; // no answer: the server is not there right now
  }
}

function note(row, text) {
  row.querySelector(".job-detail").textContent = text;
}

function ended(row) {
  announce(`${row.querySelector(".job-name").textContent}: ${row.dataset.status}`);
  refresh();
}

// show puts a job's state into its row. The words are in the page already:
// only what differs is written here.
export function show(row, job) {
  row.dataset.id = job.id;
  row.dataset.status = job.status;
  const badge = row.querySelector(".badge");
  badge.textContent = job.status;
  badge.dataset.status = job.status;
  const steps = [...row.querySelectorAll(".steps li")];
  const at = steps.findIndex((step) => step.dataset.stage === job.stage);
  steps.forEach((step, i) => {
    step.dataset.state = stepState(job.status, i, at);
    if (step.dataset.state === "current") step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  });
  const detail = row.querySelector(".job-detail");
  detail.textContent = job.error ? job.error.detail : progressText(job, steps[at]);
  detail.dataset.error = job.error ? "yes" : "";
  const bar = row.querySelector("progress");
  bar.hidden = !(job.status === "running" && job.progress.total > 0);
  bar.max = job.progress.total || 1;
  bar.value = job.progress.done;
  const open = row.querySelector(".job-open");
  open.hidden = job.status !== "done";
  open.href = `/libraries/${job.library_uid}/items/${job.item_uid}/`;
  action(row, "cancel", job, active.includes(job.status));
  action(row, "retry", job, job.status === "failed" || job.status === "cancelled");
}

function stepState(status, i, at) {
  if (status === "done" || (status !== "queued" && i < at)) return "done";
  if (i === at && status === "running") return "current";
  if (i === at && status === "failed") return "failed";
  return "";
}

function progressText(job, step) {
  switch (job.status) {
    case "queued": return "Waits for its turn.";
    case "done": return job.counts.chunks === 1 ? "1 passage" : `${job.counts.chunks} passages`;
    case "cancelled": return "Cancelled.";
  }
  const p = job.progress;
  const stage = step ? step.textContent.trim() : job.stage;
  if (!p.total || p.unit === "bytes") return stage;
  const unit = p.unit === "chunks" ? "passages" : p.unit; // as every page calls them
  return `${stage}: ${p.done} of ${p.total} ${p.total === 1 ? unit.replace(/s$/, "") : unit}`;
}

function action(row, name, job, shown) {
  const form = row.querySelector(`form.job-${name}`);
  if (!form) return;
  form.hidden = !shown;
  form.action = `/jobs/${job.id}/${name}/`;
}

// refresh takes the parts of the page that jobs change anew from the server:
// once more, when a job has ended meanwhile.
let refreshing = false;
let again = false;
async function refresh() {
  again = true;
  if (refreshing || !document.querySelector("[data-fresh]")) return;
  refreshing = true;
  try {
    while (again) {
      again = false;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) continue; // as when somebody signed out
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-fresh]")) renew(old, page.getElementById(old.id));
    }
  } catch {
    // The server is not there right now: what is shown stays.
  } finally {
    refreshing = false;
  }
}

// renew takes a part's new content, and keeps what somebody does there: ticks,
// what was typed, and the focus.
function renew(old, fresh) {
  if (!fresh || old.innerHTML === fresh.innerHTML) return;
  const typed = [...old.querySelectorAll("input[type=search], select")].map((field) => [field.id, field.value]);
  const ticks = [...old.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
  const focus = old.contains(document.activeElement) ? pointer(document.activeElement) : "";
  old.replaceChildren(...fresh.childNodes);
  for (const [id, value] of typed) if (id && document.getElementById(id)) document.getElementById(id).value = value;
  for (const box of old.querySelectorAll("input[type=checkbox]")) box.checked ||= ticks.includes(box.value);
  if (focus) old.querySelector(focus)?.focus();
  localTimes(old);
  for (const row of old.querySelectorAll(".job[data-id]")) follow(row);
}

// pointer is a selector of an element that its successor fits, too.
function pointer(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.value && element.name) return `[name="${CSS.escape(element.name)}"][value="${CSS.escape(element.value)}"]`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : "";
}

followJobs(document);
