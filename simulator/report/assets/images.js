"use strict";
// Leaves an image of every figure, and of each of its panels, in the document, for the browser to print. Set into a page for exports alone.
(() => {
  const names = (figure, plots) =>
    plots.map((plot, place) => `${figure.id}-${place + 1}`);

  function layoutOf(figure, plot) {
    const title = figure.querySelector("h3").lastChild.textContent.trim();
    const part = plot.closest(".panel").querySelector("h4");
    const words = part ? `${title}: ${part.textContent}` : title;
    const text = words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    const count = new Set(plot.data.map((trace) => trace.legendgroup || trace.name).filter(Boolean)).size;
    const margin = { ...plot.layout.margin, t: 56 };
    return {
      ...plot.layout,
      width: 900,
      height: Math.max(plot.clientHeight, 300) + 100,
      autosize: false,
      margin,
      title: { text, x: 0.01, xanchor: "left", y: 0.98, yanchor: "top", font: { size: 16 } },
      showlegend: count > 1,
      legend: { orientation: "h", y: -0.22, yanchor: "top", x: 0 },
    };
  }

  // A series of several traces stands in the legend once.
  function dataOf(plot) {
    const seen = new Set();
    return plot.data.map((trace) => {
      const key = trace.legendgroup || trace.name;
      const isListed = Boolean(trace.name) && !seen.has(key);
      if (isListed) seen.add(key);
      return { ...trace, showlegend: isListed };
    });
  }

  // A whole figure on one sheet: title, caption, legend, panels in rows, note and source.
  const WIDTH = 1200, EDGE = 24, GAP = 16;
  const family = getComputedStyle(document.body).fontFamily.replace(/"/g, "'");
  const [ink, muted] = ["#18222d", "#55606c"];
  const escaped = (words) => words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
  const pen = document.createElement("canvas").getContext("2d");
  const plain = (element) => (element ? element.textContent.trim().replace(/\s+/g, " ") : "");

  function lines(words, size, weight) {
    pen.font = `${weight} ${size}px ${family}`;
    const found = [];
    for (const word of words.split(" ")) {
      const longer = found.length ? `${found.at(-1)} ${word}` : word;
      if (found.length && pen.measureText(longer).width <= WIDTH - 2 * EDGE) found[found.length - 1] = longer;
      else found.push(word);
    }
    return found;
  }

  function paragraph(sheet, words, size, weight, colour) {
    for (const each of words ? lines(words, size, weight) : []) {
      sheet.top += 1.35 * size;
      sheet.parts.push(`<text x="${EDGE}" y="${sheet.top}" font-size="${size}" font-weight="${weight}" fill="${colour}">${escaped(each)}</text>`);
    }
    sheet.top += 0.5 * size;
  }

  function legend(sheet, figure) {
    const entries = [...figure.querySelectorAll("[data-series]")];
    let x = EDGE;
    if (entries.length) sheet.top += 18;
    pen.font = `400 13px ${family}`;
    for (const entry of entries) {
      const words = plain(entry);
      const wide = pen.measureText(words).width + 34;
      if (x > EDGE && x + wide > WIDTH - EDGE) [x, sheet.top] = [EDGE, sheet.top + 20];
      const { color, opacity } = getComputedStyle(entry.querySelector("i"));
      const dashes = /dot|edged/.test(entry.querySelector("i").className) ? ' stroke-dasharray="3 3"' : /dash/.test(entry.querySelector("i").className) ? ' stroke-dasharray="7 4"' : "";
      const isArea = /band|box/.test(entry.querySelector("i").className);
      sheet.parts.push(`<line x1="${x}" x2="${x + 20}" y1="${sheet.top - 4}" y2="${sheet.top - 4}" stroke="${color}" stroke-opacity="${opacity}" stroke-width="${isArea ? 11 : 3}"${dashes}/>`);
      sheet.parts.push(`<text x="${x + 26}" y="${sheet.top}" font-size="13" fill="${ink}">${escaped(words)}</text>`);
      x += wide + 12;
    }
    sheet.top += 12;
  }

  async function panels(sheet, figure) {
    const drawn = [...figure.querySelectorAll(".panel")];
    const perRow = Math.max(1, Math.min(drawn.length, Number(figure.querySelector(".panels").style.getPropertyValue("--per-row")) || 1));
    const width = (WIDTH - 2 * EDGE - (perRow - 1) * GAP) / perRow;
    for (let first = 0; first < drawn.length; first += perRow) {
      let tallest = 0;
      for (const [place, panel] of drawn.slice(first, first + perRow).entries()) {
        const [plot, x] = [panel.querySelector(".plot"), EDGE + place * (width + GAP)];
        const height = plot.clientHeight;
        const heading = plain(panel.querySelector("h4"));
        if (heading) sheet.parts.push(`<text x="${x}" y="${sheet.top + 16}" font-size="14" font-weight="600" fill="${ink}">${escaped(heading)}</text>`);
        const layout = { ...plot.layout, width, height, autosize: false, showlegend: false };
        const address = await Plotly.toImage({ data: plot.data, layout }, { format: "svg", width, height });
        const image = decodeURIComponent(address.slice(address.indexOf(",") + 1)).replace(/^.*?<svg /s, `<svg x="${x}" y="${sheet.top + 22}" `);
        sheet.parts.push(image);
        tallest = Math.max(tallest, height + 22);
      }
      sheet.top += tallest + GAP;
    }
  }

  async function sheetOf(figure) {
    const sheet = { parts: [], top: EDGE / 2 };
    const facts = new Map([...document.querySelectorAll(".facts div")].map((fact) => [plain(fact.querySelector("dt")), plain(fact.querySelector("dd"))]));
    const source = ["Scenario", "Sweep", "Paths", "Paths a cell", "Seed", "Run", "Key"].filter((name) => facts.has(name)).map((name) => `${name.toLowerCase()} ${facts.get(name)}`);
    paragraph(sheet, figure.querySelector("h3").lastChild.textContent.trim(), 22, 700, ink);
    paragraph(sheet, plain(figure.querySelector(".caption")), 15, 400, ink);
    paragraph(sheet, plain(figure.querySelector(".steps output")), 13, 600, ink);
    legend(sheet, figure);
    await panels(sheet, figure);
    paragraph(sheet, plain(figure.querySelector("figcaption")), 12, 400, muted);
    paragraph(sheet, `Source: Unwind ${facts.get("Unwind") || ""}; ${plain(document.querySelector("h1"))}; ${source.join(", ")}.`, 12, 400, muted);
    const height = Math.ceil(sheet.top + EDGE / 2);
    return {
      height,
      text: `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${family}"><rect width="100%" height="100%" fill="#ffffff"/>${sheet.parts.join("")}</svg>`,
    };
  }

  async function asImage({ text, height }, format) {
    const address = `data:image/svg+xml,${encodeURIComponent(text)}`;
    if (format === "svg") return address;
    const [image, canvas] = [new Image(), document.createElement("canvas")];
    await new Promise((loaded, failed) => { image.onload = loaded; image.onerror = failed; image.src = address; });
    [canvas.width, canvas.height] = [2 * WIDTH, 2 * height];
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    return canvas.toDataURL("image/png");
  }

  async function drawImages() {
    const images = {};
    for (const figure of document.querySelectorAll("figure[data-figure]")) {
      const plots = [...figure.querySelectorAll(".plot")];
      images[figure.id] = await asImage(await sheetOf(figure), window.imageFormat);
      const called = names(figure, plots);
      for (const [place, plot] of (plots.length > 1 ? plots : []).entries()) {
        const layout = layoutOf(figure, plot);
        images[called[place]] = await Plotly.toImage(
          { data: dataOf(plot), layout },
          { format: window.imageFormat, width: layout.width, height: layout.height, scale: 2 },
        );
      }
    }
    const printed = document.createElement("pre");
    printed.id = "images";
    printed.textContent = JSON.stringify(images);
    document.body.replaceChildren(printed);
  }

  const root = document.documentElement;
  if (root.dataset.ready === "true") drawImages();
  else new MutationObserver((_, watch) => {
    if (root.dataset.ready !== "true") return;
    watch.disconnect();
    drawImages();
  }).observe(root, { attributes: true });
})();
