// dropZone takes what is dropped on an element: files, and folders with all
// that is in them. take gets [{file, path}], path with the folders' names.
export function dropZone(element, take, announce) {
  const over = (yes) => (event) => {
    event.preventDefault();
    element.classList.toggle("over", yes);
  };
  element.addEventListener("dragenter", over(true));
  element.addEventListener("dragover", over(true));
  element.addEventListener("dragleave", over(false));
  element.addEventListener("drop", async (event) => {
    over(false)(event);
    const { files, unread } = await dropped(event.dataTransfer);
    take(files);
    if (unread > 0) announce(unread === 1 ? "1 file could not be read." : `${unread} files could not be read.`);
  });
  // A file that misses the zone is not to replace the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
}

// dropped reads all that was dropped. The entries are asked for at once: the
// transfer is empty after the event.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return { files: [...transfer.files].map((file) => ({ file, path: file.name })), unread: 0 };
  const found = { files: [], unread: 0 };
  for (const entry of entries) await walk(entry, found);
  return found;
}

// hidden files and folders are the system's, not somebody's documents.
export const hidden = (name) => name.startsWith(".") || name === "Thumbs.db" || name === "__MACOSX";

async function walk(entry, found) {
  try {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => { entry.file(done, failed); });
      found.files.push({ file, path: entry.fullPath.replace(/^\/+/, "") });
      return;
    }
    for (const child of await children(entry)) {
      if (!hidden(child.name)) await walk(child, found);
    }
  } catch {
    found.unread++;
  }
}

// children lists a folder, which browsers give in parts.
async function children(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const part = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (part.length === 0) return all;
    all.push(...part);
  }
}
