// Names and keyboard access for what the theme makes when a page is shown: the buttons beside code, and wide tables.
(() => {
  const words = document.documentElement.lang === "fa" ? { code: "کد", table: "جدول" } : { code: "Code", table: "Table" };
  let codes = 0;
  let tables = 0;

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
  };

  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", complete);
  complete();
})();
