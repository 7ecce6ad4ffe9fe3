// Gives what a browser made of a letter: for each element that has a box, its name, whether it stands in a line of
// words and in how many, and its place.
const [html, width, done] = arguments;
show(html, width).then(page => {
    const boxes = [];
    for (const element of page.document.body.querySelectorAll('*')) {
        const box = element.getBoundingClientRect();
        const inline = page.getComputedStyle(element).display === 'inline' && element.localName !== 'img';
        // Browsers do not agree on the box of a link around a picture that is a block.
        if (!box.width && !box.height || inline && element.querySelector('img')) continue;
        const lines = inline ? element.getClientRects().length : 1;
        boxes.push({ name: named(element), inline, lines, place: [box.left, box.top, box.width, box.height] });
    }
    done(boxes);
}).catch(error => done([`${error}`]));
