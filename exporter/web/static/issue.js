// Keys of an issue's page. Each does what a link or a button of the page does.
"use strict";

(() => {
  const help = document.getElementById("help");
  const link = (selector) => document.querySelector(selector)?.click();
  const submit = (action) => document.querySelector(`.bar button[formaction*="/${action}"]`)?.click();

  function say(name) {
    const sayings = document.querySelector(".sayings");
    sayings.open = true;
    sayings.querySelector(`[name=${name}]`).focus();
  }

  const keys = {
    n: () => link(".steps a[rel=next]"),
    p: () => link(".steps a[rel=prev]"),
    e: () => { if (document.querySelector('.bar button[formaction*="/resolve"]')) submit("resolve"); else submit("reopen"); },
    i: () => submit("ignore"),
    a: () => say("assignee"),
    m: () => say("note"),
    u: () => link(".trail a"),
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat || help.open) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox])")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const act = Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  const open = document.getElementById("keys");
  open.hidden = false;
  open.addEventListener("click", () => help.showModal());
})();
