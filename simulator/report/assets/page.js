"use strict";
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const hidden = new Map(Object.keys(content.figures).map((key) => [key, new Set()]));
  let printing = false;

  // Theme: what the system prefers until the reader chooses.
  const theme = () => (printing ? "light" : root.dataset.theme || (dark.matches ? "dark" : "light"));
  const label = () => { document.getElementById("theme").textContent = theme() === "dark" ? "Light" : "Dark"; };

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  function colour(named, palette) {
    const [name, opacity] = named.slice(1).split(":");
    const code = palette[name];
    if (!opacity) return code;
    const part = (place) => parseInt(code.slice(place, place + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${opacity})`;
  }

  // Columns and colours put in place of their names.
  function resolved(part, columns, palette) {
    if (Array.isArray(part)) return part.map((below) => resolved(below, columns, palette));
    if (typeof part === "string") return part.startsWith("@") ? colour(part, palette) : part;
    if (part === null || typeof part !== "object") return part;
    const keys = Object.keys(part);
    if (keys.length === 1 && keys[0] === "column")
      return columns[part.column].map((value) => (typeof value === "string" ? escaped(value) : value));
    return Object.fromEntries(keys.map((key) => [key, resolved(part[key], columns, palette)]));
  }

  function merged(base, over) {
    const result = { ...base };
    for (const [key, value] of Object.entries(over)) {
      const isObject = value && typeof value === "object" && !Array.isArray(value);
      result[key] = isObject ? merged(result[key] || {}, value) : value;
    }
    return result;
  }

  function layoutOf(own, palette) {
    const axis = {
      gridcolor: palette.rule, linecolor: palette.muted, zerolinecolor: palette.muted, zerolinewidth: 1,
      tickfont: { size: 12 }, title: { font: { size: 12, color: palette.muted }, standoff: 8 },
      fixedrange: isTouch, automargin: false, exponentformat: "none", separatethousands: true,
    };
    const base = {
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: palette.ink },
      paper_bgcolor: palette.ground, plot_bgcolor: palette.ground, showlegend: false, separators: ".,",
      margin: { l: 58, r: 14, t: 8, b: 44 }, hovermode: "x unified", dragmode: isTouch ? false : "zoom",
      hoverlabel: { bgcolor: palette.ground, bordercolor: palette.rule, font: { color: palette.ink, size: 12 }, namelength: -1 },
      bargap: 0.15, xaxis: { showgrid: false, showline: true, ticks: "outside" }, yaxis: { ticks: "" },
    };
    const whole = merged(base, own);
    for (const key of Object.keys(whole)) if (/^[xy]axis\d*$/.test(key)) whole[key] = merged(axis, whole[key]);
    return whole;
  }

  function draw(plot) {
    if (!plot.clientWidth) return null;
    const key = plot.closest("figure").dataset.figure;
    const figure = content.figures[key];
    const palette = content.palettes[theme()];
    const panel = figure.panels[Number(plot.dataset.panel)];
    const slider = document.querySelector(`[data-step="${key}"]`);
    const traces = resolved(slider && panel.frames ? panel.frames[slider.value] : panel.traces, figure.columns, palette);
    for (const trace of traces) {
      if (hidden.get(key).has(trace.legendgroup)) trace.visible = false;
      delete trace.meta;
    }
    const layout = layoutOf(resolved(panel.layout, figure.columns, palette), palette);
    // As many dates as there is room for.
    if (layout.xaxis.type === "date")
      layout.xaxis.nticks = Math.max(2, Math.min(layout.xaxis.nticks || 6, Math.floor(plot.clientWidth / 85)));
    [layout.width, layout.height] = [plot.clientWidth, plot.clientHeight];
    const settings = { displayModeBar: false, showTips: false };
    return Plotly.react(plot, traces, layout, settings);
  }

  const plots = () => [...document.querySelectorAll(".plot")];
  const drawAll = () => Promise.all(plots().map(draw));

  // Legends: a series is switched in all panels of its figure.
  for (const button of document.querySelectorAll("[data-series]"))
    button.addEventListener("click", () => {
      const figure = button.closest("figure");
      const off = hidden.get(figure.dataset.figure);
      if (!off.delete(button.dataset.series)) off.add(button.dataset.series);
      button.setAttribute("aria-pressed", String(!off.has(button.dataset.series)));
      figure.querySelectorAll(".plot").forEach(draw);
    });

  // Sliders: a figure at another day.
  for (const slider of document.querySelectorAll("[data-step]"))
    slider.addEventListener("input", () => {
      const said = content.figures[slider.dataset.step].steps[slider.value];
      slider.setAttribute("aria-valuetext", said);
      slider.nextElementSibling.textContent = said;
      slider.closest("figure").querySelectorAll(".plot").forEach(draw);
    });

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    label();
    drawAll();
  });
  dark.addEventListener("change", () => { label(); drawAll(); });

  // CSV: the very data of the page. Texts that a spreadsheet would take for a formula are quoted.
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "string") return String(value);
    const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(plain) ? `"${plain.replace(/"/g, '""')}"` : plain;
  }

  function csv(columns) {
    const names = Object.keys(columns);
    const count = Math.max(0, ...names.map((name) => columns[name].length));
    const rows = Array.from({ length: count }, (_, row) => names.map((name) => cell(columns[name][row])));
    return [names.map(cell), ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
  }

  for (const button of document.querySelectorAll("[data-csv]"))
    button.addEventListener("click", () => {
      const columns = content[button.dataset.from][button.dataset.csv].columns;
      const blob = new Blob(["\ufeff", csv(columns)], { type: "text/csv;charset=utf-8" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${button.dataset.csv}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });

  // Tables: a click on a heading sorts, a second one turns the order; cells without a value come last.
  function compare(first, second) {
    const [a, b] = [Number(first), Number(second)];
    return Number.isNaN(a) || Number.isNaN(b) ? (first < second ? -1 : first > second ? 1 : 0) : a - b;
  }

  for (const button of document.querySelectorAll("th button"))
    button.addEventListener("click", () => {
      const heading = button.parentElement;
      const table = heading.closest("table");
      const isDown = heading.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      const place = heading.cellIndex;
      const value = (row) => row.cells[place].dataset.sort;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        if (value(a) === "" || value(b) === "") return (value(a) === "") - (value(b) === "");
        return (isDown ? -1 : 1) * compare(value(a), value(b));
      });
      table.tBodies[0].append(...rows);
    });

  // Print: light, figures as wide as the paper, folded parts as the reader left them. The browser does not wait, so
  // figures get their width at once instead of being resized.
  addEventListener("beforeprint", () => {
    printing = true;
    root.classList.add("printing");
    drawAll();
  });
  addEventListener("afterprint", () => {
    printing = false;
    root.classList.remove("printing");
    drawAll();
  });

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => printing || drawAll(), 100);
  });

  // A figure that was folded away is drawn when it is unfolded.
  document.querySelectorAll("details").forEach((part) =>
    part.addEventListener("toggle", () => part.querySelectorAll(".plot").forEach(draw)));

  label();
  drawAll().then(() => { root.dataset.ready = "true"; });
})();
