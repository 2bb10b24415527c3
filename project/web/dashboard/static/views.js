// Saved views: saved, changed, renamed and deleted over the API, where that is permitted.

"use strict";

async function changeView(name, method, body, headers = {}) {
  const response = await fetch(`v1/views/${name}`, { method, headers, body: body && JSON.stringify(body) });
  if (response.ok || (response.status === 412 && headers["If-None-Match"])) return response;
  if (response.status === 412) throw new Error("somebody has changed it meanwhile. Reload the page.");
  const problem = await response.json();
  throw new Error(problem.errors?.[0].detail ?? problem.detail ?? problem.title);
}

function nameOf(title) {
  const words = title.normalize("NFKD").toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.join("-").slice(0, 100).replace(/-$/, "") || `view-${Date.now().toString(36)}`;
}

async function saveView(form) {
  const title = new FormData(form).get("title");
  const view = { title, query: location.search };
  const name = nameOf(title);
  const { status } = await changeView(name, "PUT", view, { "If-None-Match": "*" });
  if (status === 412) {
    if (!confirm(`“${name}” exists. Replace it?`)) return "";
    await changeView(name, "PUT", view);
  }
  show(`views/${name}`);
  return "Saved.";
}

async function keepChanges({ dataset: { name, title, tag } }) {
  await changeView(name, "PUT", { title, query: location.search }, { "If-Match": `"${tag}"` });
  show(`views/${name}`);
  return "Saved.";
}

async function changeEntry(button) {
  const entry = button.closest("li");
  const link = entry.querySelector("a");
  // Somebody else may have changed it since the list was made.
  const unchanged = { "If-Match": `"${entry.dataset.tag}"` };
  if (button.matches(".delete")) {
    if (!confirm(`Delete “${link.textContent}”?`)) return "";
    await changeView(entry.dataset.name, "DELETE", null, unchanged);
    entry.remove();
    return "Deleted.";
  }
  const title = prompt("The title", link.textContent);
  if (!title) return "";
  const { headers } = await changeView(entry.dataset.name, "PUT", { title, query: entry.dataset.query }, unchanged);
  entry.dataset.tag = headers.get("ETag").match(/"(.*)"/)[1];
  link.textContent = title;
  return "Renamed.";
}

async function report(place, change) {
  const status = place.querySelector("[role=status]");
  status.textContent = await change.catch((error) => `Not permitted or not possible: ${error.message}`);
}

addEventListener("submit", (event) => {
  if (!event.target.matches(".save")) return;
  event.preventDefault();
  report(event.target, saveView(event.target));
});
addEventListener("click", ({ target }) => {
  if (target.matches?.(".keep")) report(target.parentElement, keepChanges(target.parentElement));
  if (target.matches?.(".keep-as")) {
    // After the click, which closes menus.
    setTimeout(() => {
      document.querySelector("#share").open = true;
      document.querySelector(".save input").focus();
    });
  }
  if (target.matches?.(".rename, .delete")) report(target.closest("section"), changeEntry(target));
});
for (const button of document.querySelectorAll(".rename, .delete")) button.hidden = false;
