//! The life of a plugin process as core sees it, with a client that behaves like a current core.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/core.rs"]
mod core_like;
#[path = "support/idle.rs"]
mod idle;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tf_provider::proto::tfplugin5::{DynamicValue, configure, get_metadata, prepare_provider_config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tonic::{Code, Status};

#[cfg(unix)]
use crate::core_like::{Address, mode};
use crate::core_like::{Core, Identity, Launch, Process, refusal};

/// Not a test: the plugin that the tests start.
#[test]
fn plugin() -> ExitCode {
    idle::main()
}

fn launch() -> Launch {
    Launch::this_test("plugin")
}

/// One on the network of this system, and one on that of Windows.
fn launches() -> [Launch; 2] {
    [launch(), launch().tcp()]
}

/// Tells the idle provider what to do.
async fn configure(core: &Core, order: &str) -> Result<configure::Response, Status> {
    core.call("Configure", configure::Request { terraform_version: order.to_owned(), ..Default::default() }).await
}

/// That the plugin answers.
async fn answers(core: &Core) {
    assert_eq!(configure(core, "").await.unwrap().diagnostics, []);
}

// === Handshake ===

#[tokio::test]
async fn serves_a_current_core_over_mutual_tls() {
    for launch in launches() {
        let process = launch.start().await;
        assert_eq!(process.line.split('|').count(), 6);
        assert!(!process.line.contains('='), "padded: {}", process.line);
        let core = process.connect().await;
        answers(&core).await;
        core.shutdown().await;
        let exit = process.exit().await;
        assert!(exit.status.success(), "{}", exit.stderr);
        assert_eq!(exit.stderr, "");
    }
}

#[tokio::test]
async fn a_host_that_multiplexes_gets_a_seventh_field() {
    let process = launch().env("PLUGIN_MULTIPLEX_GRPC", "true").start().await;
    assert!(process.line.ends_with("|false"), "{}", process.line);
    assert_eq!(process.line.split('|').count(), 7);
    answers(&process.connect().await).await;
}

#[tokio::test]
async fn a_core_of_other_protocols_still_learns_ours() {
    let process = launch().env("PLUGIN_PROTOCOL_VERSIONS", "6").env("TF_LOG", "warn").start().await;
    assert!(process.line.starts_with("1|5|"), "{}", process.line);
    process.connect().await.shutdown().await;
    let stderr = process.exit().await.stderr;
    assert!(stderr.contains("Core does not offer plugin protocol 5"), "{stderr}");
}

#[tokio::test]
async fn plaintext_only_when_core_has_no_certificate() {
    for launch in launches() {
        let process = launch.plaintext().start().await;
        assert!(process.line.ends_with("|grpc|"), "{}", process.line);
        let core = process.connect().await;
        answers(&core).await;
        core.shutdown().await;
        assert!(process.exit().await.status.success());
    }
}

// === Who may connect ===

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    for launch in launches() {
        let process = launch.start().await;
        let reason = refusal(process.dial(None).await).await;
        assert!(reason.contains("CertificateRequired"), "{reason}");
        answers(&process.connect().await).await;
    }
}

#[tokio::test]
async fn another_certificate_is_refused() {
    for launch in launches() {
        let process = launch.start().await;
        let reason = refusal(process.dial(Some(&Identity::new())).await).await;
        assert!(reason.contains("AccessDenied"), "{reason}");
        answers(&process.connect().await).await;
    }
}

