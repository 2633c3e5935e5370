-- Clicks on one link, each of somebody else; held to a steady rate; tells as JSON.
local n, pause_ms, run = 0, 0, ""

function init(args)
  pause_ms, run = tonumber(args[1]), args[2]
end

function request()
  n = n + 1
  local path = string.format(
    "/go/bench?utm_source=pinterest&utm_campaign=a%%20b&epik=dj0y%s-%d", run, n)
  return wrk.format("GET", path, {
    ["User-Agent"] = "Mozilla/5.0 (iPhone) [Pinterest/iOS] " .. n,
  })
end

function delay()
  return pause_ms
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_s":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,'
      .. '"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
