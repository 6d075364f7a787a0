// What the visitor does on the Photo tab with its buttons and fields.
(() => {
  const photo = fer.photo, {find, all, ask} = photo;

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
    check: button => photo.checks.want(button.dataset.model),
    save: button => photo.send('pack', {kind: button.dataset.kind, opacity: Number(find('#opacity').value),
      colormap: find('select[name=colormap]').value}),
    copy: button => fer.copy(button, photo.own() && !photo.state.example ? 'Link without the photo copied' : 'Link copied'),
    camera: () => photo.camera.open(),
    'no-camera': () => photo.camera.close(),
    shoot: () => photo.camera.shoot(),
    paste: () => photo.paste(),
  };

  document.addEventListener('click', event => {
    const button = event.target.closest?.('#photo button');
    if (!button) return;
    const {face, example, photo: number} = button.dataset;
    if (button.dataset.do) actions[button.dataset.do]?.(button);
    else if (face !== undefined) ask({face: Number(face) + 1, hide: null}, true);
    else if (example !== undefined) ask({photos: [], example, face: 1, hide: null}, true);
    else if (number !== undefined) ask({photo: Number(number), example: null, face: 1, hide: null}, true);
  });

  document.addEventListener('change', event => {
    const field = event.target;
    if (!field.closest?.('#photo')) return;
    if (field.name === 'shown-model') {
      photo.state.model = field.value;
      fer.address({model: field.value === (photo.state.models ?? [])[0] ? null : field.value}, true);
      photo.apply();
      photo.checks.soon();
    } else if (field.name === 'models') {
      ask({models: [...all('input[name=models]')].filter(box => box.checked).map(box => box.value)}, true);
    } else if (['method', 'expression', 'balanced', 'mirror'].includes(field.name)) {
      ask({[field.name]: field.value}, true);
    } else if (field.name === 'colormap') {
      fer.colormap(field.value);
      fer.address({colormap: field.value === 'viridis' ? null : field.value});
    } else if (field.id === 'photo-files') {
      photo.take(field.files).then(() => { field.value = ''; });
    }
  });

  document.addEventListener('input', event => {
    if (event.target.id !== 'opacity') return;
    fer.opacity(event.target.value);
    fer.address({opacity: event.target.value === '50' ? null : event.target.value});
  });

  document.addEventListener('toggle', event => {
    const {state} = photo, name = event.target.closest?.('#photo details[data-section]')?.dataset.section;
    if (!name || event.target.open === state.opened.includes(name)) return;
    state.opened = state.opened.filter(one => one !== name);
    if (!event.target.open) return;
    state.opened.push(name);
    if (['compare', 'inside', 'details'].includes(name)) ask({});
  }, true);
})();
