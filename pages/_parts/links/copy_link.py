"""A button that copies a link: one click, or Enter; where the browser forbids that, the link lies open to be copied."""

import streamlit as st

_HTML = """
<div class="copy">
  <input type="text" readonly hidden aria-label="The link, to be copied" />
  <button type="button" title="A link that opens this page with every setting">
    <span class="icon" aria-hidden="true">link</span><span class="label">Copy link</span>
  </button>
  <span class="said" role="status"></span>
</div>
"""

_CSS = """
.copy { display: flex; gap: 0.5rem; align-items: center; justify-content: flex-end; font-family: var(--st-font); }
button {
  display: inline-flex; align-items: center; gap: 0.4rem; min-height: 2.5rem; padding: 0.25rem 0.75rem;
  font: inherit; font-size: 1rem; white-space: nowrap; cursor: pointer; color: var(--st-text-color);
  background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, var(--st-base-radius));
}
button:hover { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.icon { font-family: "Material Symbols Rounded"; font-size: 1.25rem; line-height: 1; font-feature-settings: "liga"; }
input {
  width: 16rem; max-width: 40vw; min-height: 2.5rem; padding: 0.25rem 0.5rem; font: inherit; box-sizing: border-box;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
input[hidden] { display: none; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""

_JS = """
export default function ({ data, parentElement }) {
  const [button, field, said] = ["button", "input", ".said"].map((name) => parentElement.querySelector(name));
  const [icon, label] = [".icon", ".label"].map((name) => parentElement.querySelector(name));
  const show = (symbol, text, words) => {
    icon.textContent = symbol;
    label.textContent = text;
    said.textContent = words;
  };
  const open = () => {
    field.value = data.link;
    field.hidden = false;
    field.focus();
    field.select();
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(data.link);
      return true;
    } catch {
      open(); // an address without https has no clipboard: the older way needs the text to be selected
      return document.execCommand("copy");
    }
  };
  let timer;
  button.onclick = async () => {
    const done = await copy();
    if (done) {
      field.hidden = true;
      button.focus();
      show("check", "Copied", "The link is copied.");
    } else {
      show("content_copy", "Press Ctrl+C", "The link is selected: press Ctrl+C, or Command+C.");
    }
    clearTimeout(timer);
    timer = setTimeout(() => show("link", "Copy link", ""), 4000);
  };
  return () => clearTimeout(timer);
}
"""

_BUTTON = st.components.v2.component("copy_link", html=_HTML, css=_CSS, js=_JS)


def copy_link(link: str) -> None:
    """Show the button.

    Args:
        link: what is copied.
    """
    _BUTTON(key="copy-link", data={"link": link}, width="content")
