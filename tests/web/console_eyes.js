// What a person with a screen reader, weak eyes or a narrow screen would stumble over.
() => {
  const faults = [];
  const channel = (v) => {
    const c = v / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const backdrop = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const ratio = (one, two) => {
    const [a, b] = [luminance(one), luminance(two)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const isSeen = (element) => element.checkVisibility() && element.getClientRects().length;
  const where = (element) => `${element.tagName}.${element.className} ${(element.textContent || "").trim().slice(0, 30)}`;

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !isSeen(element)) continue;
    const style = getComputedStyle(element);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    const found = ratio(parse(style.color), backdrop(element));
    if (found < least) faults.push(`contrast ${found.toFixed(2)}: ${where(element)}`);
  }
  for (const box of document.querySelectorAll("input, select, textarea")) {
    if (box.type === "hidden") continue;
    if (!box.labels.length && !box.ariaLabel) faults.push(`no label: ${box.id}`);
    const border = parse(getComputedStyle(box).borderTopColor);
    if (isSeen(box) && ratio(border, backdrop(box)) < 3) faults.push(`faint border: ${box.id}`);
    const hint = parse(getComputedStyle(box, "::placeholder").color);
    if (isSeen(box) && box.placeholder && ratio(hint, backdrop(box)) < 4.5) faults.push(`faint hint: ${box.id}`);
  }
  for (const sign of document.querySelectorAll(".sign > *")) {
    if (!isSeen(sign)) continue;
    const style = getComputedStyle(sign);
    const color = style.fill === "none" ? style.stroke : style.fill;
    const isCut = sign.classList.contains("cut");
    const behind = isCut ? parse(getComputedStyle(sign.previousElementSibling).fill) : backdrop(sign.closest(".status"));
    if (ratio(parse(color), behind) < 3) faults.push(`faint sign: ${where(sign.closest(".status"))}`);
  }
  for (const knob of document.querySelectorAll("a, button, summary")) {
    if (!(knob.textContent.trim() || knob.ariaLabel)) faults.push(`no name: ${knob.outerHTML}`);
    const size = knob.getBoundingClientRect();
    const isInline = getComputedStyle(knob).display === "inline";
    if (isSeen(knob) && !isInline && !knob.matches(".skip") && size.height < 24) faults.push(`too small: ${where(knob)}`);
  }
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => +h.tagName[1]);
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) faults.push(`headings: ${levels}`);
  levels.slice(1).forEach((level, n) => { if (level > levels[n] + 1) faults.push(`heading skipped: ${levels}`); });
  for (const head of document.querySelectorAll("th")) if (!head.scope) faults.push(`no scope: ${head.textContent}`);
  for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) faults.push("no alt");
  for (const name of ["header", "main"]) if (document.querySelectorAll(name).length !== 1) faults.push(`landmark ${name}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) faults.push(`ids twice: ${ids}`);
  for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    const id = element.getAttribute("aria-labelledby") || element.getAttribute("aria-describedby");
    if (!document.getElementById(id)) faults.push(`points nowhere: ${id}`);
  }
  if (!document.documentElement.lang || !document.title) faults.push("no language or title");
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push("scrolls sideways");
  if (document.querySelector("script:not([src]), [style], [onclick]")) faults.push("script or style inline");
  return faults;
}
