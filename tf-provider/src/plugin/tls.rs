//! Mutual TLS with one peer: both sides generate a certificate for this one process and pin the other's.

use std::error::Error;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, PeerIncompatible, ServerConfig, SignatureScheme,
};
use tokio_rustls::TlsAcceptor;

/// The server's side of the connection.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate for core to pin.
    pub(crate) certificate: CertificateDer<'static>,
}

impl Tls {
    /// Generates a temporary certificate and accepts the client certificate in `pem`, and no other.
    pub(crate) fn pinned_to(pem: &str) -> Result<Self, Box<dyn Error>> {
        let client = CertificateDer::from_pem_slice(pem.as_bytes())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let certificate = cert.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let verifier = PinnedClient { certificate: client, provider: provider.clone() };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(vec![certificate.clone()], key)?;
        // Without it grpc-go refuses the connection since 1.67.
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Core connects once; there is nothing to resume.
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

/// Accepts exactly one client certificate.
///
/// The usual verifier cannot: core's certificate is its own authority, which is no valid end entity. Its dates do not
/// matter, since core generated it for this process.
#[derive(Debug)]
struct PinnedClient {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for PinnedClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_what_core_requires() {
        let client = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let tls = Tls::pinned_to(&client.cert.pem()).unwrap();
        let config = tls.acceptor.config();
        assert_eq!(config.alpn_protocols, [b"h2"]);
        assert_eq!(config.send_tls13_tickets, 0);
        let verifier =
            PinnedClient { certificate: client.cert.der().clone(), provider: Arc::new(aws_lc_rs::default_provider()) };
        assert!(verifier.client_auth_mandatory());
        // The only scheme that core signs with.
        assert!(verifier.supported_verify_schemes().contains(&SignatureScheme::ECDSA_NISTP521_SHA512));
        let now = UnixTime::now();
        assert!(verifier.verify_client_cert(client.cert.der(), &[], now).is_ok());
        assert!(verifier.verify_client_cert(&tls.certificate, &[], now).is_err());
    }

    #[test]
    fn each_process_has_a_certificate_of_its_own() {
        let client = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
        assert_ne!(Tls::pinned_to(&client).unwrap().certificate, Tls::pinned_to(&client).unwrap().certificate);
    }

    #[test]
    fn a_key_is_no_certificate() {
        let client = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        for pem in ["", "text", &client.signing_key.serialize_pem()] {
            assert!(Tls::pinned_to(pem).is_err(), "{pem}");
        }
    }
}
