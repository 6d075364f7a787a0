// The camera, or a sentence that says why there is none.
window.fer.camera = (() => {
  const REASONS = {
    NotAllowedError: 'The camera may not be used. Allow it for this page in the browser’s address bar, then click again.',
    NotFoundError: 'No camera was found. Plug one in, or upload a photo instead.',
    NotReadableError: 'The camera is in use by another program. Close that program, then click again.',
    OverconstrainedError: 'This camera cannot deliver the pictures that are needed. Choose another one.',
  };
  const OTHER = 'The camera could not be started. Reload the page, or upload a photo instead.';
  const INSECURE = 'A camera needs a page that is opened over https or on localhost; upload a photo instead.';

  return {
    async open(wanted = {width: {ideal: 1280}}) {
      if (!navigator.mediaDevices) throw new Error(INSECURE);
      try { return await navigator.mediaDevices.getUserMedia({video: wanted}); }
      catch (error) { throw new Error(REASONS[error.name] ?? OTHER); }
    },
  };
})();
