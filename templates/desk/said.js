// The desk works without this. What its scripts say: notices stand until they are no longer so.
"use strict";
// What the scripts of the desk have in common.
const desk = (() => {
  const find = (id) => document.getElementById(id);
  const words = find("words");
  const say = words ? words.dataset : {};
  const after = (ms, what) => setTimeout(what, ms);
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
    const retry = () => { clearTimeout(again); desk.save(act); };
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

  // What was in the way is no longer.
  const works = () => {
    clearTimeout(again);
    trouble.hidden = true;
    patience = 3000;
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
      works();
      return { page, answer };
    }
    if (answer.status === 413) return fail(say.long, false, act);
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return fail(say.offline, true, act);
    if (answer.ok || answer.status === 401 || answer.status === 403) return fail(say.closed, false, act);
    return fail(say.refused, false, act);
  };

  // ---- Nothing moves under a finger: a page that has come waits until what is pressed is let go.
  let pressed = false;
  let waiting = [];
  const lift = () => after(0, () => {
    pressed = false;
    if (!desk.dragged) waiting.splice(0).forEach((go) => go());
  });
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift, true);
  addEventListener("blur", lift);
  const idle = () => pressed || desk.dragged ? new Promise((go) => waiting.push(go)) : Promise.resolve();


  return { find, say, button, notice, trouble, fail, ask, undone, idle, lift, dragged: null };
})();
