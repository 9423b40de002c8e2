// Fetch the parts of the page that name a source again and again. A part that
// somebody works in, or has selected text of, stays as it is until then.
'use strict';

const stale = document.getElementById('stale');

async function renew(part) {
  if (document.hidden || part.contains(document.activeElement) ||
      !getSelection().isCollapsed) {
    return;
  }
  try {
    const answer = await fetch(part.dataset.source + location.search);
    const text = await answer.text();
    stale.hidden = answer.ok;
    if (answer.ok && text !== part.shown) {
      part.shown = text;
      part.innerHTML = text;
    }
  } catch {
    stale.hidden = false;
  }
}

for (const part of document.querySelectorAll('[data-source]')) {
  const again = async () => {
    await renew(part);
    setTimeout(again, part.dataset.seconds * 1000);
  };
  setTimeout(again, part.dataset.seconds * 1000);
}
