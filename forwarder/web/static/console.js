/* What scripts add to the console: copying, keys, a list that says what is new. Every
   page works without it. Asks this server only; writes no HTML but the server's own. */
(() => {
  "use strict";
  const said = document.getElementById("said");
  const find = (what, inside = document) => inside.querySelector(what);
  const all = (what, inside = document) => [...inside.querySelectorAll(what)];

  function say(text) {
    said.textContent = "";
    requestAnimationFrame(() => { said.textContent = text; });
  }

  /* Times: UTC as written, the reader's own zone when pointed at. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = new Intl.DateTimeFormat(undefined, {
    dateStyle: "medium", timeStyle: "long",
  });
  function nameZone(inside) {
    for (const time of all("time[datetime]", inside)) {
      time.title = local.format(new Date(time.dateTime));
    }
  }
  nameZone(document);
  if (zone !== "UTC") find("#zone").textContent = `Point at one to see it in ${zone}.`;

  /* Copying. Without HTTPS browsers keep their newer way from us. */
  async function copy(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text);
    }
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "quiet";
    document.body.append(box);
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    if (!isDone) throw new Error("not copied");
  }
  document.addEventListener("click", (event) => {
    const knob = event.target.closest("[data-copy]");
    if (!knob) return;
    copy(knob.dataset.copy).then(
      () => say("Copied."),
      () => say("Not copied: mark the text and copy it by hand."),
    ).finally(() => knob.focus());
  });

  /* Keys: never in a box that is typed in, never with Ctrl, Alt or the like. */
  const keys = find("#keys"), isOn = find("#keys-on");
  isOn.checked = localStorage.getItem("forwarder-keys") !== "off";
  isOn.addEventListener("change", () => {
    localStorage.setItem("forwarder-keys", isOn.checked ? "on" : "off");
  });
  find("[data-opens=keys]").addEventListener("click", () => keys.showModal());

  const lines = () => all("main tbody tr").map((row) => find("a[href]", row))
    .filter((link) => link && link.checkVisibility());
  const lineAt = () => document.activeElement.closest("main tbody tr");

  function step(by) {
    const links = lines(), row = lineAt();
    const at = links.findIndex((link) => row && row.contains(link));
    const next = links[at < 0 ? 0 : at + by];
    if (next) next.focus();
  }
  function tick() {
    const box = lineAt() && find("input[type=checkbox]", lineAt());
    if (!box) return;
    box.checked = !box.checked;
    const n = all("main tbody input:checked").length;
    say(box.checked ? `Ticked, ${n} in all.` : `Not ticked, ${n} in all.`);
  }
  function toAgain() {
    const knob = find("[data-key=r]");
    if (knob) return knob.focus();
    const link = lineAt() && find("a[href]", lineAt());
    if (link && find("[data-live], .log")) location.assign(`${link.href}#again`);
  }
  const ACTS = {
    j: () => step(1), k: () => step(-1), x: tick, r: toAgain,
    "/": () => find("#reference")?.focus(), "?": () => keys.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const act = isOn.checked && ACTS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    event.preventDefault();
    act();
  });
  if (location.hash === "#again") find("[data-key=r]")?.focus();

  /* The list: says how many are new, and renews the lines that stand there. */
  const EVERY_MS = 5000, SHOWN_MAX = 100;
  const bar = find("[data-live]");
  if (bar) follow(bar);

  function follow(bar) {
    const show = find("a", bar), pause = find("button", bar), told = find(".hint", bar);
    const idle = show.textContent;
    let after = bar.dataset.after, nNew = 0, timer = 0;
    let isPaused = sessionStorage.getItem("forwarder-live") === "paused";

    function tell() {
      pause.textContent = isPaused ? "Go on" : "Pause";
      pause.setAttribute("aria-pressed", String(isPaused));
      show.textContent = nNew ? `${nNew.toLocaleString()} new: show` : idle;
      show.classList.toggle("main", nNew > 0);
      if (isPaused) told.textContent = "Paused";
    }
    function plan() {
      clearTimeout(timer);
      if (!isPaused && !document.hidden) timer = setTimeout(look, EVERY_MS);
    }
    async function look() {
      const shown = all("#list tr[data-id]").map((row) => row.dataset.id);
      const query = new URLSearchParams({after});
      if (shown.length) query.set("shown", shown.slice(0, SHOWN_MAX).join(","));
      const address = bar.dataset.live + (bar.dataset.live.includes("?") ? "&" : "?");
      try {
        const reply = await fetch(address + query);
        if (reply.status === 401) return end();
        if (!reply.ok) throw new Error(String(reply.status));
        take(await reply.json());
        told.textContent = `Live, last looked at ${clock()} UTC`;
      } catch {
        told.textContent = `No answer at ${clock()} UTC: trying again`;
      }
      plan();
    }
    const clock = () => new Date().toISOString().slice(11, 19);

    function take(news) {
      if (isPaused) return;
      if (news.new && !nNew) say("There are new deliveries.");
      nNew += news.new;
      after = String(news.after);
      for (const [id, html] of Object.entries(news.rows)) {
        renew(find(`#list tr[data-id="${id}"]`), html);
      }
      tell();
    }
    function end() {
      isPaused = true;
      tell();
      told.textContent = "Your session has ended: load this page again to log in.";
      say(told.textContent);
    }
    async function load(event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      try {
        const reply = await fetch(show.href);
        const page = new DOMParser().parseFromString(await reply.text(), "text/html");
        const ticked = new Set(all("#list input:checked").map((box) => box.value));
        after = find("[data-live]", page).dataset.after;
        find("#list").replaceWith(find("#list", page));
        for (const box of all("#list input[name=ids]")) box.checked = ticked.has(box.value);
        nameZone(find("#list"));
      } catch {
        return location.assign(show.href);
      }
      nNew = 0;
      tell();
      say("The newest deliveries are shown.");
    }
    pause.addEventListener("click", () => {
      isPaused = !isPaused;
      sessionStorage.setItem("forwarder-live", isPaused ? "paused" : "on");
      tell();
      if (isPaused) clearTimeout(timer); else look();
    });
    show.addEventListener("click", load);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden || isPaused) clearTimeout(timer); else look();
    });
    tell();
    plan();
  }

  /* Puts new contents into the cells of a line that keep its size: nothing moves. */
  function renew(row, html) {
    if (!row) return;
    const fresh = new DOMParser().parseFromString(`<table>${html}</table>`, "text/html");
    const cells = all("td", fresh);
    all("td", row).forEach((cell, n) => {
      if (!cells[n] || cell.matches(".c-tick, .c-event")) return;
      const was = cell.innerHTML, height = row.offsetHeight, width = cell.offsetWidth;
      if (plain(was) === plain(cells[n].innerHTML)) return;
      cell.innerHTML = cells[n].innerHTML;
      if (row.offsetHeight !== height || cell.offsetWidth !== width) cell.innerHTML = was;
    });
    nameZone(row);
  }
  const plain = (html) => html.replace(/ title="[^"]*"/g, "");

  /* A page that waits for something: looks again until it has come. */
  const LOOK_AGAIN_MS = 3000;
  function wait() {
    const now = find("#waiting[data-waits]");
    if (now) setTimeout(() => (document.hidden ? wait() : lookAgain(now)), LOOK_AGAIN_MS);
  }
  async function lookAgain(now) {
    try {
      const reply = await fetch(location.href);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const fresh = find("#waiting", page);
      if (!fresh) return say("Your session has ended: load this page again to log in.");
      const isOther = fresh.dataset.waits !== now.dataset.waits;
      if (isOther || !now.contains(document.activeElement)) {
        now.replaceWith(document.adoptNode(fresh));
        nameZone(fresh);
      }
      if (isOther) say("Something has come: this page was renewed.");
    } catch { /* no answer: the next look may have one */ }
    wait();
  }
  wait();
})();
