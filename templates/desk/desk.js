// The desk works without this. With it the form is saved while one writes, and nothing that is typed is lost: it stays
// in its field, and in the browser's storage, until the desk has it. What could not be done is said until it is.
"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const choose = document.querySelector(".choose");
  if (choose) {
    const show = choose.querySelector("button.quiet");
    show.hidden = true;
    choose.querySelector("select").addEventListener("change", () => choose.requestSubmit(show));
  }
  const form = find("mend");
  if (!form) return;
  const say = find("words").dataset;
  const why = find("why");
  const NAMES = ["subject", "preheader", "opening"];
  const field = (name) => form.elements[name];
  const period = () => form.elements.period.value;
  const label = (name) => form.querySelector(`label[for="${name}"]`).textContent;
  const after = (ms, what) => setTimeout(what, ms);

  // What the desk has of each field: as it was typed here, and as the desk's own page says it.
  const known = {};
  for (const name of NAMES) known[name] = { typed: field(name).value, desk: field(name).value };
  // Fields that somebody else has changed as well, with their words.
  const clash = new Map();
  const isNew = (name) => field(name).value !== known[name].typed;

  // Whether a subject that differs is somebody's, and not the one that the edition has by itself.
  const isWritten = (name, page) => name !== "subject" || page.getElementById(name).dataset.own !== undefined;

  // ---- The browser's storage.
  const ours = `gazetier desk ${say.root} ${say.who} `;
  const storage = (() => {
    try { window.localStorage.getItem(ours); return window.localStorage; } catch { return null; }
  })();
  const keep = () => {
    const words = {};
    for (const name of NAMES) {
      // Of what two have changed somebody says whose it is, also on the page that is opened next.
      const desk = clash.has(name) ? null : known[name].desk;
      if (isNew(name)) words[name] = { mine: field(name).value, desk };
    }
    if (why.value) words.why = { mine: why.value };
    try {
      if (Object.keys(words).length) storage.setItem(ours + period(), JSON.stringify(words));
      else storage.removeItem(ours + period());
    } catch { /* A browser that keeps nothing still has the fields. */ }
  };
  const kept = (of) => {
    try { return JSON.parse(storage.getItem(ours + of)) || {}; } catch { return {}; }
  };
  const forget = (of) => { try { storage.removeItem(ours + of); } catch { /* Then there is nothing. */ } };

  // ---- What is said.
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const button = (text, press) => {
    const made = element("button", text, "quiet");
    made.type = "button";
    made.addEventListener("click", press);
    return made;
  };
  // A notice that stands until it is taken away: lines of a list, and texts under labels.
  const notice = (title, lines, texts, buttons) => {
    const box = element("div", "", "notice refused");
    box.setAttribute("role", "alert");
    const head = element("p");
    head.append(element("strong", title));
    box.append(head);
    if (lines.length) {
      const list = element("ul");
      list.append(...lines.map((line) => element("li", line)));
      box.append(list);
    }
    for (const [name, text] of texts) {
      const one = element("p", "", "yours");
      one.append(element("b", name), " ", element("span", text));
      box.append(one);
    }
    const row = element("p", "", "do");
    row.append(...buttons(box));
    box.append(row);
    find("kept").append(box);
    box.scrollIntoView({ block: "center" });
    return box;
  };
  const trouble = find("trouble");
  let again = 0;
  let patience = 3000;
  const fail = (words, waits, act) => {
    clearTimeout(again);
    const retry = () => { clearTimeout(again); save(act); };
    const row = element("p", "", "do");
    row.append(button(say.retry, retry));
    trouble.replaceChildren(element("p", words), row);
    trouble.hidden = false;
    if (waits) {
      again = after(patience, retry);
      patience = Math.min(patience * 1.5, 30000);
    }
    return null;
  };
  const undone = (what, because) => {
    const box = find("undone");
    const head = element("p");
    head.append(element("strong", `${say.undone} · ${what}`));
    box.replaceChildren(head, element("p", because));
    box.hidden = false;
    box.scrollIntoView({ block: "center" });
  };

  // ---- Nothing moves under a finger: a page that has come waits until what is pressed is let go.
  let pressed = false;
  let dragged = null;
  let waiting = [];
  const lift = () => after(0, () => {
    pressed = false;
    if (!dragged) waiting.splice(0).forEach((go) => go());
  });
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift, true);
  addEventListener("blur", lift);
  const idle = () => pressed || dragged ? new Promise((go) => waiting.push(go)) : Promise.resolve();

  // ---- The parts of a new page are put into this one; what somebody writes in is left alone.
  const renew = (page, isGood) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = page.getElementById(part.id);
      // What was refused is said where it stays.
      if (!other || other.innerHTML === part.innerHTML || (part.id === "notice" && !isGood)) continue;
      const focus = part.contains(document.activeElement) ? document.activeElement : null;
      part.className = other.className;
      part.replaceChildren(...other.childNodes);
      if (focus && focus.value) {
        const same = part.querySelector(`button[value="${CSS.escape(focus.value)}"]:not(:disabled)`);
        if (same) same.focus();
      }
    }
    for (const input of document.querySelectorAll("[data-live-value]")) {
      const other = page.querySelector(`[data-live-value="${input.dataset.liveValue}"]`);
      if (other) input.value = other.value;
    }
    const focus = document.activeElement;
    for (const part of document.querySelectorAll("[data-live-state]")) {
      const other = page.getElementById(part.id);
      if (!other) continue;
      part.hidden = other.hidden;
      part.disabled = other.disabled;
      if (part.hidden && part.contains(focus)) find("decision-title").focus();
    }
    field("preheader").placeholder = page.getElementById("preheader").placeholder;
    if (NAMES.some(isNew)) find("approve").disabled = false;
  };

  // Asks the desk; nothing if it gave no page of its own, and then it is said why.
  const ask = async (url, body, act) => {
    let answer;
    let text;
    try {
      answer = await fetch(url, { method: "POST", body, headers: { "x-desk": "live" }, cache: "no-store" });
      text = await answer.text();
    } catch {
      return fail(say.offline, true, act);
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    if (page.getElementById("mend") || page.querySelector("main.desk")) {
      clearTimeout(again);
      trouble.hidden = true;
      patience = 3000;
      return { page, answer };
    }
    if (answer.status === 413) return fail(say.long, false, act);
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return fail(say.offline, true, act);
    if (answer.ok || answer.status === 401 || answer.status === 403) return fail(say.closed, false, act);
    return fail(say.refused, false, act);
  };

  // ---- Saving, one after another.
  let timer = 0;
  let line = Promise.resolve(true);
  // The fingerprint of what somebody has looked at who decides: it follows the changes that are saved on the way.
  let looked = null;
  const save = (act = "save") => {
    clearTimeout(timer);
    timer = 0;
    line = line.then(() => attempt(act, 3)).catch(() => { fail(say.offline, true, act); return false; });
    return line;
  };
  const attempt = async (act, tries) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("act", act);
    const sent = {};
    for (const name of NAMES) {
      if (clash.has(name)) body.set(name, clash.get(name));
      sent[name] = clash.has(name) ? clash.get(name) : field(name).value;
    }
    const asked = await ask(form.action, body, act);
    if (!asked) return false;
    const { page, answer } = asked;
    await idle();
    const said = (name) => page.getElementById(name).value;
    if (answer.ok) {
      const hash = page.querySelector('[data-live-value="hash"]').value;
      if (looked !== null && answer.headers.get("x-desk-was") === looked) looked = hash;
      for (const name of NAMES) {
        const isSent = field(name).value === sent[name];
        if (isSent && document.activeElement !== field(name)) field(name).value = said(name);
        known[name] = { typed: isSent ? field(name).value : sent[name], desk: said(name) };
      }
      renew(page, true);
      keep();
      find("saved").textContent = find("saved").dataset.saved;
      after(2000, () => { find("saved").textContent = ""; });
      return true;
    }
    const lines = [...page.querySelectorAll("#notice li")].map((item) => item.textContent);
    if (answer.status !== 409) {
      fail(lines.join(" ") || say.refused, false, act);
      return false;
    }
    return page.querySelector('[data-live-value="period"]').value === period()
      ? merge(page, lines, act, tries)
      : moveOn(page);
  };

  // Somebody else has changed the edition: what they alone have changed is taken, what is written here stays.
  const merge = (page, lines, act, tries) => {
    for (const name of NAMES) {
      const theirs = page.getElementById(name).value;
      if (!isNew(name) || field(name).value === theirs) {
        field(name).value = theirs;
        known[name] = { typed: theirs, desk: theirs };
        clash.delete(name);
      } else if (theirs !== known[name].desk) {
        known[name] = { typed: theirs, desk: theirs };
        if (isWritten(name, page)) clash.set(name, theirs);
      }
    }
    renew(page, false);
    keep();
    if (clash.size) {
      disagree(lines);
      return false;
    }
    notice(say.merged, lines, [], (box) => [button(say.seen, () => box.remove())]);
    return tries > 0 ? attempt(act, tries - 1) : false;
  };
  let disagreement = null;
  const disagree = (lines) => {
    if (disagreement) disagreement.remove();
    const texts = [...clash].map(([name, theirs]) => [`${label(name)} · ${say.theirs}`, theirs]);
    disagreement = notice(say.conflict, lines, texts, (box) => [
      button(say.mine, () => { clash.clear(); box.remove(); save(); }),
      button(say.take, () => {
        for (const [name, theirs] of clash) field(name).value = theirs;
        clash.clear();
        box.remove();
        keep();
        if (NAMES.some(isNew)) save();
      }),
    ]);
  };

  // Another edition is the coming one now. What was written for the one that has gone is shown, and kept until
  // somebody has seen it.
  const left = (of, words) => {
    const texts = Object.entries(words).map(([name, { mine }]) =>
      [name === "why" ? document.querySelector('label[for="why"]').textContent : label(name), mine]);
    if (!texts.length) return;
    notice(say.gone.replace("{period}", of), [], texts, (box) => [button(say.seen, () => { forget(of); box.remove(); })]);
  };
  const moveOn = (page) => {
    keep();
    const gone = period();
    for (const name of NAMES) {
      field(name).value = page.getElementById(name).value;
      known[name] = { typed: field(name).value, desk: field(name).value };
    }
    clash.clear();
    renew(page, false);
    left(gone, kept(gone));
    return true;
  };

  form.addEventListener("input", () => {
    keep();
    find("approve").disabled = false;
    clearTimeout(timer);
    // Where two have changed one field, somebody says first whose it is.
    timer = clash.size ? 0 : after(500, () => save());
  });
  why.addEventListener("input", keep);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const act = event.submitter ? event.submitter.value : "save";
    if (act === "save" && clash.size) {
      clash.clear();
      disagreement.remove();
    }
    save(act).then(() => {
      if (!act.includes(" ")) return;
      // The same button, or another of the same column, keeps the focus.
      const id = act.split(" ")[1];
      const next = form.querySelector(`button[value="${CSS.escape(act)}"]:not(:disabled)`)
        || form.querySelector(`li[data-id="${CSS.escape(id)}"] button:not(:disabled)`)
        || form.querySelector(`button[value="in ${CSS.escape(id)}"]`);
      if (next) next.focus();
    });
  });

  // What is not saved yet is saved before anything else is done; gives whether the desk has all of it.
  const flush = async () => {
    await (timer || NAMES.some(isNew) ? save() : line);
    return !NAMES.some(isNew) && !clash.size;
  };

  // ---- Decisions.
  let deciding = false;
  const decide = async (target, body, name) => {
    looked = body.get("hash");
    const isSaved = await flush();
    // Our own changes are what we have looked at; anybody else's are not.
    body.set("hash", looked);
    looked = null;
    if (!isSaved) return undone(name, say.unsaved);
    const asked = await ask(target.action, body, "save");
    if (!asked) return undone(name, trouble.firstElementChild.textContent);
    const { page, answer } = asked;
    if (!page.getElementById("mend") && answer.ok) {
      forget(body.get("period"));
      location.assign(answer.url);
      return undefined;
    }
    await idle();
    if (page.getElementById("mend")) {
      if (page.querySelector('[data-live-value="period"]').value === period()) renew(page, answer.ok);
      else moveOn(page);
    }
    if (!answer.ok) {
      const lines = [...page.querySelectorAll("#notice li")].map((item) => item.textContent);
      return undone(name, lines.join(" "));
    }
    find("undone").hidden = true;
    if (body.get("act") === "hold" && why.value === body.get("why")) why.value = "";
    return keep();
  };
  for (const target of document.querySelectorAll("form[data-decides]")) {
    target.addEventListener("submit", (event) => {
      event.preventDefault();
      if (deciding) return;
      deciding = true;
      const pressedButton = event.submitter || target.querySelector("button");
      // What stands before the editor now; a save on the way brings other numbers.
      const body = new URLSearchParams(new FormData(target));
      body.set("act", pressedButton.value);
      decide(target, body, pressedButton.textContent).finally(() => { deciding = false; });
    });
  }

  // What is not saved yet is saved before another form goes.
  document.addEventListener("submit", (event) => {
    const target = event.target;
    if (target === form || target.dataset.decides !== undefined || !(timer || NAMES.some(isNew))) return;
    event.preventDefault();
    const submitter = event.submitter;
    flush().then((isSaved) => {
      if (isSaved) target.requestSubmit(submitter && submitter.isConnected ? submitter : null);
    });
  });
  // Who leaves by a link or closes the tab leaves nothing behind.
  addEventListener("pagehide", () => {
    if (!NAMES.some(isNew) || clash.size) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("act", "save");
    fetch(form.action, { method: "POST", body, headers: { "x-desk": "live" }, keepalive: true }).catch(() => {});
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  // Somebody may have come in again in another tab.
  addEventListener("focus", () => { if (!trouble.hidden && NAMES.some(isNew) && !clash.size) save(); });

  // ---- What an earlier page left in the browser.
  const restored = kept(period());
  if (restored.why && !why.value) why.value = restored.why.mine;
  for (const name of NAMES) {
    const words = restored[name];
    if (!words || words.mine === field(name).value) continue;
    if (words.desk !== field(name).value && isWritten(name, document)) clash.set(name, field(name).value);
    field(name).value = words.mine;
  }
  if (clash.size) disagree([]);
  else if (NAMES.some(isNew)) timer = after(0, () => save());
  keep();
  try {
    for (const name of Object.keys(storage)) {
      const of = name.startsWith(ours) ? name.slice(ours.length) : period();
      if (of !== period()) left(of, kept(of));
    }
  } catch { /* No storage, nothing left. */ }

  // ---- Columns are dragged.
  const item = (event) => event.target.closest ? event.target.closest("li[data-id]") : null;
  form.addEventListener("dragstart", (event) => {
    dragged = item(event);
    if (dragged) {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", dragged.dataset.id);
      dragged.classList.add("dragged");
    }
  });
  form.addEventListener("dragover", (event) => {
    const over = item(event);
    if (!dragged || !over || over.parentNode !== dragged.parentNode) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    if (over !== dragged) over.parentNode.insertBefore(dragged, below ? over.nextSibling : over);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged = null;
    const ids = [...form.querySelectorAll("li[data-id]")].map((li) => li.dataset.id);
    save(`order ${ids.join(",")}`);
    lift();
  });
})();
