import { announce } from "./live.js";

// <button data-copy="id"> copies the text of an element.
function copyButtons(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) continue;
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      try {
        await write(source);
        button.textContent = "Copied";
        announce("Copied.");
      } catch {
        select(source);
        button.textContent = "Press Ctrl+C";
      }
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
}

// Without HTTPS a browser has no clipboard but that of the selection.
async function write(source) {
  if (navigator.clipboard) return navigator.clipboard.writeText(source.textContent);
  select(source);
  if (!document.execCommand("copy")) throw new Error("not copied");
  getSelection().removeAllRanges();
}

function select(source) {
  getSelection().selectAllChildren(source);
}

copyButtons(document);
