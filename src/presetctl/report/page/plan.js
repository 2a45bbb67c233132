"use strict";
// The page can be read without this. It adds what no style can do: finding presets by name, and folding all at once.
(() => {
  const filters = document.querySelector(".filters");
  if (!filters) return;
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const fold = document.getElementById("fold");
  const presets = [...document.querySelectorAll("details.preset")];
  const rows = new Map([...document.querySelectorAll("tr.item")].map((row) => [row.dataset.item, row]));

  const isChecked = (id, otherwise) => document.getElementById(id)?.checked ?? otherwise;

  const update = () => {
    const wanted = search.value.trim().toLowerCase();
    const onlyDrift = isChecked("only-drift", false);
    let shown = 0;
    for (const preset of presets) {
      const name = preset.querySelector("h3").textContent.toLowerCase();
      const fits = name.includes(wanted);
      preset.classList.toggle("filtered", !fits);
      rows.get(preset.dataset.item).classList.toggle("filtered", !fits);
      const { action, drift } = preset.dataset;
      if (fits && isChecked(`show-${action}`, true) && (!onlyDrift || drift === "yes")) shown += 1;
    }
    count.textContent = `${shown} of ${presets.length} shown`;
  };

  const label = () => {
    fold.textContent = presets.some((preset) => preset.open) ? "Fold all" : "Unfold all";
  };

  fold.addEventListener("click", () => {
    const open = !presets.some((preset) => preset.open);
    for (const preset of presets) preset.open = open;
    label();
  });
  const openTarget = () => {
    const target = presets.find((preset) => `#${preset.id}` === location.hash);
    if (target) target.open = true;
  };
  for (const preset of presets) preset.addEventListener("toggle", label);
  filters.addEventListener("input", update);
  filters.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", openTarget);
  document.querySelector(".search").hidden = false;
  openTarget();
  update();
})();
