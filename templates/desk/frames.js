
// The preview. A new letter comes into its frame behind the one that is there, and stands where that one stood: whoever
// reads is not sent back to the top. The frames run no script, and are of this origin so that this one may look.
desk.show = (part, other) => {
  const mine = [...part.querySelectorAll(".screen")];
  const theirs = [...other.querySelectorAll(".screen iframe")];
  const note = (of) => { const help = of.querySelector(".help"); return help ? help.textContent : ""; };
  if (!mine.length || mine.length !== theirs.length || note(part) !== note(other)) {
    part.replaceChildren(...other.childNodes);
    return;
  }
  mine.forEach((screen, at) => {
    const frames = [...screen.querySelectorAll("iframe")];
    const shown = frames[0];
    const address = theirs[at].getAttribute("src");
    if (frames[frames.length - 1].getAttribute("src") === address) return;
    frames.slice(1).forEach((frame) => frame.remove());
    const next = shown.cloneNode();
    next.className = "behind";
    next.addEventListener("load", () => {
      try {
        next.contentWindow.scrollTo(shown.contentWindow.scrollX, shown.contentWindow.scrollY);
      } catch { /* Then it stands at its top. */ }
      shown.remove();
      next.className = "";
    }, { once: true });
    next.src = address;
    screen.append(next);
  });
};
// The past editions have the preview alone.
(() => {
  const choose = document.querySelector("form.choose");
  if (!choose) return;
  const show = desk.find("show");
  show.hidden = true;
  choose.querySelector("select").addEventListener("change", () => choose.requestSubmit(show));
})();
