// Completes keys and values in the search box: arrows choose, Tab or Enter takes, Escape closes. The query works without.
"use strict";

(() => {
  const box = document.getElementById("list-query");
  const list = document.getElementById("list-completions");
  let terms = [];
  let chosen = -1;
  let asked = 0;

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");

  // What stands before the cursor since the last space that is not within quotes.
  function begun() {
    const before = box.value.slice(0, box.selectionStart);
    let start = 0;
    let isQuoted = false;
    for (let at = 0; at < before.length; at += 1) {
      if (before[at] === "\\") at += 1;
      else if (before[at] === '"') isQuoted = !isQuoted;
      else if (before[at] === " " && !isQuoted) start = at + 1;
    }
    return { start, text: before.slice(start) };
  }

  function close() {
    asked += 1;
    terms = [];
    chosen = -1;
    list.hidden = true;
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function choose(to) {
    chosen = (to + terms.length) % terms.length;
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", list.children[chosen].id);
  }

  function take(term) {
    const { start } = begun();
    const rest = box.value.slice(box.selectionStart);
    const isWhole = !term.endsWith(":");
    const put = isWhole && !rest.startsWith(" ") ? `${term} ` : term;
    box.value = box.value.slice(0, start) + put + rest;
    box.setSelectionRange(start + put.length, start + put.length);
    close();
    if (!isWhole) ask();
  }

  function show(found, text) {
    close();
    terms = found.filter((term) => term !== text);
    if (!terms.length || document.activeElement !== box) return;
    terms.forEach((term, index) => {
      const item = document.createElement("li");
      item.id = `list-completion-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.textContent = term;
      // Before the box loses the focus, and the list is closed.
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); take(term); });
      list.append(item);
    });
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
  }

  async function ask() {
    const { text } = begun();
    asked += 1;
    const number = asked;
    if (!text) { close(); return; }
    try {
      const answer = await fetch(`${box.dataset.completions}?text=${encodeURIComponent(text)}`);
      const found = answer.ok ? (await answer.json()).completions : [];
      if (number === asked) show(found, text); // else something was typed while the answer or its body came
    } catch {
      if (number === asked) close(); // the exporter is away: the query can be typed all the same
    }
  }

  box.addEventListener("input", ask);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? terms.length - 1 : chosen - 1);
    else if (event.key === "Escape") { event.stopPropagation(); close(); }
    else if (event.key === "Enter" && chosen >= 0) take(terms[chosen]);
    else if (event.key === "Tab" && !event.shiftKey) take(terms[Math.max(chosen, 0)]);
    else return;
    event.preventDefault();
  });
})();
