// A click into a line of the Video tab shows the clip at that moment, one on a peak at that.
document.addEventListener('click', event => {
  const line = event.target.closest?.('#clip-report td[data-span]');
  const peak = event.target.closest?.('#clip-report [data-at]');
  const video = document.querySelector('#annotated video') ?? document.querySelector('#clip video');
  if (peak && video) {
    video.currentTime = Number(peak.dataset.at);
    video.pause();
  }
  if (!line || !video) return;
  const [start, end] = line.dataset.span.split(' ').map(Number), box = line.getBoundingClientRect();
  video.currentTime = start + (end - start) * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  video.pause();
});
