"use strict";
(() => {
  const svg = document.currentScript ? document.currentScript.closest("svg") : document.documentElement;
  const SVG = svg.namespaceURI, HTML = "http://www.w3.org/1999/xhtml";
  const data = JSON.parse(svg.querySelector("script[type='application/json']").textContent);
  const alone = svg === document.documentElement;
  const fits = svg.classList.contains("flame-graph");
  const flames = svg.querySelector("#flames");
  const key = svg.querySelector(".key");
  const page = svg.querySelector(".page");
  const TOP = +flames.dataset.top, ROW = 18, MARGIN = 10, INSET = 4, SMALLEST = 0.7;

  // The tree, from numbers in depth-first order (see data.rs).
  const nodes = [];
  const stride = 5 + data.signed + data.sides;
  for (let i = 0, parent = null; i < data.nodes.length; i += stride) {
    const [up, fn, value, own, mark, weight = value, before = 0] = data.nodes.slice(i, i + stride);
    let above = nodes.length ? nodes[nodes.length - 1] : null;
    for (let k = 0; k < up; k++) above = above.parent;
    parent = above;
    const [name, file, color, ...starts] = parent ? data.fns[fn] : ["all", 0, "root", 0, 0, 0];
    nodes.push({
      id: nodes.length, parent, depth: parent ? parent.depth + 1 : 0, children: [],
      name, color, starts, file: parent ? data.files[file] : "",
      line: Math.floor(mark / 3), inlined: mark % 3, value, own, weight, before, x: 0, used: 0,
    });
    const node = nodes[nodes.length - 1];
    if (parent) {
      node.x = parent.x + parent.used;
      parent.used += weight;
      parent.children.push(node);
    }
  }
  const root = nodes[0];
  if (!root) return;

  const family = {
    byte: [[1, "B"], [1024, "kB"], [1048576, "MB"], [1073741824, "GB"], [1099511627776, "TB"]],
    nanosecond: [[1, "ns"], [1e3, "us"], [1e6, "ms"], [1e9, "s"], [3.6e12, "hrs"]],
    microsecond: [[1e-3, "ns"], [1, "us"], [1e3, "ms"], [1e6, "s"], [3.6e9, "hrs"]],
    millisecond: [[1e-3, "us"], [1, "ms"], [1e3, "s"], [3.6e6, "hrs"]],
    second: [[1e-3, "ms"], [1, "s"], [3600, "hrs"]],
  }[data.unit.toLowerCase().replace(/s$/, "")] || [[1, ""]];
  const measure = (scaled) => {
    const value = scaled * data.scale, size = Math.abs(value);
    const [factor, unit] = family.filter((u) => size >= u[0]).pop() || family[0];
    const text = (size / factor).toFixed(2).replace(/\.00$/, "");
    const sign = value < 0 ? "-" : data.signed && value > 0 ? "+" : "";
    return size === 0 ? "0" : sign + text + unit;
  };
  const plain = (scaled) => measure(scaled).replace(/^\+/, "");
  const share = (part, whole) => {
    const p = whole ? Math.abs(part / whole) * 100 : 0;
    if (p >= 99.95 && p <= 100.05) return "100%";
    return (p >= 1 ? p.toFixed(2) : p && p < 1e-4 ? p.toExponential(1) : +p.toPrecision(2)) + "%";
  };
  const total = data.total / data.scale;

  const change = (n) => {
    const step = Math.round((n.value / (n.weight || 1)) * 4);
    return step === 0 ? "z" : step < 0 ? "m" + -step : "p" + step;
  };
  const colorOf = (n) => (n.parent && data.signed ? change(n) : n.color);

  const ruler = document.createElementNS(HTML, "canvas").getContext("2d");
  ruler.font = "12px " + getComputedStyle(svg).fontFamily;
  const wide = (text) => ruler.measureText(text).width;
  const fitted = (n, room) => {
    if (room < 9) return "";
    const forms = [n.name, ...n.starts.map((s) => n.name.slice(s))];
    const texts = data.signed ? [...forms.map((f) => f + " " + measure(n.value)), ...forms] : forms;
    const fits = texts.find((t) => t.length * 3 <= room && wide(t) <= room);
    if (fits !== undefined) return fits;
    const last = [...forms[3]];
    let count = Math.min(last.length - 1, Math.ceil(room / 3));
    while (count > 1 && wide(last.slice(0, count).join("") + "…") > room) count--;
    return count > 1 ? last.slice(0, count).join("") + "…" : "";
  };

  let width = svg.viewBox.baseVal.width;
  let zoomed = root, pattern = null, selected = null;
  let boxes = new Map();

  const make = (tag, attributes, parent) => {
    const e = document.createElementNS(SVG, tag);
    for (const a in attributes) e.setAttribute(a, attributes[a]);
    parent.append(e);
    return e;
  };

  // Draws what is visible at the current zoom; replaces what was drawn without scripts.
  const draw = () => {
    const room = width - 2 * MARGIN;
    const shown = [];
    const above = [];
    for (let n = zoomed.parent; n; n = n.parent) above.unshift(n);
    for (const n of above) shown.push([n, MARGIN, room]);
    const todo = [zoomed];
    while (todo.length) {
      const n = todo.pop();
      const w = (n.weight / (zoomed.weight || 1)) * room;
      if (w < SMALLEST && n !== zoomed) continue;
      shown.push([n, MARGIN + ((n.x - zoomed.x) / (zoomed.weight || 1)) * room, w]);
      for (let i = n.children.length - 1; i >= 0; i--) todo.push(n.children[i]);
    }
    const rows = shown.reduce((most, [n]) => Math.max(most, n.depth), 0) + 1;
    const bottom = TOP + rows * ROW;
    flames.textContent = "";
    boxes = new Map();
    let dashes = "";
    for (const [n, x, w] of shown) {
      const y = data.up ? bottom - (n.depth + 1) * ROW : TOP + n.depth * ROW;
      const g = make("g", { transform: `translate(${x.toFixed(2)} ${y})`, "data-i": n.id }, flames);
      const hit = pattern && n.parent && pattern.test(n.name);
      let name = colorOf(n);
      if (hit) name += " hit";
      else if (pattern) name += " miss";
      if (n.depth < zoomed.depth) name += " above";
      make("rect", { class: name, width: Math.max(0.3, w - 0.5).toFixed(2), height: ROW - 1 }, g);
      const text = fitted(n, w - 2 * INSET);
      if (text) {
        const t = make("text", { x: INSET, y: 13 }, g);
        t.textContent = text;
        if (n.inlined) t.setAttribute("font-style", "italic");
      }
      if (n.inlined === 2 && w >= 3) dashes += `M${x.toFixed(1)} ${y + 1}h${(w - 1).toFixed(1)}`;
      boxes.set(n.id, { g, x, y, w });
    }
    make("path", { class: "inlined", d: dashes }, flames);
    const height = bottom + 30;
    key.setAttribute("y", height - 10);
    svg.setAttribute("height", height);
    page.setAttribute("height", Math.max(height, alone ? innerHeight : 0));
    if (!alone) svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    mark();
  };
  const mark = () => {
    for (const b of boxes.values()) b.g.classList.remove("at");
    const b = selected && boxes.get(selected.id);
    if (!b) return;
    b.g.classList.add("at");
    flames.insertBefore(b.g, flames.querySelector(".inlined"));
  };

  // Details of the box under the pointer, or of the one chosen by keys.
  const tip = make("foreignObject", { width: 10, height: 10, class: "tip" }, svg);
  const tipBox = document.createElementNS(HTML, "div");
  tip.append(tipBox);
  const describe = (n) => {
    const lines = [[n.name, "name"]];
    if (n.file) lines.push([n.line ? n.file + ":" + n.line : n.file, "file"]);
    if (data.sides) {
      const grown = n.before ? ` (${n.value < 0 ? "-" : "+"}${share(n.value, n.before)})` : "";
      lines.push([`before ${plain(n.before)}, after ${plain(n.before + n.value)}${grown}`, ""]);
    }
    let shares = `${measure(n.value)}, ${share(n.value, total)} of total`;
    if (n.depth > 1 && !data.sides) shares += `, ${share(n.value, n.parent.value)} of parent`;
    lines.push([shares, ""]);
    if (n.own && n.own !== n.value) lines.push([`own: ${measure(n.own)}, ${share(n.own, total)} of total`, ""]);
    if (n.inlined) lines.push([n.inlined === 2 ? "inlined into its caller" : "partly inlined into its caller", ""]);
    return lines;
  };
  const explain = (n, x, y) => {
    if (!n) {
      tip.style.display = "none";
      return;
    }
    tipBox.textContent = "";
    for (const [text, kind] of describe(n)) {
      const line = document.createElementNS(HTML, "div");
      line.setAttribute("class", kind);
      line.textContent = text;
      tipBox.append(line);
    }
    tip.style.display = "";
    const most = Math.min(560, width - 2 * MARGIN);
    tip.setAttribute("width", most);
    tip.setAttribute("height", 400);
    const { offsetWidth: w, offsetHeight: h } = tipBox;
    const low = alone ? scrollY + innerHeight : +svg.getAttribute("height");
    tip.setAttribute("x", Math.max(0, Math.min(x + 12, width - w - 4)));
    tip.setAttribute("y", y + 18 + h > low && y - h - 6 > 0 ? y - h - 6 : y + 18);
    // These are rounded; a line that just fits must not wrap.
    tip.setAttribute("width", w + 1);
    tip.setAttribute("height", h + 1);
  };

  // Controls, which a static picture does not have.
  const panel = make("foreignObject", { y: 6, width: 420, height: 32, class: "panel" }, svg);
  const controls = document.createElementNS(HTML, "div");
  const matched = document.createElementNS(HTML, "span");
  matched.setAttribute("role", "status");
  const input = document.createElementNS(HTML, "input");
  input.setAttribute("type", "search");
  input.setAttribute("placeholder", "search (regexp)  /");
  input.setAttribute("aria-label", "Search functions");
  const back = document.createElementNS(HTML, "button");
  back.textContent = "reset";
  back.title = "Zoom out and clear the search (Esc)";
  controls.append(matched, input, back);
  panel.append(controls);

  const reveal = (n) => {
    const b = boxes.get(n.id);
    if (b && alone) b.g.scrollIntoView({ block: "nearest" });
  };
  const zoom = (n) => {
    zoomed = n;
    if (selected && !within(selected, n)) selected = null;
    explain(null);
    draw();
  };
  const within = (n, top) => {
    while (n && n !== top) n = n.parent;
    return !!n;
  };
  const matches = () => nodes.filter((n) => n.parent && pattern && pattern.test(n.name));
  const search = (text) => {
    try {
      pattern = text ? new RegExp(text, "i") : null;
      input.classList.remove("bad");
    } catch {
      pattern = null;
      input.classList.add("bad");
    }
    // Of matches below each other only the first counts.
    let value = 0, weight = 0;
    const skip = new Set();
    for (const n of pattern ? nodes : []) {
      if (skip.has(n.parent)) skip.add(n);
      else if (n.parent && pattern.test(n.name)) {
        value += n.value;
        weight += n.weight;
        skip.add(n);
      }
    }
    const least = data.trimmed ? "at least " : "";
    matched.textContent = pattern ? `${least}${share(weight, root.weight)} matched (${measure(value)})` : "";
    if (input.value !== text) input.value = text;
    draw();
    return matched.textContent;
  };
  const reset = () => {
    selected = null;
    zoomed = root;
    search("");
    explain(null);
  };
  const select = (n) => {
    if (!n || !boxes.has(n.id)) return;
    selected = n;
    mark();
    const b = boxes.get(n.id);
    reveal(n);
    explain(n, Math.max(b.x, MARGIN), b.y);
  };
  const step = (by) => {
    const all = matches().filter((n) => boxes.has(n.id));
    if (all.length) select(all[(all.indexOf(selected) + by + all.length) % all.length]);
  };
  const beside = (n, by) => {
    const all = n.parent ? n.parent.children.filter((c) => boxes.has(c.id)) : [n];
    return all[all.indexOf(n) + by];
  };
  const heaviest = (n) => n.children.find((c) => boxes.has(c.id));

  const at = (e) => {
    const g = e.target.closest && e.target.closest("g[data-i]");
    return g && nodes[+g.dataset.i];
  };
  svg.addEventListener("mousemove", (e) => {
    const n = at(e);
    if (!n && selected) return;
    const r = svg.getBoundingClientRect();
    const k = width / (r.width || width);
    explain(n, (e.clientX - r.left) * k, (e.clientY - r.top) * k);
  });
  svg.addEventListener("mouseleave", () => explain(null));
  svg.addEventListener("click", (e) => {
    const n = at(e);
    if (n) zoom(n === zoomed && n.parent ? n.parent : n);
  });
  back.addEventListener("click", reset);
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
  if (!alone) svg.setAttribute("tabindex", "0");
  (alone ? window : svg).addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const deeper = data.up ? "ArrowUp" : "ArrowDown", back = data.up ? "ArrowDown" : "ArrowUp";
    const from = selected || zoomed;
    const keys = {
      [deeper]: () => select(selected ? heaviest(from) : from), [back]: () => select(from.parent),
      ArrowLeft: () => select(beside(from, -1)), ArrowRight: () => select(beside(from, 1)),
      Enter: () => zoom(from), Backspace: () => zoomed.parent && zoom(zoomed.parent),
      n: () => step(1), N: () => step(-1), "/": () => input.focus(), Escape: reset,
    };
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });

  const resize = () => {
    if (alone) width = Math.max(320, document.documentElement.clientWidth || innerWidth);
    if (fits) {
      width = Math.max(320, svg.parentElement.clientWidth);
      svg.setAttribute("width", width);
    }
    panel.setAttribute("x", width - 430);
    draw();
  };
  if (alone) {
    svg.removeAttribute("viewBox");
    svg.setAttribute("width", "100%");
    window.addEventListener("resize", resize);
  }
  if (fits) {
    let last = 0;
    new ResizeObserver(() => {
      const now = svg.parentElement.clientWidth;
      if (now && now !== last) resize();
      last = now;
    }).observe(svg.parentElement);
  }
  explain(null);
  resize();
  svg.gowhy = { nodes, zoom: (i) => zoom(nodes[i]), search, reset, step, describe: (i) => describe(nodes[i]), select: (i) => select(nodes[i]) };
})();
