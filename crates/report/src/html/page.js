"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const views = ["flame", "top", "graph", "peek", "source"];
  const input = $("search"), found = $("found");
  const picture = (view) => {
    const svg = $("pane-" + view).querySelector("svg");
    return svg && svg.gowhy;
  };
  let view = "flame", pattern = null;

  // Everything that the profile says gets onto the page as text.
  const make = (tag, attributes, ...children) => {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== undefined) e.setAttribute(name, value);
    }
    e.append(...children);
    return e;
  };
  const named = (name) => {
    if (!pattern) return [name];
    const parts = [];
    let from = 0;
    for (const hit of name.matchAll(new RegExp(pattern.source, "gi"))) {
      if (!hit[0]) break;
      parts.push(name.slice(from, hit.index), make("mark", {}, hit[0]));
      from = hit.index + hit[0].length;
    }
    parts.push(name.slice(from));
    return parts;
  };
  const signed = (text) => (data.signed && !text.startsWith("-") && text !== "0" && text !== "." ? "+" + text : text);
  const shareCell = (text, share) => {
    const less = text.startsWith("-");
    return make("td", { class: less ? "share less" : "share", style: `--w:${Math.min(100, parseFloat(share) || 0)}%` }, share);
  };
  const matches = (name) => !pattern || pattern.test(name);

  const has = { peek: new Map(), source: new Map() };
  data.peek.forEach((p, i) => has.peek.set(p[0], i));
  data.source.forEach((s, i) => { if (!has.source.has(s[0])) has.source.set(s[0], i); });
  const link = (index, to = "peek") => {
    const name = data.names[index];
    if (!has[to].has(index)) return make("span", {}, ...named(name));
    const a = make("a", { href: "#" + to, title: to === "peek" ? "callers and callees" : "source" }, ...named(name));
    a.addEventListener("click", (e) => {
      e.preventDefault();
      go(to, `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
    });
    return a;
  };
  const also = (index) => {
    if (!has.source.has(index)) return "";
    const a = make("a", { href: "#source" }, "source");
    a.addEventListener("click", (e) => {
      e.preventDefault();
      go("source", `^${data.names[index].replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
    });
    return a;
  };

  // The table.
  const inlined = ["", " (partial-inline)", " (inline)"];
  const columns = [["Flat", 2], ["Flat%", 2], ["Cum", 5], ["Cum%", 5], ["Function", 0]];
  let order = { column: 2, up: false };
  const draw = {};
  draw.top = () => {
    const rows = data.top.filter((r) => matches(data.names[r[0]]));
    const key = (r) => (order.column === 0 ? data.names[r[0]] : Math.abs(r[order.column]));
    if (order.column !== 2 || order.up) {
      rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (order.up ? 1 : -1));
    }
    const head = make("tr");
    for (const [title, column] of columns) {
      const on = order.column === column && !title.endsWith("%");
      const th = make("th", { scope: "col", "aria-sort": on ? (order.up ? "ascending" : "descending") : undefined });
      const button = make("button", {}, title);
      button.addEventListener("click", () => {
        const up = order.column === column ? !order.up : column === 0;
        order = { column, up };
        draw.top();
        $("pane-top").querySelectorAll("th button")[columns.findIndex((c) => c[0] === title)].focus();
      });
      th.append(button);
      head.append(th);
    }
    const body = make("tbody");
    for (const [name, inline, , flat, flatShare, , cum, cumShare] of rows) {
      body.append(make("tr", {},
        make("td", {}, signed(flat)), shareCell(flat, flatShare),
        make("td", {}, signed(cum)), shareCell(cum, cumShare),
        make("td", {}, link(name), inlined[inline])));
    }
    const cut = data.functions - data.top.length;
    const more = cut > 0 ? ` The ${cut} functions that cost least are left out.` : "";
    $("pane-top").replaceChildren(
      make("table", {}, make("thead", {}, head), body),
      make("p", { class: "note" }, `${rows.length} functions; percentages are of ${data.total}.${more}`));
    return rows.length;
  };

  // Callers and callees.
  const few = 40;
  const callTable = ([calls, more], title) => {
    const body = make("tbody");
    for (const [name, weight, share, inline] of calls) {
      body.append(make("tr", {}, make("td", {}, signed(weight)), shareCell(weight, share), make("td", {}, link(name), inline ? " (inline)" : "")));
    }
    if (more) body.append(make("tr", {}, make("td"), make("td"), make("td", { class: "note" }, `and ${more} more`)));
    return calls.length ? [make("h3", {}, title), make("table", {}, body)] : [make("h3", {}, `no ${title.toLowerCase()}`)];
  };
  const listed = (pane, all, show) => {
    const hits = all.filter((one) => matches(data.names[one[0]]));
    const parts = hits.slice(0, few).map(show);
    if (hits.length > few) parts.push(make("p", { class: "note" }, `${hits.length - few} more match; search to see them.`));
    if (!hits.length) parts.push(make("p", { class: "note" }, all.length ? "Nothing matches." : "There is nothing to show."));
    $("pane-" + pane).replaceChildren(...parts);
    return hits.length;
  };
  draw.peek = () => listed("peek", data.peek, ([name, flat, flatShare, cum, cumShare, callers, callees]) =>
    make("article", {},
      ...callTable(callers, "Callers"),
      make("h2", {}, ...named(data.names[name]), make("span", {}, `  flat ${signed(flat)} (${flatShare}), cum ${signed(cum)} (${cumShare})  `), also(name)),
      ...callTable(callees, "Callees")));

  // Source.
  const missing = data.source.filter((s) => typeof s[5] === "string").length;
  draw.source = () => {
    const count = listing();
    if (missing) {
      $("pane-source").prepend(make("p", { class: "note" },
        `Of ${missing} functions the source was not found when this page was written; -source_path says where to look.`));
    }
    return count;
  };
  const listing = () => listed("source", data.source, ([name, path, flat, cum, share, lines]) => {
    const head = make("h2", {}, link(name), make("span", {}, `  flat ${signed(flat)}, cum ${signed(cum)} (${share})  ${path}`));
    if (typeof lines === "string") {
      return make("article", { class: "missing" }, head, make("p", { class: "note" }, lines));
    }
    const code = make("pre", { class: "code" });
    for (const [number, text, lineFlat, lineCum, lineShare] of lines) {
      const row = lineCum === undefined
        ? make("div", {}, make("i"), make("i"))
        : make("div", { class: "hot", style: `--w:${Math.min(100, parseFloat(lineShare) || 0)}%` }, make("i", {}, signed(lineFlat)), make("i", {}, signed(lineCum)));
      row.append(make("i", { class: "no" }, String(number)), " " + text);
      code.append(row);
    }
    return make("article", {}, head, code);
  });

  // What the views have in common.
  const drawn = {};
  const update = () => {
    const text = input.value;
    if (drawn[view] === text) return;
    drawn[view] = text;
    if (draw[view]) {
      const count = draw[view]();
      found.textContent = text ? `${count} match${count === 1 ? "" : "es"}` : "";
    } else if (picture(view)) {
      const result = picture(view).search(text);
      found.textContent = typeof result === "string" ? result : text ? `${result} match${result === 1 ? "" : "es"}` : "";
    }
  };
  let status = {};
  const show = (to) => {
    status[view] = found.textContent;
    view = to;
    for (const v of views) {
      $("tab-" + v).setAttribute("aria-selected", v === view);
      $("tab-" + v).tabIndex = v === view ? 0 : -1;
      $("pane-" + v).hidden = v !== view;
    }
    if (drawn[view] === input.value) found.textContent = status[view] || "";
    update();
    const svg = $("pane-" + view).querySelector(":scope > svg");
    if (svg && document.activeElement !== input) svg.focus({ preventScroll: true });
  };
  const search = (text) => {
    if (input.value !== text) input.value = text;
    try {
      pattern = text ? new RegExp(text, "i") : null;
      input.classList.remove("bad");
    } catch {
      pattern = null;
      input.classList.add("bad");
      found.textContent = "not a regular expression";
      return;
    }
    update();
  };
  const remember = () => {
    const q = input.value ? "=" + encodeURIComponent(input.value) : "";
    try {
      history.replaceState(null, "", "#" + view + q);
    } catch {
      // Some browsers do not let local files do that.
    }
  };
  const go = (to, text) => {
    show(to);
    search(text);
    remember();
    scrollTo(0, 0);
  };
  const restore = () => {
    const [to, q = ""] = location.hash.slice(1).split("=");
    let text = "";
    try {
      text = decodeURIComponent(q);
    } catch {
      // Not ours.
    }
    search(text);
    show(views.includes(to) ? to : view);
  };

  views.forEach((v, i) => {
    const tab = $("tab-" + v);
    tab.title = `${tab.textContent} (${i + 1})`;
    tab.addEventListener("click", () => { show(v); remember(); });
    tab.addEventListener("keydown", (e) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!by) return;
      e.preventDefault();
      e.stopPropagation();
      const next = views[(i + by + views.length) % views.length];
      show(next);
      remember();
      $("tab-" + next).focus();
    });
  });
  input.addEventListener("input", () => { search(input.value); remember(); });
  input.addEventListener("keydown", (e) => {
    if (e.key !== "Enter") return;
    input.blur();
    if (picture(view)) {
      $("pane-" + view).querySelector("svg").focus({ preventScroll: true });
      picture(view).step(e.shiftKey ? -1 : 1);
    }
  });
  $("help-open").addEventListener("click", () => $("help").showModal());
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || $("help").open) return;
    if (e.key === "Escape") {
      go(view, "");
      input.blur();
      return;
    }
    if (e.target === input) return;
    const keys = { "/": () => { input.focus(); input.select(); }, "?": () => $("help").showModal() };
    views.forEach((v, i) => { keys[i + 1] = () => { show(v); remember(); }; });
    if (!keys[e.key]) return;
    e.preventDefault();
    e.stopPropagation();
    keys[e.key]();
  }, true);
  addEventListener("hashchange", restore);
  restore();
})();
