// Comfort only: without it the page shows the same numbers.

"use strict";

const number = new Intl.NumberFormat();

// What was not filled in stays out of the URL.
document.addEventListener("submit", ({ target }) => {
  for (const field of target.querySelectorAll("input")) field.disabled = target.method === "get" && !field.value;
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form input:disabled")) field.disabled = false;
});

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(new URL(button.dataset.url, location.href).href);
      button.textContent = "Copied";
    } catch {
      prompt("The API URL", new URL(button.dataset.url, location.href).href);
    }
    setTimeout(() => (button.textContent = said), 1500);
  });
}

// A filter counts its labels when it is opened, under all other filters, and lists them by what they cost.
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
      const answer = await fetch(filter.dataset.facets);
      if (!answer.ok) return;
      facets = (await answer.json()).data.sort((one, other) => other.cost - one.cost);
      show();
    } catch {
      // The labels are there, only without their counts.
    }
  });
  search.addEventListener("input", show);

  function show() {
    const ticked = new Set([...list.querySelectorAll("input:checked")].map((input) => input.value));
    const sought = search.value.toLowerCase();
    if (!facets) return;
    const found = facets.filter(({ label }) => ticked.has(label) || label.toLowerCase().includes(sought));
    // What is ticked stays in the form, wherever it stands.
    const shown = found.filter(({ label }, place) => place < 200 || ticked.has(label));
    list.replaceChildren(...shown.map((facet) => item(list.dataset.name, facet, ticked.has(facet.label))));
    const more = filter.querySelector("[data-more]");
    if (more) more.textContent = found.length > shown.length ? `${found.length - shown.length} more; search to find them.` : "";
  }
}

function item(name, { label, facts }, checked) {
  const input = Object.assign(document.createElement("input"), { type: "checkbox", name, value: label, checked });
  const text = Object.assign(document.createElement("span"), { textContent: label });
  const count = Object.assign(document.createElement("small"), { textContent: number.format(facts), title: "facts" });
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

// Inside the page, rather than as an image, a chart says what is under the pointer.
for (const figure of document.querySelectorAll("figure[data-inline]")) {
  const image = figure.querySelector("img");
  fetch(image.src)
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((text) => {
      const bare = text.replace(/<style>.*?<\/style>/s, ""); // the page's own styles have the same colours
      const chart = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
      figure.replaceChildren(document.importNode(chart, true));
    })
    .catch(() => {});
}
