// One place for what went wrong: a line of the page's own. Gradio says its errors in a corner, each as often as it
// happened; they are taken from there. One that is the same as one in the corner only counts up that one's number, which
// may be on its way out: what failed without a new message has the last one's words.
const UNKNOWN = 'That did not work; try it again in a moment.';

window.fer.say = sentence => {
  const place = document.getElementById('page-notice');
  if (!place) return;
  place.textContent = sentence;
  place.hidden = !sentence;
  if (sentence) place.scrollIntoView({block: 'nearest'});
};

window.fer.lastError = null; // since the last answer
window.fer.sayFailed = () => {
  if (document.getElementById('page-notice')?.hidden)
    fer.say(fer.lastError || UNKNOWN);
};

document.addEventListener('DOMContentLoaded', () => {
  const TOAST = '[data-testid=toast-body]';
  new MutationObserver(changes => {
    for (const {addedNodes} of changes) for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      const toast = node.matches(TOAST) ? node : node.querySelector(TOAST);
      if (!toast) continue;
      const told = toast.querySelector('[data-testid=toast-text]')?.textContent.trim();
      fer.lastError = told || null;
      fer.say(told || UNKNOWN);
      toast.querySelector('[data-testid=toast-close]')?.click();
    }
  }).observe(document.body, {childList: true, subtree: true});
});
