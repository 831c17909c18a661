"use strict";
// Follows a run: takes what the command tells each second, and shows it. All text is set as text, never as markup.
(() => {
  const {draw, follow, forget} = window.clusterload;
  const get = id => document.getElementById(id);
  const charts = new Map();
  const STATES = {"within limits": "within", "not saturated": "within", limited: "limited", inconclusive: "inconclusive"};
  const COUNTS = ["scheduled", "acknowledged", "failed", "unknown", "dropped", "late"];
  let over = false;

  // The token has become a cookie: it need not stand where people look, or in what they copy.
  history.replaceState(null, "", "/");

  function made(tag, words, ...classes) {
    const one = document.createElement(tag);
    if (words != null) one.textContent = words;
    one.classList.add(...classes);
    return one;
  }

  function say(id, words) {
    const one = get(id);
    if (one.textContent !== words) one.textContent = words;
  }

  function table(title, heads, rows, kind = "figure") {
    const box = made("div", null, "scroll"), whole = made("table"), head = made("tr"), body = made("tbody");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", title);
    heads.forEach((words, place) => {
      const one = made("th", words, ...(place ? [kind] : []));
      one.scope = "col";
      head.append(one);
    });
    for (const row of rows) {
      const line = made("tr");
      row.forEach((words, place) => {
        const one = made(place ? "td" : "th", words, ...(place ? [kind] : []));
        if (!place) one.scope = "row";
        line.append(one);
      });
      body.append(line);
    }
    const top = made("thead");
    top.append(head);
    whole.append(made("caption", title), top, body);
    box.append(whole);
    return box;
  }

  // What did not change stays, so that a reader who marks text is not disturbed.
  function put(id, value, make) {
    const box = get(id), text = JSON.stringify(value);
    if (box.dataset.shown === text) return;
    box.dataset.shown = text;
    box.replaceChildren(...make(value));
  }

  function loads(every) {
    get("loads-part").hidden = !every.length;
    put("loads", every, () => {
      const dials = every.flatMap(one => one.dials.map(([dial, asked, made]) => [`${one.name}: ${dial}`, asked, made]));
      const accounts = every.flatMap(one => [
        [`${one.name} (${one.unit})`, ...one.ledger],
        ...one.errors.map(([error, count]) => [`${one.name}: ${error}`, "", "", count, "", "", ""]),
      ]);
      const found = dials.length ? [table("Dials, over the last second", ["dial", "asked", "achieved"], dials)] : [];
      return [...found, table("Ledger", ["load", ...COUNTS], accounts)];
    });
  }

  function resources(rows) {
    get("resources-part").hidden = !rows.length;
    put("resources", rows, () => [table("Against their limits", ["resource", "now", "typical", "limit", "share"], rows)]);
  }

  function findings(every, none) {
    put("findings", [every, none], () => every.length ? every.map(one => {
      const line = made("li", null, ...(one.firm ? ["firm"] : [])), sure = made("span", null, "sure");
      const bar = made("meter");
      bar.min = 0;
      bar.max = 1;
      bar.value = one.confidence;
      bar.setAttribute("aria-label", "Confidence");
      sure.append(bar, ` ${one.sure}, ${one.held}${one.firm ? "" : ", not firm yet"}`);
      line.append(made("span", one.cause, "cause"), `: ${one.sentence}`, sure);
      return line;
    }) : [made("li", none)]);
  }

  function keys(every) {
    put("keys", every, () => every.map(([label, words]) => {
      const line = made("div");
      line.append(made("dt", label), made("dd", words));
      return line;
    }));
  }

  function events(every) {
    get("events-part").hidden = !every.length;
    put("events", every.map(one => [one.time, one.kind, one.text]), rows =>
      [table("The last events", ["when", "what", "in words"], rows.reverse(), "words")]);
  }

  function standing(now) {
    const box = get("standing");
    box.className = `verdict ${STATES[now.state] || ""}`;
    const going = now.loads.length ? "The load is being made." : "Waiting for the first figures.";
    say("badge", now.state || (now.ended ? "over" : "live"));
    say("sentence", now.sentence || (now.ended ? "It is over." : going));
    say("title", now.title);
    say("about", now.about);
    document.title = `${now.title}, live`;
    say("progress", [now.progress, now.left].filter(Boolean).join(", "));
    if (now.done == null) get("done").removeAttribute("value"); else get("done").value = Math.min(1, now.done);
    say("status", now.ended ? `The run has ended: ${now.ended}.` : now.note);
  }

  function show(now) {
    standing(now);
    keys(now.keys);
    loads(now.loads);
    resources(now.resources);
    findings(now.findings, now.state ? "No cause found so far." : "Nothing has been judged yet.");
    events(now.events);
    const marked = charts.get("limit-load");
    if (marked) marked.marks = now.events.map(one => [one.at, one.kind]);
    if (now.ended) end();
  }

  function legend(chart) {
    const list = made("ul", null, "legend");
    chart.traces.forEach((trace, number) => {
      const item = made("li"), label = made("label"), box = made("input");
      const key = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      box.type = "checkbox";
      box.checked = true;
      box.onchange = () => window.clusterload.drawn.get(chart.id).plot.setSeries(number + 1, {show: box.checked});
      key.classList.add("key", `hue-${trace.hue % 6}`, `dash-${trace.dash % 4}`);
      key.setAttribute("viewBox", "0 0 28 8");
      key.setAttribute("aria-hidden", "true");
      for (const [name, value] of Object.entries({x1: 0, y1: 4, x2: 28, y2: 4})) line.setAttribute(name, value);
      key.append(line);
      label.append(box, key, trace.name);
      item.append(label);
      list.append(item);
    });
    return list;
  }

  function figure(chart) {
    const one = made("figure", null, "chart"), head = made("figcaption"), box = made("div", null, "plot");
    head.append(made("strong", chart.title));
    box.dataset.chart = chart.id;
    box.tabIndex = 0;
    box.setAttribute("role", "slider");
    box.setAttribute("aria-label", chart.title);
    box.setAttribute("aria-valuemin", "0");
    box.setAttribute("aria-valuenow", "0");
    box.setAttribute("aria-valuetext", "Arrow keys read the chart");
    one.append(head, box);
    if (chart.traces.length > 1 || chart.who.length) one.append(legend(chart));
    return [one, box];
  }

  function whole({now, charts: every}) {
    charts.forEach((_, id) => forget(id));
    charts.clear();
    get("lead").replaceChildren(...(every.length ? [] : [made("p", "No figures yet.")]));
    get("courses").replaceChildren();
    every.forEach((chart, place) => {
      const [one, box] = figure(chart);
      get(place ? "courses" : "lead").append(one);
      Object.assign(chart, {shared: true, live: true, tall: !place});
      charts.set(chart.id, chart);
      draw(chart, box);
    });
    show(now);
  }

  function frame({now, points, span}) {
    for (const point of points) {
      const chart = charts.get(point.id);
      if (!chart) continue;
      chart.traces.forEach((trace, number) => {
        trace.x.push(point.x);
        trace.y.push(point.y[number]);
      });
      if (point.who != null) chart.who.push(point.who);
      chart.span = Math.max(span, point.x);
    }
    show(now);
    points.forEach(point => { if (charts.has(point.id)) follow(charts.get(point.id)); });
  }

  const source = new EventSource("/events");

  function end() {
    over = true;
    source.close();
    document.documentElement.dataset.ended = "";
  }

  const take = handle => event => {
    handle(JSON.parse(event.data));
    document.documentElement.dataset.frame = event.lastEventId;
  };
  source.addEventListener("whole", take(whole));
  source.addEventListener("frame", take(frame));
  source.onerror = () => {
    if (!over) say("status", "The command does not answer: it has ended, or will be back in a moment.");
  };
})();
