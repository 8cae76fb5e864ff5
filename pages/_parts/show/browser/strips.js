// Lambda under the finger: while a slider is moved, what is shipped for the nearest value is shown at once, before the
// server knows of it. What the server shows when the slider comes to rest takes its place.
const cuts = new WeakMap(); // of a sheet of pictures, those that were cut out of it

async function sheet(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

function cut(image, rows, columns, row, column) {
  const known = cuts.get(image) ?? cuts.set(image, new Map()).get(image);
  const key = row * columns + column;
  if (!known.has(key)) {
    const [wide, tall] = [image.naturalWidth / columns, image.naturalHeight / rows];
    const paper = document.createElement("canvas");
    [paper.width, paper.height] = [wide, tall];
    paper.getContext("2d").drawImage(image, column * wide, row * tall, wide, tall, 0, 0, wide, tall);
    known.set(key, paper.toDataURL());
  }
  return known.get(key);
}

export default function ({ data }) {
  let gone = false;
  const sheets = Promise.all([sheet(data.drawn), sheet(data.training)]);
  const show = async (value) => {
    const [drawn, training] = await sheets;
    if (gone) return;
    const distance = (strip) => Math.abs(strip.scale - value);
    const row = data.strips.reduce((best, strip, at) => (distance(strip) < distance(data.strips[best]) ? at : best), 0);
    const [strip, rows, columns] = [data.strips[row], data.strips.length, data.strips[0].cards.length];
    const cards = strip.cards.map((card, column) => ({
      ...card,
      drawn: { ...card.drawn, src: cut(drawn, rows, columns, row, column) },
      training: { ...card.training, src: cut(training, rows, columns, row, column) },
    }));
    const detail = { sentence: strip.sentence, note: strip.note, cards, best: cards[strip.best] };
    window.dispatchEvent(new CustomEvent("side-strip", { detail }));
  };
  const watcher = new MutationObserver((changes) => {
    const input = changes.at(-1).target;
    if (input.closest(`.st-key-${data.slider}`) && input.type === "range") show(Number(input.value));
  });
  const place = document.querySelector(`.st-key-${data.slider}`);
  if (place) watcher.observe(place, { subtree: true, attributes: true, attributeFilter: ["aria-valuetext"] });
  return () => {
    gone = true;
    watcher.disconnect();
  };
}
