"""`python -m bench.sandbox PORT`: the fake Pinterest, without its limit of calls.

One request per event would meet the 5,000 calls a minute within seconds.
"""

import sys

from forwarder.sandbox import SandboxOptions, serve_sandbox

if __name__ == "__main__":
    options = SandboxOptions(rate_per_minute=100_000_000)
    serve_sandbox(options, "127.0.0.1", int(sys.argv[1]))
