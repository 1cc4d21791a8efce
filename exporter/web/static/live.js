// The live page: follows /api/errors/stream, shows the newest 100 events. Text of events only ever becomes text nodes.
"use strict";

(() => {
  const MAX_SHOWN = 100;
  const NEWS_MILLISECONDS = 10000; // a screen reader is told at most so often
  const RETRY_MILLISECONDS = 10000; // when the browser itself gave up, as it does after any answer but 200
  const FILTERS = ["project", "environment", "issue", "level"];

  const root = document.getElementById("live");
  const form = document.getElementById("live-filters");
  const filterBox = document.getElementById("live-filter-box");
  const narrow = window.matchMedia("(max-width: 40rem)");
  const list = document.getElementById("live-events");
  const pauseButton = document.getElementById("live-pause");
  const stateLine = document.getElementById("live-state");
  const newsLine = document.getElementById("live-news");
  const emptyLine = document.getElementById("live-empty");

  let source = null;
  let lastId = "";
  let retryTimer = 0;
  let isPaused = false;
  let held = []; // rows to show on "continue", oldest first
  let heldEvents = 0;
  let pending = []; // rows of this moment, shown together
  let isDrawing = false;
  let isCaughtUp = false; // what came before the page was opened is no news
  let news = { events: 0, fresh: 0, regressed: 0 };
  let newsTimer = 0;

  const number = new Intl.NumberFormat();
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const counted = (count, one, many) => `${number.format(count)} ${count === 1 ? one : many}`;

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function eventRow(told) {
    const row = element("li", isCaughtUp ? "live-fresh" : "");
    const title = element("a", "live-title", told.title || told.type || "(no title)");
    if (told.link.startsWith("/issues/")) title.href = root.dataset.base + told.link;
    row.append(title);
    if (told.message) row.append(element("p", "live-message", told.message));
    const facts = element("p", "live-facts");
    const level = element("span", "live-level", told.level);
    level.classList.add(`live-level-${told.level}`);
    facts.append(level);
    if (told.is_new) {
      row.classList.add("live-is-new");
      facts.append(element("span", "live-mark", "new issue"));
    }
    if (told.is_regressed) {
      row.classList.add("live-is-regressed");
      facts.append(element("span", "live-mark", "regressed"));
    }
    const when = new Date(told.timestamp * 1000);
    const time = element("time");
    if (Number.isNaN(when.getTime())) {
      time.textContent = String(told.timestamp);
    } else {
      time.textContent = clock.format(when);
      time.dateTime = when.toISOString();
      time.title = moment.format(when);
    }
    facts.append(time, element("span", "", told.project), element("span", "", told.environment));
    if (told.release) facts.append(element("span", "", told.release));
    if (told.culprit) facts.append(element("code", "", told.culprit));
    row.append(facts);
    return row;
  }

  // A row between events: what is missing here. Neighbours of one kind become one row.
  function breakRow(kind, events, text) {
    const row = element("li", `live-break live-break-${kind}`, text(events));
    row.breakKind = kind;
    row.breakEvents = events;
    row.breakText = text;
    return row;
  }

  function put(row) {
    const top = list.firstElementChild;
    if (row.breakKind === "left-out" && top !== null && top.breakKind === row.breakKind) {
      top.breakEvents += row.breakEvents;
      top.textContent = top.breakText(top.breakEvents);
      return;
    }
    list.prepend(row);
  }

  function draw() {
    isDrawing = false;
    for (const row of pending.slice(-2 * MAX_SHOWN)) put(row);
    pending = [];
    let events = 0;
    for (const row of [...list.children]) {
      if (events >= MAX_SHOWN) row.remove();
      else if (row.breakKind === undefined) events += 1;
    }
    while (list.lastElementChild !== null && list.children.length > 2 * MAX_SHOWN) list.lastElementChild.remove();
    emptyLine.hidden = list.children.length > 0;
  }

  function show(row) {
    if (isPaused) {
      held.push(row);
      if (row.breakKind === undefined) heldEvents += 1;
      if (held.length > 2 * MAX_SHOWN) held = held.slice(-MAX_SHOWN);
      showPause();
      return;
    }
    pending.push(row);
    if (!isDrawing) {
      isDrawing = true;
      // Not requestAnimationFrame, which stands still in a tab that nobody sees.
      setTimeout(draw, 50);
    }
  }

  function showPause() {
    pauseButton.setAttribute("aria-pressed", String(isPaused));
    if (!isPaused) pauseButton.textContent = "Pause";
    else pauseButton.textContent = heldEvents ? `Continue (${number.format(heldEvents)})` : "Continue";
  }

  function tellNews() {
    newsTimer = 0;
    if (!news.events) return;
    const parts = [counted(news.events, "event", "events")];
    if (news.fresh) parts.push(counted(news.fresh, "new issue", "new issues"));
    if (news.regressed) parts.push(`${number.format(news.regressed)} regressed`);
    newsLine.textContent = `${parts.join(", ")}${isPaused ? ", held back" : ""}`;
    news = { events: 0, fresh: 0, regressed: 0 };
  }

  function note(told) {
    if (!isCaughtUp) return;
    news.events += 1;
    if (told.is_new) news.fresh += 1;
    if (told.is_regressed) news.regressed += 1;
    if (!newsTimer) newsTimer = setTimeout(tellNews, NEWS_MILLISECONDS);
  }

  function setState(state, text) {
    if (stateLine.dataset.state === state && stateLine.textContent === text) return;
    stateLine.dataset.state = state;
    stateLine.textContent = text;
  }

  function query() {
    const found = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (FILTERS.includes(name) && value.trim()) found.append(name, value.trim());
    }
    return found;
  }

  function connect() {
    clearTimeout(retryTimer);
    if (source !== null) source.close();
    const wanted = query();
    wanted.set("recent", String(MAX_SHOWN));
    if (lastId) wanted.set("last_event_id", lastId);
    setState("wait", "Connecting");
    const opened = new EventSource(`${root.dataset.stream}?${wanted}`);
    source = opened;
    opened.onopen = () => {
      setState("open", "Connected");
      emptyLine.hidden = list.children.length > 0;
      setTimeout(() => { isCaughtUp = true; }, 1000);
    };
    opened.onmessage = (message) => {
      lastId = message.lastEventId;
      const told = JSON.parse(message.data);
      note(told);
      show(eventRow(told));
    };
    opened.addEventListener("left_out", (message) => {
      lastId = message.lastEventId;
      const text = (events) => `${counted(events, "more event was", "more events were")} counted and not shown`;
      show(breakRow("left-out", JSON.parse(message.data).events, text));
    });
    opened.addEventListener("gap", (message) => {
      lastId = message.lastEventId;
      const { missed } = JSON.parse(message.data);
      const text = () => missed === null
        ? "Events may be missing here: the exporter does not know where this page was"
        : `Events are missing here: ${counted(missed, "was", "were")} counted meanwhile`;
      show(breakRow("gap", 0, text));
    });
    opened.onerror = () => {
      if (source !== opened) return;
      if (opened.readyState === EventSource.CONNECTING) {
        setState("lost", "Connection lost, connecting again");
        return;
      }
      setState("lost", `No answer, trying again in ${RETRY_MILLISECONDS / 1000} s`);
      retryTimer = setTimeout(connect, RETRY_MILLISECONDS);
    };
  }

  // On a phone the filters would take half of the screen; with room for them they are always there.
  function fold() {
    filterBox.open = !narrow.matches || query().toString() !== "";
  }

  function begin() {
    lastId = "";
    isCaughtUp = false;
    pending = [];
    held = [];
    heldEvents = 0;
    showPause();
    list.replaceChildren();
    emptyLine.hidden = true;
    connect();
  }

  pauseButton.addEventListener("click", () => {
    isPaused = !isPaused;
    if (!isPaused) {
      const rows = held;
      held = [];
      heldEvents = 0;
      for (const row of rows) show(row);
    }
    showPause();
  });

  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const wanted = query().toString();
    history.replaceState(null, "", wanted ? `?${wanted}` : location.pathname);
    begin();
  });
  form.addEventListener("change", (changed) => {
    if (changed.target.type === "checkbox") form.requestSubmit();
  });
  window.addEventListener("pagehide", () => { if (source !== null) source.close(); });
  window.addEventListener("pageshow", (shown) => { if (shown.persisted) connect(); });

  narrow.addEventListener("change", fold);
  fold();
  pauseButton.disabled = false;
  begin();
})();
