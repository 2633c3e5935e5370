"""What vulture may not call unused: each name with who uses it.

vulture reads this file beside the product, so a name here counts as used. A test
keeps the list short: a name that is nowhere in the product fails it.
"""

_.create_app  # Granian calls it, by the name in its arguments
_.secret_key  # Flask signs the session cookie with it
_.list_commands  # click asks the lazy group
_.get_command  # click asks the lazy group
_.epilog  # click shows it below the help of a command
_.short_help  # click shows it in the list of commands
_.raiseExceptions  # logging reads it before it reports a faulty line
_.get_redirect_target  # requests asks it: nothing is followed
_.pool_classes_by_scheme  # urllib3 reads it: which pools to make
_.ConnectionCls  # urllib3 reads it: which connections a pool makes
_._new_conn  # urllib3 calls it to connect
_.response_class  # http.client reads it: what an answer is made as
_.readable  # BufferedReader asks it before it reads
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
_.do_CONNECT  # http.server calls it, as the next two
_.do_POST
_.do_HEAD
_.handle_error  # socketserver calls it
_.log_message  # http.server calls it
_.is_qr  # a column of clicks, written with the others
_.expires  # marshmallow reads it: a field of links
_.Meta  # marshmallow reads a schema's options
_._deserialize  # marshmallow calls it
_.is_chosen  # the templates of the console read it
_.direction  # the templates of the console read it
_.n_confirmed  # the templates of the console read it
_.older  # the templates of the console read it
_.untouched  # the templates of the console read it
_.zero  # the templates of the console read it
_.handle_starttag  # html.parser calls it for each tag
_.HEADLINE  # read by its value from the command line, as the next three
_.IMAGE
_.CALL_TO_ACTION
_.LANDING_HEADLINE
_.pull_reports  # Celery calls it by its name, from the beat
_.beat_seen  # Celery's beat calls it, by the name in its schedule
