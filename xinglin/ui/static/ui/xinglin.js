// The few things HTML cannot do alone. No framework; every page works without this file.
(() => {
  "use strict";
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = () => $("#words")?.dataset || {};
  const fill = (sentence, values) => (sentence || "").replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const on = (type, act, options) => document.addEventListener(type, act, options);
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* full or closed */ } },
    keys() { try { return Object.keys(localStorage); } catch { return []; } },
  };
  const typing = (target) => target.closest?.("input:not([type=checkbox],[type=radio]), textarea, select, [contenteditable]");
  const visible = (element) => element.offsetParent !== null && !element.disabled;

  // ---- light or dark, large type
  const root = document.documentElement;
  const showPreferences = () => {
    $$("[data-set-theme]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.setTheme === root.dataset.theme));
    $$("[data-set-large]").forEach((b) => b.setAttribute("aria-pressed", b.dataset.setLarge === (root.dataset.large || "")));
  };
  const prefer = (button) => {
    if (button.dataset.setTheme) {
      root.dataset.theme = button.dataset.setTheme;
      store.set("theme", root.dataset.theme);
      dispatchEvent(new Event("theme"));
    } else {
      if (button.dataset.setLarge) root.dataset.large = "1"; else delete root.dataset.large;
      store.set("large", button.dataset.setLarge);
    }
    showPreferences();
  };

  // ---- clocks
  const lasting = (seconds) => {
    const minutes = Math.max(0, Math.floor(seconds / 60)), d = Math.floor(minutes / 1440), h = Math.floor(minutes / 60) % 24, m = minutes % 60;
    const w = words();
    const text = d ? fill(w.days, { d, h }) : h ? fill(w.hours, { h, m }) : fill(w.minutes, { m });
    return text.replace(/ 0 (小时|分|h|min)$/, "");
  };
  const tick = () => {
    const now = Date.now() / 1000;
    for (const clock of $$("time[data-due]")) {
      const due = +clock.dataset.due, start = +clock.dataset.start, late = now > due;
      const tone = late ? "late" : start < due && now - start >= 0.75 * (due - start) ? "soon" : "calm";
      const text = fill(late ? words().late : words().left, { time: lasting(Math.abs(due - now)) });
      const span = $("span", clock);
      if (text && span && span.textContent !== text) span.textContent = text;
      if (!clock.classList.contains(`clock-${tone}`)) {
        clock.classList.remove("clock-calm", "clock-soon", "clock-late");
        clock.classList.add(`clock-${tone}`);
        const use = $("use", clock), shape = { calm: "clock", soon: "hourglass", late: "alert-triangle" }[tone];
        use?.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${shape}`);
      }
    }
  };

  // ---- phrases that a tap writes into a field
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    const field = button && document.getElementById(button.dataset.fill);
    if (!field) return;
    field.value = field.value.trim() ? `${field.value.trim()}；${button.textContent}` : button.textContent;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });

  // ---- short messages
  const say = (sentence, tone = "error") => {
    const box = $("#flash");
    if (!box || !sentence) return;
    const line = document.createElement("div"), text = document.createElement("p"), close = document.createElement("button");
    line.className = `toast-line toast-${tone}`;
    if (tone === "error") line.setAttribute("role", "alert");
    text.textContent = sentence;
    close.type = "button"; close.dataset.dismiss = ""; close.textContent = "×";
    close.setAttribute("aria-label", words().close || "×");
    line.append(text, close);
    box.replaceChildren(line);
    fade(line);
  };
  const fade = (line) => {
    if (!line.matches(".toast-error, .toast-warning") && line.closest(".flash")) setTimeout(() => line.remove(), 8000);
  };

  // ---- rows: j k Enter, and the record beside the list
  const rows = () => $$("[data-list] tbody tr, [data-list] > li").filter((row) => visible(row) && $("a[href]", row));
  const current = () => $("[data-list] .is-current");
  const choose = (row, peekToo = true) => {
    if (!row) return;
    current()?.classList.remove("is-current");
    row.classList.add("is-current");
    const link = $("a[href]", row);
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (peekToo) peek(link);
  };
  let peekLater;
  const peek = (link) => {
    const pane = $("#detail");
    if (!link?.matches("[data-peek]") || !pane || !visible(pane) || !window.htmx) return false;
    clearTimeout(peekLater);
    peekLater = setTimeout(() => htmx.ajax("GET", link.dataset.peek || link.href, { target: "#detail", swap: "innerHTML" }), 120);
    return true;
  };
  const step = (by) => {
    const all = rows(), at = all.indexOf(current());
    choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))]);
  };

  // ---- keyboard
  const open = (dialog) => { if (dialog && !dialog.open) dialog.showModal(); };
  const listKeys = () => {
    const list = $("#keys dl");
    if (!list) return;
    $$("[data-own]", list).forEach((line) => line.remove());
    $$("[data-key]").filter(visible).forEach((button) => {
      const line = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd"), kbd = document.createElement("kbd");
      line.dataset.own = "";
      kbd.textContent = button.dataset.key.toUpperCase();
      dd.textContent = [...button.childNodes].filter((n) => n.nodeName !== "KBD").map((n) => n.textContent).join("").trim();
      dt.append(kbd); line.append(dt, dd); list.append(line);
    });
  };
  on("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, target } = event;
    if (key === "Escape") {
      const menu = target.closest?.("details[data-menu][open]") || $("details[data-menu][open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); } else if (typing(target) && !$("dialog[open]")) target.blur();
      return;
    }
    if (typing(target) || $("dialog[open]")) return;
    if (key === "/") { const search = $("[data-slash]"); if (search) { event.preventDefault(); search.focus(); search.select(); } }
    else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (key === "?") { listKeys(); open($("#keys")); }
    else if (key === "Enter" && target === document.body) $("a[href]", current() || undefined)?.matches(".is-current a") && $("a[href]", current()).click();
    else if (/^[a-z0-9]$/.test(key)) {
      const button = $$(`[data-key="${key}"]`).find(visible);
      if (button) { event.preventDefault(); button.click(); }
    }
  });

  // ---- clicks
  on("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    $$("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    let found;
    if ((found = at("[data-set-theme], [data-set-large]"))) prefer(found);
    else if (at("[data-dismiss]")) at(".toast-line")?.remove();
    else if ((found = at("[data-open]"))) { if (found.dataset.open === "keys") listKeys(); at("details[data-menu]")?.removeAttribute("open"); open(document.getElementById(found.dataset.open)); }
    else if ((found = at("[data-toggle]"))) found.setAttribute("aria-expanded", found.parentElement.classList.toggle(found.dataset.toggle));
    else if (at("[data-close]")) at("dialog")?.close();
    else if (at("[data-back]")) history.back();
    else if (at("[data-print]")) print();
    else if ((found = at("[data-check-all]"))) { $$(`[name="${found.dataset.checkAll}"]`).forEach((box) => { box.checked = found.checked; }); bulk(); }
    else if (event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      const row = at("[data-list] tbody tr, [data-list] > li");
      const link = row && (at("a[data-peek]") || (!at("a, button, input, label, summary") && $("a[data-peek]", row)));
      if (link && !event.defaultPrevented && $("#detail") && visible($("#detail"))) { event.preventDefault(); choose(row); }
    }
  });
  const bulk = () => $$("[data-bulk]").forEach((bar) => {
    const n = $$(`[name="${bar.dataset.bulk}"]:checked`).length;
    bar.hidden = !n;
    const count = $("[data-bulk-count]", bar);
    if (count) count.textContent = n;
  });
  on("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
    if (event.target.matches("[type=checkbox]")) bulk();
  });

  // ---- code fields: a list to choose from, the code kept aside
  const enhance = (box) => {
    const input = $("input", box), list = $("[role=listbox]", box), shown = $(".code-now", box);
    if (box.dataset.ready) return;
    box.dataset.ready = "1";
    const kept = document.createElement("input");
    kept.type = "hidden"; kept.name = input.name; kept.value = input.value;
    input.removeAttribute("name");
    if (box.dataset.name) input.value = box.dataset.name;
    box.append(kept);
    // A code that means nothing to people (an id) is kept and not shown.
    const show = (code) => { if (shown) shown.textContent = code; };
    const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const all = () => $$("[role=option]", list);
    const mark = (option) => {
      all().forEach((o) => o.setAttribute("aria-selected", o === option));
      if (option) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    };
    const take = (option) => {
      kept.value = option.dataset.code; input.value = option.dataset.name; show(option.dataset.code);
      box.classList.add("has-name"); close();
      // The name is written where it belongs, unless somebody has put it better.
      const into = document.getElementById(input.dataset.nameInto);
      if (into && (!into.value || into.value === into.dataset.written)) into.value = into.dataset.written = option.dataset.name;
      kept.dispatchEvent(new Event("change", { bubbles: true }));
      box.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail: { ...option.dataset } }));
    };
    box._restore = (code, name) => { kept.value = code; input.value = name; show(code); box.classList.toggle("has-name", code !== name); };
    input.addEventListener("input", () => { kept.value = input.value; box.classList.remove("has-name"); if (!input.value) close(); });
    input.addEventListener("keydown", (event) => {
      const options = all(), at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden && options.length) { list.hidden = false; input.setAttribute("aria-expanded", "true"); }
        mark(options[(at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + options.length) % options.length]);
      } else if (event.key === "Enter" && !list.hidden && options.length) { event.preventDefault(); take(options[Math.max(0, at)]); }
      else if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); close(); }
      else if (event.key === "Tab" && !list.hidden && at >= 0) take(options[at]);
    });
    input.addEventListener("blur", () => setTimeout(() => { if (!box.contains(document.activeElement)) close(); }, 150));
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) { take(option); input.focus(); } });
    list.addEventListener("htmx:afterSwap", () => {
      all().forEach((option, i) => { option.id = `${list.id}_${i}`; });
      if (document.activeElement !== input || !input.value) return;
      list.hidden = false; input.setAttribute("aria-expanded", "true"); mark(all()[0]);
    });
  };
  // ---- a choice that writes into other fields, and is none any more once they say otherwise
  on("change", (event) => {
    const told = event.target.dataset?.fills, form = event.target.form;
    if (!told) return;
    for (const [name, [value, shown]] of Object.entries(JSON.parse(told))) {
      const field = form.elements[name], box = field?.closest("[data-code-input]");
      if (box?._restore) box._restore(value, shown); else if (field) field.value = value;
    }
  });
  on("input", (event) => {
    const form = event.target.form, box = event.target.closest("[data-code-input]");
    const name = (box && $("[type=hidden]", box)?.name) || event.target.name;
    const chosen = form && name && $("[data-fills]:checked", form);
    if (!chosen || !(name in JSON.parse(chosen.dataset.fills))) return;
    const none = $(`[name="${chosen.name}"][value=""]`, form);
    if (!none) return;
    none.checked = true;
    // An answer that is still under way would bring the choice back.
    none.dispatchEvent(new Event("change", { bubbles: true }));
  });
  on("htmx:configRequest", (event) => {
    const input = event.detail.elt;
    if (input.matches?.("[data-code-input] input")) event.detail.parameters.q = input.value;
  });
  on("htmx:confirm", (event) => { if (event.target.matches?.("[data-code-input] input") && !event.target.value) event.preventDefault(); });

  // ---- drafts: what was typed outlives a closed page and a sign-out
  const KEEP = 3 * 24 * 3600 * 1000;
  const draftKey = (form) => `draft:${document.body.dataset.user || ""}:${form.dataset.draft}`;
  const read = (key) => { try { return JSON.parse(store.get(key)) || null; } catch { return null; } };
  const wrong = (form) => $(".error-summary, .is-invalid", form);
  const saveDraft = (form) => {
    const values = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken" && !$(`[name="${CSS.escape(name)}"][type=password]`, form));
    const names = Object.fromEntries($$("[data-code-input]", form).map((box) => [$("[type=hidden]", box)?.name, $("input", box).value]));
    store.set(draftKey(form), JSON.stringify({ at: Date.now(), values, names }));
  };
  const restoreDraft = (form, draft) => {
    const left = draft.values.slice();
    for (const element of form.elements) {
      if (!element.name || element.name === "csrfmiddlewaretoken" || /^(file|submit|button|password)$/.test(element.type)) continue;
      const tickable = /^(checkbox|radio)$/.test(element.type);
      const at = left.findIndex(([name, value]) => name === element.name && (!tickable || value === element.value));
      if (tickable) element.checked = at >= 0;
      else if (element.multiple) { for (const option of element.options) option.selected = draft.values.some(([n, v]) => n === element.name && v === option.value); continue; }
      else if (at >= 0) element.value = left[at][1];
      if (at >= 0) left.splice(at, 1);
    }
    $$("[data-code-input]", form).forEach((box) => { const kept = $("[type=hidden]", box); if (kept) box._restore?.(kept.value, draft.names?.[kept.name] || kept.value); });
    form.dataset.changed = "1";
  };
  const offerDraft = (form) => {
    const key = draftKey(form), draft = read(key);
    if (!draft || form.dataset.offered) return;
    form.dataset.offered = "1";
    if (Date.now() - draft.at > KEEP) { store.set(key, ""); return; }
    if (wrong(form)) { form.dataset.changed = "1"; return; }
    const bar = document.createElement("div"), text = document.createElement("p");
    bar.className = "draft-bar";
    text.textContent = fill(words().draft, { time: new Date(draft.at).toLocaleString(root.lang, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" }) });
    const button = (label, kind, act) => { const b = document.createElement("button"); b.type = "button"; b.className = `btn ${kind}`; b.textContent = label; b.onclick = () => { act(); bar.remove(); }; return b; };
    bar.append(text, button(words().restore, "btn-primary", () => restoreDraft(form, draft)), button(words().discard, "", () => store.set(key, "")));
    form.prepend(bar);
  };
  // A draft that was sent is dropped once another page of the product answers; not at the sign-in.
  const settleDrafts = () => {
    const sent = read("draft-sent");
    if (!sent) return;
    store.set("draft-sent", "");
    const kept = document.body.matches("[data-signed-out]") || $("[data-error]") || $$("form[data-draft]").some((form) => draftKey(form) === sent.key);
    if (!kept) store.set(sent.key, "");
  };
  let saveLater;
  const changed = (event) => {
    const form = event.target.form || event.target.closest?.("form");
    if (!form || !form.matches("[data-draft], [data-warn]")) return;
    form.dataset.changed = "1";
    if (form.dataset.draft) { clearTimeout(saveLater); saveLater = setTimeout(() => saveDraft(form), 400); }
  };
  on("input", changed);
  on("change", changed);
  addEventListener("beforeunload", (event) => {
    if ($$("form[data-warn][data-changed]").length) event.preventDefault();
  });

  // ---- sending once
  on("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (event.defaultPrevented || form.method === "dialog") return;
    if (form.dataset.sending && form.method === "post") { event.preventDefault(); event.stopImmediatePropagation(); return; }
    delete form.dataset.changed;
    if (form.dataset.draft) { clearTimeout(saveLater); saveDraft(form); store.set("draft-sent", JSON.stringify({ key: draftKey(form) })); }
    if (form.method !== "post" || form.target) return;
    form.dataset.sending = "1";
    setTimeout(() => { if (button) button.setAttribute("aria-disabled", "true"); }, 0);
    setTimeout(() => release(form), 15000);
  }, true);
  const release = (form) => { delete form.dataset.sending; $$("[aria-disabled=true]", form).forEach((b) => b.removeAttribute("aria-disabled")); };
  addEventListener("pageshow", () => $$("form[data-sending]").forEach(release));

  // ---- htmx: what changed is marked, what the hand is about to press stays
  const face = (row) => { const copy = row.cloneNode(true); $$("time, input, svg", copy).forEach((n) => n.remove()); return copy.textContent.replace(/\s+/g, " ").trim(); };
  const facesOf = (from) => new Map($$("tr[id], li[id], .card[id]", from).map((row) => [row.id, face(row)]));
  let before = new Map(), focusOn = "", chosen = "";
  on("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget")) { event.detail.shouldSwap = true; event.detail.isError = false; }
    if (xhr.status >= 400 && !event.detail.shouldSwap) return;
    before = facesOf(target);
    chosen = current()?.id || "";
    focusOn = target.contains(document.activeElement) ? document.activeElement.closest("tr[id], li[id]")?.id || "" : "";
    const live = target.closest?.("[data-live]");
    const polled = live && requestConfig?.elt === live && !requestConfig.triggeringEvent?.detail?.forced;
    if (!polled) return;
    const busy = live.matches(":hover, :focus-within") || $(":checked[name]:not(option)", live) || $("dialog[open]", live);
    const fresh = new DOMParser().parseFromString(`<table><tbody>${xhr.responseText}</tbody></table>`, "text/html");
    const loose = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const ids = [...new Set([...$$("tr[id]", loose).map((r) => r.id), ...$$("tr[id], li[id]", fresh).map((r) => r.id)])];
    const same = ids.join() === [...before.keys()].join();
    if (busy && !same) { event.detail.shouldSwap = false; offerNews(live); }
    else if ($("[type=text]:focus, [type=search]:focus, select:focus", live)) event.detail.shouldSwap = false;
  });
  const offerNews = (live) => {
    if ($(".news", live)) return;
    const button = document.createElement("button");
    button.type = "button"; button.className = "btn btn-primary news"; button.textContent = words().news;
    button.onclick = () => { button.remove(); htmx.ajax("GET", live.getAttribute("hx-get"), { target: live, swap: "innerHTML" }); };
    ($(".table-wrap", live) || live).prepend(button);
  };
  on("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (before.size) {
      for (const [id, text] of facesOf(target)) {
        if (before.get(id) === text) continue;
        const row = document.getElementById(id);
        row.classList.add("is-changed");
        setTimeout(() => row.classList.remove("is-changed"), 2000);
      }
    }
    if (chosen) document.getElementById(chosen)?.classList.add("is-current");
    if (focusOn) { const row = document.getElementById(focusOn); if (row) $("a[href]", row)?.focus({ preventScroll: true }); }
    before = new Map(); focusOn = ""; chosen = "";
  });
  on("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (!form || event.detail.requestConfig?.verb === "get") return;
    release(form);
    store.set("draft-sent", "");
    if (event.detail.successful && form.dataset.draft) store.set(draftKey(form), "");
    else if (!event.detail.successful && form.isConnected) form.dataset.changed = "1";
  });
  on("htmx:sendError", () => say(words().offline));
  on("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (event.detail.xhr.getResponseHeader("HX-Retarget")) return;
    say(status === 401 || status === 403 ? words().expired : status === 404 ? words().missing : words().broken);
  });

  // ---- a scanner types fast and ends with Enter: its code goes to the scan box
  let scanned = "", scannedAt = 0;
  on("keydown", (event) => {
    const box = $("[data-scan]");
    if (!box || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.timeStamp - scannedAt > 50) scanned = "";
    scannedAt = event.timeStamp;
    if (event.key.length === 1) scanned += event.key;
    else if (event.key === "Enter" && scanned.length >= 6) {
      event.preventDefault();
      box.value = scanned; scanned = "";
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.form?.requestSubmit();
    }
  }, true);

  // ---- start, and again for what htmx brings
  const dress = (from) => {
    $$("[data-code-input]", from).forEach(enhance);
    $$("form[data-draft]", from).forEach(offerDraft);
    $$("dialog[data-open-now]", from).forEach(open);
    $$(".toast-line", from).forEach(fade);
    const summary = $("[data-focus]", from);
    if (summary) summary.focus();
    tick(); bulk();
  };
  const start = () => { showPreferences(); settleDrafts(); dress(document); setInterval(tick, 15000); };
  on("htmx:load", (event) => { if (event.detail.elt !== document.body) dress(event.detail.elt.parentElement || event.detail.elt); });
  if (document.readyState === "loading") on("DOMContentLoaded", start); else start();
})();
