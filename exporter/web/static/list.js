// Keys and the count of what is selected. Everything else of the list works without this.
"use strict";

(() => {
  const form = document.getElementById("list-bulk");
  const help = document.getElementById("list-help");
  const rows = form ? [...form.querySelectorAll(".list-issues > li")] : [];
  const boxOf = (row) => row.querySelector("input[name=issue]");
  const linkOf = (row) => row.querySelector("a.title");
  let current = -1;

  function count() {
    const selected = rows.filter((row) => boxOf(row).checked).length;
    document.getElementById("list-count").textContent = selected ? `${selected} selected` : "Selected:";
    const all = document.querySelector("#list-all input");
    all.checked = selected === rows.length;
    all.indeterminate = selected > 0 && selected < rows.length;
  }

  function go(to) {
    if (!rows.length) return;
    rows[current]?.classList.remove("current");
    current = Math.min(Math.max(to, 0), rows.length - 1);
    rows[current].classList.add("current");
    linkOf(rows[current]).focus({ preventScroll: true });
    rows[current].scrollIntoView({ block: "nearest" });
  }

  function decide(action) {
    if (!rows.some((row) => boxOf(row).checked)) {
      if (current < 0) return;
      boxOf(rows[current]).checked = true;
    }
    form.requestSubmit(form.querySelector(`button[value=${action}]`));
  }

  const keys = {
    j: () => go(current + 1),
    k: () => go(current < 0 ? 0 : current - 1),
    Enter: () => { if (current >= 0) linkOf(rows[current]).click(); },
    x: () => { if (current >= 0) { boxOf(rows[current]).click(); } },
    e: () => decide("resolve"),
    i: () => decide("ignore"),
    "/": () => document.getElementById("list-query").select(),
    "?": () => help.showModal(),
  };

  const isTyping = (target) => target.closest("textarea, select, [contenteditable], input:not([type=checkbox])");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    // Enter on a link, a button or a box does what it does anyway.
    if (event.key === "Enter" && event.target.closest("a, button, input, summary")) return;
    const act = Object.hasOwn(keys, event.key) && keys[event.key];
    if (!act || (event.repeat && event.key !== "j" && event.key !== "k")) return;
    event.preventDefault();
    act();
  });

  const openHelp = document.getElementById("list-keys");
  if (!form) return;
  rows.forEach((row, index) => row.addEventListener("focusin", () => {
    rows[current]?.classList.remove("current");
    current = index;
    row.classList.add("current");
  }));
  form.addEventListener("change", count);
  const all = document.getElementById("list-all");
  all.hidden = false;
  all.addEventListener("change", (event) => {
    rows.forEach((row) => { boxOf(row).checked = event.target.checked; });
    count();
  });
  openHelp.hidden = false;
  openHelp.addEventListener("click", () => help.showModal());
  count(); // a browser that went back keeps what was selected
})();
