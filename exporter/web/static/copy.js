// Buttons that copy a text of the page, or of an address. Without this script they stay hidden, and the text can be selected.
"use strict";
function prepare(within) {
  for (const button of within.querySelectorAll("button.copy[hidden]")) {
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
  }
}
async function written(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const { copy, copyUrl } = button.dataset;
  const source = copy && document.getElementById(copy);
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = label; }, 2000);
  };
  try {
    await navigator.clipboard.writeText(source ? source.textContent : await written(copyUrl));
    say("Copied");
  } catch {
    // Not allowed, or not a secure origin.
    if (source) {
      getSelection().selectAllChildren(source); // so that the keyboard can copy it
      say("Selected: press Ctrl+C");
    } else {
      location.assign(copyUrl);
    }
  }
});
document.addEventListener("errtally:part", (event) => prepare(event.target));
prepare(document);
