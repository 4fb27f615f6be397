// A long list of boxes to tick gets a field to narrow it, and a count of those
// that are ticked.
function pickers(root) {
  for (const picker of root.querySelectorAll("[data-picker]")) {
    const boxes = [...picker.querySelectorAll("input[type=checkbox]")];
    const head = picker.querySelector(".picker-head");
    if (!head) continue;
    const find = head.querySelector("input");
    const count = head.querySelector(".picker-count");
    const reach = picker.closest("form").querySelector(`input[type=radio][value="${picker.dataset.picker}"]`);
    head.hidden = false;
    const tell = () => { count.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length} chosen`; };
    find.addEventListener("input", () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const box of boxes) {
        const text = box.parentElement.textContent.toLowerCase();
        box.parentElement.hidden = !words.every((word) => text.includes(word));
      }
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it narrows, and sends nothing
    });
    picker.addEventListener("change", (event) => {
      if (event.target === find) return;
      if (event.target.checked) reach.checked = true;
      tell();
    });
    tell();
  }
}

pickers(document);
