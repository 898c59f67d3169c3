//! The oldest kernel we promise: Debian 12's own.
//!
//! Owns: finding its image, or fetching it. Refuses: to install it; a kernel that becomes the machine's next boot is no
//! side effect of a test.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{apt, cmd};

const SERIES: &str = "vmlinuz-6.1.";

/// The image: `SIPFW_KERNEL_IMAGE`, or an installed one, or one fetched into the target directory.
pub(crate) fn find_or_fetch() -> Result<PathBuf> {
    if let Some(path) = env::var_os("SIPFW_KERNEL_IMAGE") {
        return Ok(path.into());
    }
    let fetched = cmd::target_dir()?.join("oldest-kernel");
    let places = [Path::new("/boot"), &fetched.join("boot")];
    if let Some(image) = places.iter().find_map(|dir| image_in(dir)) {
        return Ok(image);
    }
    let meta = if cfg!(target_arch = "x86_64") { "linux-image-cloud-amd64" } else { "linux-image-cloud-arm64" };
    let depends = cmd::output(cmd::command("apt-cache").env("LC_ALL", "C").args(["depends", meta])).unwrap_or_default();
    let Some(package) = image_package(&depends) else {
        bail!(
            "this distribution has no kernel of the 6.1 series ({meta} names none): fetch Debian 12's linux-image by \
             hand and set SIPFW_KERNEL_IMAGE to its vmlinuz"
        );
    };
    apt::unpack(package, &fetched)?;
    image_in(places[1]).with_context(|| format!("{package} holds no image: its layout is not the known one"))
}

fn image_in(dir: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(dir).ok()?.flatten();
    let is_image = |name: &str| name.starts_with(SERIES) && name.contains("-cloud-");
    let mut images: Vec<_> = files.filter(|f| f.file_name().to_str().is_some_and(is_image)).map(|f| f.path()).collect();
    images.sort();
    images.into_iter().rfind(|image| fs::File::open(image).is_ok())
}

/// The package behind the meta package, if it is of the series.
fn image_package(depends: &str) -> Option<&str> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.into_iter().find(|name| name.starts_with("linux-image-6.1."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_promised_series_counts() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n";
        assert_eq!(image_package(depends), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(image_package("linux-image-cloud-amd64\n  Depends: linux-image-6.12.41-cloud-amd64\n"), None);
    }
}
