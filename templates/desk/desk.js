
// The form is saved while one writes, and nothing that is typed is lost: it stays in its field, and in the browser's
// storage, until the desk has it.
(() => {
  const { find, say, button, notice, trouble, undone, fail, ask, idle } = desk;
  const form = find("mend");
  if (!form) return;
  const why = find("why");
  const NAMES = ["subject", "preheader", "opening", "signed", "portrait", "closing"];
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
  // White space that the desk sets right is no change.
  const plain = (text) => text.replace(/\s+/g, " ").trim();

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

  // ---- The parts of a new page are put into this one; what somebody writes in is left alone.
  const renew = (page, isGood) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = page.getElementById(part.id);
      // What was refused is said where it stays.
      if (!other || other.innerHTML === part.innerHTML || (part.id === "notice" && !isGood)) continue;
      const focus = part.contains(document.activeElement) ? document.activeElement : null;
      part.className = other.className;
      if (part.id === "shown") desk.show(part, other);
      else part.replaceChildren(...other.childNodes);
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
      if (part.tagName === "BUTTON" && part.value !== other.value) part.value = other.value;
      if (part.tagName === "BUTTON" && part.textContent !== other.textContent) part.textContent = other.textContent;
      if (part.hidden && part.contains(focus)) find("decision-title").focus();
    }
    field("preheader").placeholder = page.getElementById("preheader").placeholder;
    if (NAMES.some(isNew)) find("approve").disabled = false;
    if (desk.renewed) desk.renewed();
  };

  // ---- Saving, one after another.
  let timer = 0;
  let line = Promise.resolve(true);
  // The fingerprint of what somebody has looked at who decides: it follows the changes that are saved on the way.
  let looked = null;
  const save = (act = "save") => {
    clearTimeout(timer);
    timer = 0;
    line = line.then(() => attempt(act)).catch(() => { fail(say.offline, true, act); return false; });
    return line;
  };
  // The form as it goes: each field with what the desk's page had in it, so that the desk knows who changed what.
  const formBody = (act) => {
    const body = new URLSearchParams(new FormData(form));
    body.set("act", act);
    for (const name of NAMES) {
      const text = isNew(name) ? field(name).value : known[name].desk;
      body.set(name, clash.has(name) ? clash.get(name) : text);
      body.set(`was-${name}`, known[name].desk);
    }
    return body;
  };
  const attempt = async (act) => {
    const body = formBody(act);
    const typed = {};
    for (const name of NAMES) typed[name] = field(name).value;
    const asked = await ask(form.action, body, act);
    if (!asked) return false;
    const { page, answer } = asked;
    await idle();
    const lines = [...page.querySelectorAll("#notice li")].map((item) => item.textContent);
    if (!answer.ok && answer.status !== 409) {
      fail(lines.join(" ") || say.refused, false, act);
      return false;
    }
    if (page.querySelector('[data-live-value="period"]').value !== period()) return moveOn(page);
    if (answer.ok) {
      const hash = page.querySelector('[data-live-value="hash"]').value;
      if (looked !== null && answer.headers.get("x-desk-was") === looked) looked = hash;
    }
    const isMore = take(page, body, typed);
    if (act === "reader" && answer.ok) {
      variants.value = page.querySelector('select[name="variant"]').value;
      for (const input of document.querySelectorAll("[data-variant]")) input.value = variants.value;
      form.elements.reader.value = "";
    }
    // What others have changed is told, and stays until somebody has seen it.
    if (answer.ok && lines.length) notice(say.merged, lines, [], (box) => [button(say.seen, () => box.remove())]);
    if (answer.ok) page.getElementById("notice").replaceChildren();
    renew(page, answer.ok);
    keep();
    if (isMore) disagree(lines);
    else if (!answer.ok) notice(say.merged, lines, [], (box) => [button(say.seen, () => box.remove())]);
    if (!answer.ok) return false;
    if (!act || act === "reader") return true;
    find("saved").textContent = find("saved").dataset.saved;
    after(2000, () => { find("saved").textContent = ""; });
    return true;
  };

  // Takes the texts of a page that has come: what is written here stays. `body` and `typed`: what was sent, and what
  // stood in the fields then; nothing if the page came by itself. Gives whether two have changed one field.
  const take = (page, body, typed) => {
    let isMore = false;
    for (const name of NAMES) {
      const input = field(name);
      const other = page.getElementById(name);
      const theirs = other.value;
      const isTouched = clash.has(name) || (typed ? input.value !== typed[name] : isNew(name));
      const had = known[name].desk;
      if (other.dataset.clash !== undefined || (isTouched && isWritten(name, page)
        && plain(theirs) !== plain(had) && plain(theirs) !== plain(body ? body.get(name) : had))) {
        known[name] = { typed: theirs, desk: theirs };
        clash.set(name, theirs);
        isMore = true;
      } else if (isTouched) {
        if (!clash.has(name)) known[name] = { typed: typed ? typed[name] : known[name].typed, desk: theirs };
      } else {
        // Where the cursor stands, what was just saved or taken away stays as it was typed.
        const isHere = document.activeElement === input && (!plain(input.value) || plain(input.value) === plain(theirs));
        if (!isHere) input.value = theirs;
        known[name] = { typed: input.value, desk: theirs };
      }
    }
    return isMore;
  };
  for (const name of NAMES) {
    field(name).addEventListener("blur", () => {
      if (isNew(name) || clash.has(name)) return;
      field(name).value = known[name].desk;
      known[name].typed = known[name].desk;
    });
  }
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
  const called = (of) => {
    const week = /(\d{4})-W(\d\d)$/.exec(of);
    return week ? say.week.replace("%w", Number(week[2])).replace("%y", week[1]) : of;
  };
  const left = (of, words) => {
    const texts = Object.entries(words).map(([name, { mine }]) =>
      [name === "why" ? document.querySelector('label[for="why"]').textContent : label(name), mine]);
    if (!texts.length) return;
    notice(say.gone.replace("{period}", called(of)), [], texts, (box) => [button(say.seen, () => { forget(of); box.remove(); })]);
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
    const submitter = event.submitter;
    if (submitter && submitter.name === "show") return look(submitter.value);
    if (submitter && submitter.hasAttribute("formaction")) return go(submitter);
    const act = submitter ? submitter.value : "save";
    if (act === "save" && clash.size) {
      clash.clear();
      disagreement.remove();
    }
    return save(act).then(() => {
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

  // A page that came without a text of ours: of a decision, of a proof, or because somebody else has done something.
  const receive = (page, isGood) => {
    if (page.querySelector('[data-live-value="period"]').value !== period()) return moveOn(page);
    const isMore = take(page);
    renew(page, isGood);
    keep();
    if (isMore) disagree([]);
    return true;
  };

  // ---- The preview shows the letter otherwise, and the page stays where it is.
  const look = (view) => {
    // What is looked at is said here, whatever page is still on its way.
    for (const input of document.querySelectorAll("[data-view]")) input.value = view;
    for (const input of document.querySelectorAll("[data-variant]")) input.value = form.elements.variant.value;
    return save("").then(() => {
      const query = new URLSearchParams({ view: form.elements.view.value, variant: form.elements.variant.value });
      history.replaceState(null, "", `${location.pathname}?${query}`);
    });
  };
  const variants = form.elements.variant;
  if (variants.tagName === "SELECT") {
    find("show").hidden = true;
    variants.addEventListener("change", () => look(form.elements.view.value));
  }

  // ---- The proof, and the trial of all links: what is typed goes with them.
  let going = false;
  const go = async (submitter) => {
    if (going) return;
    going = true;
    submitter.setAttribute("aria-busy", "true");
    try {
      if (!await flush()) return;
      const asked = await ask(submitter.formAction, formBody(""), "save");
      if (!asked || !asked.page.getElementById("mend")) return;
      await idle();
      receive(asked.page, true);
      find("notice").scrollIntoView({ block: "center" });
    } finally {
      going = false;
      submitter.removeAttribute("aria-busy");
    }
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
    if (page.getElementById("mend")) receive(page, answer.ok);
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

  // What is not saved yet is saved before somebody leaves the desk.
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
    if (!NAMES.some(isNew)) return;
    fetch(form.action, { method: "POST", body: formBody("save"), headers: { "x-desk": "live" }, keepalive: true })
      .catch(() => {});
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

  Object.assign(desk, { save, receive });
  // After what is being saved now, which brings a page of its own.
  desk.queue = (what) => {
    line = line.then(async (had) => { await what(); return had; }).catch(() => false);
  };
})();
