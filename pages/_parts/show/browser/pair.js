// One large pair, drawn | training: beside each other, blinking between the two, or one wiped away over the other.
const BLINK = 700; // milliseconds that each is seen

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".pair");
  const find = (name) => root.querySelector(name);
  const fill = (card) => {
    for (const side of ["drawn", "training"]) {
      const image = find(`.pictures .${side} img`);
      if (image.src !== card[side].src) image.src = card[side].src;
      image.alt = card[side].alt;
      find(`.below .${side}`).textContent = card[side].below;
    }
    root.style.setProperty("--shape", card.shape);
    find(".score").textContent = card.large;
  };
  fill(data.card);

  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const show = (mode, again) => {
    clearInterval(root.timer);
    root.dataset.mode = mode;
    for (const button of root.querySelectorAll("button")) button.ariaPressed = String(button.dataset.mode === mode);
    const other = () => root.classList.toggle("other");
    if (mode !== "blink") root.classList.remove("other");
    else if (still.matches) again && other(); // each press shows the other one
    else root.timer = setInterval(other, BLINK);
  };
  for (const button of root.querySelectorAll("button"))
    button.onclick = () => show(button.dataset.mode, root.dataset.mode === button.dataset.mode);
  find("input").oninput = (event) => root.style.setProperty("--cut", `${event.target.value}%`);
  show(root.dataset.mode); // a rerun of the page goes on as it was

  window.removeEventListener("side-strip", root.follow);
  root.follow = (event) => fill(event.detail.best);
  if (data.follows) window.addEventListener("side-strip", root.follow);
  return () => {
    clearInterval(root.timer);
    window.removeEventListener("side-strip", root.follow);
  };
}
