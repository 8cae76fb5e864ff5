// Cards, each a picture beside its nearest training picture; a click chooses one. A card that stays keeps its element,
// so that only its pictures and words change.
const CARD = `<button type="button"><span class="pictures"><img class="drawn" alt=""><img class="training" alt=""></span>
<p class="score"><span class="mark" aria-hidden="true">target</span><b></b></p><p class="small"></p></button>`;

function fill(item, card) {
  const button = item.firstElementChild;
  for (const side of ["drawn", "training"]) {
    const image = button.querySelector(`.${side}`);
    if (image.src !== card[side].src) image.src = card[side].src;
    image.alt = card[side].alt;
  }
  button.classList.toggle("beats", card.beats);
  button.title = card.words;
  button.dataset.name = card.name;
  button.querySelector("b").textContent = card.score;
  button.querySelector(".small").textContent = card.small;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".cards");
  list.style.setProperty("--shape", data.shape);
  list.style.setProperty("--least", data.least);
  list.classList.toggle("alone", Boolean(data.alone));
  while (list.children.length > data.cards.length) list.lastElementChild.remove();
  while (list.children.length < data.cards.length) {
    const item = document.createElement("div");
    item.className = "item";
    item.setAttribute("role", "listitem");
    item.innerHTML = CARD;
    list.append(item);
  }
  data.cards.forEach((card, place) => fill(list.children[place], card));
  list.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) setTriggerValue("chosen", button.dataset.name);
  };
  const point = (event) => {
    const name = event.target.closest("button")?.dataset.name;
    window.dispatchEvent(new CustomEvent("side-point", { detail: { name, by: "gallery" } }));
  };
  for (const [name, listen] of Object.entries(list.pointing ?? {})) list.removeEventListener(name, listen);
  list.pointing = { pointerover: point, focusin: point, pointerleave: point };
  for (const [name, listen] of Object.entries(list.pointing)) list.addEventListener(name, listen);
  window.removeEventListener("side-point", list.pointed);
  list.pointed = ({ detail }) => {
    for (const item of list.children) {
      const button = item.firstElementChild;
      button.classList.toggle("pointed", detail.by === "map" && button.dataset.name === detail.name);
    }
  };
  window.addEventListener("side-point", list.pointed);
  window.removeEventListener("side-strip", list.follow);
  list.follow = (event) => {
    const known = new Map(event.detail.cards.map((card) => [card.name, card]));
    for (const item of list.children) {
      const card = known.get(item.firstElementChild.dataset.name);
      if (card) fill(item, card);
    }
  };
  if (data.follows) window.addEventListener("side-strip", list.follow);
  return () => {
    window.removeEventListener("side-strip", list.follow);
    window.removeEventListener("side-point", list.pointed);
  };
}
