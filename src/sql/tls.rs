//! Which certificate authorities to trust for a server.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::sql::{Error, Kind, Target};

/// The roots of RDS and Aurora; the file says where they come from.
pub(crate) const RDS_ROOTS: &str = include_str!("roots.pem");

/// Whether the public authorities are trusted as well, which RDS Proxy needs. They issue certificates for any name to
/// its owner, so they prove nothing where any name is accepted.
pub(crate) fn trusts_public_roots(target: &Target) -> bool {
    target.authorities.is_none() && !target.any_name
}

/// The TLS configuration for a server: its certificate is verified against the target's authorities, or else against
/// the roots of RDS and optionally the public ones.
///
/// # Errors
/// The target's authorities are no certificates.
pub(crate) fn client(target: &Target) -> Result<ClientConfig, Error> {
    let wrong = |message: String| Error::local(Kind::Tls, target, message);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(target.authorities.as_deref().unwrap_or(RDS_ROOTS).as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(format!("\"ca_certificate\" is not PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(format!("\"ca_certificate\" is not the certificate of an authority: {error}")))?;
    }
    if trusts_public_roots(target) {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier =
        verifier.build().map_err(|error| wrong(format!("\"ca_certificate\" contains no certificate: {error}")))?;
    let verifier = Verifier { inner: verifier, any_name: target.any_name, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| wrong(error.to_string()))?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Verifies as usual, but can accept another name.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    any_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use x509_cert::Certificate;
    use x509_cert::der::Decode as _;

    use super::*;

    fn target(authorities: Option<&str>) -> Target {
        Target { authorities: authorities.map(str::to_owned), ..Target::here(5432, "hunter2") }
    }

    #[test]
    fn every_shipped_root_is_valid_for_another_year() {
        let in_a_year = Timestamp::now().as_second() + 366 * 24 * 3600;
        let mut count = 0;
        for der in CertificateDer::pem_slice_iter(RDS_ROOTS.as_bytes()) {
            let certificate = Certificate::from_der(&der.unwrap()).unwrap().tbs_certificate;
            let end = certificate.validity.not_after.to_unix_duration().as_secs();
            assert!(end > in_a_year.unsigned_abs(), "{} ends within a year", certificate.subject);
            assert_eq!(certificate.subject, certificate.issuer);
            count += 1;
        }
        assert_eq!(count, 96, "three for each of 32 regions");
    }

    #[test]
    fn the_shipped_roots_are_taken() {
        assert!(client(&target(None)).is_ok());
        assert!(client(&target(Some(RDS_ROOTS))).is_ok());
    }

    /// Otherwise a man in the middle would only need a certificate for a name of his own.
    #[test]
    fn public_authorities_are_not_enough_for_any_name() {
        let trusts = |authorities, any_name| trusts_public_roots(&Target { any_name, ..target(authorities) });
        assert!(trusts(None, false));
        assert!(!trusts(None, true) && !trusts(Some(RDS_ROOTS), false));
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        let refusal = |authorities| client(&target(Some(authorities))).unwrap_err().to_string();
        assert!(refusal("nothing").contains("\"ca_certificate\" contains no certificate"), "{}", refusal("nothing"));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(
            refusal(broken).contains("\"ca_certificate\" is not the certificate of an authority"),
            "{}",
            refusal(broken)
        );
    }

    #[test]
    fn a_target_hides_its_password() {
        assert_eq!(format!("{:?}", target(None)), "Target(\"jane@127.0.0.1:5432\")");
    }
}
