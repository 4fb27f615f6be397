import { announce } from "./live.js";
import { localTimes } from "./times.js";

// A browser opens about six connections to a server. Three are followed at a
// time, the oldest first: those are the ones that run.
const atOnce = 3;
const active = ["queued", "running"];
const waiting = [];
let following = 0;

export function followJobs(root) {
  const rows = [...root.querySelectorAll(".job[data-id]")];
  for (const row of rows.reverse()) follow(row);
  for (const element of root.querySelectorAll(".without-live")) element.hidden = true;
}

// follow keeps a row like its job until that ends.
export function follow(row) {
  if (!row.dataset.id || !active.includes(row.dataset.status)) return;
  waiting.push(row);
  next();
}

function next() {
  while (following < atOnce && waiting.length > 0) watch(waiting.shift());
}

function watch(row) {
  following++;
  const source = new EventSource(`/library/api/jobs/${encodeURIComponent(row.dataset.id)}/events/`);
  source.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    show(row, job);
    if (active.includes(job.status)) return;
    source.close();
    following--;
    announce(`${row.querySelector(".job-name").textContent}: ${job.status}`);
    refresh();
    next();
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    following--;
    next();
  });
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
  steps.forEach((step, i) => { step.dataset.state = stepState(job.status, i, at); });
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
  return `${stage}: ${p.done} of ${p.total} ${p.unit}`;
}

function action(row, name, job, shown) {
  const form = row.querySelector(`form.job-${name}`);
  if (!form) return;
  form.hidden = !shown;
  form.action = `/jobs/${job.id}/${name}/`;
}

// refresh takes the list of documents anew from the server: once more, when a
// job has ended meanwhile.
let refreshing = false;
let again = false;
async function refresh() {
  const here = document.getElementById("documents");
  again = true;
  if (!here || refreshing) return;
  refreshing = true;
  try {
    while (again) {
      again = false;
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("documents");
      if (fresh) here.replaceChildren(...fresh.childNodes);
      localTimes(here);
    }
  } finally {
    refreshing = false;
  }
}
