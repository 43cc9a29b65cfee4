// The face of a portrait: eyes, nose and mouth in place of Avataaars' own, which are dots and a
// comic's smile, and the lines that years draw. All places are in the drawing's own units.

const IRISES = ["#4a2f1c", "#5b3a22", "#6a4a2a", "#5d6b45", "#5c7f93", "#6f8792"];
const EYES = [108, 156]; // of the drawing, as all that follows
const LEVEL = 112;
const DARK = ["614335", "8a5a3b", "ae6b43", "c98b5e", "d39a6a"];

/** A colour between two (`#rrggbb`), so far from the first. */
function between(one, other, share) {
  const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
  const mixed = [0, 1, 2].map((i) => Math.round(part(one, i) * (1 - share) + part(other, i) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

const stroke = (d, width, colour, opacity = 1) =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-opacity="${opacity}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>`;
const fill = (d, colour, opacity = 1) => `<path d="${d}" fill="${colour}" fill-opacity="${opacity}"/>`;

/** One eye about the origin; narrow ones smile. */
function eye(side, iris, narrow, dark) {
  const open = narrow ? 0.62 : 1;
  const y = (v) => (v * open + (narrow ? 1.2 : 0)).toFixed(2);
  const white = `M-10.5 ${y(1.6)}C-7 ${y(-6.4)} 6 ${y(-7.4)} 10.5 ${y(0.6)}C6 ${y(6.2)} -5 ${y(6.6)} -10.5 ${y(1.6)}Z`;
  const id = `eye${side > 0 ? "r" : "l"}`;
  const lash = `M-11 ${y(2)}C-7 ${y(-6.8)} 6 ${y(-7.8)} 11.2 ${y(0.2)}`;
  return (
    `<clipPath id="${id}"><path d="${white}"/></clipPath>` +
    fill(white, dark ? "#f1ece4" : "#fbf8f3") +
    `<g clip-path="url(#${id})"><circle cy="-.6" r="5.4" fill="${iris}"/><circle cy="-.6" r="5.4" fill="none" stroke="#000" stroke-opacity=".35" stroke-width="1"/><circle cy="-.6" r="2.5" fill="#120c0a"/><circle cx="1.9" cy="-2.5" r="1.35" fill="#fff" fill-opacity=".92"/>` +
    stroke(lash, 4.6, "#000", 0.16) + `</g>` +
    stroke(lash, 2.3, "#1d130f", 0.82) +
    stroke(`M-8.5 ${y(4.6)}C-4 ${y(7.6)} 4 ${y(7.2)} 8.5 ${y(3.2)}`, 1, "#000", narrow ? 0.26 : 0.14) +
    stroke(`M-9.5 ${y(-4.4)}C-5 ${y(-10)} 5 ${y(-10.6)} 10 ${y(-4.6)}`, 1.3, "#000", 0.13)
  );
}

function eyes(look, next, dark) {
  const fair = ["c9a063", "d6b370", "a55728", "b58143", "8e3f32", "b5653a"].includes(look.hair);
  const pick = dark ? 0 : fair ? 3 : 1;
  const iris = IRISES[Math.min(pick + Math.floor(next() * 3), IRISES.length - 1)];
  return EYES.map(
    (x, i) =>
      `<g transform="translate(${x} ${LEVEL})${i ? "" : " scale(-1 1)"}">${eye(i ? 1 : -1, iris, look.eyes === "happy", dark)}</g>`,
  ).join("");
}

function nose(dark) {
  return (
    `<ellipse cx="131" cy="123" rx="3" ry="11" fill="#fff" fill-opacity="${dark ? 0.05 : 0.1}"/>` +
    fill("M136.5 116C138 124 140.5 130 142 135.5C139 139 135 140 132 140C136 135 136.5 125 136.5 116Z", "#000", 0.05) +
    stroke("M123.6 136.2C123.2 132.8 125 131.2 126.4 131.6M140.4 136.2C140.8 132.8 139 131.2 137.6 131.6", 1.4, "#000", 0.2) +
    stroke("M126.4 138.4C129 140.6 135 140.6 137.6 138.4", 1.8, "#000", 0.3)
  );
}

function mouth(look, skin) {
  const deep = ["614335", "8a5a3b"].includes(look.skin);
  const lip = between(skin, look.beard ? "#8a3b36" : "#b2413f", deep ? 0.3 : 0.42);
  const soft = between(skin, lip, 0.72);
  if (look.mouth === "smile")
    return (
      fill("M113.5 150.5C120 152.5 144 152.5 150.5 150.5C147.5 164.5 116.5 164.5 113.5 150.5Z", "#5d1f22") +
      fill("M116.2 151.5C122 153.4 142 153.4 147.8 151.5C145.5 160.4 118.5 160.4 116.2 151.5Z", "#fdfaf5") +
      fill("M112.6 150.4C119 147.6 127.5 147 132 148.8C136.5 147 145 147.6 151.4 150.4C145 152.9 119 152.9 112.6 150.4Z", lip) +
      fill("M117.6 158.4C124 164.4 140 164.4 146.4 158.4C143.4 168 120.6 168 117.6 158.4Z", soft) +
      stroke("M110.4 148.6C110 150.4 110.6 151.8 111.8 152.6M153.6 148.6C154 150.4 153.4 151.8 152.2 152.6", 1.5, "#000", 0.16) +
      stroke("M123 171.4C128 173.2 136 173.2 141 171.4", 1.5, "#000", 0.07)
    );
  const bend = look.mouth === "serious" ? 0.6 : 6;
  const wide = look.mouth === "serious" ? 13 : 16;
  const line = `M${132 - wide} ${154 - bend * 0.55}C${132 - wide / 2} ${154 + bend * 0.75} ${132 + wide / 2} ${154 + bend * 0.75} ${132 + wide} ${154 - bend * 0.55}`;
  return (
    fill(`M${132 - wide} ${154 - bend * 0.55}C${132 - 8} ${150.2} ${132 - 4} ${149.2} 132 150.8C136 149.2 140 150.2 ${132 + wide} ${154 - bend * 0.55}C${132 + wide / 2} ${154 + bend * 0.75} ${132 - wide / 2} ${154 + bend * 0.75} ${132 - wide} ${154 - bend * 0.55}Z`, lip) +
    fill(`${line}C${132 + wide * 0.6} ${161 + bend * 0.5} ${132 - wide * 0.6} ${161 + bend * 0.5} ${132 - wide} ${154 - bend * 0.55}Z`, soft) +
    stroke(line, 1.7, "#3a1512", 0.62) +
    stroke("M124 166.4C129 168 135 168 140 166.4", 1.5, "#000", 0.08)
  );
}

/** Lines that years draw, in the drawing's units; before the nose is drawn, beneath the hair. */
function years(age) {
  const line = (d, width, opacity) =>
    `<path d="${d}" fill="none" stroke="#000" stroke-opacity="${opacity}" stroke-width="${width}" stroke-linecap="round"/>`;
  let drawn = "";
  if (age >= 36) {
    const deep = Math.min(0.08 + (age - 36) * 0.004, 0.17);
    drawn += line("M116 136q-6 5 -7 11M148 136q6 5 7 11", 2, deep);
  }
  if (age >= 44) drawn += line("M100 122q6 4 12 1M164 122q-6 4 -12 1", 1.6, 0.1);
  if (age >= 50) {
    drawn += line("M93 109l-6 -3M93 113l-6 1M171 109l6 -3M171 113l6 1", 1.5, 0.12);
    drawn += line("M112 77q20 -4 40 0M116 70q16 -3 32 0", 1.6, 0.08);
  }
  return drawn;
}

const CHEEKS =
  '<defs><radialGradient id="cheek"><stop offset="0" stop-color="#ff5040" stop-opacity=".16"/><stop offset="1" stop-color="#ff5040" stop-opacity="0"/></radialGradient></defs>' +
  [95, 169].map((x) => `<ellipse cx="${x}" cy="134" rx="12" ry="8" fill="url(#cheek)"/>`).join("");

/** A drawing with the features of a face in place of its own. */
export function withFace(drawing, look, age, next) {
  const dark = DARK.includes(look.skin);
  const neutral = look.mouth === "serious";
  const own = {
    "78 134": `${neutral ? "" : CHEEKS}${years(age)}${mouth(look, `#${look.skin}`)}`,
    "104 122": nose(dark),
    "76 90": eyes(look, next, dark),
  };
  return Object.entries(own).reduce((drawn, [place, feature]) => {
    const theirs = new RegExp(`<g transform="translate\\(${place}\\)">.*?</g>`);
    if (!theirs.test(drawn)) throw new Error(`${look.profile_id}: the drawing has changed`);
    return drawn.replace(theirs, `<g>${feature}</g>`);
  }, drawing);
}
