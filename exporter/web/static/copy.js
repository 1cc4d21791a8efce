// Buttons that copy a text of the page. Without this script they stay hidden, and the text can be selected.
"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = label; }, 2000);
  };
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      say("Copied");
    } catch {
      // Not allowed, or not a secure origin: select the text, so that the keyboard can copy it.
      getSelection().selectAllChildren(source);
      say("Selected: press Ctrl+C");
    }
  });
}
