// A photo that waits for others' is told its place in the line; where the line was full, it is asked about again.
fer.photo.waiting = (() => {
  const FIRST = 1000, EVERY = 2000, AGAIN = 10; // milliseconds, the last one seconds
  const page = Math.random().toString(36).slice(2); // of all pages that are open, this one
  const busy = () => document.getElementById('photo').hasAttribute('aria-busy');
  let timer = null, number = 0, told = false; // told: whether what the page says is about the line

  function tell(sentence) {
    fer.say(sentence);
    told = Boolean(sentence);
  }

  const ticket = () => `${page}-${number}`;

  async function ask() {
    const mine = ticket();
    let line = {place: 0, refused: false};
    try { line = await (await fetch(`place/${mine}`)).json(); } catch { /* the next answer says it */ }
    return mine === ticket() ? line : null;
  }

  function soon(pause) {
    timer = setTimeout(async () => {
      const line = await ask();
      if (!line || !busy()) return;
      if (line.place) tell(`The Space is busy; you have place ${line.place}.`);
      else if (told) tell('');
      soon(EVERY);
    }, pause);
  }

  return {
    // The next wish is on its way; what it is known by in the line.
    next() {
      number += 1;
      clearTimeout(timer);
      soon(FIRST);
      return ticket();
    },

    over() {
      clearTimeout(timer);
      if (told) tell('');
    },

    async failed() {
      clearTimeout(timer);
      const line = await ask();
      if (!line?.refused || busy()) return;
      tell(`The Space is busy; it is asked again in ${AGAIN} seconds.`);
      timer = setTimeout(() => fer.photo.ask({}), 1000 * AGAIN);
    },
  };
})();
