"""From a Serve config to running applications, built in this process.

`serve deploy` hands the file to Serve's controller, which builds each application in a fresh process (three times the
imports: four seconds on two cores). Here the same file, the same builders and the same overrides are applied by the
driver itself. Invariant: what is deployed equals what `serve deploy` would deploy.
"""

import contextlib
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serve_app.config import SettingsError
from serve_app.lifecycle.refusal import Refusal

if TYPE_CHECKING:
    from ray.serve.schema import ServeDeploySchema


def preload(config: Mapping[str, Any]) -> None:
    """Import Serve and the builders' modules, so that it is done while the cluster starts. What fails, fails later."""
    with contextlib.suppress(Exception):
        importlib.import_module("ray.serve")
        for app in config["applications"]:
            importlib.import_module(str(app["import_path"]).partition(":")[0])


def deploy(config: Mapping[str, Any]) -> None:
    """Start Serve where the config says and hand it the applications; returns before they are ready.

    Raises Refusal or SettingsError when a builder does not build.
    """
    from ray.serve._private.api import serve_start
    from ray.serve.config import HTTPOptions
    from ray.serve.schema import ServeDeploySchema

    schema = ServeDeploySchema.model_validate(dict(config))
    options = HTTPOptions(**schema.http_options.model_dump(exclude_unset=True), location=schema.proxy_location)
    client = serve_start(http_options=options, global_logging_config=schema.logging_config)
    built = [_build(app, schema) for app in config["applications"]]
    client.deploy_applications(built, wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)


def _build(app: Mapping[str, Any], schema: "ServeDeploySchema") -> Any:
    from ray._common.utils import import_attr
    from ray.serve._private.api import call_user_app_builder_with_args_if_necessary
    from ray.serve._private.build_app import build_app

    name = str(app["name"])
    try:
        builder = import_attr(app["import_path"])
        application = call_user_app_builder_with_args_if_necessary(builder, dict(app.get("args") or {}))
        built = build_app(
            application,
            name=name,
            route_prefix=app.get("route_prefix"),
            logging_config=app.get("logging_config") or schema.logging_config,
        )
        _override(built.deployments, app.get("deployments") or [])
    except SettingsError:
        raise
    except Exception as error:
        raise Refusal(f"Application {name} did not start: {type(error).__name__}: {_first_line(error)}") from error
    return built


def _override(deployments: list[Any], overrides: list[Mapping[str, Any]]) -> None:
    """Apply a config's `deployments` to those built, by name. An unknown name is a mistake in the file."""
    places = {deployment.name: place for place, deployment in enumerate(deployments)}
    for override in overrides:
        options = dict(override)
        name = options.pop("name", None)
        if name not in places:
            raise ValueError(f"the config names deployment {name}, which the application does not have")
        deployments[places[name]] = deployments[places[name]].options(**options)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no reason given"])[0]
