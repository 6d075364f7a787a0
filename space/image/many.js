// Many photos: a table that fills while the visitor looks at the first; each row opens its photo.
fer.photo.many = (() => {
  const photo = fer.photo;
  let next = 0, waiting = false;

  function start(photos) {
    const place = photo.find('#many-photos');
    [next, waiting] = [0, false];
    place.innerHTML = '';
    place.hidden = photos.length < 2;
    if (photos.length < 2) return;
    place.innerHTML = `<h2>${photos.length} photos</h2><div class="scroll" role="region" tabindex="0" aria-label="all photos">
      <table><thead><tr><th scope="col">photo</th><th scope="col">faces</th><th scope="col">what the models say</th></tr></thead>
      <tbody></tbody></table></div><button type="button" class="secondary" data-do="save" data-kind="all">Results of all photos (.csv)</button>`;
    const body = place.querySelector('tbody');
    for (const [index, {orig_name}] of photos.entries()) {
      const row = body.insertRow(), button = document.createElement('button');
      button.type = 'button';
      button.dataset.photo = index;
      button.append(document.createElement('img'), orig_name);
      button.firstChild.alt = '';
      row.insertCell().append(button);
      row.insertCell().textContent = '';
      row.insertCell().textContent = 'waiting';
    }
  }

  function ask() {
    if (waiting || next >= photo.state.photos.length || photo.find('#many-photos').hidden) return;
    waiting = true;
    photo.send('row', {photo: next});
  }

  // `told` is null where the server did not answer.
  function row(told) {
    const shown = photo.find('#many-photos')?.querySelectorAll('tbody tr')[told?.photo ?? next];
    if (shown) {
      if (told?.picture) shown.querySelector('img').src = told.picture;
      shown.cells[1].textContent = told?.faces ?? '';
      shown.cells[2].textContent = told?.words ?? 'no answer; choose the photos again';
    }
    next += 1;
    waiting = false;
    ask();
  }

  function apply() {
    for (const button of photo.all('button[data-photo]'))
      button.setAttribute('aria-pressed', String(photo.own() && Number(button.dataset.photo) === photo.state.photo));
  }

  return {start, ask, row, apply};
})();
