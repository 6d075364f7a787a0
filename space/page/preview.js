// The first screen, from what came with the page itself, until Gradio's own scripts have arrived and built it.
document.addEventListener('DOMContentLoaded', () => {
  const query = new URL(location).searchParams, parts = window.gradio_config?.components;
  const asked = [...query.keys()].filter(name => name !== '__theme' && !name.startsWith('utm_'));
  if (!parts || asked.length || history.state?.fer) return;
  const find = id => parts.find(part => part.props?.elem_id === id)?.props?.value ?? '';
  const dark = (query.get('__theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const page = document.createElement('div');
  page.className = dark ? 'preview dark' : 'preview';
  page.inert = true;
  page.innerHTML = `${find('intro')}<div class="screen"><div><div class="stage">${find('picture')}${find('overlay')}</div>
    </div><div>${find('panel')}</div></div>`;
  page.querySelector('.row')?.classList.add('chosen');
  document.body.append(page);
  const built = setInterval(() => { // Gradio says nothing when it has built the page
    if (!window.fer?.photo?.ready) return;
    clearInterval(built);
    page.remove();
  }, 50);
});
