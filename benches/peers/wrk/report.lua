-- Prints what wrk counted as `name: number` lines, as every program of the benchmarks does.
function done(summary, latency)
    local errors = summary.errors
    print("operations: " .. summary.requests)
    print("elapsed: " .. summary.duration / 1e6)
    print("p50_us: " .. latency:percentile(50))
    print("p99_us: " .. latency:percentile(99))
    print("errors: " .. errors.connect + errors.read + errors.write + errors.status + errors.timeout)
end
