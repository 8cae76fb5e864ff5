// What came out, in words.
export default function ({ data, parentElement }) {
  const fill = ({ sentence, note }) => {
    parentElement.querySelector(".sentence").textContent = sentence;
    parentElement.querySelector(".sentence-note").textContent = note;
  };
  fill(data);
  const root = parentElement.querySelector(".sentence");
  window.removeEventListener("side-strip", root.follow);
  root.follow = (event) => fill(event.detail);
  if (data.follows) window.addEventListener("side-strip", root.follow);
  return () => window.removeEventListener("side-strip", root.follow);
}
