"""`forwarder init`: write the settings and the keys, and say where to click."""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

import click

from config import checks
from config.settings import PATH_SECRET_SOURCES
from config.values import Unfit
from forwarder.cli.common import stop_wrong_use
from forwarder.sources import SOURCES

PATH_SECRET_BYTES = 24  # 192 bits in the address
UNSIGNED = PATH_SECRET_SOURCES | {"beehiiv"}  # which may sign after all
CHOSEN = frozenset({"brevo", "zapier"})  # the sender shows what we chose
CLICKS = {
    "shopify": "Settings > Notifications > Webhooks > Create webhook: Order payment, "
    "JSON. The signing secret stands at the bottom of that page.",
    "woocommerce": "WooCommerce > Settings > Advanced > Webhooks > Add webhook: topics "
    "Order created and Order updated, and choose the secret yourself.",
    "stripe": "Workbench > Event destinations > Add: checkout.session.completed and "
    "checkout.session.async_payment_succeeded. Copy the signing secret (whsec_…).",
    "kit": "Settings > Developer > Webhooks > New endpoint: subscriber.activated. The "
    "secret is shown once.",
    "mailerlite": "Integrations > Webhooks: subscriber.created and subscriber.active. "
    "Copy the secret.",
    "mailchimp": "Audience > Settings > Webhooks > Create: subscribes, and only 'by a "
    "subscriber'. The address itself is the secret.",
    "lemonsqueezy": "Settings > Webhooks > +: order_created, order_refunded and "
    "subscription_created. Choose the signing secret yourself, 6 to 40 characters.",
    "paddle": "Developer Tools > Notifications > New destination: webhook, "
    "transaction.completed and adjustment.updated. Copy the secret key (pdl_ntfset_…).",
    "typeform": "Connect > Webhooks > Add a webhook, then Edit > Secret: choose it "
    "yourself. Hidden fields carry the ids.",
    "tally": "Integrations > Webhooks > Connect, then Add signing secret: choose it "
    "yourself. Hidden fields carry the ids.",
    "segment": "Connections > Destinations > Webhooks: events of the shop, batching "
    "off, and choose the shared secret yourself.",
    "ghost": "Settings > Integrations > Custom > Add webhook: Member added. Choose the "
    "secret yourself; without one Ghost does not sign.",
    "gumroad": "Settings > Advanced > Ping: the address goes there. It is the secret.",
    "thrivecart": "Settings > API & Webhooks > Webhooks & notifications > Add. The "
    "secret word stands on the same page.",
    "kajabi": "POST /v1/hooks of the API: one address per event, and only one of "
    "purchase, order_created and payment_succeeded. The address itself is the secret.",
    "activecampaign": "Settings > Developer > Manage webhooks > Add: Subscribes, and "
    "only by Public. The address itself is the secret.",
    "brevo": "Contacts webhook by the API, POST /v3/webhooks: type marketing, event "
    "listAddition, auth of type bearer with the token from .env.",
    "zapier": "Webhooks by Zapier > POST (Make: HTTP, n8n: HTTP Request) with the "
    "header Authorization: Bearer and the token from .env.",
    "beehiiv": "Settings > Webhooks > New: Subscription confirmed. The address itself "
    "is the secret.",
    "flodesk": "POST /v1/webhooks of the API: subscriber.created and "
    "subscriber.added_to_segment. The address itself is the secret.",
    "teachable": "Settings > Webhooks > New: Transaction.created, "
    "Transaction.refunded, User.created, EmailLead.created. The address itself is the "
    "secret.",
    "klaviyo": "Flow > Webhook action: our JSON body (docs/sources/klaviyo.md) and the "
    "header X-Webhook-Token with a secret of your own.",
    "bigcommerce": "Settings > Store-level API accounts: the client secret is the "
    "endpoint's secret. Set api_key and api_url, then `forwarder webhooks register`: "
    "store/order/statusUpdated and store/order/refund/created.",
    "squarespace": "Webhook Subscriptions API: order.create and order.update. The "
    "secret (hexadecimal) is shown once. Set api_key: orders are looked up.",
    "hubspot": "Workflow > Send a webhook with the header X-Webhook-Token, or a "
    "private app: contact.creation. An app needs api_key too.",
    "standard_webhooks": "Your own sender: sign as standardwebhooks.com describes.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One shop to connect: the name in its address, and its platform."""

    name: str
    source: str

    @property
    def variable(self) -> str:
        """Return the name of the variable that holds its secret."""
        return f"{self.name.upper().replace('-', '_')}_SECRET"


@click.command()
@click.option(
    "--shop",
    "shop_texts",
    multiple=True,
    metavar="NAME=SOURCE",
    help="Such as my-shop=shopify; may be given several times.",
)
@click.option(
    "--ad-account", default="", help="The number of the Pinterest ad account."
)
@click.option("--public-url", default="", help="Where shops reach this service.")
@click.option(
    "--folder",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; the current folder if not given.",
)
def init(
    shop_texts: tuple[str, ...], ad_account: str, public_url: str, folder: Path
) -> None:
    """Write forwarder.toml and a .env with fresh keys, and say where to click."""
    settings_file, env_file = folder / "forwarder.toml", folder / ".env"
    for file in (settings_file, env_file):
        if file.exists():
            stop_wrong_use(f"{file} is there already; move it away first")
    shops, account, public_url = _answers(shop_texts, ad_account, public_url)
    if not (account.isascii() and account.isdigit()):
        stop_wrong_use(f"'{account}' is no ad account: it is the number in Ads Manager")
    url = _url(public_url)
    unsigned = {shop.name: secrets.token_urlsafe(PATH_SECRET_BYTES) for shop in shops}
    folder.mkdir(parents=True, exist_ok=True)
    settings_file.write_text(_settings(url, account, shops), encoding="utf-8")
    env_file.touch(mode=0o600)
    env_file.write_text(_env(shops, unsigned), encoding="utf-8")
    click.echo(f"wrote {settings_file} and {env_file}\n")
    for shop in shops:
        _tell(shop, url, unsigned[shop.name])
    click.echo(
        "Next: fill the secrets and the token into .env, add yourself with\n"
        "`forwarder user add NAME --role admin`, then start with `forwarder serve`.\n"
        f"In a second terminal `forwarder listen --endpoint {shops[0].name}` waits\n"
        "for the first webhook and explains a wrong one."
    )


def _answers(
    shop_texts: tuple[str, ...], account: str, public_url: str
) -> tuple[list[Shop], str, str]:
    """Return what was given, and ask for the rest; in a pipe the answers may end."""
    try:
        return (
            _shops(shop_texts),
            account or click.prompt("Pinterest ad account number"),
            public_url or click.prompt("Public address of this service"),
        )
    except click.Abort:
        stop_wrong_use(
            "\nnot every question was answered; without a terminal give all of "
            "--shop NAME=SOURCE, --ad-account NUMBER and --public-url URL"
        )


def _url(text: str) -> str:
    try:
        return checks.public_url(text)
    except Unfit as unfit:
        stop_wrong_use(f"--public-url {unfit}; such as https://events.example.com")


def _shops(texts: tuple[str, ...]) -> list[Shop]:
    if texts:
        return _distinct([_shop(text) for text in texts])
    shops: list[Shop] = []
    while not shops or click.confirm("Another shop or list?", default=False):
        source = click.prompt("Platform", type=click.Choice(sorted(SOURCES)))
        name = click.prompt("A short name for it", default=f"my-{source}")
        shops = _distinct([*shops, _shop(f"{name}={source}")])
    return shops


def _distinct(shops: list[Shop]) -> list[Shop]:
    """Return the shops; each needs an address and a variable of its own."""
    variables = [shop.variable for shop in shops]
    for shop in shops:
        if variables.count(shop.variable) > 1:
            stop_wrong_use(f"{shop.name}: two shops have the same name; change one")
    return shops


def _shop(text: str) -> Shop:
    name, equals, source = text.partition("=")
    if not equals or source not in SOURCES:
        stop_wrong_use(
            f"--shop {text}: NAME=SOURCE, one of {', '.join(sorted(SOURCES))}"
        )
    if not checks.NAME.match(name):
        stop_wrong_use(f"'{name}' is no name: small letters, digits, - and _ only")
    return Shop(name=name, source=source)


def _settings(public_url: str, account: str, shops: list[Shop]) -> str:
    head = (
        f'[service]\npublic_url = "{public_url}"\n'
        'data_keys = ["env:FORWARDER_DATA_KEY"]\n\n'
        f'[destinations.main]\nplatform = "pinterest"\nad_account_id = "{account}"\n'
        'token = "env:PINTEREST_TOKEN"\n'
    )
    tables = [
        f'\n[endpoints.{shop.name}]\nsource = "{shop.source}"\n'
        f'secrets = ["env:{shop.variable}"]\ndestination = "main"\n'
        for shop in shops
    ]
    return head + "".join(tables)


def _env(shops: list[Shop], unsigned: dict[str, str]) -> str:
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    lines = [f"FORWARDER_DATA_KEY={key}", "PINTEREST_TOKEN=put-the-token-here"]
    for shop in shops:
        is_ours = shop.source in UNSIGNED | CHOSEN
        value = unsigned[shop.name] if is_ours else "put-the-secret-here"
        lines.append(f"{shop.variable}={value}")
    return "\n".join(lines) + "\n"


def _tell(shop: Shop, public_url: str, secret: str) -> None:
    address = f"{public_url}/hooks/{shop.name}"
    if shop.source in UNSIGNED:
        address += f"/{secret}"
    clicks = CLICKS.get(shop.source, f"see docs/sources/{shop.source}.md")
    click.echo(f"{shop.name}: {address}\n  {clicks}\n")
