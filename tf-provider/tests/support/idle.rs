//! A provider that does nothing but what the `terraform_version` of `Configure` tells it.

use std::process::ExitCode;
use std::time::Duration;

use tf_provider::plugin::{Plugin, Work, run_on};
use tf_provider::proto::tfplugin5::diagnostic::Severity;
use tf_provider::proto::tfplugin5::provider_server::Provider;
use tf_provider::proto::tfplugin5::{Diagnostic, configure, prepare_provider_config};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status};

use crate::core_like::{plugin_main, plugin_network};

/// The service.
#[derive(Default)]
struct Idle {
    cancel: CancellationToken,
    work: TaskTracker,
}

/// The `main` of the plugin.
pub(crate) fn main() -> ExitCode {
    let plugin = Plugin { name: "idle", address: "registry.terraform.io/example/idle", version: "1.2.3" };
    plugin_main(|args| run_on(plugin_network(), plugin, args, Idle::default()))
}

#[tonic::async_trait]
impl Provider for Idle {
    /// Echoes the configuration.
    async fn prepare_provider_config(
        &self,
        request: Request<prepare_provider_config::Request>,
    ) -> Result<Response<prepare_provider_config::Response>, Status> {
        let prepared_config = request.into_inner().config;
        Ok(Response::new(prepare_provider_config::Response { prepared_config, diagnostics: Vec::new() }))
    }

    /// `panic` does; `log` logs; `wait` works until cancelled; `wait FILE` writes a file some time after that.
    async fn configure(&self, request: Request<configure::Request>) -> Result<Response<configure::Response>, Status> {
        let order = request.into_inner().terraform_version;
        let cancel = self.cancel.clone();
        let work = self.work.spawn(async move {
            let (verb, file) = order.split_once(' ').unwrap_or((&order, ""));
            match verb {
                "panic" => panic!("out of order"),
                "log" => tracing::debug!(target: "tf_provider::idle", tf_rpc = "Configure", "Asked to log"),
                "wait" => cancel.cancelled().await,
                _ => {}
            }
            if !file.is_empty() {
                tokio::time::sleep(Duration::from_millis(200)).await;
                std::fs::write(file, "done").unwrap();
            }
        });
        let diagnostics = match work.await {
            Ok(()) => Vec::new(),
            Err(error) => vec![Diagnostic {
                severity: Severity::Error.into(),
                summary: "The task failed".to_owned(),
                detail: error.to_string(),
                attribute: None,
            }],
        };
        Ok(Response::new(configure::Response { diagnostics }))
    }
}

impl Work for Idle {
    fn cancel(&self) {
        self.cancel.cancel();
    }

    async fn idle(&self) {
        self.work.close();
        self.work.wait().await;
    }
}
