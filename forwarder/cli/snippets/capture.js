// Keep Pinterest's click id and the page of the visit's beginning, for this visitor only.
// Call pinIds.keep() once the visitor has agreed, pinIds.all() to read.
window.pinIds = (function () {
  var key = "pin_ids";
  function cookie(name) {
    var found = document.cookie.match("(?:^|; )" + name + "=([^;]*)");
    return found ? decodeURIComponent(found[1]) : "";
  }
  function all() {
    try { return JSON.parse(localStorage.getItem(key)) || {}; } catch (e) { return {}; }
  }
  function keep() {
    var query = new URLSearchParams(location.search), ids = all();
    ["epik", "pcid"].forEach(function (name) {
      var value = query.get(name) || query.get("_" + name);
      if (value) { ids[name] = value; ids.pin_url = location.href; }
    });
    if (!ids.epik && cookie("_epik")) { ids.epik = cookie("_epik"); }
    if (!ids.pin_url) { ids.pin_url = location.href; }
    ids.pin_ua = navigator.userAgent;
    try { localStorage.setItem(key, JSON.stringify(ids)); } catch (e) { return ids; }
    return ids;
  }
  return { keep: keep, all: all };
})();
