"""`forwarder snippet mirror`: the code that lets a shop's pages report the tag."""

import json
from typing import Final

import click

from config.settings import EndpointSettings
from forwarder.cli.common import settings_or_exit, stop_wrong_use
from forwarder.core.event import Kind

PLATFORMS: Final = ("shopify", "woocommerce", "plain")
_STUB: Final = (
    "window.forwarderMirror = window.forwarderMirror || function () {\n"
    "  (forwarderMirror.q = forwarderMirror.q || []).push(arguments);\n"
    "};"
)

_PLAIN: Final = """\
<!-- 1. On every page, in the head. -->
<script>
{stub}
</script>
<script src="{script}" data-shop="{shop}" defer></script>

<!-- 2. On the page after the purchase, beside the tag's own call. ORDER_ID, TOTAL and
     CURRENCY are what your shop's own page puts in. -->
<script>
var orderId = "ORDER_ID";
pintrk("track", "checkout", {{event_id: {event_id}, order_id: orderId,
  value: "TOTAL", currency: "CURRENCY"}});
forwarderMirror("checkout", {{event_id: {event_id}, order_id: orderId,
  value: "TOTAL", currency: "CURRENCY"}});
</script>
"""

_WOOCOMMERCE: Final = """\
<?php
// In the theme's functions.php, or as a snippet that runs on the shop's pages.
add_action('wp_head', function () {{ ?>
<script>
{stub}
window.forwarderConsent = function () {{
  if (typeof wp_has_consent === "function") return wp_has_consent("statistics");
}};
</script>
<script src="{script}" data-shop="{shop}" defer></script>
<?php }});

add_action('woocommerce_thankyou', function ($id) {{
  $order = wc_get_order($id);
  if (!$order) return;
  $fields = wp_json_encode(array(
    'order_id' => (string) $order->get_id(),
    'value' => (string) $order->get_total(),
    'currency' => $order->get_currency(),
  ), JSON_HEX_TAG);
  ?>
<script>
(function (fields, orderId) {{
  fields.event_id = {event_id};
  if (window.pintrk) pintrk("track", "checkout", fields);
  forwarderMirror("checkout", fields);
}})(<?php echo $fields; ?>, "<?php echo esc_js((string) $order->get_id()); ?>");
</script>
<?php }});
"""

_SHOPIFY: Final = """\
// Settings > Customer events > Add custom pixel. Permission: not required, since the
// script itself keeps to what the visitor allowed. Paste, save, connect.
var allowed = init.customerPrivacy;
api.customerPrivacy.subscribe("visitorConsentCollected", function (event) {{
  allowed = event.customerPrivacy;
}});
window.forwarderConsent = function () {{
  return Boolean(allowed && allowed.analyticsProcessingAllowed);
}};
{stub}
var script = document.createElement("script");
script.src = "{script}";
script.dataset.shop = "{shop}";
document.head.appendChild(script);

// If the Pinterest tag lives in this pixel too, load it above this line: the script
// reports the tag of the page it runs in.
analytics.subscribe("checkout_completed", function (event) {{
  var checkout = event.data.checkout, order = checkout.order;
  if (!order || !order.id) return;
  var orderId = String(order.id).split("/").pop();
  forwarderMirror("checkout", {{event_id: {event_id}, order_id: orderId,
    value: String(checkout.totalPrice.amount), currency: checkout.currencyCode}});
}});
"""
_CODE: Final = {"plain": _PLAIN, "woocommerce": _WOOCOMMERCE, "shopify": _SHOPIFY}


@click.command("mirror")
@click.option("--endpoint", default="", help="Whose shop; the only one if not given.")
@click.option("--platform", type=click.Choice(PLATFORMS), required=True)
def mirror(*, endpoint: str, platform: str) -> None:
    """Print the code of the browser mirror; see docs/mirror.md.

    Example: forwarder snippet mirror --endpoint my-shop --platform woocommerce
    """
    settings = settings_or_exit(is_unfinished=True)
    names = list(settings.endpoints)
    name = names[0] if not endpoint and len(names) == 1 else endpoint
    if name not in names:
        stop_wrong_use(f"--endpoint: one of {', '.join(names)}")
    found = settings.endpoints[name]
    if platform not in ("plain", found.source):
        own = found.source if found.source in PLATFORMS else "plain"
        stop_wrong_use(f"{name} is a {found.source} endpoint: try --platform {own}")
    click.echo(
        _CODE[platform].format(
            stub=_STUB,
            script=f"{settings.service.public_url}/static/mirror.js",
            shop=name,
            event_id=_event_id(found.event_id, _source(found), name),
        ),
        nl=False,
    )
    origins = settings.collect.allowed_origins
    if not origins or (platform == "shopify" and "null" not in origins):
        click.echo(_advice(platform), err=True)


def _source(endpoint: EndpointSettings) -> str:
    """Return the source's word in event ids: a declared one has its own name."""
    if endpoint.source != "declared":
        return endpoint.source
    return str(endpoint.mapping.content.get("name", endpoint.source))


def _event_id(template: str, source: str, shop: str) -> str:
    """Return JavaScript that makes the id which our own events of the order carry."""
    parts = template.format(
        source=source, shop=shop, kind=Kind.CHECKOUT.value, order_id="\0"
    ).split("\0")
    return " + orderId + ".join(json.dumps(part) for part in parts)


def _advice(platform: str) -> str:
    origin = "null" if platform == "shopify" else "https://your-shop.example"
    why = " (custom pixels run in a page without an origin)" if origin == "null" else ""
    return f'now add to forwarder.toml: [collect] allowed_origins = ["{origin}"]{why}'
