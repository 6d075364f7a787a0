// The Photo tab: what is chosen is kept here and in the address, and the server answers every wish with HTML.
window.fer.photo = (() => {
  const PARTS = ['#stage', '#panel .panel', '#sections details', '#opacity', '#many-photos'];
  const FIELDS = ['example', 'face', 'model', 'models', 'method', 'expression', 'balanced', 'mirror'];
  const EVENTS = {show: 'select', check: 'input', pack: 'submit', row: 'edit'}; // what Gradio listens to
  let trigger = null;
  let first = null; // what the page opens with
  let step = false; // whether the next answer is one that Back undoes
  let turn = 0;
  const besides = {show: {}, check: {}, pack: {}, row: {}}; // what each call asks besides the state

  const photo = {
    state: {photos: [], photo: 0, example: null, face: 1, opened: [], hide: null},
    ready: false,
    upload: null,

    find: selector => document.querySelector(`#photo ${selector}`),
    all: selector => document.querySelectorAll(`#photo ${selector}`),
    own: () => photo.state.photos.length > 0,

    connect(element, send, upload) {
      [trigger, photo.upload] = [send, upload];
      first = JSON.parse(element.querySelector('[data-state]').dataset.state);
      begin();
    },

    ask(changes, andStep = false) {
      photo.state = {...photo.state, ...changes};
      step = step || andStep;
      fer.say('');
      photo.checks.pause();
      photo.apply();
      document.getElementById('photo').setAttribute('aria-busy', 'true');
      turn += 1;
      photo.send('show', {turn, ticket: photo.waiting.next()});
    },

    send(call, extra = {}) {
      besides[call] = extra;
      trigger(EVENTS[call], {});
    },

    // What Gradio sends: the visitor's files, and the wish.
    asked(call) {
      const wish = {...photo.state, ...besides[call], example: photo.own() ? null : photo.state.example};
      if (!wish.models) delete wish.models;
      delete wish.photos;
      return [photo.own() ? photo.state.photos : null, wish];
    },

    arrived(told) {
      if (told.turn !== undefined && told.turn !== turn) return; // something newer is on its way
      const {query, turn: _, ...chosen} = told;
      photo.state = {...photo.state, ...chosen};
      document.getElementById('photo').removeAttribute('aria-busy');
      photo.waiting.over();
      const none = Object.fromEntries(FIELDS.map(name => [name, null]));
      fer.address({...none, ...query}, step);
      step = false;
      photo.apply();
      photo.checks.tellDetails();
      photo.many.ask();
      photo.checks.soon();
    },

    failed() {
      document.getElementById('photo').removeAttribute('aria-busy');
      photo.waiting.failed();
    },

    // What the history keeps, so that Back and reload find the visitor's own photo again.
    kept: () => photo.own()
      ? Object.fromEntries(['photos', 'photo', ...FIELDS].map(name => [name, photo.state[name]])) : null,
  };

  // Gradio builds the parts of the page in an order of its own.
  function begin() {
    if (!PARTS.every(photo.find)) { requestAnimationFrame(begin); return; }
    const kept = history.state?.fer, query = wishFromAddress();
    fer.tabs.fromAddress();
    if (kept?.photos?.length) photo.ask({...blank(), ...kept});
    else if (Object.keys(query).length) photo.ask({...blank(), ...query});
    else photo.arrived(first);
    photo.ready = true;
  }

  const blank = () => ({photos: [], photo: 0, example: first.example, face: 1, opened: photo.state.opened, hide: null,
    model: null, models: null, method: 'best', expression: '', balanced: '', mirror: '', key: '',
    photo_key: photo.state.photo_key});

  function wishFromAddress() {
    const query = new URL(location).searchParams, found = {};
    for (const name of FIELDS) if (query.has(name)) found[name] = query.get(name);
    if (found.models) found.models = found.models.split(',');
    if (query.has('opacity')) { fer.opacity(query.get('opacity')); photo.find('#opacity').value = query.get('opacity'); }
    if (query.has('colormap')) fer.colormap(query.get('colormap'));
    return found;
  }

  addEventListener('popstate', () => {
    if (!trigger) return;
    const kept = history.state?.fer;
    photo.ask({...blank(), ...(kept?.photos?.length ? kept : wishFromAddress())});
  });

  return photo;
})();
