import { announce } from "./live.js";

// searching makes the search page quicker by keyboard: / goes to the box, j
// and k through what was found. Libraries are looked for while one types.
function searching(root) {
  const form = root.querySelector("#search-form");
  if (!form) return;
  const hint = root.querySelector("#keys");
  if (hint) hint.hidden = false;
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const move = { j: 1, k: -1 }[event.key];
    if (event.key === "/") {
      event.preventDefault();
      form.q.select();
      form.q.focus();
    } else if (move) {
      step(root, move);
    }
  });
  finder(form);
}

function typing(target) {
  return target.matches("input:not([type=checkbox], [type=radio]), textarea, select") || target.isContentEditable;
}

// step moves the focus to the next passage, from the one that it is on or in.
function step(root, by) {
  const links = [...root.querySelectorAll("[data-hit]")].filter((link) => link.checkVisibility());
  if (links.length === 0) return;
  const here = links.findLastIndex((link) => link === root.activeElement || link.compareDocumentPosition(root.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING);
  const inside = root.activeElement?.closest(".hits");
  const next = links[inside ? Math.min(Math.max(here + by, 0), links.length - 1) : 0];
  next.focus();
  next.closest(".found, .hit").scrollIntoView({ block: "nearest" });
}

// finder asks for the libraries of a name while it is typed. The boxes that
// are ticked go along, and come back on top; what was ticked or not while the
// answer was on its way stays so. The list is busy until the last answer.
function finder(form) {
  const input = form.querySelector("#find");
  if (!input) return;
  form.querySelector("button[name=choose]").hidden = true;
  const boxes = form.querySelector("#library-boxes");
  let timer = 0;
  let asked = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const turn = ++asked;
    boxes.setAttribute("aria-busy", "true");
    timer = setTimeout(async () => {
      try {
        const before = ticked(form);
        const query = new URLSearchParams([...new FormData(form)].filter(([name]) => name === "library" || name === "find"));
        const answer = await fetch(`${form.action}?${query}`, { headers: { Accept: "text/html" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("library-boxes");
        if (!fresh || turn !== asked) return;
        keepTicks(boxes, fresh, before);
        boxes.replaceChildren(...fresh.childNodes);
        const n = boxes.querySelectorAll("input").length;
        announce(n === 1 ? "1 library is shown." : `${n} libraries are shown.`);
      } finally {
        if (turn === asked) boxes.removeAttribute("aria-busy");
      }
    }, 200);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would search
  });
}

function ticked(form) {
  return new Set(new FormData(form).getAll("library"));
}

// keepTicks carries over to the fresh boxes what changed since before.
function keepTicks(boxes, fresh, before) {
  for (const box of boxes.querySelectorAll("input[name=library]")) {
    if (box.checked === before.has(box.value)) continue;
    const other = [...fresh.querySelectorAll("input[name=library]")].find((b) => b.value === box.value);
    if (other) other.checked = box.checked;
    else if (box.checked) fresh.prepend(box.closest("label"));
  }
}

searching(document);
