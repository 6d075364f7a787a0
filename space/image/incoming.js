// Photos that come in: chosen, taken with the camera, pasted, or dropped anywhere on the Photo tab.
(() => {
  const MEGABYTES = 50, MOST_PHOTOS = 50;
  const photo = fer.photo;
  let stream = null;

  photo.take = async files => {
    const chosen = [...files].slice(0, MOST_PHOTOS), taken = [];
    if (!chosen.length) return;
    let told = files.length > MOST_PHOTOS ? `Of ${files.length} photos the first ${MOST_PHOTOS} are here.` : '';
    fer.say('');
    for (const file of chosen) {
      if (file.size > MEGABYTES * 2 ** 20) { told = `${file.name} has more than ${MEGABYTES} MB; make it smaller and try again.`; continue; }
      try {
        const {path} = await photo.upload(file);
        taken.push({path, orig_name: file.name, size: file.size, mime_type: file.type, meta: {_type: 'gradio.FileData'}});
      } catch {
        told = 'The photo did not arrive; look at your connection and try again.';
      }
    }
    if (taken.length) {
      photo.many.start(taken);
      photo.ask({photos: taken, photo: 0, example: null, face: 1, hide: null}, true);
    }
    fer.say(told);
  };

  photo.paste = async () => {
    try {
      const files = [];
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find(one => one.startsWith('image/'));
        if (type) files.push(new File([await item.getType(type)], 'pasted', {type}));
      }
      if (files.length) photo.take(files);
      else fer.say('There is no picture in the clipboard; copy one and try again.');
    } catch {
      fer.say('The browser does not let this page read the clipboard; click into the page and press Ctrl-V.');
    }
  };

  photo.camera = {
    async open() {
      const dialog = photo.find('#camera-shot');
      try { stream = await fer.camera.open(); }
      catch (error) { fer.say(error.message); return; }
      const video = dialog.querySelector('video');
      video.srcObject = stream;
      await video.play();
      dialog.showModal();
    },

    close() {
      stream?.getTracks().forEach(track => track.stop());
      stream = null;
      photo.find('#camera-shot').close();
    },

    shoot() {
      const video = photo.find('#camera-shot video'), canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      canvas.getContext('2d').drawImage(video, 0, 0);
      canvas.toBlob(blob => {
        photo.camera.close();
        photo.take([new File([blob], 'camera.jpg', {type: 'image/jpeg'})]);
      }, 'image/jpeg', 0.92);
    },
  };

  // Escape closes the dialog without the button.
  document.addEventListener('close', event => { if (event.target.id === 'camera-shot' && stream) photo.camera.close(); }, true);

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
    photo.take(event.dataTransfer.files);
  });
  document.addEventListener('paste', event => {
    if (visible() && event.clipboardData?.files.length) photo.take(event.clipboardData.files);
  });
})();
