// The first page waits for the first event, and shows it.
"use strict";

(() => {
  const first = document.getElementById("list-first");
  const waiting = document.getElementById("list-waiting");
  waiting.textContent = waiting.dataset.waits;

  async function look() {
    try {
      const answer = await fetch(first.dataset.asks);
      if (answer.ok && (await answer.json()).issues.length) {
        location.reload();
        return;
      }
    } catch {
      // The exporter is being started again: the next look tells.
    }
    setTimeout(look, document.hidden ? 5000 : 1000);
  }

  look();
})();
