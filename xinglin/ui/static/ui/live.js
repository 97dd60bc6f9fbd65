// Pages that lie open: they ask every few seconds whether anything changed (304 says no), put the
// new part in its place, and let clocks run to the second. The page works without this file.
(() => {
  "use strict";
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const $ = (selector, from = document) => from.querySelector(selector);
  const fill = (words, time) => words.replace("{time}", time);
  const regions = $$("[data-poll]");
  if (!regions.length) return;

  // ---- the sound, off until somebody wants it
  let sound = false, tones;
  try { sound = localStorage.getItem("live-sound") === "1"; } catch { /* closed */ }
  const showSound = () => $$("[data-sound]").forEach((button) => {
    button.setAttribute("aria-pressed", sound);
    $("[data-sound-on]", button).hidden = !sound;
    $("[data-sound-off]", button).hidden = sound;
    const use = $("use", button);
    use?.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${sound ? "volume" : "volume-off"}`);
  });
  const ring = (pitch) => {
    if (!sound || !window.AudioContext) return;
    tones ||= new AudioContext();
    const voice = tones.createOscillator(), loud = tones.createGain();
    voice.frequency.value = pitch;
    loud.gain.setValueAtTime(0.15, tones.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.001, tones.currentTime + 0.5);
    voice.connect(loud).connect(tones.destination);
    voice.start(); voice.stop(tones.currentTime + 0.5);
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sound]")) return;
    sound = !sound;
    try { localStorage.setItem("live-sound", sound ? "1" : ""); } catch { /* closed */ }
    showSound();
    ring(880);
  });

  // ---- clocks: the server's, whatever this machine believes
  let ahead = 0;
  const setClock = (region) => {
    const told = Number($("[data-now]", region)?.dataset.now);
    if (told) ahead = Date.now() / 1000 - told;
  };
  const two = (n) => String(n).padStart(2, "0");
  const spell = (seconds) => {
    const all = Math.max(0, Math.floor(seconds)), h = Math.floor(all / 3600), m = Math.floor(all / 60) % 60, s = all % 60;
    return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
  };
  const SHAPE = { running: "clock", near: "hourglass", late: "alert-triangle" };
  const tick = () => {
    const now = Date.now() / 1000 - ahead;
    for (const region of regions) {
      for (const up of $$("[data-up]", region)) up.textContent = spell(now - up.dataset.up);
      for (const limit of $$("[data-limit]", region)) {
        const due = Number(limit.dataset.due), since = Number(limit.dataset.since);
        const pace = now > due ? "late" : now - since >= 0.75 * (due - since) ? "near" : "running";
        $("[data-tick]", limit).textContent = fill(pace === "late" ? region.dataset.wordLate : region.dataset.wordLeft, spell(Math.abs(due - now)));
        if (limit.classList.contains(`limit-${pace}`)) continue;
        if (pace === "late") ring(440);
        limit.classList.remove("limit-running", "limit-near", "limit-late");
        limit.classList.add(`limit-${pace}`);
        const use = $("use", limit);
        use?.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${SHAPE[pace]}`);
      }
    }
  };

  // ---- news
  const face = (element) => {
    const copy = element.cloneNode(true);
    $$("[data-tick], [data-up], input, svg", copy).forEach((part) => part.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  const faces = (region) => new Map($$("[id]", region).map((part) => [part.id, face(part)]));
  // Never move what the hand is about to press, nor close what it has opened.
  const busy = (region) => pressed || $("details[open]", region) || region.matches(":has(input:focus, select:focus, textarea:focus)");
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setTimeout(() => { pressed = false; }, 50));

  const put = (region, text) => {
    const before = faces(region), held = region.contains(document.activeElement) ? document.activeElement : null;
    const again = held && (held.id ? `#${CSS.escape(held.id)}` : held.value ? `button[value="${CSS.escape(held.value)}"]` : held.dataset.open ? `[data-open="${CSS.escape(held.dataset.open)}"]` : "");
    region.innerHTML = text;
    window.htmx?.process(region);
    setClock(region); tick();
    if (again) $(again, region)?.focus({ preventScroll: true });
    let fresh = false;
    for (const [id, words] of faces(region)) {
      if (before.get(id) === words) continue;
      const part = document.getElementById(id);
      part.classList.add("is-changed");
      setTimeout(() => part.classList.remove("is-changed"), 2000);
      fresh = true;
    }
    return fresh;
  };
  const say = (region) => {
    const time = new Date(Date.now() - ahead * 1000).toLocaleTimeString(document.documentElement.lang, { hour12: false });
    $$("[data-live-news] span").forEach((line) => { line.textContent = fill(region.dataset.wordNews, time); });
  };
  let failed = 0;
  const offline = (wrong) => {
    failed = wrong ? failed + 1 : 0;
    $$("[data-live-offline]").forEach((line) => { line.hidden = failed < 2; });
    $$("[data-live-news]").forEach((line) => { line.hidden = failed >= 2; });
  };
  const look = async (region) => {
    let wait = Number(region.dataset.every) || 3;
    try {
      const answer = await fetch(region.dataset.poll, {
        headers: { "If-None-Match": region.dataset.tag || "", "HX-Request": "true" },
        redirect: "error", cache: "no-store", signal: AbortSignal.timeout(10000),
      });
      if (answer.status === 200 && !busy(region)) {
        const fresh = put(region, await answer.text());
        region.dataset.tag = answer.headers.get("ETag") || "";
        if (fresh) { say(region); ring(660); }
      }
      // Gone from one's sight, as when another house was asked: say so, and ask no more.
      if (answer.status === 404) { failed = 1; offline(true); return; }
      offline(![200, 304].includes(answer.status));
    } catch { offline(true); wait *= 2; }
    setTimeout(() => look(region), 1000 * (document.hidden ? Math.max(10, wait) : wait));
  };
  // What one's own tap brought is as new as what was asked for.
  document.addEventListener("htmx:afterSwap", (event) => {
    const region = event.detail.target.closest?.("[data-poll]");
    if (!region) return;
    region.dataset.tag = event.detail.xhr.getResponseHeader("ETag") || "";
    setClock(region); tick();
  });

  showSound();
  for (const region of regions) { setClock(region); setTimeout(() => look(region), 1000 * (Number(region.dataset.every) || 3)); }
  tick();
  setInterval(tick, 1000);
})();
