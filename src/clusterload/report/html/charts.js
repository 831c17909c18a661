"use strict";
// Draws the charts of a report, says what they show at the pointer or by keys, and follows the theme.
(() => {
  const root = document.documentElement;
  const probe = document.getElementById("probe");
  const page = JSON.parse(document.getElementById("charts").textContent);
  const drawn = new Map();

  // Dashes tell lines apart where colours do not.
  const DASHES = [[], [9, 5], [2, 4], [10, 4, 2, 4]];
  const SPLITS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
  const TALL = 330, LOW = 200, PRINTED = 640, STRIP = 18;

  // Numbers become text as they do in clusterload.model.units, which the tests hold side by side.
  const fixed = (value, least, most) =>
    value.toLocaleString("en-US", {minimumFractionDigits: least, maximumFractionDigits: most});

  function number(value, digits = 3) {
    if (value === 0) return "0";
    const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
    return fixed(value, 0, Math.min(decimals, 20));
  }

  function percent(ratio) {
    const value = 100 * ratio, size = Math.abs(value);
    if (size > 0 && size < 0.005) return "< 0.01 %";
    if (value >= 99.5 && value < 100) return `${fixed(Math.min(value, 99.9), 1, 1)} %`;
    const digits = size > 0 && size < 1 ? (size >= 0.05 ? 1 : 2) : 0;
    return `${fixed(value, digits, digits)} %`;
  }

  function text(value, unit) {
    if (value == null) return "no figure";
    if (unit.ratio) return percent(value * unit.factor);
    if (!unit.steps.length) return `${number(value)} ${unit.symbol}`;
    const base = value * unit.factor;
    const steps = unit.steps;
    const [factor, symbol] = base === 0
      ? steps.find(one => one[0] === 1)
      : steps.find(one => Math.abs(base) >= 0.9995 * one[0]) || steps[steps.length - 1];
    return `${number(base / factor)} ${symbol}${unit.rate}`;
  }

  // The title next to an axis says what is counted.
  const short = (value, unit) => unit.ratio || unit.steps.length ? text(value, unit) : number(value);

  // As Python rounds: halves go to the even neighbour.
  const rounded = value => Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);

  function duration(seconds) {
    const whole = rounded(seconds);
    if (whole < 60) return `${number(seconds)} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
    const minutes = Math.floor(whole / 60);
    return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  }

  function percentile(nines) {
    const digits = Math.max(0, Math.ceil(nines - 1e-9) - 2);
    return `p${number(100 * (1 - 10 ** -nines), 2 + digits + (nines < 1 ? 1 : 0))}`;
  }

  const where = (chart, x) => chart.spectrum
    ? percentile(x)
    : `${duration(Math.max(0, x))}, ${new Date(chart.start + 1000 * x).toISOString().slice(0, 19)}Z`;

  // A hidden element knows what a colour is in the theme of now; a canvas does not.
  function colour(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }
  const hue = trace => colour(`hue-${trace.hue % page.hues}`);

  function nearest(places, x) {
    let low = 0, high = places.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[middle] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - places[low - 1] <= places[low] - x ? low - 1 : low;
  }

  const binding = (chart, at) => chart.traces.find(one => one.hue === chart.hues[chart.who[at]]);

  // What a chart shows at a place, a line each, with the trace whose colour it has.
  function told(chart, x, shows) {
    if (chart.who.length) {
      const first = chart.traces[0], at = nearest(first.x, x);
      const own = binding(chart, at);
      if (!own || own.y[at] == null) return [[null, `${chart.title}: no figure`]];
      return [[own, `${chart.title} ${text(own.y[at], chart.unit)}`], [own, `binding: ${chart.names[chart.who[at]]}`]];
    }
    const lines = [];
    chart.traces.forEach((one, number) => {
      if (shows(number + 1) && one.x.length) {
        lines.push([one, `${one.name}: ${text(one.y[nearest(one.x, x)], chart.unit)}`]);
      }
    });
    return lines;
  }

  function placed(chart, x) {
    const first = chart.traces[0];
    return first && first.x.length && chart.who.length ? first.x[nearest(first.x, x)] : x;
  }

  function tipOf(box) {
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    box.append(tip);
    return tip;
  }

  function fill(tip, chart, x, lines) {
    const head = document.createElement("b");
    head.textContent = where(chart, placed(chart, x));
    tip.replaceChildren(head, ...lines.map(([trace, words]) => {
      const line = document.createElement("div"), key = document.createElement("i"), said = document.createElement("span");
      if (trace) key.style.color = hue(trace);
      said.textContent = words;
      line.append(key, said);
      return line;
    }));
  }

  function point(chart, plot, box, tip) {
    const left = plot.cursor.left;
    tip.hidden = !(left >= 0);
    if (tip.hidden) return;
    const x = plot.posToVal(left, "x");
    const lines = told(chart, x, number => plot.series[number].show);
    fill(tip, chart, x, lines);
    const offset = plot.over.offsetLeft + left;
    const beyond = offset + 16 + tip.offsetWidth > box.clientWidth;
    tip.style.left = `${Math.max(0, beyond ? offset - 16 - tip.offsetWidth : offset + 16)}px`;
    tip.style.top = "26px";
    box.setAttribute("aria-valuenow", String(Math.round(1000 * x) / 1000));
    box.setAttribute("aria-valuetext", [where(chart, placed(chart, x)), ...lines.map(one => one[1])].join("; "));
  }

  // Points that have no neighbour would draw no line, so they are dots.
  function lonely(plot, number, show) {
    if (show) return null;
    const y = plot.data[number], found = [];
    let before = null, at = -1, after;
    for (let i = 0; i <= y.length; i++) {
      after = i < y.length ? y[i] : null;
      if (after === undefined) continue;
      if (at >= 0 && y[at] != null && before == null && after == null) found.push(at);
      before = at >= 0 ? y[at] : null;
      at = i;
    }
    return found;
  }

  const bound = (scale, value) => Math.min(Math.max(value, scale.min), scale.max);

  function strip(plot, chart, ratio) {
    // Who binds when, by name and colour, above the line.
    const {ctx, bbox} = plot, first = chart.traces[0], scale = plot.scales.x;
    ctx.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const known = i => chart.traces.some(one => one.y[i] != null);
    const step = first.x.length > 1 ? first.x[1] - first.x[0] : chart.span;
    for (let i = 0; i < first.x.length;) {
      let end = i;
      while (end + 1 < first.x.length && chart.who[end + 1] === chart.who[i] && known(end + 1) === known(i)) end++;
      if (known(i)) {
        const name = chart.names[chart.who[i]];
        const last = chart.live ? first.x[end] + step / 2 : chart.span;
        const until = end + 1 < first.x.length ? first.x[end + 1] : last;
        const from = i === 0 ? Math.max(0, first.x[0] - step / 2) : first.x[i];
        const left = plot.valToPos(bound(scale, from), "x", true), right = plot.valToPos(bound(scale, until), "x", true);
        ctx.fillStyle = hue(binding(chart, i));
        ctx.fillRect(left, bbox.top, Math.max(ratio, right - left), STRIP * ratio);
        if (right - left > ctx.measureText(name).width + 10 * ratio) {
          ctx.fillStyle = colour("card");
          ctx.fillText(name, left + 5 * ratio, bbox.top + STRIP * ratio / 2 + ratio);
        }
      }
      i = end + 1;
    }
  }

  function line(plot, from, to, dash, stroke, ratio) {
    const {ctx} = plot;
    ctx.strokeStyle = stroke;
    ctx.lineWidth = ratio;
    ctx.setLineDash(dash.map(one => one * ratio));
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  function axisTitles(plot, chart) {
    const {ctx, bbox} = plot, ratio = devicePixelRatio;
    ctx.save();
    if (chart.who.length) strip(plot, chart, ratio);
    const {min, max} = plot.scales.y;
    if (chart.limit != null && chart.limit >= min && chart.limit <= max) {
      const y = plot.valToPos(chart.limit, "y", true);
      line(plot, [bbox.left, y], [bbox.left + bbox.width, y], [6, 4], colour("alarm"), ratio);
      ctx.fillStyle = colour("alarm");
      ctx.font = `${11 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
      ctx.textAlign = "right";
      ctx.textBaseline = "bottom";
      ctx.fillText("limit", bbox.left + bbox.width - 4 * ratio, y - 2 * ratio);
    }
    for (const [at] of chart.marks) {
      if (at < plot.scales.x.min || at > plot.scales.x.max) continue;
      const x = plot.valToPos(at, "x", true);
      line(plot, [x, bbox.top], [x, bbox.top + bbox.height], [2, 3], colour("faint"), ratio);
    }
    ctx.restore();
  }

  const whole = (chart, places, low, high) =>
    low <= places[0] && high >= places[places.length - 1] ? [0, chart.span] : [low, high];

  function height(chart, high) {
    const least = chart.who.length ? 1 : 0, top = Math.max(least, high || 0);
    const near = chart.limit != null && chart.limit < 1.6 * top ? Math.max(top, chart.limit) : top;
    return [0, (near || 1) * (chart.who.length ? 1.18 : 1.1)];
  }

  function options(chart, box, width, tip) {
    const axis = {
      stroke: () => colour("faint"), grid: {stroke: () => colour("line"), width: 1}, ticks: {stroke: () => colour("line"), width: 1},
    };
    const across = chart.spectrum
      ? {splits: () => [0, 0.30103, 1, 2, 3, 4, 5, 6, 7].filter(one => one <= chart.span), values: (_, all) => all.map(percentile)}
      : {incrs: SPLITS, values: (_, all) => all.map(duration)};
    const up = chart.spectrum
      ? {distr: 3}
      : {range: (_, low, high) => height(chart, high)};
    return {
      width, height: chart.who.length || chart.tall ? TALL : LOW,
      legend: {show: false},
      padding: [6, 24, 0, 0],
      cursor: {
        y: false, drag: {x: true, y: false},
        points: {show: false},
        ...(chart.spectrum || !chart.shared ? {} : {sync: {key: "time", setSeries: false, scales: ["x", null]}}),
      },
      scales: {x: {time: false, range: (plot, low, high) => whole(chart, plot.data[0], low, high)}, y: up},
      axes: [
        {...axis, ...across, size: 34, space: chart.spectrum ? 40 : 70},
        {...axis, size: 76, values: (_, all) => all.map(one => one == null ? "" : short(one, chart.unit))},
      ],
      series: [{}, ...chart.traces.map(one => ({
        label: one.name, stroke: () => hue(one), width: one.x.length > 600 ? 1.2 : chart.who.length ? 2.4 : 1.8, dash: DASHES[one.dash % DASHES.length],
        points: {size: 5, filter: lonely},
      }))],
      hooks: {draw: [plot => axisTitles(plot, chart)], setCursor: [plot => point(chart, plot, box, tip)]},
    };
  }

  function draw(chart, box) {
    const tip = tipOf(box);
    const data = uPlot.join(chart.traces.map(one => [one.x, one.y]));
    const plot = new uPlot(options(chart, box, box.clientWidth, tip), data, box);
    drawn.set(chart.id, {plot, box, chart});
    box.onkeydown = event => key(event, chart, plot);
    box.onblur = () => plot.setCursor({left: -10, top: -10});
    new ResizeObserver(() => { if (!("printing" in root.dataset)) resize({plot, box}); }).observe(box);
    return plot;
  }

  function resize({plot, box}, width = box.clientWidth) {
    if (width && width !== plot.width) plot.setSize({width, height: plot.height});
  }

  function key(event, chart, plot) {
    const {min, max} = plot.scales.x, at = plot.cursor.left >= 0 ? plot.posToVal(plot.cursor.left, "x") : null;
    const places = plot.data[0];
    const step = by => places[Math.max(0, Math.min(places.length - 1, nearest(places, at) + by))];
    const moves = {
      ArrowRight: () => at == null ? min : step(1), ArrowLeft: () => at == null ? max : step(-1),
      PageUp: () => (at ?? min) + (max - min) / 10, PageDown: () => (at ?? max) - (max - min) / 10,
      Home: () => min, End: () => max,
    };
    const zooms = {"+": 0.5, "-": 2};
    if (moves[event.key]) {
      const x = Math.max(min, Math.min(max, moves[event.key]()));
      plot.setCursor({left: plot.valToPos(x, "x"), top: 5});
    } else if (zooms[event.key]) {
      const half = (max - min) * zooms[event.key] / 2, middle = at ?? (min + max) / 2;
      plot.setScale("x", {min: Math.max(0, middle - half), max: Math.min(chart.span, middle + half)});
    } else if (event.key === "0") {
      plot.setScale("x", {min: 0, max: chart.span});
    } else if (event.key === "Escape") {
      plot.setCursor({left: -10, top: -10});
    } else return;
    event.preventDefault();
  }

  // A chart that has grown: who looked at all of it goes on seeing all, and who looked closer stays there.
  function follow(chart) {
    const {plot, box} = drawn.get(chart.id), {min, max} = plot.scales.x, places = plot.data[0];
    const all = min <= places[0] && max >= places[places.length - 1];
    plot.batch(() => {
      plot.setData(uPlot.join(chart.traces.map(one => [one.x, one.y])), all);
      if (!all) plot.setScale("x", {min, max});
    });
    box.setAttribute("aria-valuemax", String(chart.span));
  }

  function forget(id) {
    drawn.get(id).plot.destroy();
    drawn.delete(id);
  }

  const redraw = () => drawn.forEach(({plot}) => plot.redraw());

  function theme() {
    const choice = document.getElementById("theme");
    const set = () => {
      if (choice.value) root.dataset.theme = choice.value; else delete root.dataset.theme;
      redraw();
    };
    choice.onchange = () => {
      set();
      try { localStorage.setItem("clusterload-theme", choice.value); } catch { /* some browsers keep nothing for files */ }
    };
    try { choice.value = localStorage.getItem("clusterload-theme") || ""; } catch { choice.value = ""; }
    set();
    matchMedia("(prefers-color-scheme: dark)").onchange = redraw;
  }

  function legends() {
    document.querySelectorAll("input[data-trace]").forEach(box => {
      box.onchange = () => drawn.get(box.dataset.of).plot.setSeries(Number(box.dataset.trace), {show: box.checked});
    });
  }

  function printing() {
    window.onbeforeprint = () => {
      root.dataset.printing = "";
      drawn.forEach(one => { resize(one, PRINTED); one.plot.redraw(); });
    };
    window.onafterprint = () => {
      delete root.dataset.printing;
      drawn.forEach(one => resize(one));
      redraw();
    };
  }

  function explorer() {
    const whole = document.getElementById("explorer");
    if (!whole) return;
    const list = document.getElementById("series"), filter = document.getElementById("filter");
    const chosen = document.getElementById("chosen");
    let every = null;
    const fillList = () => {
      const wanted = filter.value.toLowerCase();
      list.replaceChildren(...every.flatMap((one, number) => one.name.toLowerCase().includes(wanted) ? [new Option(one.name, number)] : []));
    };
    const show = () => {
      const one = every[Number(list.value)], before = drawn.get("every"), box = document.createElement("div");
      if (!one) return;
      if (before) before.plot.destroy();
      const known = one.y.filter(value => value != null);
      const words = document.createElement("p");
      words.className = "summary";
      words.textContent = known.length
        ? `${one.name}: ${text(Math.min(...known), one.unit)} to ${text(Math.max(...known), one.unit)}; ` +
          `${fixed(one.whole, 0, 0)} points, ${fixed(known.length, 0, 0)} of them drawn`
        : `${one.name}: no figure`;
      box.className = "plot";
      box.tabIndex = 0;
      box.setAttribute("role", "slider");
      box.setAttribute("aria-label", one.name);
      box.setAttribute("aria-valuemin", "0");
      box.setAttribute("aria-valuemax", String(page.span));
      chosen.replaceChildren(words, box);
      draw({
        id: "every", title: one.name, unit: one.unit, spectrum: false, start: page.start, span: page.span, limit: null,
        names: [], hues: [], who: [], marks: [], traces: [{name: one.name, hue: 0, dash: 0, x: one.x, y: one.y}],
      }, box);
    };
    whole.ontoggle = () => {
      if (every || !whole.open) return;
      every = JSON.parse(document.getElementById("data-every").textContent);
      fillList();
    };
    filter.oninput = fillList;
    list.onchange = show;
  }

  page.charts.forEach(chart => { chart.shared = !chart.id.startsWith("latency"); });
  theme();
  page.charts.forEach(chart => draw(chart, document.querySelector(`[data-chart="${chart.id}"]`)));
  legends();
  printing();
  explorer();
  performance.mark("drawn");
  root.dataset.drawn = String(drawn.size);
  window.clusterload = {text, duration, percentile, drawn, draw, follow, forget};
})();
