// Colours follow the page, light, dark or printed; neutral ones of a picture are exchanged for those of the page.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const NARROWEST = 260;

function configuration() {
  const [ink, faint, line] = ["--ink", "--faint", "--line"].map(colour);
  const text = { labelColor: ink, titleColor: ink, labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: "transparent",
    font: getComputedStyle(document.body).fontFamily,
    axis: { ...text, gridColor: line, domainColor: faint, tickColor: faint },
    legend: { ...text, titleFontSize: 11, labelLimit: 260, symbolOpacity: 1 },
    header: { labelColor: ink, titleColor: ink },
    title: { color: ink, fontSize: 12, fontWeight: "normal" },
    view: { stroke: null },
  };
}

const COLOURED = ["color", "fill", "stroke", "background"];
const WORDS = ["data", "datasets", "domain", "sort", "title", "text"];

// Only what is a colour: a category may be called "white".
function inThePagesColours(value, coloured = false) {
  if (typeof value === "string") return coloured && Object.hasOwn(NEUTRAL, value) ? colour(NEUTRAL[value]) : value;
  if (Array.isArray(value)) return value.map((each) => inThePagesColours(each, coloured));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) =>
    [key, WORDS.includes(key) ? each : inThePagesColours(each, coloured || COLOURED.includes(key))]));
}

function fitted(specification, room) {
  const wide = { ...specification };
  const legend = JSON.stringify(wide).includes('"legend":{') ? 150 : 0;
  if (room < 560) wide.config = { legend: { orient: "bottom", columns: 2 } };
  const beside = 90 + (room < 560 ? 0 : legend);
  if (typeof wide.width === "number") wide.width = Math.max(NARROWEST, Math.min(wide.width, room - beside));
  if (wide.facet && room < 2 * wide.spec.width + 140) {
    wide.columns = 1;
    wide.spec = { ...wide.spec, width: Math.max(NARROWEST, Math.min(wide.spec.width * 1.4, room - beside)) };
  }
  if (wide.concat && room < 2 * wide.concat[0].width + 260) wide.columns = 1;
  return wide;
}

const views = new Map();

async function draw(figure, target = figure.querySelector(".canvas"), times = 1) {
  const given = JSON.parse(figure.querySelector(".specification").textContent);
  const specification = inThePagesColours(fitted(given, (times > 1 ? target : figure).clientWidth));
  if (times > 1) {
    const several = specification.facet || specification.concat;
    const room = (window.innerWidth * 0.9) / (several ? 2 : 1) - 260;
    for (const grown of specification.concat ?? [specification.facet ? specification.spec : specification]) {
      grown.width = Math.max(grown.width, room);
      grown.height *= Math.max(1, Math.min(times, (window.innerHeight * 0.75) / grown.height));
    }
  }
  const { config, ...plain } = specification;
  const own = configuration();
  if (config) own.legend = { ...own.legend, ...config.legend };
  const options = { actions: false, renderer: "svg", config: own, tooltip: { theme: "custom" } };
  const found = await window.vegaEmbed(target, plain, options);
  if (times === 1) {
    views.get(figure)?.finalize();
    views.set(figure, found.view);
  }
  target.querySelectorAll("svg").forEach((each) => each.setAttribute("aria-hidden", "true"));
}

function save(name, url) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

const text = (content, type) => URL.createObjectURL(new Blob([content], { type }));

const doing = {
  async enlarge(figure) {
    const dialog = document.querySelector("dialog");
    dialog.showModal();
    await draw(figure, dialog.querySelector(".large"), 2);
  },
  async svg(figure) {
    save(`${figure.dataset.name}.svg`, text(await views.get(figure).toSVG(), "image/svg+xml"));
  },
  async png(figure) {
    save(`${figure.dataset.name}.png`, await views.get(figure).toImageURL("png", 2));
  },
  csv(figure) {
    save(`${figure.dataset.name}.csv`, text(JSON.parse(figure.querySelector(".points").textContent), "text/csv"));
  },
};

function sortBy(head, index) {
  const table = head.closest("table");
  const down = head.getAttribute("aria-sort") === "ascending";
  const numeric = head.classList.contains("number");
  const key = ({ cells: { [index]: cell } }) => cell.dataset.key ?? (cell.title || cell.textContent);
  const compared = (one, other) => numeric ? Number(one) - Number(other) : one.localeCompare(other);
  const rows = [...table.tBodies[0].rows].sort((one, other) => {
    const [left, right] = [key(one), key(other)];
    if (left === "" || right === "") return (left === "") - (right === "");
    return (down ? -1 : 1) * compared(left, right);
  });
  table.querySelectorAll("th").forEach((each) => each.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}

function filterBy(listing, word) {
  const rows = [...listing.querySelectorAll("tbody tr")];
  const wanted = word.trim().toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  const shown = rows.filter((row) => !row.hidden).length;
  listing.querySelector(".count").textContent = wanted ? `${shown} of ${rows.length} rows.` : "";
}

const figures = [...document.querySelectorAll("figure.picture")];
const drawAll = () => Promise.all(figures.map((figure) => draw(figure)));

document.querySelectorAll("th").forEach((head) =>
  head.querySelector("button").addEventListener("click", () => sortBy(head, head.cellIndex)));
document.querySelectorAll(".listing").forEach((listing) =>
  listing.querySelector(".filter").addEventListener("input", (event) => filterBy(listing, event.target.value)));
figures.forEach((figure) => figure.querySelectorAll("button").forEach((button) =>
  button.addEventListener("click", () => doing[button.dataset.do](figure))));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (Math.abs(window.innerWidth - width) < 40) return;
  width = window.innerWidth;
  drawAll();
});
await drawAll();
document.documentElement.dataset.drawn = "yes";
