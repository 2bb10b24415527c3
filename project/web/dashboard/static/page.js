// Comfort only: without this script the page shows the same numbers.

"use strict";

// Empty fields stay out of the URL.
document.addEventListener("submit", ({ target }) => {
  for (const field of target.querySelectorAll("input")) field.disabled = target.method === "get" && !field.value;
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form input:disabled")) field.disabled = false;
});

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.textContent;
    const url = new URL(button.dataset.url, location.href).href;
    try {
      await navigator.clipboard.writeText(url);
      button.textContent = "Copied";
    } catch {
      prompt("The API URL", url);
    }
    setTimeout(() => (button.textContent = label), 1500);
  });
}

// When it opens, a filter counts its labels under all other filters, and lists them by cost, or in their own order.
for (const filter of document.querySelectorAll("details[data-facets]")) {
  const list = filter.querySelector("ul");
  const search = filter.querySelector("input[type=search]");
  let facets;
  filter.addEventListener("toggle", async () => {
    if (!filter.open) return;
    search.hidden = false;
    search.focus();
    if (facets) return;
    try {
      const response = await fetch(filter.dataset.facets);
      if (!response.ok) return;
      facets = (await response.json()).data;
      if (!("ordered" in list.dataset)) facets.sort((left, right) => right.cost - left.cost);
      show();
    } catch {
      // The labels stay, without their counts.
    }
  });
  search.addEventListener("input", show);

  function show() {
    const ticked = new Set([...list.querySelectorAll("input:checked")].map((input) => input.value));
    const text = search.value.toLowerCase();
    if (!facets) return;
    const matching = facets.filter(({ label }) => ticked.has(label) || label.toLowerCase().includes(text));
    // Ticked labels stay in the form, also beyond the first 200.
    const listed = matching.filter(({ label }, index) => index < 200 || ticked.has(label));
    list.replaceChildren(...listed.map((facet) => item(list.dataset.name, facet, ticked.has(facet.label))));
    const more = filter.querySelector("[data-more]");
    if (more) more.textContent = matching.length > listed.length ? `${matching.length - listed.length} more; search to find them.` : "";
  }
}

function item(name, { label, facts }, checked) {
  const input = Object.assign(document.createElement("input"), { type: "checkbox", name, value: label, checked });
  const text = Object.assign(document.createElement("span"), { textContent: label });
  const count = Object.assign(document.createElement("small"), { textContent: facts.toLocaleString(), title: "facts" });
  const row = document.createElement("label");
  row.append(input, " ", text, count);
  const entry = document.createElement("li");
  entry.classList.toggle("none", !facts);
  entry.append(row);
  return entry;
}

addEventListener("keydown", ({ key }) => {
  const open = key === "Escape" && document.querySelector("details.filter[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
addEventListener("click", ({ target }) => {
  for (const open of document.querySelectorAll("details.filter[open]")) if (!open.contains(target)) open.open = false;
});

// Inside the page, rather than as an image, a chart shows the value under the pointer.
for (const figure of document.querySelectorAll("figure[data-inline]")) {
  fetch(figure.querySelector("img").src)
    .then((response) => (response.ok ? response.text() : Promise.reject(response.status)))
    .then((text) => {
      // The page's policy forbids style elements, but not a sheet with the same rules.
      const style = /<style>(.*?)<\/style>/s;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style.exec(text)[1]);
      document.adoptedStyleSheets.push(sheet);
      const chart = new DOMParser().parseFromString(text.replace(style, ""), "image/svg+xml").documentElement;
      figure.replaceChildren(document.importNode(chart, true));
    })
    .catch(() => {});
}
