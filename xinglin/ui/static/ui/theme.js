// Runs before the first paint, so that a dark or large page never flashes light or small.
(() => {
  const root = document.documentElement;
  let theme = "auto", large = "";
  try {
    theme = localStorage.getItem("theme") || theme;
    large = localStorage.getItem("large") || large;
  } catch { /* storage is closed: the defaults hold */ }
  const night = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const chosen = root.dataset.theme;
    root.dataset.bsTheme = chosen === "auto" ? (night.matches ? "dark" : "light") : chosen;
  };
  root.dataset.js = "1";
  root.dataset.theme = theme;
  if (large) root.dataset.large = "1";
  paint();
  night.addEventListener("change", paint);
  addEventListener("theme", paint);
})();
