//! Bringing a certificate here over HTTPS.
//!
//! Owns: every request, the bounds on its time, size and redirects, and where it may go: whoever calls names the address, and
//! must not make us knock at doors inside. Refuses: proxies, which would go anywhere.
use std::net::IpAddr;
use std::time::Duration;

use firewall_common::addr::{Addr, Prefix};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::entries::special;

/// The longest that a request may take, redirects and all.
const REQUEST_MAX: Duration = Duration::from_secs(10);
const CONNECT_MAX: Duration = Duration::from_secs(5);
const REDIRECTS_MAX: u32 = 3;
/// The largest answer.
const SIZE_MAX: u64 = 24 << 10;
/// The ports that certificates of SHAKEN are served at (ATIS-1000074 §5.3.1).
const PORTS: [u16; 2] = [443, 8_443];

/// What a request may do besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// Go without TLS.
    pub http: bool,
    /// Go to private addresses, and to any port.
    pub private: bool,
}

/// Whoever fetches.
#[derive(Clone, Debug)]
pub struct Fetcher {
    agent: Agent,
    permitted: Permitted,
}

impl Fetcher {
    /// One that does nothing but what is permitted.
    pub fn new(permitted: Permitted) -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .timeout_global(Some(REQUEST_MAX))
            .timeout_connect(Some(CONNECT_MAX))
            .max_redirects(REDIRECTS_MAX)
            .http_status_as_error(false)
            .https_only(!permitted.http)
            .proxy(None)
            .max_idle_connections(0)
            .user_agent(concat!("sipfw/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let resolver = Doorman { permitted, resolver: DefaultResolver::default() };
        Self { agent: Agent::with_parts(config, DefaultConnector::new(), resolver), permitted }
    }

    /// The answer's body; otherwise why there is none.
    ///
    /// # Errors
    ///
    /// A sentence for people.
    pub fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        if !self.permitted.http && !url.starts_with("https:") {
            return Err("it is not to be had by HTTPS".to_owned());
        }
        let mut response = self.agent.get(url).call().map_err(|error| error.to_string())?;
        match response.status() {
            StatusCode::OK => {
                let body = response.body_mut().with_config().limit(SIZE_MAX).read_to_vec();
                body.map_err(|error| error.to_string())
            }
            status => Err(format!("its server answered {status}")),
        }
    }
}

/// Looks at each address, that of a redirect too, after its name was resolved: so no name leads inside.
#[derive(Debug)]
struct Doorman {
    permitted: Permitted,
    resolver: DefaultResolver,
}

impl Resolver for Doorman {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        if self.permitted.private {
            return Ok(addresses);
        }
        let is_plain = self.permitted.http && uri.scheme_str() == Some("http");
        let allowed = |port: u16| PORTS.contains(&port) || is_plain && port == 80;
        let refused = addresses.iter().find(|address| !allowed(address.port()) || !is_public(address.ip()));
        match refused {
            Some(address) => {
                let why = format!("{address} is no public address at a port of certificates");
                Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why).into())
            }
            None => Ok(addresses),
        }
    }
}

/// Whether an address is somebody's on the Internet. Of IPv6, only what is given out for that, and no way into IPv4.
fn is_public(ip: IpAddr) -> bool {
    let is_unicast = match ip.to_canonical() {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000 && ip.segments()[0] != 0x2002,
    };
    is_unicast && special(Prefix::host(Addr::from(ip))).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_is_asked() {
        for text in
            ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"]
        {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["9.9.9.9", "2a00::1"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let fetcher = Fetcher::new(Permitted::default());
        for url in [
            "http://9.9.9.9/a",
            "https://127.0.0.1/a",
            "https://localhost/a",
            "https://[::1]:8443/a",
            "https://9.9.9.9:22/a",
        ] {
            assert!(fetcher.fetch(url).is_err(), "{url}");
        }
    }
}
