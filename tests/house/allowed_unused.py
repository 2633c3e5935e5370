"""What vulture may not call unused: each name with who uses it.

vulture reads this file beside the product, so a name here counts as used. A test
keeps the list short: a name that is nowhere in the product fails it.
"""

_.create_app  # Granian calls it, by the name in its arguments
_.secret_key  # Flask signs the session cookie with it
_.list_commands  # click asks the lazy group
_.get_command  # click asks the lazy group
_.raiseExceptions  # logging reads it before it reports a faulty line
_.trust_env  # requests reads it: no proxy and no .netrc of the environment
_.collect  # Prometheus calls it on each scrape
_.estimate_month  # audits and simulations import it
_.disable_nagle_algorithm  # socketserver reads it
_.connection_dropped  # Werkzeug calls it
_.close_connection  # http.server reads it
_.daemon_threads  # socketserver reads it
_.block_on_close  # socketserver reads it
_.shutdown_request  # socketserver calls it
_._get  # kombu calls it for the next message of a queue
_._queue_bind  # kombu calls it when a queue is declared
_.impl  # SQLAlchemy reads a column type's parts
_.cache_ok  # SQLAlchemy reads a column type's parts
_.process_bind_param  # SQLAlchemy calls it for each value that is stored
_.process_result_value  # SQLAlchemy calls it for each value that is read
_.Meta  # marshmallow reads a schema's options
_._deserialize  # marshmallow calls it
_.is_chosen  # the templates of the console read it
_.older  # the templates of the console read it
