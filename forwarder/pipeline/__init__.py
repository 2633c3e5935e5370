"""Floor 3: what the product does with an event, readable top to bottom.

`receive` takes a webhook in, `enrich` looks up what it lacks, `drain` sends it on,
`replay` sends it again. Plain functions: values in, values out, the clock is handed
in.
"""
