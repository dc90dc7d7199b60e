//! A root, an intermediate, and leaves with one defect each.

use std::{fs, path::PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

pub(crate) const NAME: &str = "db.example.test";

/// The years in which a leaf is valid: its first and the one after its last.
pub(crate) const VALID: (i32, i32) = (2026, 2027);
pub(crate) const EXPIRED: (i32, i32) = (2024, 2025);
pub(crate) const FUTURE: (i32, i32) = (2027, 2028);

pub(crate) struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    pub(crate) files: TempDir,
}

pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The whole chain.
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

impl Pki {
    pub(crate) fn new() -> Self {
        Self::with_root("Test Root")
    }

    /// Roots of one name and different keys would fail by their signatures, which is another story.
    pub(crate) fn with_root(name: &str) -> Self {
        let root = CertifiedIssuer::self_signed(authority(name), KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let intermediate = CertifiedIssuer::signed_by(authority("Test Intermediate"), key, &root).unwrap();
        Self { root, intermediate, files: TempDir::new().unwrap() }
    }

    pub(crate) fn issue(&self, names: &[&str], years: (i32, i32)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let leaf = leaf(names, years).signed_by(&key, &self.intermediate).unwrap();
        let chain = vec![leaf.der().clone(), self.intermediate.der().clone()];
        Identity { chain, pem: leaf.pem() + &self.intermediate.pem(), key }
    }

    pub(crate) fn root_file(&self) -> PathBuf {
        self.file("root.pem", &self.root.pem())
    }

    pub(crate) fn root_der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.files.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Identity {
    pub(crate) fn self_signed(names: &[&str], is_ca: IsCa) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = leaf(names, VALID);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        Self { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
    }

    pub(crate) fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = leaf(&[], (2020, 2040));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages.clear();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn leaf(names: &[&str], (from, until): (i32, i32)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}
