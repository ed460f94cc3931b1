// Moves and zooms the call graph, and lets its boxes be selected.
"use strict";
(() => {
  const frame = document.getElementById("graph");
  const picture = frame.shadowRoot?.querySelector("svg");
  if (!picture) {
    frame.textContent = "This browser is too old to show the graph.";
    return;
  }
  const style = new CSSStyleSheet();
  style.replaceSync(
    JSON.parse(document.getElementById("style").textContent) +
      "svg{position:absolute;left:0;top:0;transform-origin:0 0;max-width:none}.node{cursor:pointer}" +
      ".node.selected>rect{stroke:#0b62c4;stroke-width:3px}.node.hit>rect{stroke:#7a00cc;stroke-width:3px}" +
      "@media (prefers-color-scheme:dark){.node.selected>rect{stroke:#7db4ff}.node.hit>rect{stroke:#d9a8ff}}",
  );
  frame.shadowRoot.adoptedStyleSheets = [style];
  const box = picture.viewBox.baseVal;
  picture.setAttribute("width", box.width);
  picture.setAttribute("height", box.height);
  const nodes = [...picture.querySelectorAll(".node")];
  // The title is the name, and the value in brackets.
  const name = (node) => node.querySelector("title").textContent.replace(/ \([^()]*\)$/, "");
  let view = { x: 0, y: 0, scale: 1 };
  const show = () => {
    picture.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.scale})`;
  };
  function fit() {
    const scale = Math.min(frame.clientWidth / box.width, frame.clientHeight / box.height, 1.5);
    view = { scale, x: (frame.clientWidth - box.width * scale) / 2, y: (frame.clientHeight - box.height * scale) / 2 };
    show();
  }
  // The whole of a large graph cannot be read: begin with the heaviest box, which is the first.
  function begin() {
    fit();
    const heaviest = picture.querySelector("#node1");
    if (view.scale >= 0.6 || !heaviest) return;
    const whole = frame.getBoundingClientRect();
    const place = heaviest.getBoundingClientRect();
    zoom(0.8 / view.scale, place.left + place.width / 2 - whole.left, place.top + place.height / 2 - whole.top);
    const moved = heaviest.getBoundingClientRect();
    view.x += whole.left + whole.width / 2 - (moved.left + moved.width / 2);
    view.y += whole.top + whole.height / 2 - (moved.top + moved.height / 2);
    view.y = Math.min(view.y, 10);
    show();
  }
  function zoom(factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
    const scale = Math.min(20, Math.max(0.02, view.scale * factor));
    const by = scale / view.scale;
    view = { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
    show();
  }
  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    const place = frame.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - place.left, event.clientY - place.top);
  }, { passive: false });

  let dragged = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button === 0) dragged = { x: event.clientX, y: event.clientY, moved: false };
  });
  addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
    if (!dragged.moved && Math.hypot(dx, dy) < 4) return;
    frame.classList.add("dragged");
    view.x += dx;
    view.y += dy;
    dragged = { x: event.clientX, y: event.clientY, moved: true };
    show();
  });
  const node = (event) => event.composedPath().find((part) => part.classList?.contains("node"));
  addEventListener("pointerup", (event) => {
    if (dragged && !dragged.moved) node(event)?.classList.toggle("selected");
    dragged = null;
    frame.classList.remove("dragged");
  });
  frame.shadowRoot.addEventListener("contextmenu", (event) => {
    const at = node(event);
    if (!at) return;
    event.preventDefault();
    page.functionMenu(event.clientX, event.clientY, name(at));
  });

  page.view = {
    match(regexp) {
      const hits = nodes.filter((at) => {
        const hit = regexp !== null && regexp.test(name(at));
        at.classList.toggle("hit", hit);
        return hit;
      });
      return regexp && `${hits.length} of ${nodes.length}`;
    },
    selected: () => nodes.filter((at) => at.classList.contains("selected")).map(name),
    key(event) {
      const pan = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] }[event.key];
      if (pan) {
        view.x += pan[0];
        view.y += pan[1];
        show();
      } else if (event.key === "+" || event.key === "=") zoom(1.25);
      else if (event.key === "-") zoom(0.8);
      else if (event.key === "0") fit();
      else if (event.key === "Escape" && page.view.selected().length) {
        for (const at of nodes) at.classList.remove("selected");
      } else return false;
      return true;
    },
  };
  begin();
})();
