(() => {
  const faults = [];
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getClientRects().length > 0;
  const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? ' id=' + e.id : ''}> ${(e.innerText || '').trim().slice(0, 40)}`;

  // Colours: the text's against the nearest background behind it, as WCAG computes it.
  const rgba = (colour) => {
    const m = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith('color(') ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1];
  };
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0.99) return colour;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme.includes('dark') ? [18, 18, 18, 1] : [255, 255, 255, 1];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  for (const e of document.body.querySelectorAll('*')) {
    const ownText = [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim() !== '');
    if (!ownText || !shown(e) || e.disabled || e.closest('[aria-hidden=true]')) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(rgba(style.color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5) - 0.01) faults.push(`too faint, ${ratio.toFixed(2)} to 1: ${name(e)}`);
  }

  for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a[href], summary')) {
    if (!shown(e)) continue;
    const label = e.labels?.length ? [...e.labels].map((l) => l.innerText).join(' ') : '';
    const called = (label || e.getAttribute('aria-label') || e.innerText || e.value || e.title || '').trim();
    if (['INPUT', 'SELECT', 'TEXTAREA'].includes(e.tagName) && !label && !e.getAttribute('aria-label')) faults.push(`no label: ${name(e)} name=${e.name}`);
    if (!called) faults.push(`no name: ${name(e)}`);
    const box = e.getBoundingClientRect();
    const inText = getComputedStyle(e).display === 'inline' && e.tagName === 'A'; // links within text are exempt
    const choice = ['radio', 'checkbox'].includes(e.type) && e.closest('label'); // the label is the target
    if (!inText && !choice && (box.width < 24 || box.height < 24)) faults.push(`too small, ${Math.round(box.width)} by ${Math.round(box.height)}: ${name(e)}`);
  }
  const headings = document.querySelectorAll('h1').length;
  if (headings !== 1) faults.push(`${headings} main headings`);
  if (!document.documentElement.lang) faults.push('no language');
  if (!document.querySelector('main')) faults.push('no main part');
  if (!document.title) faults.push('no title');
  return faults;
})()
