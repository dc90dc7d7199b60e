//! An authority of the demo's own, and what it signs.

use std::{
    fs::File,
    io::Write as _,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::memfd::{MFdFlags, memfd_create};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::{
    demo::{error::DemoError, story::Presents},
    model::time::Timestamp,
};

const DAY: i64 = 86_400;

pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    now: Timestamp,
    /// Kept open: its path is only there as long as it is.
    _file: File,
    path: PathBuf,
}

pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(super) fn new(now: Timestamp) -> Result<Self, DemoError> {
        let mut params = named("vpce-doctor demo authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let (file, path) = in_memory(&issuer.pem()).map_err(DemoError::Memory)?;
        Ok(Self { issuer, now, _file: file, path })
    }

    pub(super) fn file(&self) -> &Path {
        &self.path
    }

    pub(super) fn sign(&self, name: &str, presents: Presents) -> Result<Identity, DemoError> {
        let key = KeyPair::generate()?;
        let mut params = named(name);
        params.subject_alt_names = CertificateParams::new([name.to_owned()])?.subject_alt_names;
        let (age, left) = match presents {
            Presents::Expired => (93 * DAY, -3 * DAY),
            Presents::Valid | Presents::ForAnotherName(_) => (30 * DAY, 60 * DAY),
        };
        set_validity(&mut params, self.now.0 - age, self.now.0 + left);
        let certificate = params.signed_by(&key, &self.issuer)?.der().clone();
        Ok(Identity { certificate, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() })
    }
}

/// In seconds since the epoch.
fn set_validity(params: &mut CertificateParams, from: i64, until: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from.try_into().unwrap_or_default());
    params.not_after = epoch + Duration::from_secs(until.try_into().unwrap_or_default());
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

/// A file that no directory lists, with a path for whoever reads files by path, such as the probes. However
/// the demo ends, nothing is left of it.
fn in_memory(content: &str) -> std::io::Result<(File, PathBuf)> {
    let mut file = File::from(memfd_create("vpce-doctor-demo-authority", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(content.as_bytes())?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok((file, path.into()))
}
