// What the Photo tab shows of its state; `apply` is safe to run at any time.
(() => {
  const photo = fer.photo;

  photo.apply = () => {
    const {state, find, all, own} = photo;
    for (const radio of all('input[name=shown-model]')) {
      radio.checked = radio.value === state.model;
      radio.closest('.row').classList.toggle('chosen', radio.checked);
    }
    for (const heat of all('#stage .heat')) {
      heat.hidden = heat.dataset.model !== state.model;
      heat.classList.toggle('failing', photo.checks.of(heat.dataset.model)?.word === 'fails');
    }
    for (const button of all('[data-face]'))
      button.setAttribute('aria-pressed', String(Number(button.dataset.face) + 1 === Number(state.face)));
    for (const button of all('[data-example]'))
      button.setAttribute('aria-pressed', String(!own() && button.dataset.example === state.example));
    for (const section of all('details[data-section]')) section.open = state.opened.includes(section.dataset.section);
    for (const box of all('input[name=models]')) box.checked = !state.models || state.models.includes(box.value);
    for (const name of ['method', 'expression', 'balanced', 'mirror']) {
      const select = find(`select[name=${name}]`);
      if (select) select.value = state[name] ?? '';
    }
    const colors = find('select[name=colormap]');
    if (colors) colors.value = document.documentElement.dataset.colormap ?? 'viridis';
    document.getElementById('stage')?.classList.toggle('hiding', state.hide !== null);
    for (const place of all('[data-check]')) tellCheck(place);
    const note = find('[data-link-note]');
    if (note) note.textContent = own() && !state.example
      ? 'Your photo is not shared: a link holds the settings alone.' : 'The link opens this example as it is shown here.';
    photo.many.apply();
  };

  function tellCheck(place) {
    const found = photo.checks.of(place.dataset.check);
    const word = found?.word ?? 'waiting';
    place.innerHTML = '';
    place.append('Map check: ');
    const badge = document.createElement('b');
    badge.className = `badge ${word || 'none'}`;
    badge.textContent = found ? found.word || 'nothing to check' : 'not yet';
    place.append(badge);
    if (found?.sentence) {
      const why = document.createElement('span');
      why.textContent = ` ${found.sentence}`;
      place.append(why);
    }
    const layers = place.closest('section.model')?.querySelector('.layers .heat');
    layers?.classList.toggle('failing', word === 'fails');
  }
})();
