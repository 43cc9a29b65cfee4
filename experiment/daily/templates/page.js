"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const form = byId("form");
  const fieldsets = new Map(
    [...form.querySelectorAll("fieldset")].map((one) => [one.dataset.item, one])
  );
  const sliders = form.querySelectorAll("input[type=range]");
  const answers = new Map(); // item -> whole number; what isn't in it has no answer
  let begun = null;
  let shownOn = null; // the day on which the days to choose from were last listed
  let last = null; // the file that was saved last: {name, text}

  // --- days ----------------------------------------------------------------------------------

  const pad = (n) => String(n).padStart(2, "0");
  const dayOf = (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
  function today() {
    const d = new Date(); // by the clock on the wall, also in a night in which that is put back
    const day = d.getDate() - (d.getHours() < data.day_begins ? 1 : 0);
    return dayOf(new Date(d.getFullYear(), d.getMonth(), day, 12));
  }

  function localTime(d) {
    const offset = -d.getTimezoneOffset();
    const zone = `${offset < 0 ? "-" : "+"}${pad(Math.trunc(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
    return `${dayOf(d)}T${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}${zone}`;
  }

  function inWords(day) {
    const [y, m, d] = day.split("-").map(Number);
    const form = { weekday: "long", day: "numeric", month: "long" };
    return new Date(y, m - 1, d, 12).toLocaleDateString(data.language, form);
  }

  function fillDays() {
    const select = byId("day");
    const chosen = select.value;
    const now = shownOn = today();
    const done = kept().done || [];
    const over = data.days.filter((one) => one.day <= now);
    const first = new Option(over.length ? data.texts.choose_day : data.texts.no_day, "");
    select.replaceChildren(
      first,
      ...over.map((one) => new Option(inWords(one.day) + (done.includes(one.day) ? " ✓" : ""), one.day))
    );
    const values = over.map((one) => one.day);
    select.value = values.includes(chosen) ? chosen
      : values.includes(now) && !done.includes(now) ? now : "";
    const known = byId("done-days");
    known.hidden = done.length === 0;
    known.querySelector("span").textContent = done.map(inWords).join(" · ");
  }

  // A page that stays open overnight offers the new day, and is about it unless a report was begun.
  function nextDay() {
    if (today() === shownOn) return;
    if (answers.size === 0) byId("day").value = "";
    fillDays();
  }

  document.addEventListener("visibilitychange", nextDay);
  window.addEventListener("pageshow", nextDay);
  setInterval(nextDay, 60000); // a page that was never out of sight

  // --- a draft, kept on this device until it is saved -----------------------------------------

  const key = ["kindred-daily", data.study, data.participant].join(".");
  let canKeep = true;

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(key)) || {};
    } catch {
      return {};
    }
  }

  function keep(state) {
    try {
      localStorage.setItem(key, JSON.stringify(state));
    } catch {
      canKeep = false;
    }
    byId("kept").hidden = !canKeep;
    byId("not-kept").hidden = canKeep;
  }

  function keepDraft() {
    const draft = { day: byId("day").value, begun, answers: Object.fromEntries(answers),
      questionnaires: data.questionnaires };
    keep({ ...kept(), draft });
  }

  function restore() {
    const draft = kept().draft;
    if (!draft || JSON.stringify(draft.questionnaires) !== JSON.stringify(data.questionnaires)) return;
    begun = draft.begun;
    if (draft.day) byId("day").value = draft.day;
    for (const [item, value] of Object.entries(draft.answers)) {
      if (fieldsets.has(item)) show(item, value);
    }
  }

  // --- items -----------------------------------------------------------------------------------

  function show(item, value) {
    answers.set(item, value);
    const fieldset = fieldsets.get(item);
    const slider = fieldset.querySelector("input[type=range]");
    if (slider) {
      slider.value = value;
      slid(slider, value);
    } else {
      const radio = fieldset.querySelector(`input[value="${value}"]`);
      if (radio) radio.checked = true;
    }
  }

  function slid(slider, value) {
    slider.classList.remove("unset");
    tell(slider, value + slider.dataset.unit);
  }

  function unset(slider) {
    slider.classList.add("unset");
    tell(slider, data.texts.value_of);
  }

  function tell(slider, words) {
    slider.setAttribute("aria-valuetext", words);
    slider.parentElement.querySelector("output").textContent = words;
  }

  function asked(rule) {
    const when = rule.show_if;
    if (!when) return true;
    const earlier = data.items.find((one) => one.id === when.item);
    if (!asked(earlier) || !answers.has(when.item)) return false;
    const answer = answers.get(when.item);
    return (when.any_of.length === 0 || when.any_of.includes(answer))
      && (when.at_least === null || answer >= when.at_least)
      && (when.at_most === null || answer <= when.at_most);
  }

  function refresh() {
    const open = data.items.filter(asked);
    for (const rule of data.items) fieldsets.get(rule.id).hidden = !open.includes(rule);
    const done = open.filter((rule) => answers.has(rule.id)).length;
    byId("progress").textContent = data.texts.progress
      .replace("{done}", done).replace("{count}", open.length);
  }

  function answered(input) {
    const fieldset = input.closest("fieldset");
    if (!fieldset) return;
    begun = begun || localTime(new Date());
    answers.set(fieldset.dataset.item, Number(input.value));
    if (input.type === "range") slid(input, Number(input.value));
    fieldset.querySelector(".problem").hidden = true;
    byId("problem").hidden = true;
    refresh();
    keepDraft();
  }

  form.addEventListener("input", (event) => {
    if (event.target.id === "day") {
      byId("day-problem").hidden = true;
      keepDraft();
    } else answered(event.target);
  });
  // A click where the slider stands already changes nothing, and is an answer all the same.
  for (const slider of sliders) {
    slider.addEventListener("click", () => answered(slider));
    slider.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        answered(slider);
      }
    });
  }

  // --- saving ----------------------------------------------------------------------------------

  function canonical(value) {
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    if (value !== null && typeof value === "object") {
      return "{" + Object.keys(value).sort()
        .map((name) => JSON.stringify(name) + ":" + canonical(value[name])).join(",") + "}";
    }
    return JSON.stringify(value);
  }

  // SHA-256 (FIPS 180-4), since crypto.subtle is not there for every kind of local page.
  function sha256(text) {
    const primes = [];
    for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
    const fraction = (x) => Math.floor((x - Math.floor(x)) * 4294967296) >>> 0;
    const k = primes.map((p) => fraction(Math.cbrt(p)));
    const state = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
    const bytes = new TextEncoder().encode(text);
    const padded = new Uint8Array(((bytes.length + 8 >> 6) + 1) * 64);
    padded.set(bytes);
    padded[bytes.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 4, bytes.length * 8);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    const w = new Array(64);
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 64; i += 1) {
        if (i < 16) {
          w[i] = view.getUint32(at + 4 * i);
          continue;
        }
        const a = w[i - 15], b = w[i - 2];
        const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
        const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i += 1) {
        const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((x, i) => { state[i] = (state[i] + x) | 0; });
    }
    return state.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  }

  function reportOf(day) {
    const report = {
      format: "kindred-daily-report",
      version: 1,
      study: data.study,
      participant: data.participant,
      session: data.days.find((one) => one.day === day).session,
      day,
      language: data.language,
      questionnaires: data.questionnaires,
      begun: begun || localTime(new Date()),
      completed: localTime(new Date()),
      answers: Object.fromEntries(data.items.map((rule) =>
        [rule.id, asked(rule) && answers.has(rule.id) ? answers.get(rule.id) : null])),
    };
    return { ...report, check: sha256(canonical(report)) };
  }

  function download(file) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.text], { type: "application/json" }));
    link.download = file.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const day = byId("day").value;
    const wrong = data.items.filter((rule) => rule.required && asked(rule) && !answers.has(rule.id));
    for (const rule of wrong) fieldsets.get(rule.id).querySelector(".problem").hidden = false;
    byId("day-problem").hidden = day !== "";
    if (wrong.length || day === "") {
      const first = day === "" ? byId("day") : fieldsets.get(wrong[0].id).querySelector("input");
      byId("problem").textContent = data.texts.missing;
      byId("problem").hidden = false;
      first.focus();
      first.closest(".card").scrollIntoView({ block: "center" });
      return;
    }
    last = {
      name: `daily_${data.participant}_${day}.json`,
      text: canonical(reportOf(day)) + "\n",
    };
    download(last);
    const done = [...new Set([...(kept().done || []), day])].sort();
    keep({ done }); // the draft is in the file now
    byId("file").textContent = last.name;
    byId("text").value = last.text;
    form.hidden = true;
    byId("done").hidden = false;
    byId("done").focus();
    window.scrollTo(0, 0);
  });

  byId("again").addEventListener("click", () => download(last));
  byId("next").addEventListener("click", () => {
    answers.clear();
    begun = null;
    form.reset();
    sliders.forEach(unset);
    byId("done").hidden = true;
    form.hidden = false;
    fillDays();
    refresh();
    window.scrollTo(0, 0);
  });

  sliders.forEach(unset);
  fillDays();
  restore();
  refresh();
})();
