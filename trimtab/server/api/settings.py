"""/api/v1/settings: what pages and clients have to know of an installation, from argocd-cm. Nobody has to log in."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from trimtab.access.sso import GitHub, Oidc, SignOnConfig
from trimtab.model.names import ARGOCD_CM
from trimtab.server.auth import sessions
from trimtab.server.call import Call
from trimtab.server.operation import NoQuery, Operation
from trimtab.server.reply import Json
from trimtab.server.served import Served

PASSWORD_PATTERN = "^.{8,32}$"  # noqa: S105 - what passwords look like
LABEL_KEY = "app.kubernetes.io/instance"


class DexConnector(Struct, frozen=True):
    """A way to log in. `id` is additive: it chooses the connector at /auth/login."""

    name: str
    type: str
    id: str


class DexConfig(Struct, frozen=True):
    connectors: tuple[DexConnector, ...]


class OIDCConfig(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Another way to log in; no secret is in it. PKCE is always used."""

    name: str
    issuer: str
    client_id: str = field(name="clientID")
    cli_client_id: str = field(default="", name="cliClientID")
    scopes: tuple[str, ...] = ()
    enable_pkce_authentication: bool = field(default=False, name="enablePKCEAuthentication")


class Help(Struct, frozen=True, rename="camel", omit_defaults=True):
    chat_url: str = ""
    chat_text: str = ""
    binary_urls: dict[str, str] | None = None


class GoogleAnalytics(Struct, frozen=True, rename="camel", omit_defaults=True):
    """There is none; clients expect the object."""

    anonymize_users: bool = False


class Settings(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Argo CD's cluster.Settings, as far as something stands behind it."""

    url: str = ""
    additional_urls: tuple[str, ...] = ()
    app_label_key: str = ""
    tracking_method: str = ""
    controller_namespace: str = ""
    password_pattern: str = ""
    dex_config: DexConfig | None = None
    oidc_config: OIDCConfig | None = field(default=None, name="oidcConfig")
    user_logins_disabled: bool = False
    status_badge_enabled: bool = False
    status_badge_root_url: str = ""
    help: Help
    google_analytics: GoogleAnalytics
    ui_css_url: str = field(default="", name="uiCssURL")
    ui_banner_content: str = ""
    ui_banner_url: str = field(default="", name="uiBannerURL")
    ui_banner_permanent: bool = False
    ui_banner_position: str = ""
    ui_login_button_text: str = ""
    installation_id: str = field(default="", name="installationID")
    resource_overrides: dict[str, Any] = {}


class Plugin(Struct, frozen=True):
    name: str


class PluginsResponse(Struct, frozen=True):
    plugins: tuple[Plugin, ...] | None = None


async def get_settings(call: Call[NoQuery, None]) -> Json:
    """Who is not logged in learns how to log in, and no more."""
    served = call.served
    data, config = served.configuration.config_map(ARGOCD_CM), served.sign_on.config
    shown = Settings(
        url=data.get("url", ""),
        app_label_key=data.get("application.instanceLabelKey", LABEL_KEY),
        additional_urls=config.urls[1:],
        dex_config=_connectors(config),
        oidc_config=_oidc(config),
        user_logins_disabled=not _local_logins(served),
        password_pattern=data.get("passwordPattern", PASSWORD_PATTERN),
        status_badge_enabled=data.get("statusbadge.enabled") == "true",
        status_badge_root_url=data.get("statusbadge.url", ""),
        help=_help(data),
        google_analytics=GoogleAnalytics(),
        ui_css_url=data.get("ui.cssurl", ""),
        ui_banner_content=data.get("ui.bannercontent", ""),
        ui_banner_url=data.get("ui.bannerurl", ""),
        ui_banner_permanent=data.get("ui.bannerpermanent") == "true",
        ui_banner_position=data.get("ui.bannerposition", ""),
        ui_login_button_text=data.get("ui.loginButtonText", ""),
        **(_for_members(served) if call.subject.logged_in else {}),
    )
    return Json(value=shown)


async def get_plugins(call: Call[NoQuery, None]) -> Json:
    """There are no config management plugins."""
    return Json(value=PluginsResponse())


def _for_members(served: Served) -> dict[str, Any]:
    return {"controller_namespace": served.namespace, "tracking_method": "annotation"}


def _connectors(config: SignOnConfig) -> DexConfig | None:
    found = tuple(
        DexConnector(one.name, "github" if isinstance(one, GitHub) else "oidc", one.id)
        for one in config.providers
        if one.source == "dex.config"
    )
    return DexConfig(found) if found else None


def _oidc(config: SignOnConfig) -> OIDCConfig | None:
    for one in config.providers:
        if isinstance(one, Oidc) and one.source == "oidc.config":
            return OIDCConfig(
                name=one.name,
                issuer=one.issuer,
                client_id=one.client_id,
                cli_client_id=one.cli_client_id,
                scopes=one.scopes,
                enable_pkce_authentication=True,
            )
    return None


def _local_logins(served: Served) -> bool:
    accounts = sessions.local(served).accounts.by_name.values()
    return any(one.enabled and "login" in one.capabilities for one in accounts)


def _help(data: Mapping[str, str]) -> Help:
    urls = {key.removeprefix("help.download."): url for key, url in data.items() if key.startswith("help.download.")}
    return Help(
        chat_url=data.get("help.chatUrl", ""), chat_text=data.get("help.chatText", ""), binary_urls=urls or None
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/settings",
        id="SettingsService_Get",
        handler=get_settings,
        needs="public",
        query=NoQuery,
        body=type(None),
        reply=Settings,
        summary="What clients have to know of this installation",
    ),
    Operation(
        method="GET",
        path="/api/v1/settings/plugins",
        id="SettingsService_GetPlugins",
        handler=get_plugins,
        needs="logged in",
        query=NoQuery,
        body=type(None),
        reply=PluginsResponse,
        summary="Config management plugins; there are none",
    ),
)
