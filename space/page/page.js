// What the browser does alone: the look of the maps, the address, the clipboard, saving what the server packed.
window.fer = {
  set(name, value) {
    const url = new URL(location);
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    history.replaceState(history.state, '', url);
  },

  opacity(percent) {
    document.documentElement.style.setProperty('--map-opacity', percent / 100);
    fer.set('opacity', percent);
  },

  colormap(name) {
    document.documentElement.dataset.colormap = name;
    fer.set('colormap', name);
  },

  address(query) {
    for (const name of ['example', 'face', 'models', 'method', 'expression']) fer.set(name, query?.[name] ?? null);
  },

  async copy(label) {
    const button = [...document.querySelectorAll('button')].find(one => one.textContent.trim() === label);
    let told = 'Link copied';
    try { await navigator.clipboard.writeText(location.href); }
    catch { told = 'Copy it from the address bar'; }
    button.textContent = told;
    setTimeout(() => { button.textContent = label; }, 2500);
  },

  // What was measured about maps that have changed in the meantime.
  dropStale() {
    for (const trust of document.querySelectorAll('.fer.trust')) {
      const card = trust.closest('.column').querySelector('section.model');
      if (card?.dataset.key !== trust.dataset.key) trust.remove();
    }
  },

  save(parcel) {
    if (!parcel) return;
    const link = document.createElement('a');
    link.href = parcel.url;
    link.download = parcel.file;
    link.click();
  },
};
