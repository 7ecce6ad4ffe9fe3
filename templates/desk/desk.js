// The desk works without this: it sends the form while one writes and shows what comes of it.
"use strict";
(() => {
  const form = document.getElementById("mend");
  const choose = document.querySelector(".choose");
  if (choose) {
    const select = choose.querySelector("select");
    const show = choose.querySelector("button.quiet");
    show.hidden = true;
    select.addEventListener("change", () => choose.requestSubmit(show));
  }
  if (!form) return;
  const saved = document.getElementById("saved");
  let timer = 0;
  let line = Promise.resolve();

  // Puts the parts of a new page into this one; what somebody writes in is left alone.
  const renew = (text, act) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = page.getElementById(part.id);
      if (!other || other.innerHTML === part.innerHTML) continue;
      if (part.id === "columns" && act === "save" && part.contains(document.activeElement)) continue;
      part.className = other.className;
      part.replaceChildren(...other.childNodes);
    }
    for (const field of document.querySelectorAll("[data-live-value]")) {
      field.value = page.getElementById(field.id).value;
    }
    return page;
  };

  const send = (act) => {
    clearTimeout(timer);
    timer = 0;
    line = line.then(async () => {
      const body = new URLSearchParams(new FormData(form));
      body.set("act", act);
      const answer = await fetch(form.action, { method: "POST", body, headers: { "x-desk": "live" } });
      const text = await answer.text();
      const page = renew(text, act);
      if (answer.ok) {
        saved.textContent = saved.dataset.saved;
        setTimeout(() => { saved.textContent = ""; }, 2000);
        return;
      }
      // Somebody else was quicker: theirs stands in the fields now, and ours in what is said above.
      for (const name of ["subject", "preheader", "opening"]) {
        form.elements[name].value = page.getElementById(name).value;
      }
      document.getElementById("notice").scrollIntoView({ block: "center" });
    }).catch(() => form.submit());
    return line;
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => send("save"), 500);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter;
    const act = button ? button.value : "save";
    send(act).then(() => {
      if (!act.includes(" ")) return;
      // The same button, or another of the same column, keeps the focus.
      const id = act.split(" ")[1];
      const again = form.querySelector(`button[value="${CSS.escape(act)}"]:not(:disabled)`)
        || form.querySelector(`li[data-id="${CSS.escape(id)}"] button:not(:disabled)`)
        || form.querySelector(`button[value="in ${CSS.escape(id)}"]`);
      if (again) again.focus();
    });
  });
  // What is not kept yet is kept before another form goes.
  document.addEventListener("submit", (event) => {
    if (event.target === form || !timer) return;
    event.preventDefault();
    const button = event.submitter;
    const target = event.target;
    send("save").then(() => target.requestSubmit(button && button.isConnected ? button : null));
  });

  let dragged = null;
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
    const after = event.clientY > box.top + box.height / 2;
    if (over !== dragged) over.parentNode.insertBefore(dragged, after ? over.nextSibling : over);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("dragged");
    dragged = null;
    const ids = [...form.querySelectorAll("li[data-id]")].map((li) => li.dataset.id);
    send(`order ${ids.join(",")}`);
  });
})();
