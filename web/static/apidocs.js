import { announce } from "./live.js";

const mostShown = 100_000; // characters of an answer

// apiPages lets calls be tried from the pages of the REST API, with the session
// of whoever reads them.
function apiPages(root) {
  for (const form of root.querySelectorAll("form.try")) tryable(form);
  for (const hint of root.querySelectorAll(".without-trying")) hint.hidden = true;
  const filter = root.querySelector("form[data-filter]");
  if (filter) filtering(filter);
}

// filtering narrows the list while its words are typed.
function filtering(form) {
  const list = document.getElementById(form.dataset.filter);
  const rows = [...list.querySelectorAll("li")];
  if (form.q.value) return; // the server has narrowed it: others are not here
  form.querySelector("button").hidden = true;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.q.addEventListener("input", () => {
    const words = form.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) found++;
    }
    for (const group of list.querySelectorAll("section")) group.hidden = !group.querySelector("li:not([hidden])");
    document.getElementById("found").textContent = found === 1 ? "1 operation" : `${found} operations`;
  });
}

function tryable(form) {
  form.hidden = false;
  const command = document.getElementById(`${form.dataset.operation}-curl`);
  const refresh = () => {
    const media = form.querySelector("input[name=media]:checked")?.value;
    for (const body of form.querySelectorAll(".try-body")) body.hidden = Boolean(media) && body.dataset.media !== media;
    command.textContent = asCommand(form, callOf(form));
  };
  form.addEventListener("input", refresh);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const call = callOf(form);
    if (form.dataset.destroys && !(await sure(`${call.method} ${call.address}`))) return;
    await send(form, call);
  });
}

// callOf is what a form's fields make.
function callOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll("[data-in=path], [data-in=query]")) {
    if (field.dataset.in === "path") {
      if (field.value) path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    } else if (field.value) {
      query.append(field.name, field.value);
    }
  }
  const call = { method: form.dataset.method, address: query.size ? `${path}?${query}` : path };
  const body = form.querySelector(".try-body:not([hidden])");
  if (!body) return call;
  const text = body.querySelector("[data-in=body]");
  if (text) {
    call.json = text.value;
  } else {
    call.fields = [...body.querySelectorAll("[data-in=form]")].filter((field) => field.type === "file" ? field.files.length : field.value);
  }
  return call;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function asCommand(form, call) {
  const parts = ["curl"];
  if (call.method !== "GET") parts.push("-X", call.method);
  if (!form.dataset.public) parts.push('-H "Authorization: Bearer $TOKEN"');
  if (call.json !== undefined) parts.push("--json", quoted(compact(call.json)));
  for (const field of call.fields ?? []) {
    parts.push("-F", quoted(field.type === "file" ? `${field.name}=@${field.files[0].name}` : `${field.name}=${field.value}`));
  }
  parts.push(quoted(location.origin + call.address));
  return parts.join(" ");
}

function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

// sure asks in a dialogue, which keeps the keyboard inside and gives it back.
function sure(call) {
  const dialog = document.getElementById("sure");
  document.getElementById("sure-call").textContent = call;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

async function send(form, call) {
  const reply = form.querySelector(".reply");
  const [button, stop] = [form.querySelector("[type=submit]"), form.querySelector(".try-stop")];
  const control = new AbortController();
  const end = () => control.abort();
  stop.addEventListener("click", end);
  button.disabled = true;
  stop.hidden = false;
  reply.replaceChildren(text("p", "Waiting for the answer…", "faint"));
  const began = performance.now();
  try {
    const options = { method: call.method, redirect: "manual", signal: control.signal, headers: {} };
    if (call.json !== undefined) {
      options.body = call.json;
      options.headers["Content-Type"] = "application/json";
    } else if (call.fields) {
      options.body = new FormData();
      for (const field of call.fields) options.body.append(field.name, field.type === "file" ? field.files[0] : field.value);
    }
    const answer = await fetch(call.address, options);
    await show(reply, answer, began);
  } catch (error) {
    reply.replaceChildren(text("p", control.signal.aborted ? "Stopped." : `The call did not get through: ${error.message}`, "fault"));
  } finally {
    stop.removeEventListener("click", end);
    stop.hidden = true;
    button.disabled = false;
  }
}

async function show(reply, answer, began) {
  const took = Math.round(performance.now() - began);
  const head = text("p", "");
  const badge = text("span", `${answer.status} ${answer.statusText}`.trim(), "badge");
  badge.dataset.status = answer.ok ? "done" : "failed";
  head.append(badge, ` in ${took} ms`);
  const headers = document.createElement("details");
  headers.append(text("summary", "Headers"), text("pre", [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n")));
  reply.replaceChildren(head, headers);
  announce(`The answer is ${answer.status}.`);
  await showBody(reply, answer);
}

// showBody shows text as it comes, so that a stream of events is seen to run.
async function showBody(reply, answer) {
  const kind = answer.headers.get("Content-Type") ?? "";
  if (!answer.body || answer.status === 204) return;
  if (!/json|^text\//.test(kind)) {
    const bytes = (await answer.arrayBuffer()).byteLength;
    reply.append(text("p", `${bytes} bytes of ${kind}.`));
    return;
  }
  const pre = text("pre", "");
  pre.tabIndex = 0;
  pre.setAttribute("aria-label", "The answer's body");
  reply.append(pre);
  let whole = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    whole += value;
    pre.textContent = whole;
    if (whole.length <= mostShown) continue;
    await reader.cancel();
    pre.textContent = whole.slice(0, mostShown);
    reply.append(text("p", "The rest is not shown.", "faint"));
    return;
  }
  if (kind.includes("json")) pre.textContent = pretty(whole);
}

function pretty(whole) {
  try {
    return JSON.stringify(JSON.parse(whole), null, 2);
  } catch {
    return whole;
  }
}

function text(name, content, className) {
  const element = document.createElement(name);
  element.textContent = content;
  if (className) element.className = className;
  return element;
}

apiPages(document);
