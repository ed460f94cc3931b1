// Paints the boxes that the server has cut to size, and asks it for others when the graph is turned.
"use strict";
(() => {
  const root = document.getElementById("flame");
  const status = document.getElementById("status");
  const HEIGHT = 18;
  let data = JSON.parse(document.getElementById("data").textContent);
  let boxes = [];
  let current = null;
  let regexp = null;
  const [SOURCE, ROW, START, GAIN, LOSS, OWN] = [0, 1, 2, 3, 4, 5];
  const width = (cell) => cell[GAIN] + cell[LOSS];
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const UNITS = {
    s: [[3600, "hrs"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]],
    B: [[2 ** 50, "PB"], [2 ** 40, "TB"], [2 ** 30, "GB"], [2 ** 20, "MB"], [1024, "kB"], [1, "B"]],
  };
  function value(raw) {
    const scaled = raw * data.scale;
    const units = UNITS[data.unit];
    if (!units) return String(Math.round(scaled * 100) / 100) + (data.unit ? " " + data.unit : "");
    if (scaled === 0) return "0";
    const [factor, name] = units.find(([factor]) => Math.abs(scaled) >= factor) ?? units[units.length - 1];
    return (scaled / factor).toFixed(2).replace(/\.?0+$/, "") + name;
  }
  const percent = (raw, of) => (of ? ((100 * raw) / of).toFixed(Math.abs(raw) < of / 100 ? 2 : 1) : "0") + "%";

  // A package always has the same hue; the Go runtime is grey. Of comparisons, gains are orange and
  // losses blue.
  function color(source, cell, comparison) {
    const light = dark.matches ? [34, 42] : [82, 74];
    if (comparison) {
      const share = (cell[GAIN] - cell[LOSS]) / Math.max(1, width(cell));
      const strength = Math.min(1, Math.abs(share));
      const hue = share < 0 ? 212 : 24;
      return `hsl(${hue} ${Math.round(strength * 70)}% ${light[0] - strength * (light[0] - light[1])}%)`;
    }
    if (source.name === "root") return dark.matches ? "#3a3d44" : "#e4e4e6";
    if (/^(runtime\.|runtime\/internal\/|internal\/runtime\/)/.test(source.name)) {
      return `hsl(220 6% ${dark.matches ? 31 + (source.color % 3) * 3 : 84 - (source.color % 3) * 3}%)`;
    }
    const hue = (source.color % 24) * 15;
    const shade = ((source.color / 24) | 0) % 3;
    return `hsl(${hue} ${dark.matches ? 32 : 62}% ${dark.matches ? 33 + shade * 3 : 80 - shade * 4}%)`;
  }

  function paint() {
    boxes = [];
    current = null;
    root.replaceChildren();
    if (!data.cells.length || !data.width) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = data.total
        ? "Nothing runs through this. Reset the refinements to see the entire profile."
        : "There are no values of this kind in the profile. The menu Sample has others.";
      root.append(empty);
      return;
    }
    const top = data.cells[0][ROW];
    const comparison = data.cells.some((cell) => cell[LOSS] > 0);
    const screen = root.clientWidth - 2;
    const rows = new Map();
    for (const cell of data.cells) {
      const source = data.sources[cell[SOURCE]];
      const box = document.createElement("div");
      box.className = "box";
      box.setAttribute("role", "treeitem");
      const left = (cell[START] / data.width) * screen;
      const wide = (width(cell) / data.width) * screen;
      box.style.left = left + "px";
      box.style.width = Math.max(wide, 0.5) + "px";
      box.style.top = (cell[ROW] - top) * HEIGHT + "px";
      box.style.background = color(source, cell, comparison);
      if (cell[ROW] === 0) box.classList.add("pivot");
      if (source.inlined && wide > 12) box.classList.add("inlined");
      if (wide > 24) {
        // The longest name that fits.
        const room = (wide - 8) / 6.7;
        const names = source.display;
        box.textContent = names.find((name) => name.length <= room) ?? names[names.length - 1];
      } else {
        box.style.padding = "0";
      }
      box.setAttribute("aria-label", `${source.name}, ${value(cell[GAIN] - cell[LOSS])}`);
      const entry = { box, cell, source };
      box.entry = entry;
      boxes.push(entry);
      if (!rows.has(cell[ROW])) rows.set(cell[ROW], []);
      rows.get(cell[ROW]).push(entry);
      root.append(box);
    }
    root.rows = rows;
    mark();
    tell(null);
    const pivot = boxes.find((entry) => entry.cell[ROW] === 0);
    pivot?.box.scrollIntoView({ block: "nearest" });
  }

  function mark() {
    let hits = 0;
    let covered = 0;
    const tops = new Map();
    for (const entry of boxes) {
      const hit = regexp !== null && regexp.test(entry.source.name);
      entry.box.classList.toggle("hit", hit);
      if (!hit) continue;
      hits += 1;
      // Boxes above one another count once.
      if (entry.cell[ROW] >= 0) {
        const from = entry.cell[START];
        const to = from + width(entry.cell);
        const inside = [...tops].some(([a, b]) => a <= from && to <= b);
        if (!inside) {
          covered += to - from;
          tops.set(from, Math.max(to, tops.get(from) ?? 0));
        }
      }
    }
    return regexp && `${hits} found, ${percent(covered, data.width)}`;
  }

  function tell(entry) {
    for (const other of boxes) {
      const same = entry !== null && other.cell[SOURCE] === entry.cell[SOURCE];
      other.box.classList.toggle("same", same);
      other.box.classList.toggle("at", other === entry);
    }
    status.replaceChildren();
    if (entry === null) {
      const hidden = data.hidden ? ` · ${data.hidden} boxes are too narrow to be seen` : "";
      status.textContent = `${data.type}: ${value(data.total)} in all${hidden}`;
      return;
    }
    const { cell, source } = entry;
    const net = cell[GAIN] - cell[LOSS];
    const name = document.createElement("b");
    name.textContent = source.name;
    const parts = [` ${value(net)} (${percent(net, data.total)})`];
    if (cell[LOSS]) parts.push(`+${value(cell[GAIN])} −${value(cell[LOSS])}`);
    if (cell[OWN]) parts.push(`self ${value(cell[OWN])}`);
    if (source.inlined) parts.push("inlined");
    if (source.file) parts.push(source.file);
    status.append(name, parts.join(" · "));
  }

  // Turns the graph around a source; around the root if it is empty.
  async function turn(unique, remember = true) {
    const params = page.params();
    if (unique && unique !== "root") params.set("p", unique);
    else params.delete("p");
    if (remember) history.pushState(null, "", "?" + params);
    for (const link of document.querySelectorAll("a[data-key]")) {
      link.search = "?" + params;
    }
    params.set("format", "tree");
    const answer = await fetch("flamegraph?" + params);
    if (!answer.ok) {
      status.textContent = await answer.text();
      return;
    }
    data = await answer.json();
    paint();
    page.mark();
  }

  const at = (event) => event.target.closest(".box")?.entry ?? null;
  function open(entry, x, y) {
    page.functionMenu(x, y, entry.source.name, [["Turn around this", () => turn(entry.source.unique)]]);
  }
  root.addEventListener("mouseover", (event) => tell(at(event) ?? current));
  root.addEventListener("mouseleave", () => tell(current));
  root.addEventListener("click", (event) => {
    const entry = at(event);
    if (entry) turn(entry.source.unique);
  });
  root.addEventListener("contextmenu", (event) => {
    const entry = at(event);
    if (!entry || entry.source.name === "root") return;
    event.preventDefault();
    open(entry, event.clientX, event.clientY);
  });
  addEventListener("popstate", () => turn(page.params().get("p"), false));
  let resizing;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(paint, 100);
  });
  dark.addEventListener("change", paint);

  function move(key) {
    if (!boxes.length) return;
    if (current === null) {
      current = boxes.find((entry) => entry.cell[ROW] === 0);
    } else {
      const { cell } = current;
      const row = root.rows.get(cell[ROW]);
      const beside = { ArrowLeft: -1, ArrowRight: 1 }[key];
      const away = { ArrowUp: -1, ArrowDown: 1 }[key];
      if (beside) current = row[row.indexOf(current) + beside] ?? current;
      else {
        const middle = cell[START] + width(cell) / 2;
        const next = root.rows.get(cell[ROW] + away) ?? [];
        const over = next.find((e) => e.cell[START] <= middle && middle < e.cell[START] + width(e.cell));
        const below = next.find((e) => cell[START] <= e.cell[START] && e.cell[START] < cell[START] + width(cell));
        current = over ?? below ?? current;
      }
    }
    tell(current);
    current.box.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  page.view = {
    match(wanted) {
      regexp = wanted;
      return mark();
    },
    selected: () => (current && current.source.name !== "root" ? [current.source.name] : []),
    key(event) {
      if (event.key.startsWith("Arrow")) move(event.key);
      else if (event.key === "u") turn("");
      else if (event.key === "Enter" && current) turn(current.source.unique);
      else if ((event.key === "m" || event.key === "ContextMenu") && current) {
        const place = current.box.getBoundingClientRect();
        open(current, place.left + 10, place.bottom);
      } else if (event.key === "Escape" && current) {
        current = null;
        tell(null);
      } else return false;
      return true;
    },
  };
  paint();
})();
