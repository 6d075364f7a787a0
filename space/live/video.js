// A click into a line of the Video tab shows the clip at that moment, one on a peak at that; the slider below the lines
// does the same for a keyboard or a finger, and goes along with the clip as it plays.
const shownClip = () => document.querySelector('#annotated video') ?? document.querySelector('#clip video');

function showMoment(seconds) {
  const video = shownClip();
  if (!video) return;
  video.pause();
  video.currentTime = seconds;
}

document.addEventListener('click', event => {
  const line = event.target.closest?.('#clip-report td[data-span]');
  const peak = event.target.closest?.('#clip-report [data-at]');
  if (peak) showMoment(Number(peak.dataset.at));
  if (!line) return;
  const [start, end] = line.dataset.span.split(' ').map(Number), box = line.getBoundingClientRect();
  showMoment(start + (end - start) * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1));
});

document.addEventListener('input', event => {
  if (event.target.matches?.('#clip-report .moment')) showMoment(Number(event.target.value));
});

document.addEventListener('timeupdate', event => {  // does not bubble, so it is caught on its way down
  if (event.target !== shownClip()) return;
  for (const slider of document.querySelectorAll('#clip-report .moment')) {
    if (slider !== document.activeElement || !event.target.paused) slider.value = event.target.currentTime;
  }
}, true);
