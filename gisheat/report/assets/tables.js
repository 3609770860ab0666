// Tables of the report: rows are drawn as text, sorted and filtered here; on paper all rows up to a limit.
(function () {
  "use strict";
  const data = window.gisheat.data;
  const words = data.words;
  const FIRST = 60, PRINTED = 1000;
  const LONG = new Set(["message", "advice", "changed"]); // texts that may be broken into lines

  function format(column, value) {
    if (value === null || value === "") return "–";
    if (column.kind === "bool") return value ? words.yes : words.no;
    if (column.kind !== "number") return value;
    return value.toFixed(column.decimals).replace("-", "\u2212");
  }

  function element(kind, text, name) {
    const made = document.createElement(kind);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  // The row of a feature: label and value of every column that has one.
  function facts(name, row) {
    const table = data.tables[name];
    if (!table) return [];
    const known = table.columns.filter(column => column.values[row] !== null && column.values[row] !== "");
    const rank = column => column === table.columns[0] ? 0 : column.name === "name" ? 1 : column.kind === "number" ? 2 : 3;
    return known.sort((a, b) => rank(a) - rank(b)) // what it is called, then figures, then words
      .map(column => [column.label, format(column, column.values[row])]);
  }

  function compare(values, sense) {
    return function (a, b) {
      const x = values[a], y = values[b];
      const noX = x === null || x === "", noY = y === null || y === "";
      if (noX || noY) return noX - noY || a - b; // what has no value comes last either way
      const order = typeof x === "string" ? x.localeCompare(y, data.language, { numeric: true }) : x - y;
      return sense * order || a - b;
    };
  }

  function build(section) {
    const name = section.dataset.table, table = data.tables[name], count = table.columns[0].values.length;
    const severity = name === "findings" && data.map && data.map.findings ? data.map.findings.severity : null;
    let order = Array.from({ length: count }, (_, i) => i), all = count <= FIRST, sorted = -1, sense = 1;
    let sought = null;

    const tools = element("div", undefined, "tools screen");
    const filter = element("input");
    filter.type = "search";
    filter.placeholder = words.filter;
    filter.setAttribute("aria-label", words.filter);
    const told = element("span", "", "quiet"), more = element("button", words.more_rows);
    more.type = "button";
    tools.append(filter, told, more);
    const note = element("p", "", "quiet paper");
    const frame = element("div", undefined, "scroll tall"), grid = element("table"), head = element("thead");
    const body = element("tbody"), titles = element("tr");
    head.append(titles);
    grid.append(head, body);
    frame.append(grid);
    frame.tabIndex = 0;
    section.append(tools, frame, note);

    table.columns.forEach((column, k) => {
      const title = element("th", undefined, column.kind === "number" ? "number" : "");
      const label = element("span", column.label); // a button would not be repeated on each printed page
      title.scope = "col";
      label.setAttribute("role", "button");
      label.tabIndex = 0;
      const sort = () => {
        sense = sorted === k ? -sense : 1;
        sorted = k;
        order.sort(compare(column.values, sense));
        titles.querySelectorAll("th").forEach(t => t.removeAttribute("aria-sort"));
        title.setAttribute("aria-sort", sense > 0 ? "ascending" : "descending");
        draw();
      };
      title.addEventListener("click", sort);
      label.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        sort();
      });
      title.append(label);
      titles.append(title);
    });

    function text(row) {
      return table.columns.map(column => format(column, column.values[row])).join("\u0001").toLowerCase();
    }

    function rowElement(row) {
      const made = element("tr");
      const link = window.gisheat.hasPlace(name, row);
      if (severity) made.className = severity[row];
      table.columns.forEach((column, k) => {
        const cell = element("td", undefined, column.kind === "number" ? "number" : LONG.has(column.name) ? "long" : "");
        const shown = format(column, column.values[row]);
        if (k === 0 && link) {
          const button = element("button", shown, "link");
          button.type = "button";
          button.title = words.show;
          button.addEventListener("click", () => window.gisheat.goTo(name, row));
          cell.append(button);
        } else {
          cell.textContent = shown;
        }
        made.append(cell);
      });
      return made;
    }

    function draw(limit) {
      const wanted = filter.value.trim().toLowerCase();
      if (wanted && !sought) sought = Array.from({ length: count }, (_, row) => text(row));
      const rows = wanted ? order.filter(row => sought[row].includes(wanted)) : order;
      const shown = rows.slice(0, limit || (all ? count : FIRST));
      body.replaceChildren(...shown.map(rowElement));
      const fill = sentence => sentence.replace("{shown}", shown.length).replace("{count}", count);
      told.textContent = fill(words.rows);
      note.textContent = shown.length < count ? fill(words.printed_rows) : "";
      more.hidden = shown.length >= rows.length;
    }

    let waiting = 0;
    filter.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(draw, 120);
    });
    more.addEventListener("click", () => { all = true; draw(); });
    window.addEventListener("beforeprint", () => draw(PRINTED));
    window.addEventListener("afterprint", () => draw());
    draw();
  }

  Object.assign(window.gisheat, { facts, format });
  document.querySelectorAll("section[data-table]").forEach(build);
  document.querySelectorAll("figure .scroll img").forEach(picture => {
    picture.addEventListener("click", () => picture.classList.toggle("large")); // small print is read by scrolling
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => { d.open = true; }));
})();
