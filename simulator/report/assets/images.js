"use strict";
// Leaves an image of every panel in the document, for the browser to print. Set into a page for exports alone.
(() => {
  const names = (figure, plots) =>
    plots.map((plot, place) => (plots.length > 1 ? `${figure.id}-${place + 1}` : figure.id));

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

  async function drawImages() {
    const images = {};
    for (const figure of document.querySelectorAll("figure[data-figure]")) {
      const plots = [...figure.querySelectorAll(".plot")];
      const called = names(figure, plots);
      for (const [place, plot] of plots.entries()) {
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
