// The map of the report on Leaflet: pipes and stations on one canvas, streets below, names and marks above.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const shown = data.map, words = data.words;
  const INK = "#23262b", HALO = "#ffd84d", NOTHING = "#9a9a98", UNKNOWN = "#d8d8d6";
  const SEVERITY = { error: "#c01f2e", warning: "#f08a00", info: "#2a7ab0" };
  const MOST_NAMES = 70;
  window.gisheat = { data, hasPlace: () => false, goTo: () => {} };
  if (!shown) return;

  const metres = 0.1; // the map's units are decimetres from its south-west corner
  const at = point => [point[1] * metres, point[0] * metres];
  function unpacked(parts) {
    return parts.map(part => {
      const line = new Array(part.length / 2);
      let x = 0, y = 0;
      for (let i = 0; i < part.length; i += 2) {
        x += part[i];
        y += part[i + 1];
        line[i / 2] = [y * metres, x * metres];
      }
      return line;
    });
  }

  const box = L.latLngBounds([0, 0], [Math.max(shown.height * metres, 1), Math.max(shown.width * metres, 1)]);
  const map = L.map("map", {
    crs: L.CRS.Simple, minZoom: -12, maxZoom: 4, zoomSnap: 0.25, zoomDelta: 0.75, wheelPxPerZoomLevel: 90,
    attributionControl: false, scrollWheelZoom: false, maxBoundsViscosity: 0.6, preferCanvas: true,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  L.control.scale({ imperial: false }).addTo(map);
  // one canvas takes the pointer, that of pipes, stations and findings: whatever lies above it must not
  ["streets", "critical", "marks", "names"].forEach((name, k) => {
    map.createPane(name).style.zIndex = [350, 360, 450, 460][k];
    map.getPane(name).style.pointerEvents = "none";
  });
  const canvas = (pane, tolerance) => L.canvas({ pane, padding: 0.3, tolerance: tolerance || 0 });
  const touch = matchMedia("(pointer: coarse)").matches;
  const ground = canvas("overlayPane", touch ? 10 : 4);
  const below = canvas("streets"), halo = canvas("critical"), above = canvas("marks");

  function whole() {
    map.invalidateSize();
    map.fitBounds(box, { padding: [24, 24], animate: false });
  }
  whole();
  const home = map.getZoom();
  map.setMinZoom(home - 1.5);
  const reach = 0.8 * metres * Math.max(shown.width, shown.height, 10);
  map.setMaxBounds([[-reach, -reach], [box.getNorth() + reach, box.getEast() + reach]]);
  const scale = () => Math.max(0.75, Math.min(1.9 / shown.density, Math.pow(shown.density < 0.7 ? 1.35 : 1.18, map.getZoom() - home)));

  const groups = {};
  ["streets", "critical", "pipes", "stations", "sources", "problems", "hints", "names"].forEach(name => {
    groups[name] = L.featureGroup();
  });
  const layers = { pipes: [], stations: [], sources: [] };
  const places = { stations: shown.stations.points, sources: shown.sources.points };

  if (shown.streets.length) {
    const lines = [].concat(...shown.streets.map(unpacked));
    L.polyline(lines, { renderer: below, pane: "streets", color: "#d3cfc4", weight: 3, interactive: false }).addTo(groups.streets);
    L.polyline(lines, { renderer: below, pane: "streets", color: "#ffffff", weight: 2, interactive: false }).addTo(groups.streets);
  }

  // pipes -------------------------------------------------------------------------------------------------
  const pipes = shown.pipes || { lines: [], width: [], colourings: [], critical: [] };
  const shapes = pipes.lines.map(unpacked);
  let way = pipes.colourings[0];
  const colourOf = (colouring, row, otherwise) =>
    colouring && colouring.row[row] >= 0 ? colouring.colours[colouring.row[row]] : otherwise;
  // wide pipes last: they lie on top where lines meet
  shapes.map((_, row) => row).sort((a, b) => pipes.width[a] - pipes.width[b] || a - b).forEach(row => {
    const shape = shapes[row];
    if (!shape.length) return;
    const layer = L.polyline(shape, {
      renderer: ground, weight: pipes.width[row], color: colourOf(way, row, NOTHING), opacity: 1, smoothFactor: 0.7 });
    layer.options.what = ["pipes", row];
    layers.pipes[row] = layer.addTo(groups.pipes);
  });
  if (pipes.critical.length) {
    const lines = [].concat(...pipes.critical.map(row => shapes[row]));
    L.polyline(lines, { renderer: halo, pane: "critical", color: HALO, weight: 16 * Math.max(0.5, shown.density), opacity: 0.9, interactive: false })
      .addTo(groups.critical);
  }

  // points ------------------------------------------------------------------------------------------------
  const stations = shown.stations, sources = shown.sources;
  stations.points.forEach((point, row) => {
    if (!point) return;
    const layer = L.circleMarker(at(point), {
      renderer: ground, radius: stations.radius[row], color: INK, weight: shown.density < 0.7 ? 0.7 : 1.2, fillOpacity: 1,
      fillColor: colourOf(stations.colouring, row, UNKNOWN) });
    layer.options.what = ["stations", row];
    layers.stations[row] = layer.addTo(groups.stations);
  });
  sources.points.forEach((point, row) => {
    if (!point) return;
    const layer = L.marker(at(point), {
      icon: L.divIcon({ className: "source-mark", iconSize: [20, 20] }), keyboard: false });
    layer.options.what = ["sources", row];
    layers.sources[row] = layer.addTo(groups.sources);
  });
  const found = shown.findings || { points: [], severity: [] };
  found.points.forEach((point, row) => {
    if (!point) return;
    const severity = found.severity[row];
    const layer = L.circleMarker(at(point), {
      renderer: ground, radius: severity === "info" ? 3.5 : 5, color: SEVERITY[severity], weight: 2.5,
      fillColor: "#ffffff", fillOpacity: 0.9 });
    layer.options.what = ["findings", row];
    layer.addTo(severity === "info" ? groups.hints : groups.problems);
  });
  places.findings = found.points;

  // what is pointed at, and what is kept --------------------------------------------------------------------
  const card = document.getElementById("card"), unpin = document.getElementById("unpin");
  const tip = L.tooltip({ sticky: true, direction: "top", offset: [0, -8], className: "tip" });
  const mark = L.layerGroup().addTo(map);
  let pinned = null;

  function title(name, row) {
    const table = data.tables[name];
    return table ? String(table.columns[0].values[row]) : "";
  }

  function fillCard(what) {
    card.replaceChildren();
    if (!what) {
      const line = document.createElement("p");
      line.className = "quiet";
      line.textContent = words.nothing_picked;
      card.append(line);
      return;
    }
    const head = document.createElement("h4"), list = document.createElement("dl");
    head.textContent = data.tables[what[0]].title + " · " + title(...what);
    window.gisheat.facts(...what).slice(1).forEach(([label, value]) => {
      const name = document.createElement("dt"), figure = document.createElement("dd");
      name.textContent = label;
      figure.textContent = value;
      list.append(name, figure);
    });
    card.append(head, list);
  }

  function draw(what) {
    mark.clearLayers();
    if (!what) return;
    const [name, row] = what;
    if (name === "pipes") {
      L.polyline(shapes[row], { renderer: above, pane: "marks", color: INK, weight: pipes.width[row] * scale() + 7, interactive: false }).addTo(mark);
      L.polyline(shapes[row], { renderer: above, pane: "marks", color: colourOf(way, row, NOTHING), weight: pipes.width[row] * scale() + 2, interactive: false }).addTo(mark);
    } else if (places[name][row]) {
      const radius = name === "stations" ? stations.radius[row] * scale() + 5 : 13;
      L.circleMarker(at(places[name][row]), { renderer: above, pane: "marks", radius, color: INK, weight: 3, fill: false, interactive: false }).addTo(mark);
    }
  }

  function pin(what) {
    pinned = what;
    unpin.hidden = !what;
    card.classList.toggle("pinned", Boolean(what));
    fillCard(what);
    draw(what);
  }

  ["pipes", "stations", "sources", "problems", "hints"].forEach(name => {
    groups[name].on("mouseover", event => {
      const layer = event.propagatedFrom, what = layer.options.what;
      const line = document.createElement("span");
      line.textContent = title(...what) + (what[0] === "pipes" && way ? " · " + valueOf(what[1]) : "");
      if (what[0] === "findings") line.textContent = window.gisheat.facts(...what).map(fact => fact[1]).slice(1, 4).join(" · ");
      tip.setContent(line).setLatLng(event.latlng || layer.getLatLng()).addTo(map);
      if (!pinned) { fillCard(what); draw(what); }
    });
    groups[name].on("mousemove", event => tip.setLatLng(event.latlng));
    groups[name].on("mouseout", () => {
      tip.remove();
      if (!pinned) draw(null);
    });
    groups[name].on("click", event => {
      L.DomEvent.stopPropagation(event);
      pin(event.propagatedFrom.options.what);
    });
  });
  function valueOf(row) {
    const k = way.row[row], column = data.tables.pipes && data.tables.pipes.columns.find(c => c.name === way.column);
    if (column && column.values[row] !== null) return column.label + ": " + window.gisheat.format(column, column.values[row]);
    return way.name + ": " + (k < 0 ? words.no_value : way.labels[k]);
  }
  map.on("click", () => { if (pinned) pin(null); });
  unpin.addEventListener("click", () => pin(null));
  document.addEventListener("keydown", event => { if (event.key === "Escape" && pinned) pin(null); });

  // names: those of the sources and the worst stations always, all that fit when few are in view -------------
  const always = new Set(stations.worst);
  function drawNames() {
    groups.names.clearLayers();
    if (!map.hasLayer(groups.names)) return;
    const view = map.getBounds().pad(0.02), taken = [];
    const wanted = [];
    sources.points.forEach((point, row) => wanted.push([point, sources.names[row], 14, true]));
    stations.worst.forEach(row => wanted.push([stations.points[row], stations.names[row], stations.radius[row] * scale() + 4, true]));
    const seen = stations.points.filter(point => point && view.contains(at(point))).length;
    if (seen <= MOST_NAMES) {
      stations.points.forEach((point, row) => {
        if (!always.has(row)) wanted.push([point, stations.names[row], stations.radius[row] * scale() + 4, false]);
      });
    }
    wanted.forEach(([point, name, gap, strong]) => {
      if (!point || !name || !view.contains(at(point))) return;
      const place = map.latLngToContainerPoint(at(point));
      const length = 8 * Array.from(name).reduce((sum, c) => sum + (c.codePointAt(0) > 0x2e80 ? 1.7 : 1), 0);
      const left = place.x + gap + length > map.getSize().x;
      const start = left ? place.x - gap - length - 12 : place.x + gap;
      const room = [start, place.y - 9, start + length, place.y + 9];
      if (taken.some(b => room[0] < b[2] && b[0] < room[2] && room[1] < b[3] && b[1] < room[3])) return;
      taken.push(room);
      const label = document.createElement("span");
      label.textContent = name;
      L.marker(at(point), { pane: "names", interactive: false, keyboard: false, icon: L.divIcon({
        className: (strong ? "name strong" : "name") + (left ? " left" : ""), html: label, iconSize: [length + 12, 18], iconAnchor: [place.x - start, 9] }) })
        .addTo(groups.names);
    });
  }

  let lastScale = 1;
  function rescale() {
    const now = scale();
    if (Math.abs(now - lastScale) < 0.02) return;
    lastScale = now;
    layers.pipes.forEach((layer, row) => layer.setStyle({ weight: pipes.width[row] * now }));
    layers.stations.forEach((layer, row) => layer.setRadius(stations.radius[row] * now));
  }
  map.on("zoomend", () => { rescale(); draw(pinned); });
  map.on("moveend", drawNames);

  // colours, legend, switches -------------------------------------------------------------------------------
  const select = document.getElementById("colour");
  function legend(target, colouring, extra) {
    target.replaceChildren();
    const add = (colour, text, round) => {
      const item = document.createElement("li"), swatch = document.createElement("i");
      swatch.style.backgroundColor = colour;
      swatch.className = round ? "dot" : "";
      item.append(swatch, document.createTextNode(text));
      target.append(item);
    };
    colouring.labels.forEach((label, k) => {
      if (colouring.row.includes(k)) add(colouring.colours[k], label, extra);
    });
    if (colouring.row.includes(-1)) add(extra ? UNKNOWN : NOTHING, words.no_value, extra);
  }
  pipes.colourings.forEach((colouring, k) => {
    const option = document.createElement("option");
    option.value = k;
    option.textContent = colouring.heading;
    select.append(option);
  });
  function recolour() {
    way = pipes.colourings[select.value];
    layers.pipes.forEach((layer, row) => layer.setStyle({ color: colourOf(way, row, NOTHING) }));
    legend(document.getElementById("pipe-legend"), way, false);
    draw(pinned);
  }
  select.addEventListener("change", recolour);
  if (way) legend(document.getElementById("pipe-legend"), way, false);
  if (stations.colouring) legend(document.getElementById("station-legend"), stations.colouring, true);
  else document.getElementById("station-legend-box").hidden = true;

  const switches = document.getElementById("switches");
  groups.pipes.addTo(map);
  ["streets", "critical", "stations", "sources", "names", "problems", "hints"].forEach(name => {
    const on = name !== "hints";
    const empty = name !== "names" && !groups[name].getLayers().length;
    if (on) groups[name].addTo(map);
    if (empty) return;
    const label = document.createElement("label"), tick = document.createElement("input");
    tick.type = "checkbox";
    tick.checked = on;
    tick.dataset.layer = name;
    tick.addEventListener("change", () => {
      if (tick.checked) groups[name].addTo(map); else groups[name].remove();
      if (name === "names") drawNames();
    });
    label.append(tick, document.createTextNode(" " + switches.dataset[name]));
    switches.append(label);
  });

  // places --------------------------------------------------------------------------------------------------
  const section = document.getElementById("map-section");
  function goTo(name, row, point) {
    const target = name === "pipes" ? L.polyline(shapes[row] || []).getBounds()
      : L.latLngBounds([at(point || places[name][row])]);
    if (target.isValid()) map.fitBounds(target.pad(0.6), { maxZoom: Math.max(map.getZoom(), home + 2.5), animate: false });
    if (!point) pin([name, row]);
    section.scrollIntoView();
  }
  const rows = {}; // row of each identifier, by layer; a table of the path names pipes
  function rowOf(name, feature) {
    if (!rows[name]) {
      const table = data.tables[name];
      rows[name] = new Map(table ? table.columns[0].values.map((id, row) => [id, row]) : []);
    }
    return rows[name].has(feature) ? rows[name].get(feature) : -1;
  }
  const onMap = (name, row) => name === "critical_path"
    ? ["pipes", rowOf("pipes", data.tables[name].columns[0].values[row])] : [name, row];
  window.gisheat.hasPlace = (name, row) => {
    [name, row] = onMap(name, row);
    return name === "pipes" ? Boolean(shapes[row] && shapes[row].length) : Boolean(places[name] && places[name][row]);
  };
  window.gisheat.goTo = (name, row) => goTo(...onMap(name, row));
  document.querySelectorAll("a.to-map").forEach(link => link.addEventListener("click", event => {
    event.preventDefault();
    const row = link.dataset.feature ? rowOf(link.dataset.layer, link.dataset.feature) : -1;
    if (row >= 0 && window.gisheat.hasPlace(link.dataset.layer, row)) goTo(link.dataset.layer, row);
    else if (link.dataset.place) goTo("findings", -1, link.dataset.place.split(",").map(Number));
    else section.scrollIntoView();
  }));
  document.getElementById("whole").addEventListener("click", whole);
  const frame = document.getElementById("map-frame"), full = document.getElementById("full-screen");
  full.hidden = !frame.requestFullscreen;
  full.addEventListener("click", () => document.fullscreenElement ? document.exitFullscreen() : frame.requestFullscreen());

  // the wheel scrolls the page until the map has been clicked
  map.on("focus click", () => map.scrollWheelZoom.enable());
  map.getContainer().addEventListener("mouseleave", () => map.scrollWheelZoom.disable());

  drawNames();
  new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
  window.gisheat.map = map;
})();
