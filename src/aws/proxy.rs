//! Which proxies lead to AWS, from the provider block and the environment.

use aws_smithy_http_client::proxy::{ProxyConfig, ProxyError};
use tf_provider::diagnostic::chain;

use crate::aws::error::{Error, Kind};

/// A proxy for each of the two schemes.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    /// Of requests to `http://…`.
    pub(crate) http: Option<ProxyConfig>,
    /// Of requests to `https://…`.
    pub(crate) https: Option<ProxyConfig>,
}

/// The proxy settings of the provider block: the options `http_proxy`, `https_proxy` and `no_proxy`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) http: Option<&'a str>,
    pub(crate) https: Option<&'a str>,
    pub(crate) no: Option<&'a str>,
}

/// Where a proxy's URL was found, and the URL.
type Found = (&'static str, String);

impl Proxies {
    /// An option takes precedence over its variables, and an empty one means no proxy. As in hashicorp/aws,
    /// `http_proxy` serves both schemes unless `https` is configured.
    ///
    /// # Errors
    /// A URL is none that a proxy can have.
    pub(crate) fn of(given: Given<'_>, env: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env(name)?)));
        let option = |name: &'static str, value: Option<&str>| value.map(|url| (name, url.to_owned()));
        let any = || variable(["ALL_PROXY", "all_proxy"]);
        let http = option("http_proxy", given.http);
        let https = option("https_proxy", given.https)
            .or_else(|| variable(["HTTPS_PROXY", "https_proxy"]))
            .or_else(|| http.clone())
            .or_else(any);
        let http = http.or_else(|| variable(["HTTP_PROXY", "http_proxy"])).or_else(any);
        let direct = option("no_proxy", given.no).or_else(|| variable(["NO_PROXY", "no_proxy"]));
        let direct = direct.map(|(_, hosts)| hosts).unwrap_or_default();
        Ok(Self {
            http: proxy(http, &direct, |url| ProxyConfig::http(url))?,
            https: proxy(https, &direct, |url| ProxyConfig::https(url))?,
        })
    }
}

fn proxy(
    found: Option<Found>,
    direct: &str,
    new: impl Fn(&str) -> Result<ProxyConfig, ProxyError>,
) -> Result<Option<ProxyConfig>, Error> {
    let Some((origin, url)) = found.filter(|(_, url)| !url.is_empty()) else { return Ok(None) };
    let whole = if url.contains("://") { url } else { format!("http://{url}") };
    // The URL may hold a password, so the message does not repeat it.
    let refused =
        |error| Error::local(Kind::Configuration, format!("{origin} is not the URL of a proxy: {}", chain(&error)));
    Ok(Some(new(&whole).map_err(refused)?.no_proxy(direct)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxies for `http://` and `https://`.
    #[track_caller]
    fn check(options: [Option<&str>; 2], variables: &[(&str, &str)], want: [Option<&str>; 2]) {
        let [http, https] = options;
        let env =
            |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
        let found = Proxies::of(Given { http, https, no: None }, env).unwrap();
        for (found, want) in [found.http, found.https].into_iter().zip(want) {
            let shown = format!("{found:?}");
            assert_eq!(want.is_some(), found.is_some(), "{shown}");
            assert!(want.is_none_or(|want| shown.contains(want)), "{shown}");
        }
    }

    #[test]
    fn the_block_goes_before_the_environment() {
        const A: Option<&str> = Some("http://a:1/");
        const B: Option<&str> = Some("https://b:2/");
        check([None, None], &[], [None, None]);
        check([A, B], &[("HTTP_PROXY", "http://c"), ("HTTPS_PROXY", "http://c")], [A, B]);
        check([A, None], &[], [A, A]);
        check([A, None], &[("https_proxy", "https://b:2")], [A, B]);
        check([A, Some("")], &[("https_proxy", "https://b:2")], [A, None]);
        check([None, B], &[], [None, B]);
        check([None, None], &[("http_proxy", "a:1")], [A, None]);
        check([None, None], &[("ALL_PROXY", "http://a:1")], [A, A]);
    }

    #[test]
    fn an_invalid_proxy_is_reported_without_its_password() {
        let given = Given { https: Some("socks5://me:hidden@a"), ..Given::default() };
        let error = Proxies::of(given, |_| None).err().unwrap();
        assert!(error.message.starts_with("https_proxy is not the URL of a proxy"), "{error}");
        assert!(!error.message.contains("hidden"), "{error}");
    }
}
