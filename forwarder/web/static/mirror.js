/* Tells your own server what the Pinterest tag was told, and whether it was alive.
   Touches neither the tag nor any cookie, and with data-link tells of visits from Pins.
   How to use it: docs/mirror.md and docs/clicks.md */
(function (w, d) {
  "use strict";
  var me = d.currentScript, told = me ? me.dataset : {}, n = navigator;
  var base = told.to || (me ? new URL(me.src).origin : "");
  var waitMs = +told.waitMs || 5000, stepMs = 200, failedAt = 0, waiting = [];
  var early = w.forwarderMirror && w.forwarderMirror.q;

  // What the person allowed: true, false, or nothing when nobody said.
  function consent() {
    var said = w.forwarderConsent;
    if (typeof said === "function") said = said();
    if (said === undefined && told.consent === "required") said = false;
    return said;
  }

  function hasGpc() { return n.globalPrivacyControl === true; }

  // Whether anything that tells visitors or orders apart may leave the page.
  function mayIdentify() { return consent() !== false && !hasGpc(); }

  function post(path, data) {
    var text = JSON.stringify(data), url = base + path;
    try { if (n.sendBeacon && n.sendBeacon(url, text)) return; } catch (_) {}
    fetch(url, {method: "POST", body: text, keepalive: true, mode: "no-cors",
      credentials: "omit"}).catch(function () {});
  }

  // The tag's stub only queues; its real script empties the queue.
  function isAlive() {
    var tag = w.pintrk;
    if (typeof tag !== "function") return false;
    return tag.queue ? tag.queue.length === 0 : tag.loaded === true;
  }

  function isTag(url) { return /\/\/s\.pinimg\.com\/ct\//.test(url || ""); }

  // Leaving a page cuts its requests off, which looks like a failure just before.
  function hasFailed() { return failedAt > 0 && Date.now() - failedAt >= stepMs; }

  function hasEnded() {
    return hasFailed() || performance.getEntriesByType("resource").some(function (one) {
      return isTag(one.name);
    });
  }

  function state(isOver, isLeaving) {
    if (isAlive()) return "alive";
    if (hasFailed()) return "blocked";
    if (!isOver && !isLeaving) return "";
    if (typeof w.pintrk !== "function") return "absent";
    return isOver && hasEnded() ? "blocked" : "late";
  }

  function send(one, tag) {
    var said = consent(), data = {shop: told.shop, event: one.event, tag: tag,
      consent: said === undefined ? "unknown" : said ? "granted" : "denied",
      gpc: hasGpc()};
    if (mayIdentify()) ["event_id", "order_id", "value", "currency"].forEach(
      function (name) { if (one.fields[name] != null) data[name] = one.fields[name]; });
    post("/collect", data);
  }

  // Each event is told once: as soon as the tag shows life or its end, at the end
  // of the wait, or when the page is left.
  function look(isLeaving) {
    waiting = waiting.filter(function (one) {
      var tag = state(Date.now() - one.at >= waitMs, isLeaving);
      if (tag) send(one, tag);
      return !tag;
    });
    if (waiting.length && !isLeaving) setTimeout(look, stepMs);
  }

  w.forwarderMirror = function (event, fields) {
    waiting.push({event: event, fields: fields || {}, at: Date.now()});
    if (waiting.length === 1) look();
  };

  // A Pin that leads straight here: tell of the visit, and keep its token for the cart.
  function keep(token) {
    w.pcid = token;
    d.dispatchEvent(new CustomEvent("pcid", {detail: token}));
  }

  function land() {
    var query = new URLSearchParams(location.search), slug = query.get("pf_link") || told.link;
    var given = query.get(told.param || "pcid");
    if (given) return keep(given);
    var isPin = query.has("epik") || query.has("pf_link") ||
      /pinterest/i.test(query.get("utm_source")) || /^https:\/\/(\w+\.)*pinterest\./.test(d.referrer);
    if (!slug || !isPin || !mayIdentify()) return;
    fetch(base + "/c", {method: "POST", keepalive: true, credentials: "include",
      body: JSON.stringify({slug: slug, query: location.search})})
      .then(function (a) { return a.json(); })
      .then(function (got) { if (got.token) keep(got.token); }).catch(function () {});
  }
  if (told.link !== undefined) {
    if (d.prerendering) d.addEventListener("prerenderingchange", land, {once: true});
    else land();
  }

  w.addEventListener("error", function (e) {
    if (e.target && isTag(e.target.src)) failedAt = Date.now();
  }, true);
  w.addEventListener("pagehide", function () { look(true); });
  (early || []).forEach(function (one) { w.forwarderMirror(one[0], one[1]); });
})(window, document);
