// Sorts the table and lets rows be selected.
"use strict";
(() => {
  const table = document.getElementById("top");
  const body = table.tBodies[0];
  const { total } = JSON.parse(document.getElementById("data").textContent);
  const rows = [...body.rows];
  let last = null;

  function share(value) {
    const percent = total ? Math.abs((100 * value) / total) : 0;
    if (percent >= 99.95 && percent <= 100.05) return "100%";
    return (percent >= 1 ? percent.toFixed(2) : percent === 0 ? "0" : String(+percent.toPrecision(2))) + "%";
  }

  // Sums of Flat% from the top make sense in any order.
  function sort(header) {
    const key = header.dataset.sort;
    const before = header.getAttribute("aria-sort");
    const down = key === "name" ? before === "ascending" : before !== "descending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const of = (row) => (key === "name" ? row.dataset.name : Math.abs(Number(row.dataset[key])));
    const sign = down ? -1 : 1;
    rows.sort((a, b) => (of(a) < of(b) ? -sign : of(a) > of(b) ? sign : 0));
    let sum = 0;
    for (const row of rows) {
      sum += Number(row.dataset.flat);
      row.cells[2].textContent = share(sum);
    }
    body.append(...rows);
  }

  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("th[data-sort]");
    if (header) sort(header);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    if (event.shiftKey && last) {
      getSelection().empty();
      const [from, to] = [rows.indexOf(last), rows.indexOf(row)].sort((a, b) => a - b);
      for (const between of rows.slice(from, to + 1)) between.classList.add("selected");
    } else {
      row.classList.toggle("selected");
    }
    last = row;
  });
  body.addEventListener("contextmenu", (event) => {
    const row = event.target.closest("tr");
    if (!row) return;
    event.preventDefault();
    page.functionMenu(event.clientX, event.clientY, row.dataset.name);
  });
  page.view = {
    match(regexp) {
      const hits = rows.filter((row) => {
        const hit = regexp !== null && regexp.test(row.dataset.name);
        row.classList.toggle("hit", hit);
        return hit;
      });
      hits[0]?.scrollIntoView({ block: "nearest" });
      return regexp && `${hits.length} of ${rows.length}`;
    },
    selected: () => rows.filter((row) => row.classList.contains("selected")).map((row) => row.dataset.name),
    key(event) {
      const selected = rows.some((row) => row.classList.contains("selected"));
      if (event.key !== "Escape" || !selected) return false;
      for (const row of rows) row.classList.remove("selected");
      return true;
    },
  };
})();
