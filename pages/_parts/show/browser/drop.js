// A file that is dropped anywhere on the page goes where exported runs are opened; over a place that takes files itself
// nothing is done. The uploader there is Streamlit's own, with its bounds.
const OWN = '[data-testid="stFileUploaderDropzone"]';
const WAIT = 100; // milliseconds

function veil(words) {
  const found = document.querySelector(".side-veil");
  if (found) return found;
  const made = document.createElement("div");
  made.className = "side-veil";
  made.textContent = words;
  made.hidden = true;
  document.body.append(made);
  return made;
}

// The uploader comes last: a file that is dropped before it is there waits for it.
function give(file) {
  const input = document.querySelector('.st-key-reopen input[type="file"]');
  if (!input) {
    setTimeout(give, WAIT, file);
    return;
  }
  const one = new DataTransfer();
  one.items.add(file);
  input.files = one.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export default function ({ data }) {
  const cover = veil(data.words);
  const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.(OWN);
  let depth = 0;
  const enter = (event) => {
    if (!brings(event)) return;
    depth += 1;
    cover.hidden = false;
  };
  const over = (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    cover.hidden = false; // also for a drag that had come before this was there
  };
  const leave = (event) => {
    if (!brings(event)) return;
    depth = Math.max(0, depth - 1);
    cover.hidden = depth === 0;
  };
  const drop = (event) => {
    cover.hidden = true;
    depth = 0;
    if (!brings(event)) return;
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) give(new File([file], data.mark + file.name, { type: file.type }));
  };
  const heard = { dragenter: enter, dragover: over, dragleave: leave, drop };
  for (const [name, listen] of Object.entries(heard)) window.addEventListener(name, listen);
  return () => {
    for (const [name, listen] of Object.entries(heard)) window.removeEventListener(name, listen);
  };
}
