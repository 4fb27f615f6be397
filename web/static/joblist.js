import { announce } from "./live.js";

const every = 10_000; // ms

// newerJobs tells of jobs that came in since the list was shown. The list
// stays as it is: it does not move under somebody's hands.
function newerJobs(root) {
  const place = root.querySelector("#newer[data-poll]");
  if (!place) return;
  const link = place.querySelector("a");
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.poll, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return; // as when somebody signed out
      const { newer, more } = await answer.json();
      if (newer === 0) return;
      const text = `${newer}${more ? "+" : ""} newer ${newer === 1 && !more ? "job" : "jobs"}`;
      if (link.textContent === text) return;
      link.textContent = text;
      if (place.hidden) announce(`There are newer jobs.`);
      place.hidden = false;
    } catch {
      // The server is not there right now: it is asked again.
    }
  };
  setInterval(look, every);
  document.addEventListener("visibilitychange", look);
}

newerJobs(document);
