// Where pictures that are being drawn are at this moment.
export default function ({ data }) {
  window.dispatchEvent(new CustomEvent("side-map", { detail: data.places }));
}
