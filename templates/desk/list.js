
// The list of columns.
(() => {
  const form = desk.find("mend");
  if (!form) return;

  // ---- By keyboard: a list is one stop of the Tab key and the arrows go from column to column, so that the way through
  // sixty of them is not sixty times four stops long.
  const settle = () => {
    for (const list of form.querySelectorAll(".list")) {
      const rows = [...list.children];
      const own = rows.find((row) => row.contains(document.activeElement)) || rows[0];
      for (const row of rows) for (const button of row.querySelectorAll("button")) button.tabIndex = row === own ? 0 : -1;
    }
  };
  desk.renewed = settle;
  settle();
  form.addEventListener("focusin", (event) => { if (event.target.closest(".list")) settle(); });
  form.addEventListener("keydown", (event) => {
    const row = event.target.closest(".list > li");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...row.parentNode.children];
    const at = rows.indexOf(row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || !rows[to]) return;
    event.preventDefault();
    const place = [...row.querySelectorAll("button")].indexOf(event.target);
    const buttons = [...rows[to].querySelectorAll("button")];
    const next = buttons.slice(place).concat(buttons).find((button) => !button.disabled);
    if (next) next.focus();
  });

  // ---- By mouse: columns are dragged.
  const item = (event) => event.target.closest ? event.target.closest("li[data-id]") : null;
  form.addEventListener("dragstart", (event) => {
    desk.dragged = item(event);
    if (desk.dragged) {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", desk.dragged.dataset.id);
      desk.dragged.classList.add("dragged");
    }
  });
  form.addEventListener("dragover", (event) => {
    const over = item(event);
    if (!desk.dragged || !over || over.parentNode !== desk.dragged.parentNode) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    if (over !== desk.dragged) over.parentNode.insertBefore(desk.dragged, below ? over.nextSibling : over);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!desk.dragged) return;
    desk.dragged.classList.remove("dragged");
    desk.dragged = null;
    const ids = [...form.querySelectorAll("li[data-id]")].map((li) => li.dataset.id);
    desk.save(`order ${ids.join(",")}`);
    desk.lift();
  });
})();
