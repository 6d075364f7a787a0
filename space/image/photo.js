// The Photo tab: what is chosen is kept here and in the address, and the server answers every wish with HTML.
window.fer.photo = (() => {
  const MEGABYTES = 50, MOST_PHOTOS = 50, QUIET = 500, LATER = 1500; // milliseconds, the last two
  const PARTS = ['#photo-notice', '#stage', '#panel .panel', '#sections details', '#opacity', '#many-photos'];
  const FIELDS = ['example', 'face', 'model', 'models', 'method', 'expression'];
  let trigger = null, upload = null;
  let first = null; // what the page opens with
  let state = {photos: [], photo: 0, example: null, face: 1, opened: [], hide: null};
  let step = false; // whether the next answer is one that Back undoes
  const besides = {show: {}, check: {}, pack: {}, row: {}}; // what each call asks besides the state
  const EVENTS = {show: 'select', check: 'input', pack: 'submit', row: 'edit'};
  let timer = null, measuring = false, turn = 0;
  const checks = new Map();
  let wanted = null; // the model whose map the visitor wants to be checked first

  const find = selector => document.querySelector(`#photo ${selector}`);
  const all = selector => document.querySelectorAll(`#photo ${selector}`);
  const own = () => state.photos.length > 0;

  // ---- asking and answering

  function connect(element, send, uploadFile) {
    [trigger, upload] = [send, uploadFile];
    first = JSON.parse(element.querySelector('[data-state]').dataset.state);
    begin();
  }

  // Gradio builds the parts of the page in an order of its own.
  function begin() {
    if (!PARTS.every(find)) { requestAnimationFrame(begin); return; }
    const kept = history.state?.fer, query = wishFromAddress();
    fer.tabs.fromAddress();
    if (kept?.photos?.length) ask({...blank(), ...kept});
    else if (Object.keys(query).length) ask({...blank(), ...query});
    else arrived(first);
    api.ready = true;
  }

  const blank = () => ({photos: [], photo: 0, example: first.example, face: 1, opened: state.opened, hide: null,
    model: null, models: null, method: 'best', expression: '', key: '', photo_key: state.photo_key});

  function wishFromAddress() {
    const query = new URL(location).searchParams, found = {};
    for (const name of FIELDS) if (query.has(name)) found[name] = query.get(name);
    if (found.models) found.models = found.models.split(',');
    if (query.has('opacity')) { fer.opacity(query.get('opacity')); find('#opacity').value = query.get('opacity'); }
    if (query.has('colormap')) fer.colormap(query.get('colormap'));
    return found;
  }

  function ask(changes, andStep = false) {
    state = {...state, ...changes};
    wanted = null;
    step = step || andStep;
    say('');
    apply();
    clearTimeout(timer);
    document.getElementById('photo').setAttribute('aria-busy', 'true');
    turn += 1;
    send('show', {turn});
  }

  function send(call, extra = {}) {
    besides[call] = extra;
    trigger(EVENTS[call], {});
  }

  // What Gradio sends: the visitor's files, and the wish.
  const asked = call => {
    const wish = {...state, ...besides[call], example: own() ? null : state.example};
    if (!wish.models) delete wish.models;
    delete wish.photos;
    return [own() ? state.photos : null, wish];
  };

  function arrived(told) {
    if (told.turn !== undefined && told.turn !== turn) return; // something newer is on its way
    const {query, turn: _, ...chosen} = told;
    state = {...state, ...chosen};
    document.getElementById('photo').removeAttribute('aria-busy');
    const none = Object.fromEntries(FIELDS.map(name => [name, null]));
    fer.address({...none, ...query}, step);
    step = false;
    apply();
    showMeasured();
    many.ask();
    checkSoon();
  }

  function failed() {
    document.getElementById('photo').removeAttribute('aria-busy');
  }

  // What the history keeps, so that Back and reload find the visitor's own photo again.
  const kept = () => own()
    ? Object.fromEntries(['photos', 'photo', 'example', ...FIELDS].map(name => [name, state[name]])) : null;

  function say(sentence) {
    const place = find('#photo-notice');
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  // ---- what the page shows of the state; safe to run at any time

  function apply() {
    for (const radio of all('input[name=shown-model]')) {
      radio.checked = radio.value === state.model;
      radio.closest('.row').classList.toggle('chosen', radio.checked);
    }
    for (const heat of all('#stage .heat')) {
      heat.hidden = heat.dataset.model !== state.model;
      heat.classList.toggle('failing', checks.get(`${state.key} ${heat.dataset.model}`)?.word === 'fails');
    }
    for (const button of all('[data-face]'))
      button.setAttribute('aria-pressed', String(Number(button.dataset.face) + 1 === Number(state.face)));
    for (const button of all('[data-example]'))
      button.setAttribute('aria-pressed', String(!own() && button.dataset.example === state.example));
    for (const section of all('details[data-section]')) section.open = state.opened.includes(section.dataset.section);
    for (const box of all('input[name=models]')) box.checked = !state.models || state.models.includes(box.value);
    for (const name of ['method', 'expression']) {
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
    many.apply();
  }

  function tellCheck(place) {
    const found = checks.get(`${state.key} ${place.dataset.check}`);
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

  // ---- the check of a map, while nobody waits

  function unchecked() {
    if (!state.key) return null;
    const models = [wanted, state.model, ...(state.opened.includes('compare') ? state.models ?? [] : [])];
    return models.find(model => model && !checks.has(`${state.key} ${model}`)) ?? null;
  }

  function checkSoon(pause = QUIET) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const model = unchecked();
      if (model && !measuring && !document.hidden) check(model);
    }, pause);
  }

  function check(model) {
    measuring = true;
    send('check', {model, hide: null});
  }

  function checked(told) {
    measuring = false;
    if (told?.key) checks.set(`${told.key} ${told.model}`, told);
    apply();
    showMeasured();
    if (told) checkSoon(told.later ? LATER : QUIET);
  }

  function showMeasured() {
    const place = find('#section-details .body');
    if (!place || !state.opened.includes('details')) return;
    place.querySelectorAll('.measured-maps').forEach(old => old.remove());
    const told = (state.models ?? []).map(model => checks.get(`${state.key} ${model}`)).filter(one => one?.html);
    if (!told.length) return;
    const box = document.createElement('div');
    box.className = 'measured-maps';
    box.innerHTML = told.map(one => one.html).join('');
    place.append(box);
  }

  // ---- photos that come in

  async function take(files) {
    const chosen = [...files].slice(0, MOST_PHOTOS), taken = [];
    if (!chosen.length) return;
    say('');
    for (const file of chosen) {
      if (file.size > MEGABYTES * 1e6) { say(`${file.name} has more than ${MEGABYTES} MB; make it smaller and try again.`); continue; }
      try {
        const {path} = await upload(file);
        taken.push({path, orig_name: file.name, size: file.size, mime_type: file.type, meta: {_type: 'gradio.FileData'}});
      } catch {
        say('The photo did not arrive; look at your connection and try again.');
      }
    }
    if (!taken.length) return;
    const told = find('#photo-notice').textContent;
    many.start(taken);
    ask({photos: taken, photo: 0, example: null, face: 1, hide: null}, true);
    if (told) say(told);
  }

  async function paste() {
    try {
      const files = [];
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find(one => one.startsWith('image/'));
        if (type) files.push(new File([await item.getType(type)], 'pasted', {type}));
      }
      if (files.length) take(files);
      else say('There is no picture in the clipboard; copy one and try again.');
    } catch {
      say('The browser does not let this page read the clipboard; click into the page and press Ctrl-V.');
    }
  }

  let stream = null;

  async function openCamera() {
    const dialog = find('#camera-shot');
    try { stream = await fer.camera.open(); }
    catch (error) { say(error.message); return; }
    const video = dialog.querySelector('video');
    video.srcObject = stream;
    await video.play();
    dialog.showModal();
  }

  function closeCamera() {
    stream?.getTracks().forEach(track => track.stop());
    stream = null;
    find('#camera-shot').close();
  }

  function shoot() {
    const video = find('#camera-shot video'), canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext('2d').drawImage(video, 0, 0);
    canvas.toBlob(blob => { closeCamera(); take([new File([blob], 'camera.jpg', {type: 'image/jpeg'})]); }, 'image/jpeg', 0.92);
  }

  // ---- many photos: a table, each row opens its photo

  const many = {
    next: 0,
    waiting: false,

    start(photos) {
      const place = find('#many-photos');
      many.waiting = false;
      place.innerHTML = '';
      place.hidden = photos.length < 2;
      if (photos.length < 2) return;
      many.next = 0;
      place.innerHTML = `<h2>${photos.length} photos</h2><div class="scroll" role="region" tabindex="0" aria-label="all photos">
        <table><thead><tr><th scope="col">photo</th><th scope="col">faces</th><th scope="col">what the models say</th></tr></thead>
        <tbody></tbody></table></div><button type="button" class="secondary" data-do="save" data-kind="all">Results of all photos (.csv)</button>`;
      const body = place.querySelector('tbody');
      for (const [index, photo] of photos.entries()) {
        const row = body.insertRow(), button = document.createElement('button');
        button.type = 'button';
        button.dataset.photo = index;
        button.append(document.createElement('img'), photo.orig_name);
        row.insertCell().append(button);
        row.insertCell().textContent = '';
        row.insertCell().textContent = 'waiting';
      }
    },

    ask() {
      if (!many.waiting && many.next < state.photos.length && !find('#many-photos').hidden) {
        many.waiting = true;
        send('row', {photo: many.next});
      }
    },

    row(told) {
      const row = find('#many-photos')?.querySelectorAll('tbody tr')[told?.photo ?? many.next];
      if (row && told) {
        const image = row.querySelector('img');
        if (told.picture) image.src = told.picture;
        image.alt = '';
        row.cells[1].textContent = told.faces;
        row.cells[2].textContent = told.words;
      }
      many.next += 1;
      many.waiting = false;
      many.ask();
    },

    apply() {
      for (const button of all('[data-photo]'))
        if (button.tagName === 'BUTTON') button.setAttribute('aria-pressed', String(own() && Number(button.dataset.photo) === state.photo));
    },
  };

  // ---- what the visitor does

  const actions = {
    hide: () => ask({hide: 'ask'}),
    part: button => ask({hide: button.getAttribute('aria-pressed') === 'true' ? 'ask' : button.dataset.part}),
    unhide: () => ask({hide: null}),
    open: button => {
      const section = find(`#section-${button.dataset.section}`);
      section.open = true;
      section.scrollIntoView({block: 'start'});
      section.querySelector('summary').focus({preventScroll: true});
    },
    check: button => { wanted = button.dataset.model; checkSoon(0); },
    save: button => send('pack', {kind: button.dataset.kind, opacity: Number(find('#opacity').value), colormap: find('select[name=colormap]').value}),
    copy: button => fer.copy(button, own() && !state.example ? 'Link without the photo copied' : 'Link copied'),
    camera: openCamera,
    'no-camera': closeCamera,
    shoot,
    paste,
  };

  document.addEventListener('click', event => {
    const button = event.target.closest?.('#photo button');
    if (!button) return;
    const {face, example, photo} = button.dataset;
    if (button.dataset.do) actions[button.dataset.do]?.(button);
    else if (face !== undefined) ask({face: Number(face) + 1, hide: null}, true);
    else if (example !== undefined) ask({photos: [], example, face: 1, hide: null}, true);
    else if (photo !== undefined) ask({photo: Number(photo), example: null, face: 1, hide: null}, true);
  });

  document.addEventListener('change', event => {
    const field = event.target;
    if (!field.closest?.('#photo')) return;
    if (field.name === 'shown-model') {
      state.model = field.value;
      fer.address({model: field.value === (state.models ?? [])[0] ? null : field.value}, true);
      apply();
      checkSoon();
    } else if (field.name === 'models') {
      ask({models: [...all('input[name=models]')].filter(box => box.checked).map(box => box.value)}, true);
    } else if (field.name === 'method' || field.name === 'expression') {
      ask({[field.name]: field.value}, true);
    } else if (field.name === 'colormap') {
      fer.colormap(field.value);
      fer.address({colormap: field.value === 'viridis' ? null : field.value});
    } else if (field.id === 'photo-files') {
      take(field.files).then(() => { field.value = ''; });
    }
  });

  document.addEventListener('input', event => {
    if (event.target.id !== 'opacity') return;
    fer.opacity(event.target.value);
    fer.address({opacity: event.target.value === '50' ? null : event.target.value});
  });

  document.addEventListener('toggle', event => {
    const name = event.target.closest?.('#photo details[data-section]')?.dataset.section;
    if (!name || event.target.open === state.opened.includes(name)) return;
    state.opened = state.opened.filter(one => one !== name);
    if (!event.target.open) return;
    state.opened.push(name);
    if (['compare', 'inside', 'details'].includes(name)) ask({});
  }, true);

  addEventListener('popstate', () => {
    if (!trigger) return;
    const kept = history.state?.fer;
    ask({...blank(), ...(kept?.photos?.length ? kept : wishFromAddress())});
  });

  // A rectangle that is dragged over the photo.
  let start = null;
  const stage = event => event.target.closest?.('#stage.hiding .over');
  const at = (frame, event) => {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const dragged = (frame, event) => {
    const [x, y] = at(frame, event), [x0, y0] = start;
    return [Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)].map(side => Math.min(Math.max(side, 0), 1));
  };

  document.addEventListener('pointerdown', event => {
    const frame = stage(event);
    if (!frame) return;
    start = at(frame, event);
    event.preventDefault();
  });

  document.addEventListener('pointermove', event => {
    const frame = start && document.querySelector('#stage .over');
    if (!frame) return;
    const [left, top, right, bottom] = dragged(frame, event);
    let band = frame.querySelector('.band');
    if (!band) { band = document.createElement('div'); band.className = 'band'; frame.append(band); }
    band.style.cssText = `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`;
  });

  document.addEventListener('pointerup', event => {
    const frame = start && document.querySelector('#stage .over');
    if (!frame) return;
    const box = dragged(frame, event);
    start = null;
    frame.querySelector('.band')?.remove();
    if (box[2] - box[0] > 0.01 && box[3] - box[1] > 0.01) ask({hide: box});
  });

  // Photos that are dropped or pasted anywhere on the tab.
  const visible = () => document.getElementById('photo')?.offsetParent;
  document.addEventListener('dragover', event => {
    if (!visible() || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    document.getElementById('stage').classList.add('dropping');
  });
  for (const name of ['dragleave', 'drop']) document.addEventListener(name, event => {
    if (name === 'drop' || !event.relatedTarget) document.getElementById('stage')?.classList.remove('dropping');
  });
  document.addEventListener('drop', event => {
    if (!visible() || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener('paste', event => {
    if (visible() && event.clipboardData?.files.length) take(event.clipboardData.files);
  });

  const api = {connect, asked, arrived, failed, apply, checked, kept, many, ready: false};
  return api;
})();
