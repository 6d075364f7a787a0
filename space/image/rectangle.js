// A rectangle that is dragged over the photo, to hide what is inside.
(() => {
  let start = null;
  const frame = () => document.querySelector('#stage .over');
  const at = event => {
    const box = frame().getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const dragged = event => {
    const [x, y] = at(event), [x0, y0] = start;
    return [Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)].map(side => Math.min(Math.max(side, 0), 1));
  };

  document.addEventListener('pointerdown', event => {
    if (!event.target.closest?.('#stage.hiding .over')) return;
    start = at(event);
    event.preventDefault();
  });

  document.addEventListener('pointermove', event => {
    if (!start || !frame()) return;
    const [left, top, right, bottom] = dragged(event);
    let band = frame().querySelector('.band');
    if (!band) { band = document.createElement('div'); band.className = 'band'; frame().append(band); }
    band.style.cssText = `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`;
  });

  document.addEventListener('pointerup', event => {
    if (!start || !frame()) return;
    const box = dragged(event);
    start = null;
    frame().querySelector('.band')?.remove();
    if (box[2] - box[0] > 0.01 && box[3] - box[1] > 0.01) fer.photo.ask({hide: box});
  });
})();
