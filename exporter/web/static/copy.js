// Buttons that copy a text of the page. Without this script they stay hidden, and the text can be selected.
"use strict";
function prepare(within) {
  for (const button of within.querySelectorAll("button[data-copy][hidden]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
  }
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = label; }, 2000);
  };
  try {
    await navigator.clipboard.writeText(source.textContent);
    say("Copied");
  } catch {
    // Not allowed, or not a secure origin: select the text, so that the keyboard can copy it.
    getSelection().selectAllChildren(source);
    say("Selected: press Ctrl+C");
  }
});
document.addEventListener("errtally:part", (event) => prepare(event.target));
prepare(document);
