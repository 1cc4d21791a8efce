// Times say on hover and focus when it was for the reader as well; "t" shows that for all of them. Without this script
// they say it in UTC on hover.
"use strict";

(() => {
  const times = [...document.querySelectorAll("time.when")].filter((time) => !Number.isNaN(Date.parse(time.dateTime)));
  for (const time of times) {
    const local = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
    time.title = `${time.title}\n${local}`;
    time.dataset.exact = local;
    time.dataset.ago = time.textContent;
    // A list has too many to step through: there it is "t".
    if (!time.closest("li, tr")) time.tabIndex = 0;
  }
  let isExact = false;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    isExact = !isExact;
    for (const time of times) time.textContent = isExact ? time.dataset.exact : time.dataset.ago;
  });
})();
