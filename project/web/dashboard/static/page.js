// Comfort only: without this script the page shows the same numbers, and its links and forms lead to the same views.

"use strict";

// Views: their part of the page is swapped, and the place is kept.

let served = panelsOf(document);
let request;

function panelsOf(page) {
  return new Map([...page.querySelectorAll(".panel")].map((panel) => [panel.id, panel.outerHTML]));
}

async function show(url, { entry = true, top = null } = {}) {
  const main = document.querySelector("main");
  request?.abort();
  request = new AbortController();
  main.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { signal: request.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!page.querySelector("main")) throw new Error(response.status);
    if (entry) history.pushState(null, "", response.url);
    swap(page);
    if (top !== null) scrollTo(0, top);
  } catch (error) {
    if (error.name !== "AbortError") location.href = url;
    return;
  }
  main.removeAttribute("aria-busy");
}

function swap(page) {
  const main = document.querySelector("main");
  const panels = panelsOf(page);
  const focused = document.activeElement;
  const open = [...main.querySelectorAll("details[open]:not(.filter)")].map(({ id }) => id);
  document.title = page.title;
  if (!panels.size || !served.size) {
    main.replaceChildren(...page.querySelector("main").children);
  } else {
    main.querySelector(".title").replaceWith(page.querySelector(".title"));
    for (const [id, html] of panels) {
      if (html !== served.get(id)) document.getElementById(id).replaceWith(page.getElementById(id));
    }
  }
  served = panels;
  for (const id of open) main.querySelector(`details#${id}`)?.setAttribute("open", "");
  enhance(main);
  // The focus stays on what has the same text, in the same place.
  if (!focused.isConnected && focused.textContent) {
    const same = [...main.querySelectorAll(`${focused.localName}`)].find(({ textContent }) => textContent === focused.textContent);
    same?.focus({ preventScroll: true });
  }
  const status = main.querySelector(".unseen[role=status]");
  if (status) status.textContent = page.title;
}

const isView = (url) => url.origin === location.origin && url.pathname === location.pathname;

addEventListener("click", (event) => {
  const link = event.target.closest?.("main a[href]");
  if (!link || link.download || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (!isView(new URL(link.href)) || link.hash) return;
  event.preventDefault();
  show(link.href);
});

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "get") return;
  event.preventDefault();
  // Empty fields stay out of the URL.
  const fields = [...new FormData(form)].filter(([, value]) => value);
  show(`${form.action}?${new URLSearchParams(fields)}`);
});

history.scrollRestoration = "manual";
addEventListener("scrollend", () => history.replaceState({ top: scrollY }, ""));
addEventListener("popstate", ({ state }) => show(location.href, { entry: false, top: state?.top ?? null }));

// Filters.

addEventListener("keydown", ({ key }) => {
  const open = key === "Escape" && document.querySelector("details.filter[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
addEventListener("click", ({ target }) => {
  for (const open of document.querySelectorAll("details.filter[open]")) if (!open.contains(target)) open.open = false;
});
addEventListener("change", ({ target }) => {
  const pending = target.closest("#filter-form")?.querySelector(".pending");
  if (pending) pending.hidden = false;
});

// When it opens, a filter counts its labels under all other filters, and lists them by cost, or in their own order.
function countLabels(filter) {
  const list = filter.querySelector("ul");
  const search = filter.querySelector("input[type=search]");
  const names = new Map([...list.querySelectorAll("input")].map((input) => [input.value, input.nextElementSibling.textContent]));
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
      filter.querySelector(".counted").hidden = false;
      list_();
    } catch {
      // The labels stay, without their counts.
    }
  });
  search.addEventListener("input", list_);

  function list_() {
    const ticked = new Set([...list.querySelectorAll("input:checked")].map((input) => input.value));
    const text = search.value.toLowerCase();
    if (!facets) return;
    const nameOf = (label) => names.get(label) ?? label;
    const matching = facets.filter(({ label }) => ticked.has(label) || `${label}\n${nameOf(label)}`.toLowerCase().includes(text));
    // Ticked labels stay in the form, also beyond the first 200.
    const listed = matching.filter(({ label }, index) => index < 200 || ticked.has(label));
    list.replaceChildren(...listed.map((facet) => item(list.dataset.name, nameOf(facet.label), facet, ticked.has(facet.label))));
    const more = filter.querySelector("[data-more]");
    if (more) more.textContent = matching.length > listed.length ? `${matching.length - listed.length} more; search to find them.` : "";
  }
}

function item(name, shown, { label, facts }, checked) {
  const input = Object.assign(document.createElement("input"), { type: "checkbox", name, value: label, checked });
  const text = Object.assign(document.createElement("span"), { textContent: shown });
  const count = Object.assign(document.createElement("small"), { textContent: facts.toLocaleString(), title: "facts" });
  const row = document.createElement("label");
  row.append(input, " ", text, count);
  const entry = document.createElement("li");
  entry.classList.toggle("none", !facts);
  entry.append(row);
  return entry;
}

// The menu.

addEventListener("click", async ({ target }) => {
  if (target.matches?.(".print")) print();
  const button = target.closest?.(".copy");
  if (!button) return;
  const label = button.textContent;
  const url = new URL(button.dataset.url, location.href).href;
  try {
    await navigator.clipboard.writeText(url);
    button.textContent = "Copied";
  } catch {
    prompt("The link", url);
  }
  setTimeout(() => (button.textContent = label), 1500);
});

// A chart's answers: the dates that were dragged, and the label or date that was clicked.

addEventListener("chart:zoom", ({ detail }) => filterBy({ date_from: detail.date_from, date_to: detail.date_to }));
addEventListener("chart:select", ({ detail: { labels, date_from, date_to } }) => {
  if (Object.keys(labels).length) filterBy(labels);
  else if (date_from) filterBy({ date_from, date_to });
});

function filterBy(changes) {
  const query = new URLSearchParams(location.search);
  if ("date_from" in changes) query.delete("date_preset");
  for (const [name, value] of Object.entries(changes)) query.set(name, value);
  show(`?${query}`);
}

// What each part needs when it comes, with the page or later.
function enhance(root) {
  for (const button of root.querySelectorAll(".copy, .print, .save, .changed button")) button.hidden = false;
  for (const tab of root.querySelectorAll(".tabs [aria-current]")) tab.closest("ul").scrollLeft = tab.offsetLeft - 80;
  // The sorted column is what the table is read for.
  for (const head of root.querySelectorAll(".breakdown [aria-sort]")) {
    const place = head.closest(".scroll");
    const hidden = head.offsetLeft + head.offsetWidth - place.clientWidth;
    if (hidden > 0) place.scrollLeft = hidden + 24;
  }
  for (const filter of root.querySelectorAll("details[data-facets]:not([data-ready])")) {
    filter.dataset.ready = "";
    countLabels(filter);
  }
  document.dispatchEvent(new Event("chart:draw"));
}

enhance(document);
