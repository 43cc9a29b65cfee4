// Draws the portraits of the demo profiles: `npm install && npm run make`.
//
// A portrait is a drawing by Avataaars (see ../LICENSE) as looks.csv says, with a face of our own,
// before a backdrop out of focus, with light from the left. Everything is decided by the
// tables, so that the same pictures come out on every machine.

import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { createAvatar } from "@dicebear/core";
import * as avataaars from "@dicebear/avataaars";
import { Resvg } from "@resvg/resvg-js";
import sharp from "sharp";
import { withFace } from "./face.mjs";

const SIZE = 512; // px
const UNITS = 280; // the drawing's own
const here = (path) => new URL(path, import.meta.url);

/** Rows of a CSV file as objects; cells may be quoted. */
function table(path) {
  const lines = readFileSync(here(path), "utf8").trim().split("\n");
  const cells = (line) =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((m) => m[1].replace(/^"|"$/g, ""));
  const header = cells(lines[0]);
  return lines.slice(1).map((line) => {
    const row = cells(line);
    return Object.fromEntries(header.map((name, i) => [name, row[i]]));
  });
}

/** Evenly spread numbers in [0, 1), the same for the same seed (mulberry32). */
function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seedOf = (text) => [...text].reduce((sum, c) => Math.imul(sum, 31) + c.charCodeAt(0), 7);

// --- the person ----------------------------------------------------------------------------------

/** The person as SVG, without a background. */
function person(look, age) {
  const one = (value) => (value ? [value] : []);
  const options = {
    seed: look.seed,
    base: ["default"],
    style: ["default"],
    top: one(look.top === "none" ? "" : look.top),
    topProbability: look.top === "none" ? 0 : 100,
    hairColor: [look.hair],
    hatColor: [look.hair],
    skinColor: [look.skin],
    clothing: [look.clothing],
    clothesColor: [look.cloth],
    mouth: [look.mouth],
    eyes: [look.eyes],
    eyebrows: [look.eyebrows],
    nose: ["default"],
    facialHair: one(look.beard),
    facialHairProbability: look.beard ? 100 : 0,
    // In the turban's picture the hair's colour is the cloth's; his beard is his own.
    facialHairColor: [look.top === "turban" ? "2c1b18" : look.hair],
    accessories: one(look.glasses),
    accessoriesProbability: look.glasses ? 100 : 0,
    accessoriesColor: ["3c4f5c"],
  };
  const svg = createAvatar(avataaars, options).toString();
  const body = svg.replace(/<metadata[\s\S]*?<\/metadata>/, "").replace(/^<svg[^>]*>|<\/svg>$/g, "");
  return withFace(body, look, age, chance(seedOf(`${look.seed}face`)));
}

// --- what is behind ------------------------------------------------------------------------------

const BACKDROPS = {
  park: { sky: ["#dfe9d2", "#9db98a"], blobs: ["#7fa06a", "#a9c48f", "#6b8f5e", "#cfdcae"], lights: 5 },
  meadow: { sky: ["#cfe3ee", "#b9cf9a"], blobs: ["#a8c285", "#c9d79f", "#e5dca0"], lights: 3 },
  sea: { sky: ["#dcebf2", "#8fb7c9"], blobs: ["#79a7bd", "#a7cbd8", "#e9dfc8"], bands: true, lights: 3 },
  dusk: { sky: ["#f0b88f", "#8c6a86"], blobs: ["#d98c72", "#7a5a7d", "#f2cf9f"], lights: 9 },
  night: { sky: ["#3e4662", "#59506f"], blobs: ["#323a55", "#6b5a78", "#46506f"], lights: 14 },
  cafe: { sky: ["#d9c2a3", "#8f6f55"], blobs: ["#7a5c46", "#b08c69", "#e6cfa6"], lights: 8 },
  study: { sky: ["#d8cdbc", "#a08f7c"], blobs: ["#8a6f5a", "#b8a58c", "#6f7f86", "#a05f50"], shelves: true, lights: 2 },
  room: { sky: ["#efe4d3", "#cbb59b"], blobs: ["#d9c3a5", "#f7efdd"], window: true, lights: 0 },
  wall: { sky: ["#d9d3cb", "#b5aaa0"], blobs: ["#c9bfb4", "#e4dfd7"], lights: 0 },
  autumn: { sky: ["#ecd9b4", "#b98a58"], blobs: ["#c9793f", "#d9a24e", "#a5623c", "#e8c67c"], lights: 6 },
  snow: { sky: ["#eef3f7", "#c3d2de"], blobs: ["#b3c5d3", "#dfe8ee", "#98aebf"], lights: 6 },
  blossom: { sky: ["#f3e3e4", "#d3b7be"], blobs: ["#e8bcc6", "#f6d9dd", "#b9c7a5"], lights: 8 },
  grey: { sky: ["#cfccc8", "#a9a6a2"], blobs: [], lights: 0 },
};

