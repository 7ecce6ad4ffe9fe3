// Shows a letter in a frame of a width, so high that no scroll bar takes room.
async function show(html, width) {
    document.documentElement.style.cssText = 'overflow:hidden';
    document.body.style.margin = '0';
    document.body.textContent = '';
    const frame = document.createElement('iframe');
    frame.style.cssText = `display:block;border:0;width:${width}px;height:60000px`;
    const shown = new Promise(resolve => { frame.onload = resolve; });
    frame.srcdoc = html;
    document.body.append(frame);
    await shown;
    await frame.contentDocument.fonts.ready;
    return frame.contentWindow;
}

function named(element) {
    const words = (element.getAttribute('alt') ?? element.textContent).trim().replace(/\s+/g, ' ').slice(0, 40);
    return `${element.localName}.${element.className} "${words}"`;
}
