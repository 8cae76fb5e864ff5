// The faces of the map and where they lie: sent once, kept for every map of the page.
export default function ({ data }) {
  const image = new Image();
  image.onload = () => {
    window.sideAtlas = { ...data, image };
    window.dispatchEvent(new CustomEvent("side-atlas"));
  };
  image.src = data.src;
}
