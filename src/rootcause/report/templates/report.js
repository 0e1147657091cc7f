(function () {
  "use strict";
  var root = document.documentElement;
  var byId = function (id) { return document.getElementById(id); };
  var all = function (selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  };

  // Theme: follows the system until somebody chooses; the choice is kept where storage is allowed.
  var button = byId("theme");
  var stored = null;
  try { stored = localStorage.getItem("rootcause-theme"); } catch (e) { stored = null; }
  if (stored === "light" || stored === "dark") root.setAttribute("data-theme", stored);
  var systemDark = window.matchMedia("(prefers-color-scheme: dark)");
  var isDark = function () {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : systemDark.matches;
  };
  var label = function () { button.textContent = isDark() ? "Light" : "Dark"; };
  button.hidden = false;
  label();
  systemDark.addEventListener("change", label);
  button.addEventListener("click", function () {
    var next = isDark() ? "light" : "dark";
    root.setAttribute("data-theme", next);
    try { localStorage.setItem("rootcause-theme", next); } catch (e) { /* private window */ }
    label();
  });

  // Filters: a card is shown while every chosen value is one of its own.
  var form = byId("filters");
  var cards = all(".card");
  if (form) {
    var box = byId("filterbox");
    box.hidden = false;
    box.open = window.matchMedia("(min-width: 46rem)").matches;
    var apply = function () {
      var chosen = all("select", form).filter(function (s) { return s.value; });
      var count = 0;
      cards.forEach(function (card) {
        var fits = chosen.every(function (s) {
          return (card.getAttribute("data-" + s.name) || "").split("\n").indexOf(s.value) >= 0;
        });
        card.hidden = !fits;
        if (fits) count += 1;
      });
      byId("shown").textContent = chosen.length ? count + " of " + cards.length + " shown" : "";
    };
    form.addEventListener("change", apply);
    form.addEventListener("reset", function () { setTimeout(apply, 0); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    // A link to a hidden card shows it again.
    var reveal = function () {
      var card = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
      if (card && card.hidden) { form.reset(); setTimeout(function () { card.scrollIntoView(); }, 0); }
    };
    window.addEventListener("hashchange", reveal);
  }

  // Paper has no folds.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details:not([open])");
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (d) { d.open = false; });
  });

  // Map: the nearest dot's quote while pointing; a cause's quotes one by one from its button.
  var map = byId("map");
  if (!map) return;
  var svg = map.querySelector("svg");
  var tip = byId("tip");
  var titles = {};
  var buttons = all("button[data-c]", map);
  all(".card").forEach(function (card) { titles[card.id] = card.querySelector("h3").textContent; });
  var dots = all("circle", svg).map(function (node) {
    var title = node.querySelector("title");
    var dot = {
      node: node, x: +node.getAttribute("cx"), y: +node.getAttribute("cy"),
      cause: node.getAttribute("data-c") || "", text: title ? title.textContent : ""
    };
    if (title) node.removeChild(title);
    return dot;
  });
  var near = null;
  var hint = "Point at a dot to read it.";
  var show = function (dot) {
    if (near) near.node.classList.remove("near");
    near = dot;
    tip.textContent = "";
    if (!dot) { tip.textContent = hint; return; }
    dot.node.classList.add("near");
    var name = document.createElement("b");
    name.textContent = dot.cause ? titles[dot.cause] || dot.cause : "Isolated";
    tip.appendChild(name);
    tip.appendChild(document.createTextNode(dot.text || "No quote is shown for so few people."));
  };
  show(null);
  svg.addEventListener("pointermove", function (event) {
    var matrix = svg.getScreenCTM();
    if (!matrix) return;
    var x = (event.clientX - matrix.e) / matrix.a, y = (event.clientY - matrix.f) / matrix.d;
    var best = null, least = 18 * 18;
    dots.forEach(function (dot) {
      var distance = (dot.x - x) * (dot.x - x) + (dot.y - y) * (dot.y - y);
      if (distance < least) { least = distance; best = dot; }
    });
    if (best && best !== near) show(best);
  });
  var turn = {};
  var pick = function (chosen, pressed) {
    buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b === chosen && pressed)); });
    map.classList.toggle("picked", pressed);
    var id = chosen.getAttribute("data-c");
    dots.forEach(function (dot) { dot.node.classList.toggle("on", pressed && dot.cause === id); });
  };
  var step = function (id, by) {
    var own = dots.filter(function (dot) { return dot.cause === id; });
    turn[id] = ((turn[id] === undefined ? (by > 0 ? -1 : 0) : turn[id]) + by + own.length) % own.length;
    show(own[turn[id]]);
  };
  buttons.forEach(function (b) {
    var id = b.getAttribute("data-c");
    b.addEventListener("click", function () {
      var pressed = b.getAttribute("aria-pressed") !== "true";
      pick(b, pressed);
      if (pressed) step(id, 1); else show(null);
    });
    b.addEventListener("keydown", function (event) {
      var by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      pick(b, true);
      step(id, by);
    });
  });
})();
