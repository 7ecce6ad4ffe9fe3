
// What others do is shown as it happens, and who is here.
(() => {
  const form = desk.find("mend");
  if (!form) return;
  const refresh = async () => {
    const { view, variant, period } = form.elements;
    const query = new URLSearchParams({ view: view.value, variant: variant.value, edition: period.value });
    const answer = await fetch(`${location.pathname}?${query}`, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    await desk.idle();
    if (page.getElementById("mend")) desk.receive(page, false);
  };
  const watch = new EventSource(`${desk.say.root}watch?edition=${encodeURIComponent(form.elements.period.value)}`);
  watch.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    desk.find("here").textContent = told.here;
    desk.queue(async () => { if (told.stamp !== form.elements.stamp.value) await refresh(); });
  });
  addEventListener("pagehide", () => watch.close());
})();