/** A place out of focus, as SVG. */
function backdrop(name, seed) {
  const { sky, blobs, lights, bands, shelves, window } = BACKDROPS[name];
  const next = chance(seed);
  const between = (low, high) => low + (high - low) * next();
  const tilt = between(-0.3, 0.3).toFixed(2);
  let drawn = `<defs><linearGradient id="sky" x1="${0.5 + +tilt}" y1="0" x2="${0.5 - tilt}" y2="1"><stop offset="0" stop-color="${sky[0]}"/><stop offset="1" stop-color="${sky[1]}"/></linearGradient><filter id="far" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="13"/></filter><filter id="near" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="1.4"/></filter></defs><rect width="${UNITS}" height="${UNITS}" fill="url(#sky)"/>`;
  let far = "";
  if (bands) far += `<rect x="-40" y="${between(95, 150)}" width="360" height="60" fill="#6f9fb6"/><rect x="-40" y="${between(215, 240)}" width="360" height="90" fill="#e7dcc2"/>`;
  if (shelves) {
    for (let y = between(10, 30); y < UNITS; y += 62) {
      for (let x = -10; x < UNITS; x += between(14, 26)) {
        const colour = blobs[Math.floor(next() * blobs.length)];
        far += `<rect x="${x}" y="${y}" width="12" height="${between(34, 48)}" fill="${colour}" fill-opacity=".8"/>`;
      }
    }
  }
  if (window) {
    const x = next() < 0.5 ? between(-20, 20) : between(170, 210);
    far += `<rect x="${x}" y="20" width="80" height="150" fill="#fffaf0" fill-opacity=".9"/>`;
  }
  for (let i = 0; blobs.length && i < 9; i++) {
    const colour = blobs[i % blobs.length];
    far += `<ellipse cx="${between(-20, 300)}" cy="${between(20, 300)}" rx="${between(26, 70)}" ry="${between(22, 56)}" fill="${colour}" fill-opacity=".7"/>`;
  }
  drawn += `<g filter="url(#${shelves ? "books" : "far"})">${far}</g>`;
  if (shelves) drawn += `<defs><filter id="books" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="6"/></filter></defs>`;
  let near = "";
  for (let i = 0; i < lights; i++) {
    near += `<circle cx="${between(0, UNITS)}" cy="${between(0, 190)}" r="${between(5, 15)}" fill="#fff6dc" fill-opacity="${between(0.1, 0.34)}"/>`;
  }
  return `${drawn}<g filter="url(#near)">${near}</g>`;
}

// --- both ----------------------------------------------------------------------------------------

const WIDE = ["fro", "froBand", "bigHair", "curvy", "dreads", "hijab", "curly"];

/** Where the hair ends above, in the drawing's units. */
const CROWN = { bun: 4, dreads02: 6, hijab: 6, turban: 6, fro: 10, froBand: 8, dreads: 10, curly: 14, frizzle: 14, shortCurly: 14, shortWaved: 14, bigHair: 14, shavedSides: 14 };

/** The whole picture as SVG. The light is a shade that the person's own outline cuts out. */
function portrait(look, age) {
  const next = chance(seedOf(look.seed));
  const neutral = look.backdrop === "grey";
  const zoom = neutral ? 1.05 : WIDE.includes(look.top) ? 1.02 : 1.06 + 0.12 * next();
  const lean = neutral ? 0 : -4 + 8 * next();
  const aside = neutral ? 0 : -8 + 16 * next();
  const head = CROWN[look.top] ?? 24;
  const place = `translate(${140 + aside} 22) scale(${zoom}) rotate(${lean} 0 250) translate(-140 ${-head})`;
  const drawn = person(look, age).replaceAll("viewboxMask", "box");
  const whole = drawn.replace(/<mask id="box">[\s\S]*?<\/mask>/, "").replace(/ mask="url\(#box\)"/, "");
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${UNITS} ${UNITS}" width="${SIZE}" height="${SIZE}">
${backdrop(look.backdrop, seedOf(look.seed + look.backdrop))}
<defs>
<filter id="shape" x="-20%" y="-20%" width="140%" height="140%"><feColorMatrix values="0 0 0 0 1  0 0 0 0 1  0 0 0 0 1  0 0 0 1 0"/></filter>
<filter id="shadow" x="-20%" y="-20%" width="140%" height="140%"><feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 .25 0"/><feGaussianBlur stdDeviation="6"/></filter>
<linearGradient id="light" x1="0" y1=".1" x2="1" y2=".8"><stop offset="0" stop-color="#fff4dc" stop-opacity=".20"/><stop offset=".45" stop-color="#fff4dc" stop-opacity="0"/><stop offset=".55" stop-color="#1c1430" stop-opacity="0"/><stop offset="1" stop-color="#1c1430" stop-opacity=".22"/></linearGradient>
<mask id="outline"><g filter="url(#shape)"><g transform="${place}">${whole}</g></g></mask>
</defs>
<g filter="url(#shadow)"><g transform="translate(4 4) ${place}">${whole}</g></g>
<g transform="${place}">${whole}</g>
<rect x="0" y="0" width="${UNITS}" height="${UNITS}" fill="url(#light)" mask="url(#outline)"/>
</svg>`;
}

const ages = Object.fromEntries(table("../profiles.csv").map((row) => [row.profile_id, +row.age]));
mkdirSync(here("../photos/"), { recursive: true });
for (const look of table("looks.csv")) {
  const picture = new Resvg(portrait(look, ages[look.profile_id] || 30), { background: "#fff" });
  // A palette of the picture's own: a third of the size, and nobody sees the difference.
  const small = sharp(picture.render().asPng()).png({ palette: true, effort: 10, dither: 0.8 });
  writeFileSync(here(`../photos/${look.profile_id}.png`), await small.toBuffer());
}
