// Gives what is wrong with a letter at a width: what sticks out, words that are too small, words and pictures that lie
// on one another. Fewer pixels than one are how browsers count.
const [html, width, done] = arguments;
show(html, width).then(page => {
    const faults = new Set();
    const root = page.document.documentElement;
    if (root.scrollWidth > width) faults.add(`it is ${root.scrollWidth} wide`);
    const things = [];
    for (const element of page.document.body.querySelectorAll('*')) {
        const style = page.getComputedStyle(element);
        const [box, outer] = [element, element.parentElement].map(one => one.getBoundingClientRect());
        if (!box.width || style.display === 'inline') continue;
        if (box.left < outer.left - 1 || box.right > outer.right + 1) faults.add(`sticks out: ${named(element)}`);
        if (box.top < outer.top - 1 || box.bottom > outer.bottom + 1) faults.add(`sticks out: ${named(element)}`);
        if (element.localName !== 'img') continue;
        things.push({ owner: element, box });
        if (parseFloat(style.fontSize) < 12) faults.add(`${style.fontSize}: ${named(element)}`);
    }
    const words = page.document.createTreeWalker(page.document.body, NodeFilter.SHOW_TEXT);
    for (let text = words.nextNode(); text; text = words.nextNode()) {
        const owner = text.parentElement;
        const range = page.document.createRange();
        range.selectNodeContents(text);
        const lines = [...range.getClientRects()].filter(line => line.width > 1);
        if (!text.data.trim() || !lines.length) continue;
        const style = page.getComputedStyle(owner);
        if (parseFloat(style.fontSize) < 12) faults.add(`${style.fontSize}: ${named(owner)}`);
        let block = owner;
        while (page.getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
        const around = block.getBoundingClientRect();
        for (const line of lines) {
            if (line.left < around.left - 1 || line.right > around.right + 1) faults.add(`sticks out: ${named(owner)}`);
            // What is drawn is less high than what the font may draw.
            const spare = line.height * 0.15;
            const box = { left: line.left, right: line.right, top: line.top + spare, bottom: line.bottom - spare };
            things.push({ owner: block, box });
        }
    }
    things.sort((one, other) => one.box.top - other.box.top);
    for (const [at, { owner, box }] of things.entries()) {
        for (const next of things.slice(at + 1)) {
            if (next.box.top >= box.bottom - 1) break;
            const across = Math.min(box.right, next.box.right) - Math.max(box.left, next.box.left);
            if (next.owner !== owner && across > 1) faults.add(`on one another: ${named(owner)} and ${named(next.owner)}`);
        }
    }
    done([...faults]);
}).catch(error => done([`${error}`]));
