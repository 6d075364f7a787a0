// The Live tab: one button starts and stops the camera; a frame is sent when the one before is answered.
window.fer.live = (() => {
  const SIDE = {width: 640, height: 480}, QUALITY = 0.8;
  let trigger = null, stream = null, video = null, waiting = false, frame = null;
  let recorder = null, rows = [], started = 0, canvas = null, track = null;

  const find = selector => document.querySelector(selector);
  const button = name => find(`[data-live=${name}]`);
  const field = name => find(`#live-settings select[name=${name}]`)?.value ?? '';
  const chosen = () => [...document.querySelectorAll('input[name=live-models]:checked')].map(box => box.value);
  const seen = () => find('#live-controls')?.offsetParent && !document.hidden;

  const connect = send => { trigger = send; };

  function say(sentence) {
    const place = find('#live-notice');
    place.textContent = sentence;
    place.hidden = !sentence;
  }

  async function start() {
    say('');
    try { stream = await fer.camera.open({width: {ideal: SIDE.width}, height: {ideal: SIDE.height}}); }
    catch (error) { say(error.message); return; }
    if (!seen()) { stop(); return; }
    video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    stream.getVideoTracks()[0].addEventListener('ended', stop); // it was unplugged
    mark();
    next();
  }

  function stop() {
    if (recorder) record();
    stream?.getTracks().forEach(track => track.stop());
    stream = video = null;
    mark();
  }

  function mark() {
    const on = Boolean(stream);
    button('camera').textContent = on ? 'Stop the camera' : 'Start the camera';
    button('camera').setAttribute('aria-pressed', String(on));
    button('record').disabled = !on;
    button('record').textContent = recorder ? 'Stop recording' : 'Record';
    button('record').setAttribute('aria-pressed', String(Boolean(recorder)));
  }

  function next() {
    if (!stream || waiting) return;
    if (!seen()) { stop(); return; }
    const shrink = Math.min(1, SIDE.width / video.videoWidth);
    const still = document.createElement('canvas');
    [still.width, still.height] = [Math.round(video.videoWidth * shrink), Math.round(video.videoHeight * shrink)];
    still.getContext('2d').drawImage(video, 0, 0, still.width, still.height);
    frame = still.toDataURL('image/jpeg', QUALITY);
    waiting = true;
    trigger('select', {});
  }

  const asked = () => [{frame, models: chosen(), shown: field('live-shown'), method: field('live-method'),
    expression: field('live-expression'), smoothing: field('live-smoothing')}, null];

  function answered() {
    waiting = false;
    if (recorder) note();
    if (find('#live img.shown')) requestAnimationFrame(next);
    else setTimeout(next, 500); // it was told what is missing, or that others are being answered
  }

  function failed() {
    waiting = false;
    setTimeout(next, 1000);
  }

  // ---- a recording: what is shown, as a video, and every answer, as a table

  function record() {
    if (recorder) {
      const last = recorder;
      note();
      recorder = null;
      setTimeout(() => last.stop(), 200); // the last picture takes its way through the encoder
      mark();
      return;
    }
    const picture = find('#live img.shown');
    if (!picture) return;
    canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    [rows, started] = [[], performance.now()];
    const parts = [];
    const pictures = canvas.captureStream(0); // a picture is taken when there is a new one
    track = pictures.getVideoTracks()[0];
    recorder = new MediaRecorder(pictures, {mimeType: 'video/webm'});
    recorder.ondataavailable = event => { if (event.data.size) parts.push(event.data); };
    recorder.onstop = () => {
      keep('live.webm', new Blob(parts, {type: 'video/webm'}));
      keep('live.csv', new Blob([['seconds,face,model,expression,probability,sure', ...rows].join('\n') + '\n'], {type: 'text/csv'}));
      find('#live-told').textContent = `Recorded ${rows.length} answers.`;
    };
    recorder.start();
    note();
    mark();
  }

  function keep(name, blob) {
    const url = URL.createObjectURL(blob);
    fer.save({file: name, url});
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function note() {
    const at = ((performance.now() - started) / 1000).toFixed(3);
    for (const {dataset} of document.querySelectorAll('#live .row'))
      rows.push([at, dataset.face, dataset.model, dataset.expression, dataset.probability, dataset.sure].join(','));
    const picture = find('#live img.shown');
    if (!picture) return;
    const pen = canvas.getContext('2d'), {width, height} = canvas;
    pen.drawImage(picture, 0, 0, width, height);
    for (const box of document.querySelectorAll('#live .box')) {
      const [x, y, w, h] = ['left', 'top', 'width', 'height'].map(side => parseFloat(box.style[side]) / 100);
      pen.strokeStyle = '#ffdd00';
      pen.lineWidth = 3;
      pen.strokeRect(x * width, y * height, w * width, h * height);
      pen.font = '18px sans-serif';
      const words = box.textContent, room = pen.measureText(words).width + 12;
      pen.fillStyle = '#ffdd00';
      pen.fillRect(x * width, Math.max(0, y * height - 26), room, 26);
      pen.fillStyle = '#111827';
      pen.fillText(words, x * width + 6, Math.max(19, y * height - 7));
    }
    track.requestFrame();
  }

  document.addEventListener('click', event => {
    const name = event.target.closest?.('[data-live]')?.dataset.live;
    if (name === 'camera') { if (stream) stop(); else start(); }
    else if (name === 'record') record();
    else if (stream && event.target.closest?.('[role=tab]')) setTimeout(() => { if (stream && !seen()) stop(); });
  });
  document.addEventListener('visibilitychange', () => { if (stream && document.hidden) stop(); });
  addEventListener('pagehide', () => { if (stream) stop(); });

  document.addEventListener('change', event => {
    if (event.target.name !== 'live-models') return;
    const most = 3, boxes = [...document.querySelectorAll('input[name=live-models]')];
    const on = boxes.filter(box => box.checked);
    for (const box of boxes) box.disabled = !box.checked && on.length >= most;
    if (on.length && !on.some(box => box.value === field('live-shown'))) find('select[name=live-shown]').value = on[0].value;
  });

  return {connect, asked, answered, failed, running: () => Boolean(stream)};
})();