#[tokio::test]
async fn strangers_do_no_harm_and_do_not_end_it() {
    for launch in launches() {
        let mut process = launch.start().await;
        drop(process.address.connect().await.unwrap());
        let mut stranger = process.address.connect().await.unwrap();
        stranger.write_all(b"\x16\x03\x01garbage, and then some more of it").await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(5), stranger.read_to_end(&mut answer)).await.expect("it hangs up");
        let silent = process.address.connect().await.unwrap();
        let _ = refusal(process.dial(None).await).await;
        assert!(process.stays().await);
        let core = process.connect().await;
        answers(&core).await;
        drop(silent);
        assert!(process.stays().await);
        answers(&core).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_socket_is_private_and_removed() {
    let process = launch().start().await;
    let Address::Unix(socket) = &process.address else { panic!("{:?}", process.address) };
    assert_eq!(mode(socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert!(socket.starts_with(process.tmp.path()));
    process.connect().await.shutdown().await;
    assert_eq!(process.exit().await.left, 0);
}

#[tokio::test]
async fn processes_on_ports_do_not_get_in_each_others_way() {
    let ports = async || {
        let process = launch().tcp().start().await;
        let (network, name) = process.address.names();
        let port: u16 = name.strip_prefix("127.0.0.1:").expect("an address of this machine").parse().unwrap();
        assert!(network == "tcp" && (10_000..=25_000).contains(&port), "{}", process.line);
        (process, port)
    };
    let ((one, first), (other, second)) = tokio::join!(ports(), ports());
    assert_ne!(first, second);
    // Each accepts the core that has started it, and not that of the other.
    let reason = refusal(one.dial(other.identity.as_ref()).await).await;
    assert!(reason.contains("AccessDenied"), "{reason}");
    answers(&one.connect().await).await;
    answers(&other.connect().await).await;
}

#[tokio::test]
async fn without_tls_the_log_of_a_port_warns_of_other_users() {
    for (launch, is_open) in [(launch(), cfg!(windows)), (launch().tcp(), true)] {
        let process = launch.plaintext().env("TF_LOG", "warn").start().await;
        process.connect().await.shutdown().await;
        let stderr = process.exit().await.stderr;
        assert_eq!(stderr.contains("every user of this machine can call the provider"), is_open, "{stderr}");
    }
}

// === Services ===

#[tokio::test]
async fn streams_stay_open_and_silent() {
    let process = launch().start().await;
    let mut core = process.connect().await;
    let (stdio, broker) = (&mut core.stdio, &mut core.broker);
    let spoken = timeout(Duration::from_millis(500), async {
        tokio::select! {
            message = stdio.message() => message,
            message = broker.message() => message,
        }
    });
    assert!(spoken.await.is_err());
    answers(&core).await;
}

#[tokio::test]
async fn is_healthy() {
    /// Both messages of the health service have one field of number 1.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Check {
        #[prost(string, tag = "1")]
        service: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    struct Health {
        #[prost(int32, tag = "1")]
        status: i32,
    }
    let process = launch().start().await;
    let core = process.connect().await;
    for (service, expected) in [("", Ok(1)), ("plugin", Ok(1)), ("other", Err(Code::NotFound))] {
        let answer = core.call::<_, Health>("grpc.health.v1.Health/Check", Check { service: service.to_owned() }).await;
        assert_eq!(answer.map(|health| health.status).map_err(|status| status.code()), expected, "{service}");
    }
}

#[tokio::test]
async fn what_a_service_lacks_is_unimplemented() {
    let process = launch().start().await;
    let answer =
        process.connect().await.call::<_, get_metadata::Response>("GetMetadata", get_metadata::Request {}).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn large_values_pass_both_ways() {
    let process = launch().start().await;
    let core = process.connect().await;
    let value = DynamicValue { msgpack: vec![7; 20 << 20].into(), json: Default::default() };
    let request = prepare_provider_config::Request { config: Some(value.clone()) };
    let answer: prepare_provider_config::Response = core.call("PrepareProviderConfig", request).await.unwrap();
    assert!(answer.prepared_config == Some(value));
}

// === The end ===

/// The best of a few tries counts: a busy machine may take its time to tell of an exit.
#[tokio::test]
async fn shutdown_ends_it_within_100_ms() {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        best = best.min(shutdown().await);
        if best < Duration::from_millis(100) {
            return;
        }
    }
    panic!("{best:?}");
}

/// How long a process takes to end after it has answered `Shutdown`.
async fn shutdown() -> Duration {
    let process = launch().start().await;
    let core = process.connect().await;
    answers(&core).await;
    // Work and open streams do not hold it up, and neither does a core that keeps its connection.
    let order = configure(&core, "wait");
    let shut_down = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        core.call::<(), ()>("plugin.GRPCController/Shutdown", ()).await.unwrap();
        let answered = Instant::now();
        let exit = process.exit().await;
        (exit, answered.elapsed())
    };
    let (_, (exit, took)) = tokio::join!(order, shut_down);
    assert!(exit.status.success(), "{}", exit.stderr);
    assert_eq!(exit.left, 0);
    took
}

#[cfg(unix)]
#[tokio::test]
async fn sigint_is_ignored() {
    let mut process = launch().start().await;
    let core = process.connect().await;
    let work = timeout(Duration::from_millis(700), configure(&core, "wait"));
    let interrupt = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            process.signal("INT").await;
        }
    };
    let (still_at_work, ()) = tokio::join!(work, interrupt);
    assert!(still_at_work.is_err());
    assert!(process.stays().await);
    answers(&core).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_cancels_work_and_nothing_else() {
    let mut process = launch().start().await;
    let core = process.connect().await;
    let work = configure(&core, "wait");
    let terminate = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        process.signal("TERM").await;
    };
    let (answer, ()) = tokio::join!(timeout(Duration::from_secs(5), work), terminate);
    assert_eq!(answer.expect("work was cancelled").unwrap().diagnostics, []);
    assert!(process.stays().await);
    answers(&core).await;
}

