// Comforts on top of pages that work without them. No state of its own: everything hangs on data attributes.
"use strict";
(() => {
  const root = document.documentElement;
  root.dataset.script = "on";

  const toast = (text) => {
    const tray = document.getElementById("toasts");
    if (!tray) return;
    const line = document.createElement("p");
    line.className = "toast";
    line.textContent = text;
    tray.replaceChildren(line);
    setTimeout(() => line.remove(), 6000);
  };

  // data-copy="id": copies that element's text; with data-copy-shown, the sample that is shown in its box.
  const copy = async (button) => {
    const box = button.closest("[data-samples]");
    const shown = button.hasAttribute("data-copy-shown") && box && box.querySelector("pre.on");
    const source = shown || document.getElementById(button.dataset.copy);
    const words = document.getElementById("toasts")?.dataset ?? {};
    if (!source) return;
    try {
      await navigator.clipboard.writeText("value" in source ? source.value : source.textContent.trim());
      toast(words.copied);
    } catch {
      getSelection().selectAllChildren(source);
      toast(words.copyFailed);
    }
  };

  // data-samples: one sample of several, chosen by the links above them.
  const show = (box, id) => {
    for (const pre of box.querySelectorAll("pre")) pre.classList.toggle("on", pre.id === id);
    for (const link of box.querySelectorAll("nav a")) {
      if (link.hash === "#" + id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const showFirst = (within) => {
    for (const box of within.querySelectorAll("[data-samples]")) {
      const first = box.querySelector("pre");
      if (first && !box.querySelector("pre.on")) show(box, first.id);
    }
  };
  showFirst(document);
  document.addEventListener("htmx:load", (event) => showFirst(event.target));

  document.addEventListener("click", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    if (!at || event.defaultPrevented) return;
    const copier = at.closest("[data-copy]");
    if (copier) return void copy(copier);
    const sample = at.closest("[data-samples] nav a");
    if (sample) {
      event.preventDefault();
      return void show(sample.closest("[data-samples]"), sample.hash.slice(1));
    }
    const opener = at.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      return void dialog.showModal();
    }
    if (at.closest("[data-print]")) return void window.print();
    at.closest("[data-close]")?.closest("dialog")?.close();
  });

  // A form is sent once: a second press while the first is under way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) return void event.preventDefault();
    form.dataset.sent = "yes";
    if (form.matches("[data-upload]")) upload(event, form);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // data-upload on a form: the same request, with its progress shown; the answer takes the page's place.
  const upload = (event, form) => {
    const place = form.querySelector("[data-upload-progress]");
    if (!place) return;
    event.preventDefault();
    const bar = place.querySelector("progress");
    const words = place.querySelector("output");
    const request = new XMLHttpRequest();
    const data = new FormData(form, event.submitter);
    place.hidden = false;
    words.textContent = words.dataset.sending;
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.value = (100 * step.loaded) / step.total;
      words.textContent = `${words.dataset.sending} ${Math.floor(bar.value)}%`;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      words.textContent = words.dataset.working;
    });
    const broken = () => {
      delete form.dataset.sent;
      bar.value = 0;
      words.textContent = words.dataset.broken;
    };
    request.addEventListener("error", broken);
    request.addEventListener("abort", broken);
    request.addEventListener("load", () => {
      if (request.status < 400 && request.responseURL) return location.assign(request.responseURL);
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const main = answer.querySelector("main");
      if (!main) return broken();
      document.title = answer.title;
      document.querySelector("main").replaceWith(main);
      showFirst(main);
      main.querySelector(".errsum")?.focus();
    });
    request.open("POST", form.action);
    request.send(data);
  };

  // data-follow: while it stands in a page, the page is asked for again and its main part changes where it stands, so
  // that nobody loses his place. What somebody has begun to type is left alone. Without script a link does the same.
  const follow = () => {
    if (!document.querySelector("main [data-follow]")) return;
    setTimeout(async () => {
      try {
        const answer = await fetch(location.href);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const [old, main] = [document.querySelector("main"), page.querySelector("main")];
        const typed = [...old.querySelectorAll("textarea, input")].some((one) => one.value !== one.defaultValue);
        if (answer.ok && main && !typed && main.innerHTML !== old.innerHTML) {
          document.title = page.title;
          old.replaceWith(main);
          showFirst(main);
          window.htmx?.process(main);
        }
      } catch {
        // Nobody answered; it is asked again.
      }
      follow();
    }, 2000);
  };
  follow();
})();
