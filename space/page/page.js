// What the browser does alone for every tab: the address, the look of the maps, the clipboard, saving a packed file.
window.fer = {
  // Changes what the address holds; `step` is one that Back undoes.
  address(changes, step = false) {
    const url = new URL(location);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === '') url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    const state = {...history.state, fer: window.fer.photo?.kept() ?? null};
    if (step && url.href !== location.href) history.pushState(state, '', url);
    else history.replaceState(state, '', url);
  },

  opacity(percent) {
    document.documentElement.style.setProperty('--map-opacity', percent / 100);
  },

  colormap(name) {
    document.documentElement.dataset.colormap = name;
  },

  save(parcel) {
    if (!parcel) return;
    const link = document.createElement('a');
    link.href = parcel.url;
    link.download = parcel.file;
    link.click();
  },

  async copy(button, told) {
    const label = button.textContent;
    let said = told;
    try { await navigator.clipboard.writeText(location.href); }
    catch { said = 'Copy it from the address bar'; }
    button.textContent = said;
    setTimeout(() => { button.textContent = label; }, 2500);
  },

  // Tabs by their names in the address.
  tabs: {
    names: {photo: 'Photo', live: 'Live', video: 'Video', compare: 'Compare models', limits: 'Limits'},

    button(name) {
      const text = fer.tabs.names[name] ?? fer.tabs.names.photo;
      return [...document.querySelectorAll('[role=tab]')].find(one => one.textContent.trim() === text);
    },

    fromAddress() {
      const wanted = fer.tabs.button(new URL(location).searchParams.get('tab') ?? 'photo');
      if (wanted && wanted.getAttribute('aria-selected') !== 'true') wanted.click();
      if (new URL(location).searchParams.has('card')) fer.cardFromAddress();
    },

    toAddress(text) {
      const name = Object.entries(fer.tabs.names).find(([, title]) => title === text)?.[0];
      if (!name || name === (new URL(location).searchParams.get('tab') ?? 'photo')) return;
      fer.address({tab: name === 'photo' ? null : name, card: null}, true);
    },
  },

  // Opens the card of the model that the address names. Gradio builds a tab after it is opened, and the cards last.
  cardFromAddress(tries = 100) {
    const card = document.getElementById(`card-${new URL(location).searchParams.get('card')}`);
    const opener = card?.querySelector('button');
    if (!opener) { if (tries) setTimeout(fer.cardFromAddress, 100, tries - 1); return; }
    if (!opener.classList.contains('open')) opener.click();
    card.scrollIntoView();
    opener.focus({preventScroll: true});
  },
};

document.addEventListener('click', event => {
  const tab = event.target.closest?.('[role=tab]');
  if (tab) fer.tabs.toAddress(tab.textContent.trim());
});
document.addEventListener('click', event => {
  const link = event.target.closest?.('a[data-card]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  fer.address({card: link.dataset.card});
  fer.cardFromAddress();
});
addEventListener('popstate', () => fer.tabs.fromAddress());