#[tokio::test]
async fn ends_when_core_is_gone() {
    for launch in launches() {
        let process = launch.env("TF_LOG", "warn").start().await;
        let core = process.connect().await;
        answers(&core).await;
        drop(core);
        let exit = process.exit().await;
        assert!(exit.status.success(), "{}", exit.stderr);
        assert!(exit.stderr.contains("Core has exited without a shutdown"), "{}", exit.stderr);
        assert_eq!(exit.left, 0);
    }
}

#[tokio::test]
async fn work_may_end_when_core_is_gone() {
    let evidence = tempfile::tempdir().unwrap();
    let file = evidence.path().join("evidence");
    let process = launch().start().await;
    let core = process.connect().await;
    let order = format!("wait {}", file.display());
    // The call is dropped, and the connection with it.
    assert!(timeout(Duration::from_millis(200), configure(&core, &order)).await.is_err());
    drop(core);
    assert!(process.exit().await.status.success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "done");
}

// === Debug mode ===

#[tokio::test]
async fn debug_mode_serves_one_core_after_another() {
    for launch in launches() {
        let mut process: Process = launch.debug().start().await;
        let providers: serde_json::Value = serde_json::from_str(&process.line).unwrap();
        let (network, address) = process.address.names();
        let expected = serde_json::json!({"registry.terraform.io/example/idle": {
            "Protocol": "grpc", "ProtocolVersion": 5, "Pid": process.pid(), "Test": true,
            "Addr": {"Network": network, "String": address},
        }});
        assert_eq!(providers, expected);
        for _ in 0..2 {
            let core = process.connect().await;
            answers(&core).await;
            drop(core);
            assert!(process.stays().await);
        }
        #[cfg(unix)]
        {
            process.signal("INT").await;
            let exit = process.exit().await;
            assert!(exit.status.success(), "{}", exit.stderr);
            assert_eq!(exit.left, 0);
        }
    }
}

// === Logs ===

#[tokio::test]
async fn logs_what_core_asks_for_in_its_form() {
    for (level, own, expected) in
        [("", "", 0), ("info", "", 0), ("trace", "", 1), ("trace", "warn", 0), ("info", "debug", 1)]
    {
        let process = launch().env("TF_LOG", level).env("TF_LOG_PROVIDER", "").env("TF_LOG_PROVIDER_IDLE", own);
        let process = process.start().await;
        let core = process.connect().await;
        configure(&core, "log").await.unwrap();
        core.shutdown().await;
        let stderr = process.exit().await.stderr;
        let lines: Vec<serde_json::Value> = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let asked: Vec<_> = lines.iter().filter(|line| line["@module"] == "tf_provider.idle").collect();
        assert_eq!(asked.len(), expected, "{stderr}");
        for line in asked {
            assert_eq!((&line["@level"], &line["@message"]), (&"debug".into(), &"Asked to log".into()));
            assert_eq!(line["tf_rpc"], "Configure");
        }
    }
}

#[tokio::test]
async fn a_panic_is_shown_and_survived() {
    let process = launch().start().await;
    let core = process.connect().await;
    let answer = configure(&core, "panic").await.unwrap();
    assert_eq!(answer.diagnostics[0].summary, "The task failed");
    answers(&core).await;
    core.shutdown().await;
    let exit = process.exit().await;
    assert!(exit.status.success());
    assert!(exit.stderr.starts_with("panic: out of order\n"), "{}", exit.stderr);
    assert!(exit.stderr.contains(Path::new("tests/support/idle.rs").to_str().unwrap()), "{}", exit.stderr);
}
