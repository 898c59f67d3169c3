//! Asking DNS servers.
//!
//! Owns: the way from a question to hickory's resolver and back. Refuses: following answers (see [`super::walk`]), and
//! remembering them: how long an answer holds is decided in one place, which is not a cache here.
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::walk::{Answer, Data, Finding, Kind, Question, Record, Walk};

/// How long one server has for one answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How often a question is asked.
const ATTEMPTS: usize = 2;

/// A way to DNS servers.
pub struct Resolver(TokioResolver);

impl Resolver {
    /// These servers, or without any, those of the system. To be called inside a runtime.
    ///
    /// # Errors
    ///
    /// The system's config can't be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        configure(builder.options_mut(), !servers.is_empty());
        builder.build().map(Self)
    }

    /// Resolves a name.
    pub async fn resolve(&self, name: &str) -> Finding {
        let mut walk = Walk::new(name);
        while let Some(question) = walk.next_question() {
            let answer = self.ask(&question).await;
            walk.take(&question, answer);
        }
        walk.finish()
    }

    async fn ask(&self, question: &Question) -> Answer {
        let kind = match question.kind {
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
            Kind::Srv => RecordType::SRV,
            Kind::Naptr => RecordType::NAPTR,
        };
        // Whole names only: a search list would make another name of it.
        let name = match Name::from_ascii(format!("{}.", question.name)) {
            Ok(name) => name,
            Err(error) => return Answer::Failure(error.to_string()),
        };
        match self.0.lookup(name, kind).await {
            Ok(lookup) => Answer::Records(lookup.answers().iter().filter_map(|r| record(&r.data, r.ttl)).collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(_))) => Answer::Records(Vec::new()),
            Err(error) => Answer::Failure(error.to_string()),
        }
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    NameServerConfig::new(server.ip(), true, connections.into())
}

fn configure(options: &mut ResolverOpts, own_servers: bool) {
    options.cache_size = 0;
    options.timeout = TIMEOUT;
    options.attempts = ATTEMPTS;
    if own_servers {
        options.use_hosts_file = ResolveHosts::Never;
    }
}

fn record(data: &RData, ttl: u32) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let data = match data {
        RData::A(a) => Data::Address(a.0.into()),
        RData::AAAA(aaaa) => Data::Address(aaaa.0.into()),
        RData::SRV(srv) => Data::Server(srv.target.to_ascii()),
        RData::NAPTR(p) => Data::Pointer(text(&p.flags), text(&p.services), p.replacement.to_ascii()),
        _ => return None,
    };
    Some(Record { data, ttl })
}
