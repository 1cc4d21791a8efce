// Links to a part of an event put it in the place where they stand. Without this script they lead to its page.
"use strict";
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-part]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const place = link.closest(".part");
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href);
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.getElementById("part");
    // Several parts may stand on one page: their ids would meet.
    part.id = place.id || "";
    place.replaceWith(part);
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
    part.dispatchEvent(new CustomEvent("errtally:part", { bubbles: true }));
  } catch {
    location.assign(link.href);
  }
});
