// announce tells screen readers what happened elsewhere on the page.
export function announce(text) {
  const region = document.getElementById("announcements");
  if (region) region.textContent = text;
}
