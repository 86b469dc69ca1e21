() => {
  // Words whose contrast to what is behind them is below AA (WCAG 2.2, 1.4.3), and edges of controls (1.4.11).
  const channels = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = channels(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest(".hidden, .skip, noscript, template")) continue;
    const words = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const style = getComputedStyle(one), drawn = one instanceof SVGElement;
    if ((words || one.matches("input, select")) && !one.disabled) {
      const at = ratio(channels(drawn ? style.fill : style.color), behind(one));
      if (at < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.push(`${one.tagName} ${one.textContent.trim().slice(0, 30)}: ${at.toFixed(2)}`);
    }
    if (one.matches("input:not([type=range]):not([type=file]), select, .tools button:not(.quiet), #keep")) {
      const around = behind(one.parentElement);
      const at = Math.max(ratio(channels(style.borderTopColor), around), ratio(channels(style.backgroundColor), around));
      if (at < 3) found.push(`edge of ${one.id}: ${at.toFixed(2)}`);
    }
  }
  return found;
}
