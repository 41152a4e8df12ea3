// Names and keyboard access for what the theme makes when a page is shown: the buttons beside code, wide tables, the search.
(() => {
  const persian = document.documentElement.lang === "fa";
  const words = persian ? { code: "کد", table: "جدول" } : { code: "Code", table: "Table" };
  const searchWords = {
    "Search": "جستجو",
    "Close search": "بستن جستجو",
    "Search results": "نتیجه‌های جستجو",
    "No results": "چیزی پیدا نشد",
    "Loading search…": "در حال آماده شدن…",
    "Search is unavailable. Reload the page to try again.": "جستجو کار نمی‌کند. صفحه را دوباره باز کنید.",
  };
  const searches = new WeakSet();
  let codes = 0;
  let tables = 0;

  const translated = (text) =>
    searchWords[text] ??
    text.replace(/^([\d,]+) results?$/, (_, count) => `${Number(count.replaceAll(",", "")).toLocaleString("fa")} نتیجه`);

  // The theme's search speaks English only, and filters by tags, which these pages do not have.
  const completeSearch = (root) => {
    for (const button of root.querySelectorAll("[aria-label=Filters]")) {
      button.style.display = "none";
    }
    if (!persian) {
      return;
    }
    for (const name of ["aria-label", "placeholder"]) {
      for (const element of root.querySelectorAll(`[${name}]`)) {
        const text = translated(element.getAttribute(name));
        if (text !== element.getAttribute(name)) {
          element.setAttribute(name, text);
        }
      }
    }
    const status = root.querySelector("[role=status]")?.firstChild;
    if (status && translated(status.data) !== status.data) {
      status.data = translated(status.data);
    }
  };

  const complete = () => {
    for (const nav of document.querySelectorAll("nav.md-code__nav:not([aria-label])")) {
      nav.setAttribute("aria-label", `${words.code} ${(codes += 1)}`);
    }
    for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
      if (wrap.scrollWidth > wrap.clientWidth) {
        wrap.tabIndex = 0;
        wrap.setAttribute("role", "region");
        wrap.setAttribute("aria-label", `${words.table} ${(tables += 1)}`);
      }
    }
    for (const { shadowRoot } of document.body.children) {
      if (shadowRoot && !searches.has(shadowRoot)) {
        searches.add(shadowRoot);
        const observed = { attributes: true, characterData: true, childList: true, subtree: true };
        new MutationObserver(() => completeSearch(shadowRoot)).observe(shadowRoot, observed);
        completeSearch(shadowRoot);
      }
    }
  };

  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", complete);
  complete();
})();
