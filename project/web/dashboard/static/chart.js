// Charts that answer. Without this script the page shows the server's pictures of the same definitions.
//
// <figure class="chart" data-chart="URL of format=vega"> holds the server's picture. When somebody first points, touches,
// scrolls or types, so that the first view does not wait, the script that draws is loaded (data-bundle of this script's
// element) and takes the picture's place. Whoever swaps a part of the page dispatches `chart:draw` on the document.
//
// A figure dispatches, bubbling:
//   chart:zoom    {date_from, date_to}           after a drag across dates
//   chart:select  {labels: {platform: "google"}, date_from, date_to}   after a click on a mark; of labels and dates those
//                 that the mark has
"use strict";
{
  const { bundle } = document.currentScript.dataset;
  const drawn = new Map();
  const signs = ["pointermove", "pointerdown", "scroll", "keydown"];
  let loading;

  const load = () =>
    (loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      document.head.append(Object.assign(script, { src: bundle, onload: resolve, onerror: reject }));
    }));

  async function draw(figure) {
    drawn.set(figure, undefined);
    const [response] = await Promise.all([fetch(figure.dataset.chart), load()]);
    if (!response.ok) return;
    const spec = await response.json();
    // Beside the picture, unseen, so that nothing moves when it takes its place.
    const place = Object.assign(document.createElement("div"), { className: "drawing" });
    figure.append(place);
    const definition = { ...spec, background: "transparent", ...(spec.layer && { width: "container" }) };
    const { view, finalize } = await vegaEmbed(place, definition, {
      logLevel: 1, ast: true, actions: false, defaultStyle: false, renderer: "svg",
      tooltip: { disableDefaultStyle: true, formatTooltip: (text, escaped) => tooltip(text, escaped, spec.usermeta) },
    });
    drawn.set(figure, finalize);
    // As high as the picture, whose width and legend may differ a little: a change of the height arranges the legend anew.
    const heightOf = (name) => figure.querySelector(name).getBoundingClientRect().height;
    for (let turn = 0; turn < 2 && heightOf("img"); turn++) {
      await view.height(view.height() + heightOf("img") - heightOf(".drawing svg")).runAsync();
    }
    figure.replaceChildren(place);
    place.classList.remove("drawing");
    // Its description is the place's; the values are in the page's table.
    place.firstElementChild.setAttribute("aria-hidden", "true");
    darken(spec.usermeta.dark);
    answer(figure, place, view, spec);
  }

  function answer(figure, place, view, { usermeta, datasets }) {
    const tell = (name, detail) => figure.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
    const columns = datasets?.[usermeta.columns] ?? [];
    let touched;
    let byTouch;
    place.addEventListener("pointerdown", ({ target, pointerId, pointerType, clientX, clientY }) => {
      byTouch = pointerType === "touch";
      if (byTouch) target.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX, clientY }));
      // A finger that moves shows what it is over, not what it began on.
      if (target.hasPointerCapture(pointerId)) target.releasePointerCapture(pointerId);
      addEventListener("pointerup", () => setTimeout(zoom), { once: true });
    });
    // What a finger has found stays until it touches something else.
    for (const name of ["pointerout", "mouseout"]) place.addEventListener(name, (event) => byTouch && event.stopPropagation(), true);
    function zoom() {
      const [[first, last] = []] = Object.values(view.getState().signals.brush ?? {});
      const marked = columns.filter(({ at }) => Date.parse(at) >= first && Date.parse(at) <= last);
      if (marked.length) tell("chart:zoom", { date_from: marked[0].date_from, date_to: marked.at(-1).date_to });
    }
    place.addEventListener("click", ({ clientX, clientY }) => {
      const found = document.elementsFromPoint(clientX, clientY).map((element) => element.__data__?.datum ?? {});
      // Vega has dates as numbers.
      const place = found.find((datum) => "at" in datum)?.at;
      const column = columns.find(({ at }) => at === place || Date.parse(at) === place);
      if (!column) return;
      // The first touch shows the values, and the second goes there.
      if (byTouch && touched !== column) return (touched = column);
      const labels = column.label ? { [usermeta.axis]: column.label } : {};
      const series = usermeta.series.find(({ name }) => name && name === found.find((datum) => datum.series)?.series);
      series?.labels?.forEach((label, index) => (labels[usermeta.dimensions[index]] = label));
      tell("chart:select", { labels, date_from: column.date_from, date_to: column.date_to });
    });
  }

  // A title, then a line for each series: tabs are between its name and its values.
  function tooltip(text, escaped, { series, kind }) {
    const [[title, ...periods], ...lines] = text.split("\n").map((line) => line.split("\t").map(escaped));
    const rows = lines.map(([name, ...values]) => {
      const color = kind !== "heatmap" && series.find((one) => escaped(one.name) === name)?.color;
      const dot = color ? `<svg width="16" height="10" aria-hidden="true"><circle cx="5" cy="5" r="5" fill="${color}"/></svg>` : "";
      return `<tr><th>${[dot + name, ...values].join("<td>")}`;
    });
    return `<table><tr><th>${[title, ...periods].join("<th>")}${rows.join("")}</table>`;
  }

  // The page's policy forbids style elements, but not a sheet with the same rules.
  function darken(colors) {
    if (darken.done) return;
    darken.done = true;
    const rules = Object.entries(colors).map(([light, dark]) =>
      ["fill", "stroke"].map((name) => `.chart [${name}="${light}"], #vg-tooltip-element [${name}="${light}"] { ${name}: ${dark} }`).join(" "));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@media (prefers-color-scheme: dark) { ${rules.join(" ")} }`);
    document.adoptedStyleSheets.push(sheet);
  }

  function drawAll() {
    for (const [figure, finalize] of drawn) {
      if (figure.isConnected) continue;
      finalize?.();
      drawn.delete(figure);
    }
    for (const figure of document.querySelectorAll("figure[data-chart]")) {
      if (!drawn.has(figure)) draw(figure).catch(() => {});
    }
  }

  function begin() {
    for (const sign of signs) removeEventListener(sign, begin);
    document.addEventListener("chart:draw", drawAll);
    for (const sign of ["pointerdown", "pointercancel"]) {
      addEventListener(sign, () => document.querySelector("#vg-tooltip-element")?.classList.remove("visible"), { capture: true, passive: true });
    }
    drawAll();
  }
  for (const sign of signs) addEventListener(sign, begin, { passive: true });
}
