// Every page works without this. What is here makes some of it better.
import { apiPages } from "./apidocs.js";
import { copyButtons } from "./copy.js";
import { newerJobs } from "./joblist.js";
import { followJobs } from "./jobs.js";
import { searching } from "./search.js";
import { pickers } from "./picker.js";
import { localTimes } from "./times.js";
import { uploads } from "./upload.js";

localTimes(document);
copyButtons(document);
pickers(document);
followJobs(document);
newerJobs(document);
searching(document);
uploads(document);
apiPages(document);

// The menu closes as menus do.
const menu = document.querySelector("details.menu");
if (menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}
