// The map: training faces where they lie, drawn pictures on their way from noise to where they land.
const LANDING = 1800; // milliseconds from noise to the finished picture
const STEP = 1000; // milliseconds from where pictures that are being drawn are to where they are next
const FRAME = 80; // milliseconds between two frames while pictures are drawn, on the very cores that draw
const NEAR = 12; // pixels within which a click means a thing
const LARGE = 72; // pixels of a face under the pointer

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".map");
  const canvas = root.querySelector("canvas");
  const [again, none] = [".map-again", ".map-none"].map((name) => root.querySelector(name));
  root.querySelector(".map-legend").textContent = data.legend;
  canvas.setAttribute("aria-label", data.alt);
  const pen = canvas.getContext("2d");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const known = JSON.stringify(data.points.map((point) => [point.kind, point.name, point.path.at(-1)]));
  const label = (point, kind = point.kind) => `${kind}/${point.name}`;
  if (root.known !== known) {
    // What was there is seen to be pulled to where it is now; what is new comes from noise.
    root.starts = root.ends ?? new Map();
    [root.known, root.begun] = [known, performance.now()];
    root.ends = new Map(data.points.map((point) => [label(point), point.path.at(-1)]));
  }
  const start = (point) => root.starts.get(label(point)) ?? root.starts.get(label(point, "plain"));
  const picked = new Set(data.picked);
  none.hidden = !picked.size;
  again.hidden = !data.points.length || still;
  let [hover, lasso, live, asked, paper] = [null, null, null, 0, "white"];

  const size = () => [canvas.clientWidth, canvas.clientHeight];
  const at = ([x, y]) => [x * size()[0], y * size()[1]];
  const place = (point, now) => {
    const part = still ? 1 : Math.min(1, Math.max(0, (now - root.begun) / LANDING));
    const way = start(point) ? [start(point), point.path.at(-1)] : point.path;
    const along = part * (way.length - 1);
    const from = Math.min(Math.floor(along), way.length - 2);
    if (from < 0) return at(way[0]);
    const [a, b] = [way[from], way[from + 1]];
    return at([0, 1].map((axis) => a[axis] + (b[axis] - a[axis]) * (along - from)));
  };
  const shape = (kind, [x, y], radius) => {
    pen.beginPath();
    if (kind === "plain") pen.arc(x, y, radius, 0, 7);
    else for (const turn of [-0.25, 0.083, 0.417]) {
      const angle = turn * 2 * Math.PI;
      pen.lineTo(x + 1.3 * radius * Math.cos(angle), y + 1.3 * radius * Math.sin(angle));
    }
    pen.closePath();
  };
  const mark = (kind, spot, radius, strong) => {
    shape(kind, spot, radius);
    pen.fillStyle = data.colors[kind];
    pen.globalAlpha = strong ? 1 : 0.3;
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = paper;
    pen.stroke();
    pen.globalAlpha = 1;
  };
  const face = (number, [x, y], side, on = pen) => {
    const atlas = window.sideAtlas;
    const [column, row] = [number % atlas.columns, Math.floor(number / atlas.columns)];
    on.imageSmoothingEnabled = false;
    on.drawImage(atlas.image, column * atlas.side, row * atlas.side, atlas.side, atlas.side,
      x - side / 2, y - side / 2, side, side);
  };
  // All faces, drawn once: a thousand of them a frame would take longer than the frame.
  const ground = (atlas, wide, tall, scale) => {
    const key = [wide, tall, scale, atlas.places.length].join();
    if (root.ground?.key !== key || root.ground.atlas !== atlas) {
      const sheet = document.createElement("canvas");
      [sheet.width, sheet.height] = [canvas.width, canvas.height];
      const on = sheet.getContext("2d");
      on.setTransform(scale, 0, 0, scale, 0, 0);
      on.globalAlpha = 0.75;
      atlas.places.forEach((spot, number) => face(number, at(spot), small(atlas, wide, tall), on));
      root.ground = { key, atlas, sheet };
    }
    return root.ground.sheet;
  };
  const small = (atlas, wide, tall) => Math.max(8, Math.min(16, Math.sqrt((wide * tall) / (3 * (atlas?.places.length || 1000)))));
  const draw = () => {
    asked = 0;
    paper = getComputedStyle(root).getPropertyValue("--st-background-color") || "white";
    const [now, [wide, tall], scale] = [performance.now(), size(), devicePixelRatio || 1];
    if (canvas.width !== Math.round(wide * scale)) [canvas.width, canvas.height] = [wide, tall].map((n) => Math.round(n * scale));
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, wide, tall);
    const atlas = window.sideAtlas;
    if (atlas) pen.drawImage(ground(atlas, wide, tall, scale), 0, 0, wide, tall);
    for (const point of data.points) {
      const strong = !picked.size || picked.has(point.name);
      mark(point.kind, place(point, now), point.name === root.pointed ? 10 : 6.5, strong);
    }
    if (live) {
      const part = Math.min(1, (now - live.begun) / STEP);
      live.to.forEach((spot, number) => {
        const from = live.from[number] ?? spot;
        mark(data.live, at([0, 1].map((axis) => from[axis] + (spot[axis] - from[axis]) * part)), 5.5, true);
      });
    }
    if (lasso) {
      pen.beginPath();
      for (const spot of lasso) pen.lineTo(...spot);
      pen.closePath();
      pen.strokeStyle = pen.fillStyle = data.colors.steered;
      pen.stroke();
      pen.globalAlpha = 0.12;
      pen.fill();
      pen.globalAlpha = 1;
    }
    if (hover?.face !== undefined && atlas) {
      const [x, y] = at(atlas.places[hover.face]);
      const clear = ([v, most]) => Math.min(Math.max(v, LARGE / 2 + 2), most - LARGE / 2 - 2);
      face(hover.face, [clear([x, wide]), clear([y - LARGE / 2 - small(atlas, wide, tall), tall])], LARGE);
    }
    const moving = (!still && now - root.begun < LANDING && data.points.length) || (live && now - live.begun < STEP);
    root.frames = (root.frames || 0) + 1;
    if (moving) wake();
  };
  const frame = () => requestAnimationFrame(draw);
  const wake = () => {
    if (asked) return;
    asked = live ? setTimeout(frame, FRAME) : frame();
  };

  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const apart = ([a, b], [x, y]) => Math.hypot(a - x, b - y);
  const under = (here) => {
    let [best, least] = [null, NEAR];
    data.points.forEach((point) => {
      const far = apart(place(point, performance.now()), here);
      if (far < least) [best, least] = [{ point }, far];
    });
    if (!best) window.sideAtlas?.places.forEach((there, number) => {
      const far = apart(at(there), here);
      if (far < least) [best, least] = [{ face: number }, far];
    });
    return best;
  };
  const inside = ([x, y], polygon) => {
    let odd = false;
    polygon.forEach(([a, b], number) => {
      const [c, d] = polygon[(number + 1) % polygon.length];
      if (b > y !== d > y && x < ((c - a) * (y - b)) / (d - b) + a) odd = !odd;
    });
    return odd;
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    lasso = [spot(event)];
  };
  canvas.onpointermove = (event) => {
    if (lasso) lasso.push(spot(event));
    else {
      hover = under(spot(event));
      const name = hover?.point?.name;
      canvas.title = hover?.point ? hover.point.words : hover ? `${window.sideAtlas.ids[hover.face]}` : "";
      if (name !== root.told) window.dispatchEvent(new CustomEvent("side-point", { detail: { name, by: "map" } }));
      root.told = name;
    }
    wake();
  };
  canvas.onpointerleave = () => { hover = null; wake(); };
  canvas.onpointerup = (event) => {
    const [begun, here] = [lasso, spot(event)];
    lasso = null;
    const wide = begun && begun.some((one) => apart(one, begun[0]) > NEAR);
    if (wide) {
      const within = data.points.filter((point) => inside(place(point, performance.now()), begun));
      const own = within.filter((point) => point.kind === "steered");
      setStateValue("picked", [...new Set((own.length ? own : within).map((point) => point.name))]);
    } else {
      const found = under(here);
      if (found?.point) setTriggerValue("chosen", { picture: found.point.name });
      else if (found) setTriggerValue("chosen", { face: window.sideAtlas.rows[found.face] });
    }
    wake();
  };
  again.onclick = () => {
    root.starts = new Map();
    root.begun = performance.now();
    wake();
  };
  none.onclick = () => setStateValue("picked", []);

  const onLive = (event) => {
    const to = event.detail;
    root.ticks = (root.ticks || 0) + 1;
    live = { from: live?.to ?? to, to, begun: performance.now() };
    wake();
  };
  const onPoint = (event) => {
    root.pointed = event.detail.name;
    wake();
  };
  const onSize = new ResizeObserver(wake);
  onSize.observe(canvas);
  root.end?.();
  const listeners = { "side-atlas": wake, "side-point": onPoint, ...(data.live ? { "side-map": onLive } : {}) };
  for (const [name, listen] of Object.entries(listeners)) window.addEventListener(name, listen);
  root.end = () => {
    for (const [name, listen] of Object.entries(listeners)) window.removeEventListener(name, listen);
    onSize.disconnect();
    cancelAnimationFrame(asked);
  };
  wake();
  return root.end;
}
