// One place for what went wrong: a line of the page's own. Gradio says its errors in a corner, each as often as it
// happened; they are taken from there. A message is looked for, not its box: all errors share one, and the next may come
// while the box of the one before is still on its way out.
window.fer.say = sentence => {
  const place = document.getElementById('page-notice');
  if (!place) return;
  place.textContent = sentence;
  place.hidden = !sentence;
  if (sentence) place.scrollIntoView({block: 'nearest'});
};

document.addEventListener('DOMContentLoaded', () => {
  const MESSAGE = '[data-testid=toast-text]';
  new MutationObserver(changes => {
    for (const {addedNodes} of changes) for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const message = node.matches(MESSAGE) ? node : node.querySelector(MESSAGE);
      if (!message) continue;
      fer.say(message.textContent.trim() || 'That did not work; try it again in a moment.');
      message.closest('[data-testid=toast-body]')?.querySelector('[data-testid=toast-close]')?.click();
    }
  }).observe(document.body, {childList: true, subtree: true});
});
