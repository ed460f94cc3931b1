// What all pages do: search, refine, menus, keys. A view registers itself as `page.view` with
//   match(regexp or null): marks what matches and says how much, or nothing
//   selected(): the names that are selected
//   key(event): true if the key was its own
"use strict";
const page = {
  view: {},
  search: document.getElementById("search"),
  quote: (name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  exactly: (names) => names.map((name) => "^" + page.quote(name) + "$").join("|"),
  params: () => new URLSearchParams(location.search),
  go: (params, path = "") => { location.href = path + "?" + params; },

  // Narrows the profile by a parameter. What is left out adds up; what is kept is replaced.
  refine(name, pattern, path) {
    const params = page.params();
    if (!pattern) {
      pattern = page.exactly(page.view.selected?.() ?? []) || page.search.value.trim();
    }
    if (!pattern) {
      pattern = prompt(`Regular expression (${name})`, params.get(name) ?? "");
      if (pattern === null) return;
    } else if (["i", "h", "ti", "th"].includes(name) && params.get(name)) {
      pattern = params.get(name) + "|" + pattern;
    }
    params.set(name, pattern);
    params.delete("p");
    page.go(params, path);
  },

  regexp() {
    const text = page.search.value.trim();
    page.search.classList.remove("wrong");
    if (!text) return null;
    try {
      return new RegExp(text);
    } catch {
      page.search.classList.add("wrong");
      return null;
    }
  },

  mark() {
    const found = page.view.match?.(page.regexp());
    document.getElementById("found").textContent = page.search.value && found ? found : "";
  },

  // A menu at a place on the screen: names and what they do.
  menu(x, y, items) {
    page.closeMenus();
    const menu = document.createElement("div");
    menu.id = "context";
    menu.setAttribute("role", "menu");
    for (const [name, run] of items) {
      const button = document.createElement("button");
      button.setAttribute("role", "menuitem");
      button.textContent = name;
      button.onclick = () => { page.closeMenus(); run(); };
      menu.append(button);
    }
    document.body.append(menu);
    const size = menu.getBoundingClientRect();
    menu.style.left = Math.max(0, Math.min(x, innerWidth - size.width - 8)) + "px";
    menu.style.top = Math.max(0, Math.min(y, innerHeight - size.height - 8)) + "px";
    menu.firstChild.focus();
    menu.onkeydown = (event) => {
      const next = { ArrowDown: "nextSibling", ArrowUp: "previousSibling" }[event.key];
      if (next) {
        document.activeElement[next]?.focus();
        event.preventDefault();
      }
      event.stopPropagation();
      if (event.key === "Escape") page.closeMenus();
    };
  },

  // What can be done with one function.
  functionMenu(x, y, name, more = []) {
    const exact = page.exactly([name]);
    const show = (path) => {
      const params = page.params();
      params.set("f", exact);
      params.delete("p");
      page.go(params, path);
    };
    page.menu(x, y, [
      ...more,
      ["Show source", () => show("source")],
      ["Show callers and callees", () => show("peek")],
      ["Show disassembly", () => show("disasm")],
      ["Focus", () => page.refine("f", exact)],
      ["Ignore", () => page.refine("i", exact)],
      ["Hide", () => page.refine("h", exact)],
      ["Show from", () => page.refine("sf", exact)],
      ["Copy name", () => navigator.clipboard?.writeText(name)],
    ]);
  },

  closeMenus() {
    document.getElementById("context")?.remove();
    for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
  },

  // Asks for the name of a configuration and keeps the page's options under it.
  async save() {
    const name = prompt("Name of this configuration");
    if (!name) return;
    const params = page.params();
    params.set("config", name);
    await page.change("saveconfig?" + params);
  },

  async change(address) {
    const answer = await fetch(address);
    if (answer.ok) location.reload();
    else alert(await answer.text());
  },
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("button, a, .menu");
  const data = target?.dataset ?? {};
  if (data.open) document.getElementById(data.open).showModal();
  else if (data.refine) page.refine(data.refine);
  else if ("save" in data) page.save();
  else if (data.forget) {
    if (confirm(`Delete the configuration ${data.forget}?`)) {
      page.change("deleteconfig?" + new URLSearchParams({ config: data.forget }));
    }
  }
  const inside = event.target.closest(".menu");
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu !== inside) menu.open = false;
  }
  if (!event.target.closest("#context")) document.getElementById("context")?.remove();
});

let waiting;
page.search.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(page.mark, 80);
});
page.search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") page.refine("f");
  if (event.key === "Escape") {
    page.search.value = "";
    page.mark();
    page.search.blur();
  }
  event.stopPropagation();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (page.view.key?.(event)) {
    event.preventDefault();
    return;
  }
  const open = (id) => document.getElementById(id).showModal();
  const refine = { f: "f", i: "i", h: "h", s: "s" }[event.key];
  if (event.key === "/") page.search.focus();
  else if (event.key === "?") open("keys");
  else if (event.key === "d") open("details");
  else if (event.key === "r") document.querySelector('a[title="Show the entire profile"]').click();
  else if (event.key === "Escape") page.closeMenus();
  else if (refine) page.refine(refine);
  else {
    const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (!link) return;
    link.click();
  }
  event.preventDefault();
});

// Listings have no script of their own.
if (document.body.dataset.view === "source") {
  // Shows or hides the code of a line.
  const toggle = (line) => {
    const open = line.getAttribute("aria-expanded") === "true";
    line.setAttribute("aria-expanded", String(!open));
    let row = line.parentNode.nextElementSibling;
    for (; row?.classList.contains("asm"); row = row.nextElementSibling) row.hidden = open;
  };
  document.querySelector("main").addEventListener("click", (event) => {
    const line = event.target.closest("tr")?.querySelector(".more");
    if (line && getSelection().isCollapsed) toggle(line);
  });
  page.view.key = (event) => {
    const line = document.activeElement.closest(".more");
    if (!line || event.key !== "Enter") return false;
    toggle(line);
    return true;
  };
  page.view.match = (regexp) => {
    const summaries = [...document.querySelectorAll(".listing summary")];
    const hits = summaries.filter((summary) => {
      const hit = regexp !== null && regexp.test(summary.dataset.name);
      summary.classList.toggle("hit", hit);
      return hit;
    });
    hits[0]?.scrollIntoView({ block: "nearest" });
    return regexp && `${hits.length} found`;
  };
}
