// Says why there is no picture when the browser gives no camera; Gradio goes back to its button without a word.
{
  const REASONS = {
    NotAllowedError: 'The camera may not be used. Allow it for this page in the browser’s address bar, then click again.',
    NotFoundError: 'No camera was found. Plug one in, or upload a photo instead.',
    NotReadableError: 'The camera is in use by another program. Close that program, then click again.',
    OverconstrainedError: 'This camera cannot deliver the pictures that are needed. Choose another one.',
  };
  const OTHER = 'The camera could not be started. Reload the page, or upload a photo instead.';

  const INSECURE = 'A camera needs a page that is opened over https or on localhost; upload a photo instead.';

  const tell = text => {
    document.querySelectorAll('.camera-fault').forEach(old => old.remove());
    const place = ['camera'].map(id => document.getElementById(id)).find(one => one?.offsetParent);
    if (!text || !place) return;
    const note = document.createElement('p');
    note.className = 'fer camera-fault';
    note.setAttribute('role', 'alert');
    note.textContent = text;
    place.after(note);
  };

  // The camera's pictures, or an error whose message is a sentence for people.
  window.fer.camera = {
    async open(wanted = {width: {ideal: 1280}}) {
      if (!navigator.mediaDevices) throw new Error(INSECURE);
      try { return await navigator.mediaDevices.getUserMedia({video: wanted}); }
      catch (error) { throw new Error(REASONS[error.name] ?? OTHER); }
    },
  };

  if (navigator.mediaDevices) {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async constraints => {
      try {
        const stream = await ask(constraints);
        tell('');
        return stream;
      } catch (error) {
        tell(REASONS[error.name] ?? OTHER);
        throw error;
      }
    };
  }
}
