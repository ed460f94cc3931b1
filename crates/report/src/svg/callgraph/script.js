"use strict";
(() => {
  const svg = document.currentScript ? document.currentScript.closest("svg") : document.documentElement;
  const view = svg.querySelector("#view");
  const box = svg.viewBox.baseVal;
  const size = { w: box.width, h: box.height };
  const alone = svg === document.documentElement;
  const nodes = [...svg.querySelectorAll(".node")];
  const links = [...svg.querySelectorAll("[data-from]")];
  const titleOf = (g) => g.querySelector("title").textContent;
  const HTML = "http://www.w3.org/1999/xhtml";

  // The picture fills its window; what was the page becomes a sheet that moves under it.
  if (!alone) svg.style.minHeight = "70vh";
  svg.setAttribute("width", "100%");
  svg.setAttribute("height", "100%");
  svg.removeAttribute("viewBox");
  svg.setAttribute("tabindex", "0");
  svg.style.outline = "none";
  view.style.cursor = "grab";

  let at = { x: 0, y: 0, k: 1 };
  const rect = () => svg.getBoundingClientRect();
  let touched = false;
  const show = (to) => {
    at = to;
    view.setAttribute("transform", `matrix(${at.k} 0 0 ${at.k} ${at.x} ${at.y})`);
  };
  const top = 44; // below the controls
  const fit = () => {
    const r = rect();
    const k = Math.min(r.width / size.w, (r.height - top) / size.h, 4 / 3);
    show({ x: (r.width - size.w * k) / 2, y: top + Math.max(0, (r.height - top - size.h * k) / 2), k });
  };
  // At first a picture that would be too small to read shows its top.
  const start = () => {
    fit();
    if (at.k >= 0.5) return;
    const r = rect();
    const k = Math.max(at.k, Math.min(r.width / size.w, 0.8));
    show({ x: Math.max(0, (r.width - size.w * k) / 2), y: top, k });
  };
  const zoom = (factor, cx, cy) => {
    const k = Math.min(8, Math.max(0.05, at.k * factor));
    show({ x: cx - ((cx - at.x) * k) / at.k, y: cy - ((cy - at.y) * k) / at.k, k });
  };
  const zoomMiddle = (factor) => zoom(factor, rect().width / 2, rect().height / 2);
  const move = (dx, dy) => show({ x: at.x + dx, y: at.y + dy, k: at.k });
  const centre = (node, k) => {
    const b = node.getBBox(), r = rect();
    const m = view.firstElementChild.transform.baseVal.consolidate().matrix;
    show({
      x: r.width / 2 - (b.x + m.e + b.width / 2) * k,
      y: r.height / 2 - (b.y + m.f + b.height / 2) * k,
      k,
    });
  };

  // Controls, which a static picture does not have.
  const panel = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
  panel.setAttribute("y", 8);
  panel.setAttribute("width", 330);
  panel.setAttribute("height", 34);
  const div = document.createElementNS(HTML, "div");
  div.setAttribute("class", "controls");
  const input = document.createElementNS(HTML, "input");
  input.setAttribute("type", "search");
  input.setAttribute("placeholder", "search (regexp)  /");
  input.setAttribute("aria-label", "Search functions");
  const count = document.createElementNS(HTML, "span");
  const button = (text, title, action) => {
    const b = document.createElementNS(HTML, "button");
    b.textContent = text;
    b.title = title;
    b.addEventListener("click", action);
    return b;
  };
  div.append(
    count,
    input,
    button("+", "Zoom in (+)", () => zoomMiddle(1.3)),
    button("−", "Zoom out (-)", () => zoomMiddle(1 / 1.3)),
    button("↺", "Show everything (0)", () => reset()),
  );
  panel.append(div);
  svg.append(panel);
  const place = () => panel.setAttribute("x", rect().width - 338);

  // The chosen function with everything that it calls or is called by stays bright.
  let chosen = null;
  const choose = (node) => {
    chosen = node === chosen ? null : node;
    const near = new Set();
    const id = chosen && chosen.id.slice(4);
    for (const l of links) {
      const ends = [l.dataset.from, l.dataset.to];
      const on = !chosen || ends.includes(id);
      if (on) ends.forEach((e) => near.add("node" + e));
      l.classList.toggle("dim", !on);
    }
    for (const n of nodes) n.classList.toggle("dim", !!chosen && n !== chosen && !near.has(n.id));
  };

  let found = [], next = 0;
  const search = (text) => {
    let re = null;
    try {
      re = text ? new RegExp(text, "i") : null;
      input.classList.remove("bad");
    } catch {
      input.classList.add("bad");
    }
    found = re ? nodes.filter((n) => re.test(titleOf(n))) : [];
    next = 0;
    nodes.forEach((n) => n.classList.toggle("found", found.includes(n)));
    count.textContent = text ? `${found.length} of ${nodes.length}` : "";
    return found.length;
  };
  const step = (by) => {
    if (!found.length) return;
    centre(found[(next + found.length) % found.length], Math.max(at.k, 1));
    next = (next + by + found.length) % found.length;
  };
  const reset = () => {
    input.value = "";
    search("");
    if (chosen) choose(chosen);
    fit();
  };

  input.addEventListener("input", () => search(input.value));
  input.addEventListener("keydown", (e) => {
    e.stopPropagation();
    if (e.key === "Enter") {
      input.blur();
      step(e.shiftKey ? -1 : 1);
    }
    if (e.key === "Escape") {
      input.blur();
      reset();
    }
  });

  for (const kind of ["keydown", "wheel", "pointerdown"]) {
    svg.addEventListener(kind, () => (touched = true), { capture: true, passive: true });
  }
  (alone ? window : svg).addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const keys = {
      "+": () => zoomMiddle(1.3), "=": () => zoomMiddle(1.3), "-": () => zoomMiddle(1 / 1.3),
      "0": fit, "1": () => zoomMiddle(4 / 3 / at.k), Escape: reset,
      ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0),
      ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
      n: () => step(1), N: () => step(-1), "/": () => input.focus(),
    };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  svg.addEventListener("wheel", (e) => {
    e.preventDefault();
    const r = rect();
    const lines = e.deltaMode === 1 ? 20 : 1;
    zoom(Math.exp(-e.deltaY * lines * 0.0015), e.clientX - r.left, e.clientY - r.top);
  }, { passive: false });

  let drag = null;
  svg.addEventListener("pointerdown", (e) => {
    if (e.button || panel.contains(e.target)) return;
    drag = { x: e.clientX, y: e.clientY, far: false };
  });
  svg.addEventListener("pointermove", (e) => {
    if (!drag) return;
    if (!drag.far && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 4) return;
    if (!drag.far) svg.setPointerCapture(e.pointerId);
    drag.far = true;
    move(e.clientX - drag.x, e.clientY - drag.y);
    drag.x = e.clientX;
    drag.y = e.clientY;
  });
  const drop = (e) => {
    const node = drag && !drag.far && e.target.closest(".node");
    drag = null;
    if (node) choose(node);
  };
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", () => (drag = null));
  new ResizeObserver(() => {
    place();
    if (!touched) start();
  }).observe(svg);

  place();
  start();
  svg.gowhy = { zoom: zoomMiddle, fit, reset, search, choose: (name) => choose(nodes.find((n) => titleOf(n).includes(name))), step };
})();
