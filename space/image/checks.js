// The check of a map, asked for while nobody waits: the shown one by itself, others when the visitor wants them.
fer.photo.checks = (() => {
  const QUIET = 500, LATER = 1500; // milliseconds
  const photo = fer.photo, found = new Map();
  let timer = null, measuring = false;
  let wanted = null; // the model whose map the visitor wants to be checked first

  const of = model => found.get(`${photo.state.key} ${model}`);

  function pause() {
    wanted = null;
    clearTimeout(timer);
  }

  function next() {
    const {key, model, models, opened} = photo.state;
    if (!key) return null;
    return [wanted, model, ...(opened.includes('compare') ? models ?? [] : [])].find(one => one && !of(one)) ?? null;
  }

  function soon(quiet = QUIET) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const model = next();
      if (!model || measuring || document.hidden) return;
      measuring = true;
      photo.send('check', {model, hide: null});
    }, quiet);
  }

  function want(model) {
    wanted = model;
    soon(0);
  }

  // `told` is null where it could not be measured.
  function arrived(told) {
    measuring = false;
    if (told?.key) found.set(`${told.key} ${told.model}`, told);
    photo.apply();
    tellDetails();
    if (told) soon(told.later ? LATER : QUIET);
  }

  function tellDetails() {
    const place = photo.find('#section-details .body');
    if (!place || !photo.state.opened.includes('details')) return;
    place.querySelectorAll('.measured-maps').forEach(old => old.remove());
    const told = (photo.state.models ?? []).map(of).filter(one => one?.html);
    if (!told.length) return;
    const box = document.createElement('div');
    box.className = 'measured-maps';
    box.innerHTML = told.map(one => one.html).join('');
    place.append(box);
  }

  document.addEventListener('visibilitychange', () => { if (!document.hidden && photo.ready) soon(); });

  return {of, pause, soon, want, arrived, tellDetails};
})();
